// The outline of any bytes: its words are words of the text.
#include "analyzer/units/commands.h"
#include "analyzer/units/outline.h"
#include "tests/fuzz/fuzz.h"

using namespace forklint;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  auto within = [&](std::string_view part) { return part.empty() || (part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size()); };
  const units::Outline outline = units::outline_of(text);
  for (const units::Include& include : outline.includes) fuzz::require(within(include.name), "an include stands in the text");
  for (const units::Piece& piece : outline.pieces) {
    for (std::string_view name : piece.names) fuzz::require(within(name), "a name stands in the text");
    for (const units::Word& word : piece.words) fuzz::require(within(word.name) && (word.before == "." || within(word.before)), "a word stands in the text");
    for (std::string_view name : piece.variables) fuzz::require(within(name), "a variable stands in the text");
  }
  units::shell_words(text);
  return 0;
}
