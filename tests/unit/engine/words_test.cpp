// Words found 64 bytes at a time are those found byte by byte.
#include "analyzer/engine/words.h"

#include <catch2/catch_test_macros.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using Words = std::vector<std::pair<size_t, size_t>>;

bool in_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || uint8_t(c) >= 0x80; }

Words byte_by_byte(std::string_view text) {
  Words words;
  for (size_t at = 0; at < text.size(); ++at) {
    if (!in_word(text[at])) continue;
    if (at > 0 && in_word(text[at - 1])) words.back().second = at + 1;
    else words.push_back({at, at + 1});
  }
  return words;
}

Words found(std::string_view text) {
  Words words;
  forklint::engine::each_word(text, [&](size_t begin, size_t end) { words.push_back({begin, end}); });
  return words;
}

}  // namespace

TEST_CASE("every byte is one of a word or of none") {
  for (int c = 0; c < 256; ++c) {
    std::string text(64, '.');
    for (size_t at : {0, 15, 16, 63}) text[at] = char(c);
    INFO("byte " << c);
    CHECK(found(text) == byte_by_byte(text));
  }
}

TEST_CASE("words across and at the borders of blocks") {
  std::mt19937 random(20261128);
  const std::string_view letters = "ab_Z9 .(\n\xc3";
  for (size_t size = 0; size < 400; ++size) {
    std::string text;
    for (size_t i = 0; i < size; ++i) text += letters[random() % letters.size()];
    INFO(text);
    CHECK(found(text) == byte_by_byte(text));
  }
  CHECK(found(std::string(1000, 'a')) == Words{{0, 1000}});
}
