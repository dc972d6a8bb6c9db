#include "analyzer/frontends/python/arena.h"

#include <sys/mman.h>
#include <tree_sitter/api.h>

#include <cstdlib>
#include <cstring>
#include <iterator>

namespace forklint::frontends::python {
namespace {

// Before each block stands what it can hold.
constexpr size_t head = sizeof(uint64_t);

uint64_t& capacity_of(void* block) { return static_cast<uint64_t*>(block)[-1]; }

void* not_null(void* memory) {
  if (!memory) std::abort();  // as tree-sitter does; there are only its frames to throw through
  return memory;
}

}  // namespace

Arena::~Arena() {
  clear();
  for (std::byte* piece : pieces_) std::free(piece);
}

void* Arena::take(size_t size) {
  taken_ += size;
  const size_t whole = (size + head + step - 1) / step * step;
  return whole <= largest_small ? take_small(whole) : take_large(size, nullptr);
}

void* Arena::take_small(size_t whole) {
  if (Free*& first = free_[whole / step]) {
    void* block = first;
    first = first->next;
    return block;
  }
  if (size_t(end_ - next_) < whole) {
    if (void* block = split_larger(whole)) return block;
    add_piece();
  }
  void* block = next_ + head;
  next_ += whole;
  capacity_of(block) = whole - head;
  return block;
}

// A block cut off a larger one that was given back: the parser's stack becomes the tree.
void* Arena::split_larger(size_t whole) {
  for (size_t larger = whole / step + 1; larger < std::size(free_); ++larger) {
    if (!free_[larger]) continue;
    Free* it = free_[larger];
    free_[larger] = it->next;
    capacity_of(it) = whole - head;
    void* rest = reinterpret_cast<std::byte*>(it) + whole;
    capacity_of(rest) = larger * step - whole - head;
    give_back(rest);
    return it;
  }
  return nullptr;
}

// What is left of the old piece is lost: less than one block.
void Arena::add_piece() {
  if (next_) ++current_;
  if (current_ == pieces_.size()) {
    pieces_.push_back(static_cast<std::byte*>(not_null(std::aligned_alloc(piece_size, piece_size))));
    ::madvise(pieces_.back(), piece_size, MADV_HUGEPAGE);  // where the system has them
  }
  next_ = pieces_[current_];
  end_ = next_ + piece_size;
}

void* Arena::take_large(size_t size, Large* old) {
  auto* it = static_cast<Large*>(not_null(std::realloc(old, sizeof(Large) + size)));
  if (!old) {
    it->before = &large_;
    it->after = large_.after;
  }
  it->before->after = it;
  it->after->before = it;
  void* block = it + 1;
  capacity_of(block) = size;
  return block;
}

void* Arena::resize(void* block, size_t size) {
  if (!block) return take(size);
  const size_t capacity = capacity_of(block);
  if (size <= capacity) return block;
  if (capacity + head > largest_small) {
    taken_ += size;
    return take_large(size, static_cast<Large*>(block) - 1);
  }
  void* larger = take(size);
  std::memcpy(larger, block, capacity);
  give_back(block);
  return larger;
}

void Arena::give_back(void* block) {
  if (!block) return;
  const size_t whole = capacity_of(block) + head;
  if (whole <= largest_small) {
    auto* it = static_cast<Free*>(block);
    it->next = free_[whole / step];
    free_[whole / step] = it;
    return;
  }
  Large* it = static_cast<Large*>(block) - 1;
  it->before->after = it->after;
  it->after->before = it->before;
  std::free(it);
}

void Arena::clear() {
  while (large_.after != &large_) give_back(large_.after + 1);
  for (; pieces_.size() > most_kept; pieces_.pop_back()) std::free(pieces_.back());
  std::memset(free_, 0, sizeof free_);
  current_ = 0;
  next_ = pieces_.empty() ? nullptr : pieces_[0];
  end_ = pieces_.empty() ? nullptr : next_ + piece_size;
  taken_ = 0;
}

namespace {

// A plain pointer, because asking for an object of a thread costs more than most blocks do.
constinit thread_local Arena* current = nullptr;

Arena& arena_of_thread() {
  thread_local Arena arena;
  return arena;
}

void* take_cleared(size_t count, size_t size) { return std::memset(current->take(count * size), 0, count * size); }

}  // namespace

TreeMemory::TreeMemory() {
  [[maybe_unused]] static const bool installed = [] {
    ts_set_allocator([](size_t size) { return current->take(size); }, take_cleared,
                     [](void* block, size_t size) { return current->resize(block, size); }, [](void* block) { current->give_back(block); });
    return true;
  }();
  current = &arena_of_thread();
}

TreeMemory::~TreeMemory() {
  current->clear();
  current = nullptr;
}

uint64_t TreeMemory::taken() const { return current->taken(); }

}  // namespace forklint::frontends::python
