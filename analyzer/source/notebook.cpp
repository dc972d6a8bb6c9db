#include "analyzer/source/notebook.h"

#include <algorithm>
#include <string_view>

#include "analyzer/source/magics.h"
#include "analyzer/source/nbformat.h"

namespace forklint::source {
namespace {

// Walks the strings in the order of the file and keeps the physical line and column.
struct Cursor {
  std::string_view bytes;
  size_t offset = 0;
  LineOrigin at;

  void advance_to(size_t target) {
    for (; offset < target; ++offset) {
      const char c = bytes[offset];
      if (c == '\n' || (c == '\r' && bytes.substr(offset + 1, 1) != "\n")) {
        ++at.line;
        at.column = 1;
      } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
        ++at.column;
      }
    }
  }
};

int hexadecimal(std::string_view four) {
  int value = 0;
  for (const char c : four) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return four.size() == 4 ? value : -1;
}

// One escape sequence at the front of `raw`: its character, and its length (0: invalid).
size_t decode_escape(std::string_view raw, char32_t& c) {
  constexpr std::string_view names = "\"\\/bfnrt", values = "\"\\/\b\f\n\r\t";
  if (raw.size() < 2) return 0;
  if (const size_t index = names.find(raw[1]); index != std::string_view::npos) {
    c = static_cast<unsigned char>(values[index]);
    return 2;
  }
  const int unit = raw[1] == 'u' ? hexadecimal(raw.substr(2, 4)) : -1;
  if (unit < 0) return 0;
  c = static_cast<char32_t>(unit);
  if (c < 0xD800 || c > 0xDFFF) return 6;
  const int low = raw.substr(6, 2) == "\\u" ? hexadecimal(raw.substr(8, 4)) : -1;
  if (c > 0xDBFF || low < 0xDC00 || low > 0xDFFF) {
    c = 0xFFFD;  // half a pair stands for nothing
    return 6;
  }
  c = 0x10000 + ((c - 0xD800) << 10) + static_cast<char32_t>(low - 0xDC00);
  return 12;
}

void start_line(File& file, LineOrigin origin) {
  const auto offset = static_cast<uint32_t>(file.text.size());
  if (!file.line_starts.empty() && file.line_starts.back() == offset) {
    file.origins.back() = origin;
    return;
  }
  file.line_starts.push_back(offset);
  file.origins.push_back(origin);
}

std::optional<Fault> append_string(RawString string, Cursor& cursor, File& file) {
  const std::string_view raw = cursor.bytes.substr(string.offset, string.length);
  const size_t base = string.offset;
  cursor.advance_to(base);
  if (file.text.empty() || file.text.back() == '\n') start_line(file, cursor.at);
  for (size_t i = 0; i < raw.size();) {
    if (raw[i] != '\\') {
      const size_t end = std::min(raw.find('\\', i), raw.size());
      file.text.append(raw, i, end - i);
      i = end;
      continue;
    }
    char32_t c = 0;
    const size_t length = decode_escape(raw.substr(i), c);
    if (length == 0) return Fault{base + i, "truncated or broken notebook: not an escape sequence of JSON"};
    if (c == 0) return Fault{base + i, "NUL byte"};
    i += length;
    if (c == '\r' && raw.substr(i, 2) != "\\n") c = '\n';
    if (c == '\n') {
      file.text += '\n';
      cursor.advance_to(base + i);
      start_line(file, cursor.at);
    } else {
      file.escapes.push_back({static_cast<uint32_t>(file.text.size()), static_cast<uint32_t>(length - 1)});
      append_utf8(file.text, c);
    }
  }
  cursor.advance_to(base + raw.size());
  return std::nullopt;
}

std::optional<Fault> append_cell(const Cell& cell, Cursor& cursor, File& file) {
  const size_t text = file.text.size(), lines = file.line_starts.size(), escapes = file.escapes.size();
  for (const RawString string : cell.sources) {
    if (auto fault = append_string(string, cursor, file)) return fault;
  }
  if (is_foreign_cell(std::string_view(file.text).substr(text))) {
    file.text.resize(text);
    file.line_starts.resize(lines);
    file.origins.resize(lines);
    file.escapes.resize(escapes);
    return std::nullopt;
  }
  blank_magics(file.text, text);
  if (!file.text.empty() && file.text.back() != '\n') {
    file.text += '\n';
    start_line(file, cursor.at);
  }
  return std::nullopt;
}

}  // namespace

std::optional<Fault> read_notebook(const std::string& bytes, File& file) {
  Notebook notebook;
  if (auto fault = parse_notebook(bytes, notebook)) return fault;
  if (notebook.format == 0) return Fault{0, "not a notebook: there is no nbformat"};
  if (notebook.format != 4) {
    return Fault{0, "nbformat " + std::to_string(notebook.format) + " is not supported, only 4 (jupyter nbconvert --to notebook converts)"};
  }
  if (is_python(notebook.language)) {
    Cursor cursor{bytes, 0, {}};
    for (const Cell& cell : notebook.cells) {
      if (!cell.code || cell.foreign) continue;
      if (auto fault = append_cell(cell, cursor, file)) return fault;
    }
  }
  if (file.line_starts.empty()) start_line(file, {});
  return std::nullopt;
}

}  // namespace forklint::source
