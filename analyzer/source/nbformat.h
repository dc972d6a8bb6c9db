// The JSON of a notebook, as far as it matters: its cells and its language. Internal to notebook.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/source/encoding.h"

namespace forklint::source {

// A string as it stands in the file, between its quotes: its escape sequences are not decoded.
struct RawString {
  size_t offset = 0;
  size_t length = 0;
};

struct Cell {
  bool code = false;
  bool foreign = false;            // an editor marked it as another language
  std::vector<RawString> sources;  // the strings of `source`, in order
};

struct Notebook {
  int64_t format = 0;  // 0: the file does not say
  std::string language;
  std::vector<Cell> cells;
};

// Reads `bytes` (valid UTF-8) in one pass; what is skipped is not checked further than that it is closed. Thread-safe.
std::optional<Fault> parse_notebook(std::string_view bytes, Notebook& notebook);

// "python", "Python3", "ipython", and a language that is not named.
bool is_python(std::string_view language);

}  // namespace forklint::source
