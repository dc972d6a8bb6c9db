// The first process of a run: makes the namespaces, starts the program, takes the status of everything that ends, and tells of
// both in the file of events. A program of its own, in C++ without a C++ runtime, because it is born again for every run.
//
//   init EVENTS [-m NAMESPACE] [-p] [-r] [-t TMP KEEP...] [-o FOLDER UPPER WORK] [-w WRITABLE]... [-d FOLDER] [-E K=V]... -- PROGRAM ARGS...
//   -m  the observer's mounts, as /proc/self/ns/mnt names them: without this, or in these, no mount is touched
//   -p  processes and IPC of its own        -r  everything is read-only, but what -w, -t and -o name
//   -t  TMP stands at /tmp; what is named after it (up to --) stays visible there      -o  changes to FOLDER go to UPPER
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace {

constexpr int most = 64;

struct Options {
  const char* events = nullptr;
  const char* outside = nullptr;
  bool processes = false;
  bool read_only = false;
  const char* tmp = nullptr;
  const char* kept[most];
  int kept_count = 0;
  const char* folder = nullptr;
  const char* upper = nullptr;
  const char* work = nullptr;
  const char* writable[most];
  int writable_count = 0;
  const char* directory = nullptr;
  char* environment[most];
  int environment_count = 0;
  char** program = nullptr;
};

const char* events_path = "";

// Opened for each line: a file that is open for writing keeps its mount from becoming read-only.
void tell(const char* format, auto... values) {
  char line[512];
  int length = snprintf(line, sizeof line, format, values...);
  int events = open(events_path, O_WRONLY | O_APPEND | O_CLOEXEC);
  if (events < 0 || length <= 0) return;
  ssize_t written = write(events, line, size_t(length) < sizeof line ? size_t(length) : sizeof line);
  (void)written;
  close(events);
}

// What the kernel refuses here is said and done without: the run is then less alone, and the observer knows.
bool attempt(bool done, const char* what) {
  if (!done) tell("refused\t%d\t%s: %s\n", getpid(), what, strerror(errno));
  return done;
}

bool parse(int argc, char** argv, Options& options) {
  if (argc < 4) return false;
  options.events = argv[1];
  for (int i = 2; i < argc; i++) {
    const char* word = argv[i];
    if (!strcmp(word, "--")) return options.program = argv + i + 1, i + 1 < argc;
    if (!strcmp(word, "-p")) options.processes = true;
    else if (!strcmp(word, "-r")) options.read_only = true;
    else if (!strcmp(word, "-t") && i + 1 < argc) options.tmp = argv[++i];
    else if (!strcmp(word, "-k") && i + 1 < argc && options.kept_count < most) options.kept[options.kept_count++] = argv[++i];
    else if (!strcmp(word, "-o") && i + 3 < argc) options.folder = argv[i + 1], options.upper = argv[i + 2], options.work = argv[i + 3], i += 3;
    else if (!strcmp(word, "-w") && i + 1 < argc && options.writable_count < most) options.writable[options.writable_count++] = argv[++i];
    else if (!strcmp(word, "-m") && i + 1 < argc) options.outside = argv[++i];
    else if (!strcmp(word, "-d") && i + 1 < argc) options.directory = argv[++i];
    else if (!strcmp(word, "-E") && i + 1 < argc && options.environment_count < most) options.environment[options.environment_count++] = argv[++i];
    else return false;
  }
  return false;
}

bool bind(const char* from, const char* to) { return mount(from, to, nullptr, MS_BIND | MS_REC, nullptr) == 0; }

bool set_read_only(const char* path, bool on, bool all) {
  mount_attr attributes = {};
  (on ? attributes.attr_set : attributes.attr_clr) = MOUNT_ATTR_RDONLY;
  return syscall(SYS_mount_setattr, AT_FDCWD, path, all ? AT_RECURSIVE : 0, &attributes, sizeof attributes) == 0;
}

// TMP at /tmp, with what is kept of the old one at its old place: TMP has an empty file or folder for each.
void replace_tmp(const Options& options) {
  for (int i = 0; i < options.kept_count; i++) {
    char place[4096];
    snprintf(place, sizeof place, "%s%s", options.tmp, options.kept[i] + strlen("/tmp"));
    attempt(bind(options.kept[i], place), "keep in /tmp");
  }
  attempt(bind(options.tmp, "/tmp"), "private /tmp");
}

bool read_link(const char* path, char (&text)[64]) {
  ssize_t size = readlink(path, text, sizeof text - 1);
  text[size > 0 ? size : 0] = 0;
  return size > 0;
}

// Mounts are touched only where they are not the machine's: in a namespace that neither the observer nor the parent has. From
// inside of a user namespace the parent's is not to be seen.
bool has_own_mounts(const Options& options) {
  char own[64], parent[64], path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/mnt", getppid());
  if (!options.outside || !read_link("/proc/self/ns/mnt", own) || !strcmp(own, options.outside)) return false;
  return !read_link(path, parent) || strcmp(own, parent) != 0;
}

bool write_text(const char* path, const char* text) {
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  bool written = write(file, text, strlen(text)) == ssize_t(strlen(text));
  close(file);
  return written;
}

// Who is not root has lost all capabilities by the exec, also in a user namespace of its own: in a new one it has them again, as
// the same user and group.
bool regain_capabilities() {
  const unsigned user = geteuid(), group = getegid();
  char users[48], groups[48];
  snprintf(users, sizeof users, "%u %u 1", user, user);
  snprintf(groups, sizeof groups, "%u %u 1", group, group);
  if (user == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  write_text("/proc/self/setgroups", "deny");
  return write_text("/proc/self/uid_map", users) && write_text("/proc/self/gid_map", groups);
}

void make_mounts(const Options& options) {
  if (!attempt(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "private mounts")) return;
  for (int i = 0; i < options.writable_count; i++) attempt(bind(options.writable[i], options.writable[i]), "bind");
  if (options.tmp) replace_tmp(options);
  bool layered = false;
  if (options.folder) {
    char data[8192];
    snprintf(data, sizeof data, "lowerdir=%s,upperdir=%s,workdir=%s", options.folder, options.upper, options.work);
    layered = attempt(mount("overlay", options.folder, "overlay", 0, data) == 0, "layer over the folder");
  }
  if (!options.read_only || !attempt(set_read_only("/", true, true), "read-only mounts")) return;
  if (options.tmp) attempt(set_read_only("/tmp", false, false), "writable /tmp");
  for (int i = 0; i < options.writable_count; i++) attempt(set_read_only(options.writable[i], false, false), "writable folder");
  if (layered) attempt(set_read_only(options.folder, false, false), "writable layer");
  set_read_only("/dev/shm", false, false);
}

// A privileged user keeps what ordinary programs of such a user need, and nothing with which to undo the above.
void drop_capabilities() {
  const int unwanted[] = {CAP_SYS_ADMIN, CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_BOOT, CAP_SYS_TIME, CAP_SYS_RESOURCE, CAP_MKNOD, CAP_NET_ADMIN, CAP_SYSLOG, CAP_SYS_CHROOT, CAP_LINUX_IMMUTABLE, CAP_MAC_ADMIN, CAP_BPF, CAP_PERFMON};
  for (int capability : unwanted) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

void become_program(const Options& options) {
  if (options.directory && chdir(options.directory) != 0) {
    tell("unavailable\t%d\tchdir %s: %s\n", getpid(), options.directory, strerror(errno));
    _exit(127);
  }
  for (int i = 0; i < options.environment_count; i++) putenv(options.environment[i]);
  drop_capabilities();
  setsid();
  execvp(options.program[0], options.program);
  tell("unavailable\t%d\texecve %s: %s\n", getpid(), options.program[0], strerror(errno));
  _exit(127);
}

// Until nobody is left. Orphans come to the first process of the namespace, or to the nearest subreaper, which is this one too.
int reap_all() {
  for (;;) {
    int status = 0;
    pid_t pid = waitpid(-1, &status, __WALL);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) return 0;
    tell("reaped\t%d\t%d\t%d\t%d\n", getpid(), pid, WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  }
}

int run(const Options& options) {
  pid_t pid = fork();
  if (pid == 0) become_program(options);
  if (pid < 0) return tell("unavailable\t0\tfork: %s\n", strerror(errno)), 1;
  tell("main\t%d\n", pid);
  return reap_all();
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) return 2;
  events_path = options.events;
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  if (options.processes) regain_capabilities();
  const bool apart = has_own_mounts(options);
  if (!apart && options.processes) tell("refused\t%d\tmounts of its own\n", getpid());
  if (apart && (options.tmp || options.read_only || options.folder)) make_mounts(options);
  if (apart && options.processes && attempt(unshare(CLONE_NEWPID | CLONE_NEWIPC) == 0, "processes of its own")) {
    pid_t first = fork();
    if (first == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
      attempt(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0, "its own /proc");
      tell("namespace\t%d\n", getpid());
      return run(options);
    }
    if (first > 0) {
      while (waitpid(first, nullptr, 0) < 0 && errno == EINTR) {}
      return 0;
    }
  }
  return run(options);
}
