// Text for terminals: colours, safety, widths. Pure functions; linear.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "analyzer/engine/finding.h"
#include "analyzer/source/file.h"

namespace forklint::reporters {

struct Style {
  bool color = false;
  unsigned width = 80;  // columns of the terminal
};

enum class Ink : uint8_t { plain, bold, dim, red, green, yellow, blue, cyan };

// The text in colour, or as it is.
std::string paint(const Style& style, Ink ink, std::string_view text);

// The text as one line that cannot steer a terminal: line ends and tabs are written as \n, \r and \t, other control
// and format characters (C0, C1, DEL, bidirectional overrides) and invalid UTF-8 are replaced by a visible glyph.
std::string safe(std::string_view text);

// The same for a piece of a source line, where a tab is four columns of space.
std::string safe_source(std::string_view text);

// How many columns a safe text takes.
unsigned columns(std::string_view text);

// "1 file", "2 files".
std::string count(size_t number, std::string_view noun);

// "a.py:3:14", safe.
std::string spell(const source::File& file, facts::Span span);

Ink ink_of(engine::Severity severity);
Ink ink_of(std::string_view outcome);

// What a reader is told of an outcome: "raises:TypeError" is "raises TypeError", "storms" is "starts processes without end".
std::string phrase(std::string_view outcome);

// "spawn, forkserver" of a finding, in the order given; empty when it bites whatever the method.
std::string method_list(const engine::Finding& finding);

}  // namespace forklint::reporters
