#include "src/block.h"

#include <ctime>
#include <sys/mman.h>
#include <unistd.h>

#include <new>

namespace forklint::runtime {

void Status::reset() {
  for (std::atomic<uint64_t>* it : {&running, &running_since, &first_word, &tasks, &init, &idle, &decode, &run, &encode, &bytes_in, &bytes_out, &max_rss}) it->store(0, std::memory_order_relaxed);
}

BlockView view_block(std::byte* memory, size_t ring_size) {
  auto* block = reinterpret_cast<Block*>(memory);
  std::byte* bytes = memory + round_to_page(sizeof(Block));
  return {block, RingEnd(&block->down, bytes, ring_size), RingEnd(&block->up, bytes + ring_size, ring_size)};
}

SharedMemory::~SharedMemory() {
  if (memory) ::munmap(memory, size);
}

Result<std::byte*> map_shared(int file, size_t offset, size_t size, bool writable) {
  void* memory = ::mmap(nullptr, size, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, file, off_t(offset));
  if (memory == MAP_FAILED) return system_error("mmap");
  return static_cast<std::byte*>(memory);
}

Result<SharedMemory> make_shared_memory(size_t size) {
  SharedMemory result;
  result.file = Fd(::memfd_create("forklint-pool", MFD_CLOEXEC));
  if (!result.file.open()) return system_error("memfd_create");
  if (::ftruncate(result.file.get(), off_t(size)) != 0) return system_error("ftruncate");
  auto memory = map_shared(result.file.get(), 0, size, true);
  if (!memory) return std::unexpected(memory.error());
  result.memory = *memory;
  result.size = size;
  return result;
}

}  // namespace forklint::runtime
