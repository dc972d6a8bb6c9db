// A thread holds a mutex now and then; the child of a fork takes it.
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void* hold(void*) {
  for (;;) {
    pthread_mutex_lock(&mutex);
    usleep(500);
    pthread_mutex_unlock(&mutex);
    usleep(20000);
  }
}

int main() {
  pthread_t thread;
  pthread_create(&thread, nullptr, hold, nullptr);
  usleep(30000);
  pid_t child = fork();
  if (child == 0) {
    pthread_mutex_lock(&mutex);
    _exit(0);
  }
  waitpid(child, nullptr, 0);
}
