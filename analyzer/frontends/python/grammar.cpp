#include "analyzer/frontends/python/grammar.h"

#include <tree_sitter/parser.h>

#include <algorithm>
#include <vector>

namespace forklint::frontends::python {
namespace {

struct Grammar {
  std::vector<uint16_t> table;  // by state and symbol
  TSLanguage language;

  Grammar() : language(*tree_sitter_python()) {
    const size_t symbols = language.symbol_count;
    table.resize(language.state_count * symbols);
    std::copy_n(language.parse_table, language.large_state_count * symbols, table.begin());
    for (size_t state = language.large_state_count; state < language.state_count; ++state) {
      // Groups: how many; then of each what it leads to, how many symbols lead there, and which.
      const uint16_t* at = language.small_parse_table + language.small_parse_table_map[state - language.large_state_count];
      for (uint16_t groups = *at++; groups > 0; --groups) {
        const uint16_t action = *at++;
        for (uint16_t count = *at++; count > 0; --count) table[state * symbols + *at++] = action;
      }
    }
    language.parse_table = table.data();
    language.large_state_count = language.state_count;
  }
};

}  // namespace

const TSLanguage* grammar() {
  static const Grammar it;
  return &it.language;
}

}  // namespace forklint::frontends::python
