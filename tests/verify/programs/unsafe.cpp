// The child of a process with a thread does what it must not.
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void* sleep_long(void*) {
  sleep(100);
  return nullptr;
}

int main() {
  pthread_t thread;
  pthread_create(&thread, nullptr, sleep_long, nullptr);
  pid_t child = fork();
  if (child == 0) {
    void* volatile memory = malloc(100);
    free(memory);
    setenv("NAME", "value", 1);
    exit(0);
  }
  waitpid(child, nullptr, 0);
  _exit(0);
}
