#include "forklint/runtime/shared.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

namespace forklint::runtime {

struct Shared::Held {
  Fd file;
  const std::byte* memory = nullptr;
  size_t size = 0;
  ~Held() {
    if (memory) ::munmap(const_cast<std::byte*>(memory), size);
  }
};

Result<Shared> Shared::make(size_t size, const std::function<void(std::span<std::byte>)>& fill) {
  auto held = std::make_shared<Held>();
  held->file = Fd(::memfd_create("forklint-shared", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!held->file.open()) return system_error("memfd_create");
  held->size = size;
  if (size > 0) {
    if (::ftruncate(held->file.get(), off_t(size)) != 0) return system_error("ftruncate");
    void* writable = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, held->file.get(), 0);
    if (writable == MAP_FAILED) return system_error("mmap");
    if (fill) fill({static_cast<std::byte*>(writable), size});
    ::munmap(writable, size);  // or the seal is refused
  }
  if (::fcntl(held->file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) return system_error("sealing");
  if (size > 0) {
    void* memory = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, held->file.get(), 0);
    if (memory == MAP_FAILED) return system_error("mmap");
    held->memory = static_cast<const std::byte*>(memory);
  }
  Shared result;
  result.held_ = std::move(held);
  return result;
}

Result<Shared> Shared::copy_of(std::span<const std::byte> bytes) {
  return make(bytes.size(), [&](std::span<std::byte> memory) { std::memcpy(memory.data(), bytes.data(), bytes.size()); });
}

std::span<const std::byte> Shared::bytes() const { return held_ ? std::span(held_->memory, held_->size) : std::span<const std::byte>(); }
int Shared::file() const { return held_ ? held_->file.get() : -1; }

}  // namespace forklint::runtime
