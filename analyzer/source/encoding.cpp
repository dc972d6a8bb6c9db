#include "analyzer/source/encoding.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <iconv.h>
#include <memory>
#include <simdjson.h>
#include <utility>

namespace forklint::source {
namespace {

using namespace std::string_view_literals;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

std::string_view first_line(std::string_view bytes) { return bytes.substr(0, bytes.find_first_of("\r\n")); }

// `coding[:=][ \t]*([-_.a-zA-Z0-9]+)` in a line that is a comment.
std::string_view encoding_of_line(std::string_view line) {
  size_t at = line.find_first_not_of(" \t\f");
  if (at == std::string_view::npos || line[at] != '#') return {};
  while ((at = line.find("coding", at)) != std::string_view::npos) {
    at += 6;
    if (at >= line.size() || (line[at] != ':' && line[at] != '=')) continue;
    size_t begin = line.find_first_not_of(" \t", at + 1);
    if (begin == std::string_view::npos) continue;
    size_t end = begin;
    while (end < line.size() && is_name_character(line[end])) ++end;
    if (end > begin) return line.substr(begin, end - begin);
  }
  return {};
}

// What bytes 0x80 to 0x9F mean in cp1252; 0: nothing.
constexpr std::array<char16_t, 32> cp1252_high = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
    0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

char32_t of_cp1252(unsigned char byte) { return byte < 0xA0 ? cp1252_high[byte - 0x80] : byte; }

char32_t of_iso_8859_15(unsigned char byte) {
  switch (byte) {
    case 0xA4: return 0x20AC;
    case 0xA6: return 0x0160;
    case 0xA8: return 0x0161;
    case 0xB4: return 0x017D;
    case 0xB8: return 0x017E;
    case 0xBC: return 0x0152;
    case 0xBD: return 0x0153;
    case 0xBE: return 0x0178;
    default: return byte;
  }
}

std::string hexadecimal(unsigned char byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  return {'0', 'x', digits[byte >> 4], digits[byte & 15]};
}

Fault undecodable(std::string_view encoding, std::string_view bytes, size_t at) {
  return {at, "byte " + hexadecimal(static_cast<unsigned char>(bytes[at])) + " is not valid " + std::string(encoding)};
}

// The encodings of one byte per character. `decode` gives 0 for a byte that means nothing.
std::optional<Fault> from_single_bytes(std::string_view encoding, std::string& bytes, char32_t (*decode)(unsigned char)) {
  std::string text;
  text.reserve(bytes.size() + bytes.size() / 8);
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    const char32_t code_point = byte < 0x80 ? byte : decode(byte);
    if (code_point == 0 && byte != 0) return undecodable(encoding, bytes, i);
    append_utf8(text, code_point);
  }
  bytes = std::move(text);
  return std::nullopt;
}

std::optional<Fault> through_iconv(std::string_view encoding, std::string& bytes) {
  std::string name(encoding);
  iconv_t handle = iconv_open("UTF-8", name.c_str());
  if (handle == reinterpret_cast<iconv_t>(-1)) {
    name.assign(encoding);
    for (char& c : name) c = c == '-' ? '_' : c;  // glibc writes some with a hyphen (EUC-JP), some with a bar (MAC_CYRILLIC)
    handle = iconv_open("UTF-8", name.c_str());
  }
  if (handle == reinterpret_cast<iconv_t>(-1)) return Fault{std::string::npos, "unknown encoding " + std::string(encoding)};
  const std::unique_ptr<void, int (*)(iconv_t)> closer(handle, iconv_close);

  std::string text;
  std::array<char, 16384> chunk;
  char* in = bytes.data();
  size_t left = bytes.size();
  bool flushing = left == 0;
  while (true) {
    char* out = chunk.data();
    size_t room = chunk.size();
    const size_t status = flushing ? iconv(handle, nullptr, nullptr, &out, &room) : iconv(handle, &in, &left, &out, &room);
    text.append(chunk.data(), chunk.size() - room);
    if (status == static_cast<size_t>(-1)) {
      if (errno == E2BIG) continue;
      return undecodable(encoding, bytes, bytes.size() - left);
    }
    if (flushing) break;
    flushing = true;
  }
  bytes = std::move(text);
  return std::nullopt;
}

}  // namespace

std::string_view declared_encoding(std::string_view bytes, size_t* offset) {
  const std::string_view first = first_line(bytes);
  std::string_view name = encoding_of_line(first);
  if (name.empty()) {
    // The second line counts only below a comment or an empty line.
    const size_t at = first.find_first_not_of(" \t\f");
    if (at != std::string_view::npos && first[at] != '#') return {};
    size_t next = first.size();
    if (next >= bytes.size()) return {};
    next += bytes.substr(next, 2) == "\r\n" ? 2 : 1;
    name = encoding_of_line(first_line(bytes.substr(next)));
  }
  if (offset && !name.empty()) *offset = static_cast<size_t>(name.data() - bytes.data());
  return name;
}

