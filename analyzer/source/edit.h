// Changing text by spans of bytes.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace forklint::source {

// Replaces the bytes [begin, end) of the original text; begin == end inserts.
struct Edit {
  uint32_t begin = 0;
  uint32_t end = 0;
  std::string replacement;
};

// The text with every edit made, in whatever order they come. Two that overlap, or insert at the same place with
// different text, are an error, as is one that leaves the text; equal ones are made once. Linear but for the sort.
std::expected<std::string, std::string> apply(std::string_view text, std::vector<Edit> edits);

}  // namespace forklint::source
