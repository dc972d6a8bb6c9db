#include "src/shown_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace forklint::runtime::shown {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

struct Character {
  uint32_t code = 0;
  unsigned size = 1;  // bytes
  bool valid = false;
};

// The first character of a text that is not empty. Overlong forms, surrogates and cut sequences are invalid, one byte long.
Character first_character(std::string_view text) {
  unsigned char lead = text[0];
  if (lead < 0x80) return {lead, 1, true};
  unsigned size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {};
  uint32_t code = lead & (0x7F >> size);
  for (unsigned i = 1; i < size; ++i) {
    unsigned char next = text[i];
    if ((next & 0xC0) != 0x80) return {};
    code = code << 6 | (next & 0x3F);
  }
  constexpr uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < least[size] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return {};
  return {code, size, true};
}

unsigned columns_of(uint32_t code) {
  struct Range { uint32_t first, last; };
  constexpr Range none[] = {{0x300, 0x36F}, {0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x2064}, {0x2066, 0x206F}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}};
  constexpr Range wide[] = {{0x1100, 0x115F}, {0x2E80, 0x303E}, {0x3041, 0xA4CF}, {0xAC00, 0xD7A3}, {0xF900, 0xFAFF},
                            {0xFE30, 0xFE6F}, {0xFF00, 0xFF60}, {0xFFE0, 0xFFE6}, {0x1F300, 0x1FAFF}, {0x20000, 0x3FFFD}};
  auto holds = [code](Range range) { return code >= range.first && code <= range.last; };
  if (std::ranges::any_of(none, holds)) return 0;
  return std::ranges::any_of(wide, holds) ? 2 : 1;
}

constexpr char digits[] = "0123456789abcdef";

// Calls `each(Character, its bytes)` from the first to the last.
template <class Each>
void each_character(std::string_view text, Each each) {
  while (!text.empty()) {
    Character character = first_character(text);
    each(character, text.substr(0, character.size));
    text.remove_prefix(character.size);
  }
}

// Controls of ASCII and of Latin-1, and the signs that turn the direction of writing.
bool is_control(uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

}  // namespace

std::string json(std::string_view text) {
  std::string out = "\"";
  each_character(text, [&](Character character, std::string_view bytes) {
    if (!character.valid) out += replacement;
    else if (character.code == '"' || character.code == '\\') (out += '\\') += bytes;
    else if (character.code == '\n') out += "\\n";
    else if (character.code == '\t') out += "\\t";
    else if (character.code < 0x20 || character.code == 0x7F) ((out += "\\u00") += digits[character.code >> 4]) += digits[character.code & 15];
    else out += bytes;
  });
  return out += '"';
}

std::string json(double number) {
  if (!std::isfinite(number)) return "0";
  char buffer[32];
  return {buffer, std::to_chars(buffer, std::end(buffer), number).ptr};
}

std::string printable(std::string_view text) {
  std::string out;
  each_character(text, [&](Character character, std::string_view bytes) {
    if (!character.valid) out += replacement;
    else if (character.code == '\n') out += "\\n";
    else if (character.code == '\t') out += "\\t";
    else if (is_control(character.code) && character.code < 0x100) ((out += "\\x") += digits[character.code >> 4]) += digits[character.code & 15];
    else if (is_control(character.code)) out += replacement;
    else out += bytes;
  });
  return out;
}

unsigned columns(std::string_view text) {
  unsigned width = 0;
  each_character(text, [&](Character character, std::string_view) { width += character.valid ? columns_of(character.code) : 1; });
  return width;
}

std::string cut(std::string_view text, unsigned width, bool unicode) {
  if (columns(text) <= width) return std::string(text);
  std::string_view mark = unicode ? "…" : "...";
  unsigned mark_width = unicode ? 1 : 3;
  if (width < mark_width) mark = {}, mark_width = 0;
  std::string out;
  unsigned used = 0;
  bool full = false;
  each_character(text, [&](Character character, std::string_view bytes) {
    unsigned more = character.valid ? columns_of(character.code) : 1;
    full = full || used + more + mark_width > width;
    if (full) return;
    out += bytes;
    used += more;
  });
  return out += mark;
}

std::string pad_left(std::string text, unsigned width) {
  unsigned used = columns(text);
  return used >= width ? text : std::string(width - used, ' ') + text;
}

std::string pad_right(std::string text, unsigned width) {
  unsigned used = columns(text);
  return used >= width ? text : std::move(text) + std::string(width - used, ' ');
}

std::string fixed(double number, int digits_after) {
  if (!std::isfinite(number)) return "-";
  char buffer[400];  // the largest double has 309 digits before its point
  return {buffer, std::to_chars(buffer, std::end(buffer), number, std::chars_format::fixed, digits_after).ptr};
}

std::string duration(double seconds) {
  if (!(seconds > 0)) return "0 s";
  // Three digits at most; the borders are where rounding would show a fourth.
  auto scaled = [](double number) { return fixed(number, number < 9.995 ? 2 : number < 99.95 ? 1 : 0); };
  if (seconds < 0.9995e-3) return fixed(seconds * 1e6, seconds < 9.95e-6 ? 1 : 0) + " µs";
  if (seconds < 0.9995) return scaled(seconds * 1e3) + " ms";
  if (seconds < 119.5) return scaled(seconds) + " s";
  auto whole = uint64_t(std::llround(std::min(seconds, 1e15)));
  if (whole < 7200) return std::to_string(whole / 60) + " min " + (whole % 60 < 10 ? "0" : "") + std::to_string(whole % 60) + " s";
  return std::to_string(whole / 3600) + " h " + (whole / 60 % 60 < 10 ? "0" : "") + std::to_string(whole / 60 % 60) + " min";
}

std::string clock(double seconds) {
  auto whole = uint64_t(std::clamp(seconds, 0.0, 3.6e9));
  auto two = [](uint64_t number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  std::string out = whole >= 3600 ? std::to_string(whole / 3600) + ":" + two(whole / 60 % 60) : std::to_string(whole / 60);
  return out + ":" + two(whole % 60);
}

std::string bytes(double count) {
  constexpr std::string_view units[] = {" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"};
  unsigned unit = 0;
  while (count >= 1023.5 && unit + 1 < std::size(units)) count /= 1024, ++unit;
  return fixed(count, unit == 0 || count >= 99.95 ? 0 : 1).append(units[unit]);
}

std::string short_number(double number) {
  constexpr std::string_view units[] = {"", "k", "M", "G", "T"};
  unsigned unit = 0;
  while (number >= 999.5 && unit + 1 < std::size(units)) number /= 1000, ++unit;
  bool whole = number >= 99.5 || (unit == 0 && number == std::floor(number));
  return fixed(number, whole ? 0 : number < 9.95 ? (unit == 0 ? 2 : 1) : 1).append(units[unit]);
}

}  // namespace forklint::runtime::shown
