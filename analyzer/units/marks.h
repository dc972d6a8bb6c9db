// The words of source text that may name an API of the knowledge base, by what it means for the whole program.
#pragma once

#include <cstdint>
#include <set>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analyzer/knowledge/knowledge.h"
#include "analyzer/units/links.h"

namespace forklint::units {

enum Mark : uint8_t {
  no_mark = 0,
  forking = 1,    // has a child run code of the program, says what surrounds that, or makes types known to Python
  spawning = 2,   // starts or becomes another program
  threading = 4,  // brings threads to life
  locking = 8,    // matters where a thread does it: locks, the program's and the C library's
  global = 16,    // holds for the whole program, whoever calls it
};

class Marks {
 public:
  explicit Marks(const knowledge::Natives& natives);

  // The classes and namespaces that names may be written without.
  std::set<std::string_view> qualifiers() const;
  // Of all words of a piece.
  uint8_t of(const Links& links, PieceId piece, bool cpp) const;

 private:
  struct Name {
    std::string_view qualifier;  // `std` of std::thread; empty of a function of C
    uint8_t mark = no_mark;
  };
  static bool means(const Name& name, const Word& word, const Links& links, PieceId piece, bool cpp);

  std::unordered_map<std::string_view, std::vector<Name>> names_;  // by the last word
};

}  // namespace forklint::units
