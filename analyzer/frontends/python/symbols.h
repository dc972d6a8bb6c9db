// What the numbers of the grammar mean, looked up once.
#pragma once

#include <tree_sitter/api.h>

#include <vector>

#include "analyzer/frontends/python/tree.h"

namespace forklint::frontends::python {

struct Symbol {
  Kind kind = Kind::other;
  bool named = false;
  bool async = false;  // the word
};

class Symbols {
 public:
  static const Symbols& table();

  // Also of the numbers that only the parser uses, several of which may stand for one symbol.
  const Symbol& of(TSSymbol symbol) const { return symbol < symbols_.size() ? symbols_[symbol] : error_; }
  Field field(TSFieldId field) const { return fields_[field]; }

 private:
  Symbols();

  std::vector<Symbol> symbols_;
  std::vector<Field> fields_;
  Symbol error_{.kind = Kind::ERROR_, .named = true};
};

}  // namespace forklint::frontends::python
