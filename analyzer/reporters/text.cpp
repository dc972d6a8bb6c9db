#include "analyzer/reporters/text.h"

#include <algorithm>

#include <llvm/Support/JSON.h>
#include <llvm/Support/Unicode.h>

#include "analyzer/engine/options.h"

namespace forklint::reporters {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view ink_codes[] = {"", "\x1b[1m", "\x1b[2m", "\x1b[1;31m", "\x1b[32m", "\x1b[1;33m", "\x1b[34m", "\x1b[1;36m"};

struct Character {
  char32_t code = 0;
  size_t size = 1;
};

// The character at `at` of valid UTF-8.
Character decode(std::string_view text, size_t at) {
  uint8_t lead = uint8_t(text[at]);
  if (lead < 0x80) return {lead, 1};
  size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  char32_t code = lead & (0xFF >> (size + 1));
  for (size_t i = 1; i < size; ++i) code = (code << 6) | (uint8_t(text[at + i]) & 0x3F);
  return {code, size};
}

bool is_bidirectional_control(char32_t c) {
  return c == 0x61C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

std::string sanitized(std::string_view raw, bool source) {
  const std::string repaired = llvm::json::isUTF8(raw) ? std::string() : llvm::json::fixUTF8(raw);
  std::string_view text = repaired.empty() ? raw : repaired;
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    auto [code, size] = decode(text, i);
    if (code >= 0x20 && code < 0x7F) out += char(code);
    else if (code == '\t') out += source ? "    " : "\\t";
    else if (code == '\n' && !source) out += "\\n";
    else if (code == '\r' && !source) out += "\\r";
    else if (code < 0x20) out += {'\xE2', '\x90', char(0x80 + code)};  // its control picture, U+2400 and on
    else if (is_bidirectional_control(code) || !llvm::sys::unicode::isPrintable(int(code))) out += replacement;
    else out += text.substr(i, size);
    i += size;
  }
  return out;
}

}  // namespace

std::string paint(const Style& style, Ink ink, std::string_view text) {
  if (!style.color || ink == Ink::plain || text.empty()) return std::string(text);
  return std::string(ink_codes[size_t(ink)]) + std::string(text) + "\x1b[0m";
}

std::string safe(std::string_view text) { return sanitized(text, false); }
std::string safe_source(std::string_view text) { return sanitized(text, true); }

unsigned columns(std::string_view text) {
  unsigned total = 0;
  for (size_t i = 0; i < text.size();) {
    size_t size = decode(text, i).size;
    total += unsigned(std::max(0, llvm::sys::unicode::columnWidthUTF8(text.substr(i, size))));
    i += size;
  }
  return total;
}

std::string count(size_t number, std::string_view noun) {
  return std::to_string(number) + " " + std::string(noun) + (number == 1 ? "" : "s");
}

std::string spell(const source::File& file, facts::Span span) {
  source::Position at = file.position(span.begin);
  return safe(file.path) + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
}

Ink ink_of(engine::Severity severity) {
  if (severity == engine::Severity::error) return Ink::red;
  return severity == engine::Severity::warning ? Ink::yellow : Ink::cyan;
}

Ink ink_of(std::string_view outcome) {
  if (outcome == "ok") return Ink::green;
  if (outcome == "unavailable" || outcome == "unknown") return Ink::dim;
  return outcome == "wrong" || outcome == "slow" ? Ink::yellow : Ink::red;
}

std::string phrase(std::string_view outcome) {
  size_t colon = outcome.find(':');
  std::string_view verb = outcome.substr(0, colon);
  std::string detail = colon == std::string_view::npos ? "" : safe(outcome.substr(colon + 1));
  if (verb == "raises") return "raises " + (detail.empty() ? "an exception" : detail);
  if (verb == "crashes") return "crashes" + (detail.empty() ? "" : " with " + detail);
  if (verb == "exits") return "exits" + (detail.empty() ? "" : " with status " + detail);
  if (verb == "storms") return "starts processes without end";
  if (verb == "hangs") return "hangs";
  if (verb == "wrong") return "finishes with a wrong result";
  if (verb == "slow") return "is slow";
  if (verb == "ok") return "works";
  if (verb == "unavailable") return "cannot start this way";
  if (verb == "unknown") return "is not known";
  return safe(outcome);
}

std::string method_list(const engine::Finding& finding) {
  std::string list;
  for (const engine::MethodOutcome& outcome : finding.outcomes)
    list += (list.empty() ? "" : ", ") + std::string(engine::word(outcome.method));
  return list;
}

}  // namespace forklint::reporters
