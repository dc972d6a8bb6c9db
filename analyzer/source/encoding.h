// From the bytes of a Python source file to UTF-8: PEP 263.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace forklint::source {

// What is wrong, and at which byte; npos: nowhere in particular.
struct Fault {
  size_t offset = 0;
  std::string message;
};

// The encoding named by a `coding:` comment on the first or second line, as written; empty if there is none.
// `offset`, if given, receives where the name stands.
std::string_view declared_encoding(std::string_view bytes, size_t* offset = nullptr);

// Lower case, '_' as '-', and one spelling for each of the encodings that are decoded here: "utf-8", "ascii",
// "iso-8859-1", "iso-8859-15", "cp1252". Other names come back as they are, for iconv.
std::string canonical_encoding(std::string_view name);

// Turns `bytes` into UTF-8 in place; on a fault they stay as they were. `encoding` is canonical; one not known here
// is asked of iconv(3), and if it is unknown there too, the fault is at npos. Thread-safe; linear.
std::optional<Fault> to_utf8(std::string_view encoding, std::string& bytes);

// Offset of the first byte that is not valid UTF-8 (surrogates and overlong forms are invalid), or npos.
size_t find_invalid_utf8(std::string_view bytes);

// Appends a code point (at most 0x10FFFF, no surrogate) in UTF-8.
void append_utf8(std::string& text, char32_t code_point);

}  // namespace forklint::source
