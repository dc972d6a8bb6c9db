// A stream of bytes between one writer and one reader in shared memory: no locks, so that nothing stays locked when one
// of them dies. What was published before a death can be read after it. Either side may be a thread or a process.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace forklint::runtime {

struct Ring {
  alignas(64) std::atomic<uint64_t> written{0};  // bytes published, ever
  alignas(64) std::atomic<uint64_t> taken{0};    // bytes taken, ever
  alignas(64) std::atomic<uint32_t> bell{0};     // a futex: rung for the side that sleeps
  std::atomic<uint32_t> reader_sleeps{0};
  std::atomic<uint32_t> writer_sleeps{0};

  void reset() {
    written = 0;
    taken = 0;
    reader_sleeps = 0;
    writer_sleeps = 0;
  }
};

// One side's view: the ring and its bytes, a power of two of them. The other side's numbers are never trusted to be
// sane: what cannot be is taken for an empty or a full ring.
class RingEnd {
 public:
  RingEnd() = default;
  RingEnd(Ring* ring, std::byte* bytes, size_t capacity) : ring_(ring), bytes_(bytes), capacity_(capacity) {}

  // As much as there is room for; says how much. Never waits.
  size_t write_some(const char* data, size_t size);
  // As much as is there, up to size. Never waits.
  size_t read_some(char* data, size_t size);
  bool empty() const { return ring_->written.load(std::memory_order_seq_cst) == ring_->taken.load(std::memory_order_relaxed); }
  bool has_room() const { return ring_->written.load(std::memory_order_relaxed) - ring_->taken.load(std::memory_order_seq_cst) < capacity_; }

  // Wakes the other side if it sleeps in wait_for_…; a system call only then.
  void wake_reader();
  void wake_writer();
  // Looks for a while, without sleeping; says whether there is something.
  bool spin_for_bytes() const;
  // Sleeps until there is something, or room, or about so long.
  void wait_for_bytes(int milliseconds);
  void wait_for_room(int milliseconds);
  // For a side that sleeps elsewhere: asks to be told; clear when awake.
  void reader_sleeps(bool sleeps) { ring_->reader_sleeps.store(sleeps, std::memory_order_seq_cst); }
  bool take_reader_sleeps() { return ring_->reader_sleeps.exchange(0, std::memory_order_seq_cst) != 0; }
  void writer_sleeps(bool sleeps) { ring_->writer_sleeps.store(sleeps, std::memory_order_seq_cst); }
  bool take_writer_sleeps() { return ring_->writer_sleeps.load(std::memory_order_seq_cst) != 0 && ring_->writer_sleeps.exchange(0, std::memory_order_seq_cst) != 0; }

 private:
  Ring* ring_ = nullptr;
  std::byte* bytes_ = nullptr;
  size_t capacity_ = 0;
};

void futex_wait(std::atomic<uint32_t>& word, uint32_t expected, int milliseconds);
void futex_wake(std::atomic<uint32_t>& word);

}  // namespace forklint::runtime
