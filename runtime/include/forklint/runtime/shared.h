// Bytes that every worker sees without a copy, under every start method: a file without a name, sealed against writing.
// Made before the pool, given to it in PoolOptions::shared, seen by tasks in WorkerContext::shared.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "forklint/runtime/fd.h"

namespace forklint::runtime {

class Shared {
 public:
  // Calls fill once with writable memory of `size` bytes, zeros; afterwards nobody can write it. One copy in memory.
  static Result<Shared> make(size_t size, const std::function<void(std::span<std::byte>)>& fill);
  static Result<Shared> copy_of(std::span<const std::byte> bytes);

  std::span<const std::byte> bytes() const;
  int file() const;

 private:
  struct Held;
  std::shared_ptr<const Held> held_;
};

}  // namespace forklint::runtime
