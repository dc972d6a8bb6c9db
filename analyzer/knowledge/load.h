// TOML text to rows, strictly: an unknown key, a wrong type or a word outside a closed list is an error that names its
// place, "mine.toml:12:3: unknown key 'lunch', did you mean 'launch'?". The first error ends the reading.
// Pure functions; safe to call from any thread.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "analyzer/knowledge/api.h"

namespace forklint::knowledge {

enum class Source : bool { optional, mandatory };  // mandatory in the rows that come with forklint

// Linear in the text.
std::expected<Rows, std::string> load(std::string_view toml, std::string_view origin, Source source);

// "0:target", "0", "target", "1*:", "**". The error says what is wrong, without a place.
std::expected<Argument, std::string> parse_argument(std::string_view text);
std::string to_string(const Argument& argument);

// Why the words and combinations of a row make no sense: "`task-limit` without `pool`"; empty when they do.
// `field` receives the key that is to blame.
std::string contradiction(const Api& api, std::string_view& field);
std::string contradiction(const NativeApi& api, std::string_view& field);

// The nearest of `words` when one is near enough to be a slip of the finger; else empty.
template <class Words>
std::string_view nearest(std::string_view word, const Words& words);
unsigned edit_distance(std::string_view a, std::string_view b);

template <class Words>
std::string_view nearest(std::string_view word, const Words& words) {
  std::string_view best;
  unsigned least = unsigned(word.size()) / 3 + 2;
  for (std::string_view candidate : words)
    if (unsigned distance = edit_distance(word, candidate); distance < least) least = distance, best = candidate;
  return best;
}

}  // namespace forklint::knowledge
