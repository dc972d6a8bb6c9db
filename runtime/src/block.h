// The memory that a pool shares with its workers, and the frames that pass through it. One page for all, then a block for
// each worker: what it is doing, and a ring each way. A worker process maps the page and its own block, no other.
#pragma once

#include <sys/types.h>

#include <memory>
#include <span>

#include "forklint/runtime/clock.h"
#include "forklint/runtime/fd.h"
#include "src/ring.h"

namespace forklint::runtime {

enum class FrameKind : uint32_t {
  // to the worker
  init = 1,  // call this function before any task
  task,
  exit,      // call this function, and end
  stop,      // end
  // from the worker
  hello,     // body: the hash of its tasks
  result,    // body: the task's result
  thrown,    // body: type, message, trace
  unwritable,  // as thrown, by the encoding of the result
  unreadable,  // the arguments are no such values
  bye,
};

struct Frame {
  uint64_t id = 0;
  FrameKind kind = FrameKind::stop;
  uint32_t function = 0;
  uint64_t size = 0;  // of the body that follows
  uint64_t began = 0, took = 0;  // of an answer: nanoseconds of CLOCK_MONOTONIC
};

struct Page {
  std::atomic<uint32_t> pool_sleeps{0};  // it waits for the event descriptor
  pid_t pool = 0;
};

// Times are nanoseconds of CLOCK_MONOTONIC. Written by the worker alone.
struct Status {
  std::atomic<uint64_t> running{0};        // id of the frame that it works on; 0: none
  std::atomic<uint64_t> running_since{0};
  std::atomic<uint64_t> first_word{0};
  std::atomic<uint64_t> tasks{0}, init{0}, idle{0}, decode{0}, run{0}, encode{0}, bytes_in{0}, bytes_out{0}, max_rss{0};

  void reset();
};

// Written by the pool before the worker starts. Where output is captured, the worker writes the mark and the id of the frame to both of
// its streams when a function has ended, before it gives the result.
struct OutputMark {
  static constexpr size_t size = 16;
  bool wanted = false;
  char bytes[size] = {};
};

struct Block {
  OutputMark mark;
  Status status;
  Ring down, up;
};

// The bytes of both rings follow the block.
constexpr size_t round_to_page(size_t size) { return (size + 4095) / 4096 * 4096; }
constexpr size_t block_size(size_t ring_size) { return round_to_page(sizeof(Block)) + 2 * ring_size; }

struct BlockView {
  Block* block = nullptr;
  RingEnd down, up;
};
BlockView view_block(std::byte* memory, size_t ring_size);

// Memory for a page and so many blocks, in a file that has no name.
struct SharedMemory {
  Fd file;
  std::byte* memory = nullptr;
  size_t size = 0;

  SharedMemory() = default;
  SharedMemory(SharedMemory&& other) noexcept : file(std::move(other.file)), memory(std::exchange(other.memory, nullptr)), size(other.size) {}
  SharedMemory& operator=(SharedMemory&& other) noexcept {
    std::swap(file, other.file);
    std::swap(memory, other.memory);
    std::swap(size, other.size);
    return *this;
  }
  ~SharedMemory();
};
Result<SharedMemory> make_shared_memory(size_t size);
Result<std::byte*> map_shared(int file, size_t offset, size_t size, bool writable);

}  // namespace forklint::runtime
