// Strings held elsewhere, each with a number: a hash table for the few thousand names that are looked up at every call
// of a program. Open addressing, at most half full.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace forklint::knowledge {

// FNV-1a, a character at a time: one walk over a name gives the hash of each of its prefixes.
inline constexpr uint32_t hash_start = 2166136261u;
constexpr uint32_t hash_next(uint32_t hash, char c) { return (hash ^ uint8_t(c)) * 16777619u; }

class Table {
 public:
  Table() : slots_(1024) {}

  // A text that is already there keeps its number.
  void insert(std::string_view text, uint32_t hash, uint32_t number) {
    if (count_ * 2 >= slots_.size()) grow();
    Slot& slot = slots_[place(text, hash)];
    if (slot.text.data()) return;
    slot = {text, hash, number};
    ++count_;
  }

  // Null when it is not there.
  const uint32_t* find(std::string_view text) const {
    uint32_t hash = hash_start;
    for (char c : text) hash = hash_next(hash, c);
    const Slot& slot = slots_[place(text, hash)];
    return slot.text.data() ? &slot.number : nullptr;
  }

 private:
  struct Slot {
    std::string_view text;  // null data: free
    uint32_t hash = 0;
    uint32_t number = 0;
  };

  size_t place(std::string_view text, uint32_t hash) const {
    size_t at = hash & (slots_.size() - 1);
    while (slots_[at].text.data() && (slots_[at].hash != hash || slots_[at].text != text)) at = (at + 1) & (slots_.size() - 1);
    return at;
  }

  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old)
      if (slot.text.data()) slots_[place(slot.text, slot.hash)] = slot;
  }

  std::vector<Slot> slots_;
  size_t count_ = 0;
};

}  // namespace forklint::knowledge
