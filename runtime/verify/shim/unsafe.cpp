// The second preloaded library, for native programs only: calls that a child of a process with threads must not make before it
// executes another program. Told once for each function and process; the call then happens as it would.
#include "shim.h"

#include <grp.h>
#include <iconv.h>
#include <locale.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <stdlib.h>
#include <syslog.h>
#include <time.h>

namespace {

using namespace shim;

// By slot, so that telling needs no table: one process tells a function once.
int told_by[128];

void tell(int slot, const char* function, int tier, const void* caller) {
  int self = own_pid();
  if (told_by[slot] == self) return;
  char place[160];
  forklint_place(caller, place, sizeof place);
  if (strncmp(place, "libc.so", 7) == 0) return;  // inside of a call that is told itself
  told_by[slot] = self;
  Line line;
  line.text("unsafe\t").number(self).tab().text(function).tab().number(tier).tab().text(place).send();
}

}  // namespace

// __COUNTER__ gives each function its slot.
#define WATCH(tier, function) \
  if (__builtin_expect(forklint_in_child_of_threads(), 0)) tell(__COUNTER__, function, tier, __builtin_return_address(0))

#define FORWARD(tier, result, name, parameters, arguments, ...)    \
  EXPORT result name parameters __VA_ARGS__ {                      \
    static result(*real) parameters;                               \
    WATCH(tier, #name);                                            \
    return next(real, #name) arguments;                            \
  }

// T1: undefined by POSIX, repaired by this C library's fork.
FORWARD(1, void*, malloc, (size_t size), (size), noexcept)
FORWARD(1, void*, calloc, (size_t count, size_t size), (count, size), noexcept)
FORWARD(1, void*, realloc, (void* old, size_t size), (old, size), noexcept)
FORWARD(1, void, free, (void* old), (old), noexcept)
FORWARD(1, FILE*, fopen, (const char* path, const char* mode), (path, mode))
FORWARD(1, int, fclose, (FILE* file), (file))
FORWARD(1, int, fflush, (FILE* file), (file))
FORWARD(1, int, puts, (const char* text), (text))
FORWARD(1, int, fputs, (const char* text, FILE* file), (text, file))
FORWARD(1, size_t, fwrite, (const void* from, size_t size, size_t count, FILE* file), (from, size, count, file))
FORWARD(1, char*, getenv, (const char* name), (name), noexcept)
FORWARD(1, char*, strerror, (int number), (number), noexcept)
FORWARD(1, void*, dlopen, (const char* path, int flags), (path, flags), noexcept)
FORWARD(1, int, system, (const char* command), (command))
FORWARD(1, FILE*, popen, (const char* command, const char* mode), (command, mode))
FORWARD(1, iconv_t, iconv_open, (const char* to, const char* from), (to, from))
FORWARD(1, int, atexit, (void (*function)()), (function), noexcept)

// T2: hangs when another thread was inside of it at the fork; nothing resets these locks.
FORWARD(2, int, setenv, (const char* name, const char* value, int replace), (name, value, replace), noexcept)
FORWARD(2, int, unsetenv, (const char* name), (name), noexcept)
FORWARD(2, int, putenv, (char* text), (text), noexcept)
FORWARD(2, int, clearenv, (), (), noexcept)
FORWARD(2, tm*, localtime, (const time_t* when), (when), noexcept)
FORWARD(2, tm*, localtime_r, (const time_t* when, tm* out), (when, out), noexcept)
FORWARD(2, time_t, mktime, (tm* when), (when), noexcept)
FORWARD(2, size_t, strftime, (char* out, size_t size, const char* format, const tm* when), (out, size, format, when), noexcept)
FORWARD(2, void, tzset, (), (), noexcept)
FORWARD(2, passwd*, getpwnam, (const char* name), (name))
FORWARD(2, passwd*, getpwuid, (uid_t id), (id))
FORWARD(2, int, getpwnam_r, (const char* name, passwd* entry, char* buffer, size_t size, passwd** result), (name, entry, buffer, size, result))
FORWARD(2, int, getpwuid_r, (uid_t id, passwd* entry, char* buffer, size_t size, passwd** result), (id, entry, buffer, size, result))
FORWARD(2, group*, getgrnam, (const char* name), (name))
FORWARD(2, group*, getgrgid, (gid_t id), (id))
FORWARD(2, hostent*, gethostbyname, (const char* name), (name))
FORWARD(2, int, getaddrinfo, (const char* node, const char* service, const addrinfo* hints, addrinfo** result), (node, service, hints, result))
FORWARD(2, int, rand, (), (), noexcept)
FORWARD(2, void, srand, (unsigned seed), (seed), noexcept)
FORWARD(2, long, random, (), (), noexcept)
FORWARD(2, void, openlog, (const char* name, int options, int facility), (name, options, facility))
FORWARD(2, char*, setlocale, (int category, const char* locale), (category, locale), noexcept)

// T3: wrong whatever the C library does.
FORWARD(3, int, pthread_create, (pthread_t* thread, const pthread_attr_t* attributes, void* (*function)(void*), void* argument), (thread, attributes, function, argument), noexcept)

EXPORT void exit(int status) noexcept {
  static void (*real)(int);
  WATCH(3, "exit");
  next(real, "exit")(status);
  __builtin_unreachable();
}

// With variable arguments: on to the form that takes a list.
EXPORT int printf(const char* format, ...) {
  WATCH(1, "printf");
  va_list list;
  va_start(list, format);
  int written = vfprintf(stdout, format, list);
  va_end(list);
  return written;
}

EXPORT int fprintf(FILE* file, const char* format, ...) {
  WATCH(1, "fprintf");
  va_list list;
  va_start(list, format);
  int written = vfprintf(file, format, list);
  va_end(list);
  return written;
}

EXPORT void syslog(int priority, const char* format, ...) {
  WATCH(2, "syslog");
  va_list list;
  va_start(list, format);
  vsyslog(priority, format, list);
  va_end(list);
}
