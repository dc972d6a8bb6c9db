#include "src/ring.h"

#include "forklint/runtime/clock.h"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace forklint::runtime {
namespace {

// A sleep and a wake-up cost more than this when the other processor has gone to rest; measured, see bench/runtime.
constexpr uint64_t spin = 30'000;  // nanoseconds

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

bool RingEnd::spin_for_bytes() const {
  for (uint64_t until = now_nanoseconds() + spin; now_nanoseconds() < until;)
    for (int i = 0; i < 32; ++i) {
      if (!empty()) return true;
      pause();
    }
  return false;
}

void futex_wait(std::atomic<uint32_t>& word, uint32_t expected, int milliseconds) {
  timespec limit{milliseconds / 1000, (milliseconds % 1000) * 1'000'000L};
  ::syscall(SYS_futex, &word, FUTEX_WAIT, expected, milliseconds < 0 ? nullptr : &limit, nullptr, 0);
}

void futex_wake(std::atomic<uint32_t>& word) { ::syscall(SYS_futex, &word, FUTEX_WAKE, 1, nullptr, nullptr, 0); }

size_t RingEnd::write_some(const char* data, size_t size) {
  uint64_t written = ring_->written.load(std::memory_order_relaxed), used = written - ring_->taken.load(std::memory_order_acquire);
  if (used >= capacity_) return 0;
  size = std::min<size_t>(size, capacity_ - used);
  size_t at = written & (capacity_ - 1), first = std::min(size, capacity_ - at);
  std::memcpy(bytes_ + at, data, first);
  std::memcpy(bytes_, data + first, size - first);
  ring_->written.store(written + size, std::memory_order_seq_cst);
  return size;
}

size_t RingEnd::read_some(char* data, size_t size) {
  uint64_t taken = ring_->taken.load(std::memory_order_relaxed), there = ring_->written.load(std::memory_order_acquire) - taken;
  if (there == 0 || there > capacity_) return 0;
  size = std::min<size_t>(size, there);
  size_t at = taken & (capacity_ - 1), first = std::min(size, capacity_ - at);
  std::memcpy(data, bytes_ + at, first);
  std::memcpy(data + first, bytes_, size - first);
  ring_->taken.store(taken + size, std::memory_order_seq_cst);
  return size;
}

void RingEnd::wake_reader() {
  if (ring_->reader_sleeps.load(std::memory_order_seq_cst) == 0) return;
  ring_->bell.fetch_add(1, std::memory_order_seq_cst);
  futex_wake(ring_->bell);
}

void RingEnd::wake_writer() {
  if (ring_->writer_sleeps.load(std::memory_order_seq_cst) == 0) return;
  ring_->bell.fetch_add(1, std::memory_order_seq_cst);
  futex_wake(ring_->bell);
}

void RingEnd::wait_for_bytes(int milliseconds) {
  if (spin_for_bytes()) return;
  uint32_t bell = ring_->bell.load(std::memory_order_seq_cst);
  ring_->reader_sleeps.store(1, std::memory_order_seq_cst);
  if (empty()) futex_wait(ring_->bell, bell, milliseconds);
  ring_->reader_sleeps.store(0, std::memory_order_seq_cst);
}

void RingEnd::wait_for_room(int milliseconds) {
  uint32_t bell = ring_->bell.load(std::memory_order_seq_cst);
  ring_->writer_sleeps.store(1, std::memory_order_seq_cst);
  if (!has_room()) futex_wait(ring_->bell, bell, milliseconds);
  ring_->writer_sleeps.store(0, std::memory_order_seq_cst);
}

}  // namespace forklint::runtime
