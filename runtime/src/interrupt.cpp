#include "src/interrupt.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <mutex>

namespace forklint::runtime {
namespace {

constexpr int most_watches = 64;  // of threads that wait at a time; what is beyond sees an interrupt at the next look

std::atomic<uint64_t> interrupts{0};
std::atomic<int> events[most_watches];  // descriptor + 1; 0: free
std::mutex watches_lock;
int watches = 0;
struct sigaction before;

// Async-signal-safe. The disposition that was there before comes back at once: who presses twice wants the program to end.
void interrupted(int) {
  int number = errno;
  interrupts.fetch_add(1);
  ::sigaction(SIGINT, &before, nullptr);
  uint64_t one = 1;
  for (const std::atomic<int>& event : events)
    if (int descriptor = event.load(); descriptor > 0) [[maybe_unused]] ssize_t written = ::write(descriptor - 1, &one, sizeof one);
  errno = number;
}

}  // namespace

InterruptWatch::InterruptWatch(int event) : seen_(interrupts.load()) {
  std::lock_guard lock(watches_lock);
  for (int i = 0; i < most_watches && slot_ < 0; ++i)
    if (events[i].load() == 0) events[slot_ = i].store(event + 1);
  if (watches++ > 0) return;
  ::sigaction(SIGINT, nullptr, &before);
  if (before.sa_handler == SIG_IGN) return;  // the program is not to hear of it
  struct sigaction ours {};
  ours.sa_handler = interrupted;
  ours.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &ours, nullptr);
}

InterruptWatch::~InterruptWatch() {
  std::lock_guard lock(watches_lock);
  if (slot_ >= 0) events[slot_].store(0);
  if (--watches == 0) ::sigaction(SIGINT, &before, nullptr);
}

bool InterruptWatch::take() {
  uint64_t now = interrupts.load();
  return now != seen_ && (seen_ = now, true);
}

}  // namespace forklint::runtime
