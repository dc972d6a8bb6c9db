// The preloaded library of every run: forks, waits and alarms are told; locks are remembered, so that a child which waits for
// a lock that nobody in it can release says so at once, with who held it.
#include "shim.h"

#include <link.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "locks.h"

namespace {

using namespace shim;

char events_path[512];
bool in_child_of_threads = false;
bool forked = false;         // this process came by fork and has not executed since
int parent_self = 0;         // thread id that forked, in the parent
long force_milliseconds = 0;
__thread int cached_tid = 0;

int tid() {
  if (cached_tid == 0) cached_tid = own_tid();
  return cached_tid;
}

struct Object {
  uintptr_t begin, end, base;
  char name[96];
};
Object objects[192];
int object_count = 0;

int add_object(dl_phdr_info* info, size_t, void*) {
  for (int i = 0; i < info->dlpi_phnum && object_count < 192; i++) {
    const auto& header = info->dlpi_phdr[i];
    if (header.p_type != PT_LOAD || !(header.p_flags & PF_X)) continue;
    Object& object = objects[object_count++];
    object.base = info->dlpi_addr;
    object.begin = info->dlpi_addr + header.p_vaddr;
    object.end = object.begin + header.p_memsz;
    const char* name = info->dlpi_name && *info->dlpi_name ? info->dlpi_name : "program";
    const char* slash = strrchr(name, '/');
    strncpy(object.name, slash ? slash + 1 : name, sizeof object.name - 1);
  }
  return 0;
}

void list_objects() {
  object_count = 0;
  dl_iterate_phdr(add_object, nullptr);
}

__attribute__((constructor)) void begin() {
  const char* path = getenv("FORKLINT_EVENTS");
  if (path) strncpy(events_path, path, sizeof events_path - 1);
  const char* force = getenv("FORKLINT_FORCE_NATIVE_MS");
  if (force) force_milliseconds = strtol(force, nullptr, 10);
  list_objects();
}

int count_threads() {
  int fd = int(syscall(SYS_openat, AT_FDCWD, "/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
  if (fd < 0) return 1;
  struct Entry { uint64_t inode; int64_t offset; unsigned short length; unsigned char type; char name[1]; };
  alignas(8) char buffer[2048];
  int count = 0;
  for (long got; (got = syscall(SYS_getdents64, fd, buffer, sizeof buffer)) > 0;)
    for (long at = 0; at < got;) {
      auto* entry = reinterpret_cast<Entry*>(buffer + at);
      count += entry->name[0] != '.';
      at += entry->length;
    }
  syscall(SYS_close, fd);
  return count > 0 ? count : 1;
}

bool held_by_another(const Lock& lock, int self) {
  int holder = __atomic_load_n(&lock.holder, __ATOMIC_SEQ_CST);
  return lock.address != 0 && holder != 0 && holder != self;
}

// The thread whose fork other threads wait for inside of their locks; 0: none.
int forking = 0;

void pause_a_little() {
  const timespec pause{0, 200'000};
  syscall(SYS_nanosleep, &pause, nullptr);
}

// A fork waits a little until another thread is inside of a mutex or rwlock: semaphores are also used as signals. That thread stays
// inside until `forking` is 0 again.
bool wait_for_holder(int self) {
  for (long turn = 0; turn < force_milliseconds * 5; turn++) {
    __atomic_store_n(&forking, self, __ATOMIC_SEQ_CST);
    for (const Lock& lock : lock_table)
      if (lock.kind != 's' && held_by_another(lock, self)) return turn > 0;
    __atomic_store_n(&forking, 0, __ATOMIC_SEQ_CST);
    if (count_threads() < 2) return false;
    pause_a_little();
  }
  force_milliseconds = 0;
  return false;
}

// Before a mutex or rwlock is really released. Not for long: the fork may itself need this lock, in a handler of pthread_atfork.
void leave(const void* object) {
  note_released(object);
  for (int turn = 0; turn < 500; turn++) {
    int thread = __atomic_load_n(&forking, __ATOMIC_SEQ_CST);
    if (thread == 0 || thread == tid()) return;
    pause_a_little();
  }
}

// What other threads hold, as the child gets it: seen before the fork, because behind it the parent's threads have gone on.
struct Held {
  Lock locks[8];
  int count = 0;
};

Held held_by_others(int self) {
  Held held;
  for (const Lock& lock : lock_table)
    if (held.count < 8 && lock.kind != 's' && held_by_another(lock, self)) held.locks[held.count++] = lock;
  return held;
}

void tell_fork(int child, int threads, const Held& held, bool forced, bool raw) {
  Line line;
  line.text("fork\t").number(own_pid()).tab().number(child).tab().number(threads).tab().number(forced).tab().number(raw).tab();
  for (int i = 0; i < held.count; i++) {
    const Lock& lock = held.locks[i];
    line.text(i ? "," : "").text(lock.kind == 'm' ? "mutex " : "rwlock ").hex(lock.address).text(" (thread ").number(lock.holder).text(")");
  }
  line.send();
}

// Who was about to leave at the fork has not left, in the child's memory.
void take_over(const Held& held) {
  for (int i = 0; i < held.count; i++) note_taken(reinterpret_cast<const void*>(held.locks[i].address), held.locks[i].kind, held.locks[i].holder);
}

template <class F>
pid_t watched_fork(F real, bool raw) {
  const int self = tid();
  list_objects();
  bool forced = force_milliseconds > 0 && wait_for_holder(self);
  const Held held = held_by_others(self);
  int threads = count_threads();
  pid_t child = real();
  __atomic_store_n(&forking, 0, __ATOMIC_SEQ_CST);
  if (child == 0) {
    cached_tid = 0;
    take_over(held);
    forked = true;
    parent_self = self;
    in_child_of_threads = threads > 1 || in_child_of_threads;
  } else if (child > 0) {
    int error = errno;
    tell_fork(child, threads, held, forced, raw);
    errno = error;
  }
  return child;
}

// In a forked process with one thread nobody else can release what is private to it.
void tell_orphan(const void* object, const char* kind) {
  int holder = holder_of(object);
  if (!forked || holder == 0 || holder == tid() || count_threads() != 1) return;
  char place[128];
  forklint_place(__builtin_return_address(0), place, sizeof place);
  Line line;
  line.text("orphan\t").number(own_pid()).tab().text(kind).text(" ").hex(reinterpret_cast<uintptr_t>(object)).tab();
  line.text(holder == parent_self ? "the thread that forked" : "another thread").tab().number(holder).send();
}

void tell_reaped(pid_t child, int status) {
  if (!WIFEXITED(status) && !WIFSIGNALED(status)) return;
  int error = errno;
  Line line;
  line.text("reaped\t").number(own_pid()).tab().number(child).tab().number(WIFEXITED(status) ? WEXITSTATUS(status) : -1).tab();
  line.number(WIFSIGNALED(status) ? WTERMSIG(status) : 0).send();
  errno = error;
}

void tell_timer(double seconds) {
  Line line;
  line.text("timer\t").number(own_pid()).tab().number(long(seconds * 1000)).send();
}

bool is_shared(const sem_t* semaphore) {
  // glibc: an eight-byte value, then FUTEX_PRIVATE_FLAG (0x80) where it is shared and 0 where it is not.
  int shared;
  memcpy(&shared, reinterpret_cast<const char*>(semaphore) + 8, sizeof shared);
  return shared != 0;
}

}  // namespace

EXPORT void forklint_record(const char* line, size_t length) {
  if (!events_path[0]) return;
  int fd = int(syscall(SYS_openat, AT_FDCWD, events_path, O_WRONLY | O_APPEND | O_CLOEXEC, 0));
  if (fd < 0) return;
  syscall(SYS_write, fd, line, length);
  syscall(SYS_close, fd);
}

EXPORT bool forklint_in_child_of_threads() { return in_child_of_threads; }

EXPORT void forklint_place(const void* address, char* out, size_t size) {
  uintptr_t at = reinterpret_cast<uintptr_t>(address);
  out[0] = 0;
  for (int i = 0; i < object_count; i++) {
    if (at < objects[i].begin || at >= objects[i].end) continue;
    size_t used = 0;
    for (const char* c = objects[i].name; *c && used + 24 < size; c++) out[used++] = *c;
    out[used++] = '+';
    out[used++] = '0';
    out[used++] = 'x';
    uintptr_t offset = at - objects[i].base;
    int shift = 60;
    while (shift > 0 && (offset >> shift & 15) == 0) shift -= 4;
    for (; shift >= 0; shift -= 4) out[used++] = "0123456789abcdef"[offset >> shift & 15];
    out[used] = 0;
    return;
  }
}

// ---- births and ends

EXPORT pid_t fork() {
  static pid_t (*real)();
  return watched_fork(next(real, "fork"), false);
}

EXPORT pid_t _Fork() {
  static pid_t (*real)();
  if (!next(real, "_Fork")) return errno = ENOSYS, -1;
  return watched_fork(real, true);
}

EXPORT pid_t waitpid(pid_t pid, int* status, int options) {
  static pid_t (*real)(pid_t, int*, int);
  int own = 0;
  pid_t child = next(real, "waitpid")(pid, &own, options);
  if (child > 0) tell_reaped(child, own);
  if (status && child > 0) *status = own;
  return child;
}

EXPORT pid_t wait(int* status) { return waitpid(-1, status, 0); }

EXPORT pid_t wait4(pid_t pid, int* status, int options, rusage* usage) {
  static pid_t (*real)(pid_t, int*, int, rusage*);
  int own = 0;
  pid_t child = next(real, "wait4")(pid, &own, options, usage);
  if (child > 0) tell_reaped(child, own);
  if (status && child > 0) *status = own;
  return child;
}

EXPORT pid_t wait3(int* status, int options, rusage* usage) { return wait4(-1, status, options, usage); }

EXPORT int waitid(idtype_t type, id_t id, siginfo_t* info, int options) {
  static int (*real)(idtype_t, id_t, siginfo_t*, int);
  int result = next(real, "waitid")(type, id, info, options);
  if (result == 0 && info && info->si_pid != 0 && !(options & WNOWAIT)) {
    if (info->si_code == CLD_EXITED) tell_reaped(info->si_pid, (info->si_status & 0xff) << 8);
    if (info->si_code == CLD_KILLED || info->si_code == CLD_DUMPED) tell_reaped(info->si_pid, info->si_status & 0x7f);
  }
  return result;
}

EXPORT unsigned alarm(unsigned seconds) {
  static unsigned (*real)(unsigned);
  tell_timer(seconds);
  return next(real, "alarm")(seconds);
}

EXPORT int setitimer(__itimer_which_t which, const itimerval* value, itimerval* old) noexcept {
  static int (*real)(__itimer_which_t, const itimerval*, itimerval*);
  if (value) tell_timer(double(value->it_value.tv_sec) + double(value->it_value.tv_usec) / 1e6);
  return next(real, "setitimer")(which, value, old);
}

// ---- locks

EXPORT int sem_wait(sem_t* semaphore) {
  static int (*wait)(sem_t*);
  static int (*attempt)(sem_t*);
  if (!is_shared(semaphore)) {
    if (next(attempt, "sem_trywait")(semaphore) == 0) return note_taken(semaphore, 's', tid()), 0;
    tell_orphan(semaphore, "lock");
  }
  int result = next(wait, "sem_wait")(semaphore);
  if (result == 0 && !is_shared(semaphore)) note_taken(semaphore, 's', tid());
  return result;
}

EXPORT int sem_trywait(sem_t* semaphore) noexcept {
  static int (*real)(sem_t*);
  int result = next(real, "sem_trywait")(semaphore);
  if (result == 0 && !is_shared(semaphore)) note_taken(semaphore, 's', tid());
  return result;
}

EXPORT int sem_timedwait(sem_t* semaphore, const timespec* until) {
  static int (*real)(sem_t*, const timespec*);
  int result = next(real, "sem_timedwait")(semaphore, until);
  if (result == 0 && !is_shared(semaphore)) note_taken(semaphore, 's', tid());
  return result;
}

EXPORT int sem_clockwait(sem_t* semaphore, clockid_t clock, const timespec* until) {
  static int (*real)(sem_t*, clockid_t, const timespec*);
  int result = next(real, "sem_clockwait")(semaphore, clock, until);
  if (result == 0 && !is_shared(semaphore)) note_taken(semaphore, 's', tid());
  return result;
}

EXPORT int sem_post(sem_t* semaphore) noexcept {
  static int (*real)(sem_t*);
  if (!is_shared(semaphore)) note_released(semaphore);
  return next(real, "sem_post")(semaphore);
}

EXPORT int sem_init(sem_t* semaphore, int shared, unsigned value) noexcept {
  static int (*real)(sem_t*, int, unsigned);
  note_released(semaphore);
  return next(real, "sem_init")(semaphore, shared, value);
}

EXPORT int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  static int (*lock)(pthread_mutex_t*);
  static int (*attempt)(pthread_mutex_t*);
  if (forked && holder_of(mutex) != 0 && holder_of(mutex) != tid()) {
    if (next(attempt, "pthread_mutex_trylock")(mutex) == 0) return note_taken(mutex, 'm', tid()), 0;
    tell_orphan(mutex, "mutex");
  }
  int result = next(lock, "pthread_mutex_lock")(mutex);
  if (result == 0) note_taken(mutex, 'm', tid());
  return result;
}

EXPORT int pthread_mutex_trylock(pthread_mutex_t* mutex) noexcept {
  static int (*real)(pthread_mutex_t*);
  int result = next(real, "pthread_mutex_trylock")(mutex);
  if (result == 0) note_taken(mutex, 'm', tid());
  return result;
}

EXPORT int pthread_mutex_timedlock(pthread_mutex_t* mutex, const timespec* until) noexcept {
  static int (*real)(pthread_mutex_t*, const timespec*);
  int result = next(real, "pthread_mutex_timedlock")(mutex, until);
  if (result == 0) note_taken(mutex, 'm', tid());
  return result;
}

EXPORT int pthread_mutex_unlock(pthread_mutex_t* mutex) noexcept {
  static int (*real)(pthread_mutex_t*);
  leave(mutex);
  return next(real, "pthread_mutex_unlock")(mutex);
}

EXPORT int pthread_mutex_init(pthread_mutex_t* mutex, const pthread_mutexattr_t* attributes) noexcept {
  static int (*real)(pthread_mutex_t*, const pthread_mutexattr_t*);
  note_released(mutex);
  return next(real, "pthread_mutex_init")(mutex, attributes);
}

// The mutex is free while its thread waits for the condition; the C library does that below these functions.
EXPORT int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
  static int (*real)(pthread_cond_t*, pthread_mutex_t*);
  leave(mutex);
  int result = next(real, "pthread_cond_wait", "GLIBC_2.3.2")(condition, mutex);
  note_taken(mutex, 'm', tid());
  return result;
}

EXPORT int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* until) {
  static int (*real)(pthread_cond_t*, pthread_mutex_t*, const timespec*);
  leave(mutex);
  int result = next(real, "pthread_cond_timedwait", "GLIBC_2.3.2")(condition, mutex, until);
  note_taken(mutex, 'm', tid());
  return result;
}

