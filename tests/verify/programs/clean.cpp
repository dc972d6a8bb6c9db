// Forks before there are threads; afterwards only to execute.
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void* sleep_long(void*) {
  sleep(100);
  return nullptr;
}

int main() {
  if (fork() == 0) {
    free(malloc(100));
    _exit(0);
  }
  wait(nullptr);
  pthread_t thread;
  pthread_create(&thread, nullptr, sleep_long, nullptr);
  char program[] = "/bin/sh", option[] = "-c", text[] = "export A=1; exit 0";
  char* arguments[] = {program, option, text, nullptr};
  pid_t child = fork();
  if (child == 0) {
    execv(program, arguments);
    _exit(127);
  }
  waitpid(child, nullptr, 0);
  _exit(0);
}
