#include <cstdio>

#include "forklint/runtime/tree_watch.h"

namespace forklint::runtime {
namespace {

// What is no UTF-8 in a path or an argument becomes U+FFFD: a reader of JSON would refuse the whole line.
size_t sequence_length(std::string_view text) {
  auto lead = static_cast<unsigned char>(text[0]);
  size_t length = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
  if (length > text.size()) return 0;
  for (size_t i = 1; i < length; i++) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
  }
  if (length < 3) return length;
  auto second = static_cast<unsigned char>(text[1]);
  bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  bool outside = (lead == 0xed && second >= 0xa0) || (lead == 0xf4 && second >= 0x90);
  return overlong || outside ? 0 : length;
}

void add_string(std::string& json, std::string_view text) {
  json += '"';
  while (!text.empty()) {
    size_t length = sequence_length(text);
    auto first = static_cast<unsigned char>(text[0]);
    if (length == 0) json += "\\ufffd", length = 1;
    else if (first == '"' || first == '\\') json += '\\', json += char(first);
    else if (first < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", first);
      json += escaped;
    } else json += text.substr(0, length);
    text.remove_prefix(length);
  }
  json += '"';
}

void add_event(std::string& json, const TreeEvent& event) {
  constexpr const char* kinds[] = {"birth", "exec", "exit"};
  char numbers[160];
  std::snprintf(numbers, sizeof numbers, "{\"event\":\"%s\",\"at\":%.6f,\"pid\":%d,\"parent\":%d,\"threads\":%d", kinds[int(event.kind)], event.at,
                event.pid, event.parent, event.threads);
  json += numbers;
  if (event.kind == TreeEvent::Kind::exit) json += event.signal != 0 ? ",\"signal\":" + std::to_string(event.signal) : ",\"code\":" + std::to_string(event.code);
  if (event.max_rss != 0) json += ",\"max_rss\":" + std::to_string(event.max_rss);
  json += ",\"program\":";
  add_string(json, event.program);
  if (!event.argv.empty()) {
    json += ",\"argv\":[";
    for (size_t i = 0; i < event.argv.size(); i++) {
      if (i > 0) json += ',';
      add_string(json, event.argv[i]);
    }
    json += ']';
  }
  json += "}\n";
}

}  // namespace

std::string as_json_lines(std::span<const TreeEvent> events) {
  std::string json;
  for (const TreeEvent& event : events) add_event(json, event);
  return json;
}

}  // namespace forklint::runtime
