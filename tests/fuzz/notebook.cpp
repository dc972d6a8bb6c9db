// Bytes of a notebook -> text, every line of it with a place in the file -> facts.
#include <algorithm>

#include "analyzer/frontends/python/frontend.h"
#include "analyzer/source/file.h"
#include "tests/fuzz/fuzz.h"

using namespace forklint;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes = fuzz::text_of(data, size);
  auto file = source::decode("a.ipynb", source::Kind::notebook, std::string(bytes));
  if (!file) {
    fuzz::require(file.error().starts_with("line "), "what is wrong with a notebook names a line");
    return 0;
  }
  const auto lines = uint32_t(std::ranges::count(bytes, '\n') + std::ranges::count(bytes, '\r') + 1);
  const uint32_t step = uint32_t(file->text.size() / 50 + 1);
  for (uint32_t offset = 0; offset < file->text.size(); offset += step) {
    source::Position position = file->position(offset);
    fuzz::require(position.line >= 1 && position.line <= lines && position.column >= 1, "a position lies in the file");
  }
  frontends::python::parse(file->text);
  return 0;
}