EXPORT int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock, const timespec* until) {
  static int (*real)(pthread_cond_t*, pthread_mutex_t*, clockid_t, const timespec*);
  leave(mutex);
  int result = next(real, "pthread_cond_clockwait")(condition, mutex, clock, until);
  note_taken(mutex, 'm', tid());
  return result;
}

// Of a lock with many readers the last one is remembered.
EXPORT int pthread_rwlock_rdlock(pthread_rwlock_t* lock) noexcept {
  static int (*real)(pthread_rwlock_t*);
  static int (*attempt)(pthread_rwlock_t*);
  if (next(attempt, "pthread_rwlock_tryrdlock")(lock) == 0) return note_taken(lock, 'r', tid()), 0;
  tell_orphan(lock, "rwlock");
  int result = next(real, "pthread_rwlock_rdlock")(lock);
  if (result == 0) note_taken(lock, 'r', tid());
  return result;
}

EXPORT int pthread_rwlock_wrlock(pthread_rwlock_t* lock) noexcept {
  static int (*real)(pthread_rwlock_t*);
  static int (*attempt)(pthread_rwlock_t*);
  if (next(attempt, "pthread_rwlock_trywrlock")(lock) == 0) return note_taken(lock, 'r', tid()), 0;
  tell_orphan(lock, "rwlock");
  int result = next(real, "pthread_rwlock_wrlock")(lock);
  if (result == 0) note_taken(lock, 'r', tid());
  return result;
}

EXPORT int pthread_rwlock_unlock(pthread_rwlock_t* lock) noexcept {
  static int (*real)(pthread_rwlock_t*);
  leave(lock);
  return next(real, "pthread_rwlock_unlock")(lock);
}