std::string canonical_encoding(std::string_view name) {
  std::string lower;
  for (const char c : name) lower += c == '_' ? '-' : (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
  // Python's own spellings of the encodings that need no iconv, and two that iconv spells in another way.
  static constexpr std::pair<std::string_view, std::string_view> aliases[] = {
      {"utf-8", "utf-8"},          {"utf8", "utf-8"},            {"u8", "utf-8"},
      {"utf", "utf-8"},             {"cp65001", "utf-8"},
      {"ascii", "ascii"},          {"us-ascii", "ascii"},        {"646", "ascii"},
      {"latin-1", "iso-8859-1"},   {"latin1", "iso-8859-1"},     {"latin", "iso-8859-1"},
      {"l1", "iso-8859-1"},        {"8859", "iso-8859-1"},       {"cp819", "iso-8859-1"},
      {"iso-8859-1", "iso-8859-1"}, {"iso8859-1", "iso-8859-1"}, {"iso-latin-1", "iso-8859-1"},
      {"latin-9", "iso-8859-15"},  {"latin9", "iso-8859-15"},    {"l9", "iso-8859-15"},
      {"iso-8859-15", "iso-8859-15"}, {"iso8859-15", "iso-8859-15"},
      {"cp1252", "cp1252"},        {"windows-1252", "cp1252"},   {"1252", "cp1252"},
      {"mac-roman", "macintosh"},  {"macroman", "macintosh"},
      // glibc's own SHIFT_JIS reads a backslash as a yen sign; Python's does not.
      {"shift-jis", "cp932"},      {"shiftjis", "cp932"},        {"sjis", "cp932"},
      {"s-jis", "cp932"},          {"csshiftjis", "cp932"},
  };
  // An editor's "utf-8-unix" names UTF-8, and so does "utf-8-sig"; the tokenizer of CPython has the same two rules.
  if (lower.starts_with("utf-8-")) return "utf-8";
  if (lower.starts_with("latin-1-") || lower.starts_with("iso-8859-1-")) return "iso-8859-1";
  if (lower.starts_with("iso2022-")) return "iso-2022-" + lower.substr(8);
  for (const auto& [alias, canonical] : aliases) {
    if (lower == alias) return std::string(canonical);
  }
  return lower;
}

std::optional<Fault> to_utf8(std::string_view encoding, std::string& bytes) {
  if (encoding == "utf-8") {
    if (simdjson::validate_utf8(bytes)) return std::nullopt;
    return undecodable(encoding, bytes, find_invalid_utf8(bytes));
  }
  if (encoding == "ascii") {
    const auto high = std::ranges::find_if(bytes, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
    if (high == bytes.end()) return std::nullopt;
    return undecodable(encoding, bytes, static_cast<size_t>(high - bytes.begin()));
  }
  if (encoding == "iso-8859-1") return from_single_bytes(encoding, bytes, [](unsigned char byte) -> char32_t { return byte; });
  if (encoding == "iso-8859-15") return from_single_bytes(encoding, bytes, of_iso_8859_15);
  if (encoding == "cp1252") return from_single_bytes(encoding, bytes, of_cp1252);
  // A declaration written in ASCII cannot be true of these.
  for (const auto prefix : {"utf-16"sv, "utf16"sv, "utf-32"sv, "utf32"sv, "ucs"sv, "unicode"sv}) {
    if (encoding.starts_with(prefix)) return Fault{std::string::npos, std::string(encoding) + " is not possible for source code"};
  }
  return through_iconv(encoding, bytes);
}

size_t find_invalid_utf8(std::string_view bytes) {
  const auto at = [&](size_t i) -> uint32_t { return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0; };
  const auto continues = [&](size_t i) { return (at(i) & 0xC0) == 0x80; };
  for (size_t i = 0; i < bytes.size();) {
    const uint32_t lead = at(i);
    if (lead < 0x80) {
      i += 1;
    } else if (lead >= 0xC2 && lead <= 0xDF && continues(i + 1)) {
      i += 2;
    } else if ((lead & 0xF0) == 0xE0 && continues(i + 1) && continues(i + 2) && !(lead == 0xE0 && at(i + 1) < 0xA0) &&
               !(lead == 0xED && at(i + 1) >= 0xA0)) {
      i += 3;
    } else if (lead >= 0xF0 && lead <= 0xF4 && continues(i + 1) && continues(i + 2) && continues(i + 3) &&
               !(lead == 0xF0 && at(i + 1) < 0x90) && !(lead == 0xF4 && at(i + 1) >= 0x90)) {
      i += 4;
    } else {
      return i;
    }
  }
  return std::string_view::npos;
}

void append_utf8(std::string& text, char32_t c) {
  const auto add = [&](char32_t byte) { text += static_cast<char>(byte); };
  if (c < 0x80) {
    add(c);
  } else if (c < 0x800) {
    add(0xC0 | c >> 6), add(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    add(0xE0 | c >> 12), add(0x80 | (c >> 6 & 0x3F)), add(0x80 | (c & 0x3F));
  } else {
    add(0xF0 | c >> 18), add(0x80 | (c >> 12 & 0x3F)), add(0x80 | (c >> 6 & 0x3F)), add(0x80 | (c & 0x3F));
  }
}

}  // namespace forklint::source
