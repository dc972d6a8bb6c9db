// Reading the text of suppressions. Internal to suppressions.cpp and suppressions_native.cpp.
#pragma once

#include "analyzer/engine/suppressions.h"

namespace forklint::engine {

inline bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_blank(char c) { return c == ' ' || c == '\t'; }
inline bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-'; }

// What is left of a comment to read; `at` is the offset of `rest` in the file.
struct Cursor {
  std::string_view rest;
  uint32_t at = 0;

  void skip(size_t count) {
    rest.remove_prefix(count);
    at += uint32_t(count);
  }
  void skip_blanks() {
    size_t count = 0;
    while (count < rest.size() && is_blank(rest[count])) ++count;
    skip(count);
  }
  bool take(char c) {
    if (!rest.starts_with(c)) return false;
    skip(1);
    return true;
  }
  std::string_view word() const {
    size_t size = 0;
    while (size < rest.size() && is_word(rest[size])) ++size;
    return rest.substr(0, size);
  }
};

enum class Scope { none, statement, next_line, file };

// What stands after a '#' (or what opens a comment in C) and blanks.
Scope read_directive(Cursor& cursor, Suppression& result);

uint32_t line_begin(std::string_view text, uint32_t offset);
uint32_t line_end(std::string_view text, uint32_t offset);

// The comments of C and C++ among them: those that begin with a slash.
void add_native_suppressions(uint32_t file, std::string_view text, std::span<const facts::Comment> comments, std::vector<Suppression>& found);

}  // namespace forklint::engine
