// The memory of one syntax tree. tree-sitter takes and gives back some small blocks for every token; here they come from
// large pieces, and all that is left when a file is done goes at once. Not thread-safe: each thread has its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace forklint::frontends::python {

// Under the address sanitizer each block stands alone, so that it sees what is written beside one.
#ifdef __SANITIZE_ADDRESS__
inline constexpr bool blocks_alone = true;
#else
inline constexpr bool blocks_alone = false;
#endif

class Arena {
 public:
  Arena() = default;
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // As malloc, realloc and free, except that a block may also be left to clear(). Never null.
  void* take(size_t size);
  void* resize(void* block, size_t size);
  void give_back(void* block);

  // Ends the life of every block. Some memory stays, for the next file.
  void clear();

  // How much was asked for since the last clear(), whatever was given back: a measure of work.
  uint64_t taken() const { return taken_; }

 private:
  // Blocks of one size that were given back.
  struct Free {
    Free* next;
  };
  // Large blocks come from the system, and are linked so that clear() finds them.
  struct Large {
    Large* before;
    Large* after;
    uint64_t padding_and_capacity[2];
  };

  static constexpr size_t step = 16;  // sizes of small blocks, their head included
  static constexpr size_t largest_small = blocks_alone ? 0 : 4096;
  static constexpr size_t piece_size = 2 << 20;  // of one large page: a tree is read from end to end in no order of addresses
  static constexpr size_t most_kept = 2;         // pieces

  void* take_small(size_t whole);
  void* split_larger(size_t whole);
  void add_piece();
  void* take_large(size_t size, Large* old);

  std::vector<std::byte*> pieces_;
  size_t current_ = 0;          // the piece in use
  std::byte* next_ = nullptr;
  std::byte* end_ = nullptr;
  Free* free_[largest_small / step + 1] = {};
  Large large_ = {&large_, &large_, {}};
  uint64_t taken_ = 0;
};

// While one lives, tree-sitter's blocks in this thread come from an arena; what tree-sitter made in that time must not
// be used afterwards, and need not be deleted. One at a time in each thread.
class TreeMemory {
 public:
  TreeMemory();
  ~TreeMemory();
  TreeMemory(const TreeMemory&) = delete;
  TreeMemory& operator=(const TreeMemory&) = delete;

  uint64_t taken() const;
};

}  // namespace forklint::frontends::python
