#include "analyzer/source/notebook.h"

#include <algorithm>
#include <simdjson.h>
#include <string_view>
#include <vector>

#include "analyzer/source/magics.h"

namespace forklint::source {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

struct Cell {
  bool code = false;
  bool foreign = false;                   // an editor marked it as another language
  std::vector<std::string_view> sources;  // the strings of `source`, as they stand in the file, without their quotes
};

struct Notebook {
  int64_t format = 0;  // 0: the file does not say
  std::string language;
  std::vector<Cell> cells;
};

bool is_python(std::string_view language) {
  std::string lower(language);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower.empty() || lower == "ipython" || lower.starts_with("python");
}

// The string at `object.name`, or at `object.name.inner`; absent and of another type are the same: empty.
error_code read_text(ondemand::value value, std::string_view inner, std::string& text) {
  ondemand::json_type type;
  if (const auto error = value.type().get(type)) return error;
  if (inner.empty()) {
    std::string_view found;
    if (type != ondemand::json_type::string) return simdjson::SUCCESS;
    const auto error = value.get_string().get(found);
    text = found;
    return error;
  }
  if (type != ondemand::json_type::object) return simdjson::SUCCESS;
  ondemand::object object;
  if (const auto error = value.get_object().get(object)) return error;
  for (auto field : object) {
    if (field.error()) return field.error();
    if (field.key().value_unsafe() == inner) return read_text(field.value().value_unsafe(), {}, text);
  }
  return simdjson::SUCCESS;
}

error_code read_source_string(ondemand::value value, std::vector<std::string_view>& sources) {
  ondemand::json_type type;
  if (const auto error = value.type().get(type)) return error;
  if (type != ondemand::json_type::string) return simdjson::INCORRECT_TYPE;
  const std::string_view token = value.raw_json_token();
  sources.push_back(token.substr(1, token.rfind('"') - 1));
  return simdjson::SUCCESS;
}

error_code read_source(ondemand::value value, std::vector<std::string_view>& sources) {
  ondemand::json_type type;
  if (const auto error = value.type().get(type)) return error;
  if (type != ondemand::json_type::array) return read_source_string(value, sources);
  ondemand::array lines;
  if (const auto error = value.get_array().get(lines)) return error;
  for (auto line : lines) {
    ondemand::value string;
    if (const auto error = line.get(string)) return error;
    if (const auto error = read_source_string(string, sources)) return error;
  }
  return simdjson::SUCCESS;
}

error_code read_cell(ondemand::value value, Cell& cell) {
  ondemand::object object;
  if (const auto error = value.get_object().get(object)) return error;
  std::string text;
  for (auto field : object) {
    if (field.error()) return field.error();
    const auto key = field.key().value_unsafe();
    error_code error = simdjson::SUCCESS;
    if (key == "cell_type") {
      error = read_text(field.value().value_unsafe(), {}, text);
      cell.code = text == "code";
    } else if (key == "source") {
      error = read_source(field.value().value_unsafe(), cell.sources);
    } else if (key == "metadata") {
      ondemand::value metadata = field.value().value_unsafe();
      ondemand::json_type type;
      error = metadata.type().get(type);
      if (!error && type == ondemand::json_type::object) {
        std::string language;
        ondemand::object entries;
        if (const auto failed = metadata.get_object().get(entries)) return failed;
        for (auto entry : entries) {
          if (entry.error()) return entry.error();
          if (entry.key().value_unsafe() == "vscode") error = read_text(entry.value().value_unsafe(), "languageId", language);
          if (error) return error;
        }
        cell.foreign = !is_python(language);
      }
    }
    if (error) return error;
  }
  return simdjson::SUCCESS;
}

error_code read_cells(ondemand::value value, std::vector<Cell>& cells) {
  ondemand::array array;
  if (const auto error = value.get_array().get(array)) return error;
  for (auto element : array) {
    ondemand::value item;
    if (const auto error = element.get(item)) return error;
    if (const auto error = read_cell(item, cells.emplace_back())) return error;
  }
  return simdjson::SUCCESS;
}

// The language of the kernel: what it said of itself when it ran, else what the notebook asks for.
error_code read_metadata(ondemand::value value, std::string& language) {
  ondemand::object object;
  if (const auto error = value.get_object().get(object)) return error;
  std::string asked, ran;
  for (auto field : object) {
    if (field.error()) return field.error();
    error_code error = simdjson::SUCCESS;
    if (field.key().value_unsafe() == "kernelspec") {
      error = read_text(field.value().value_unsafe(), "language", asked);
    } else if (field.key().value_unsafe() == "language_info") {
      error = read_text(field.value().value_unsafe(), "name", ran);
    }
    if (error) return error;
  }
  language = ran.empty() ? asked : ran;
  return simdjson::SUCCESS;
}

error_code read_document(ondemand::document& document, Notebook& notebook) {
  ondemand::object object;
  if (const auto error = document.get_object().get(object)) return error;
  for (auto field : object) {
    if (field.error()) return field.error();
    const auto key = field.key().value_unsafe();
    error_code error = simdjson::SUCCESS;
    if (key == "cells") {
      notebook.cells.clear();  // of two, the last one counts, as in Python
      error = read_cells(field.value().value_unsafe(), notebook.cells);
    } else if (key == "metadata") {
      error = read_metadata(field.value().value_unsafe(), notebook.language);
    } else if (key == "nbformat") {
      error = field.value().get_int64().get(notebook.format);
    }
    if (error) return error;
  }
  return simdjson::SUCCESS;
}

// Where a string is left open: at the end of a line, where JSON forbids it, or of the file. npos: nowhere.
size_t find_open_string(std::string_view bytes) {
  for (size_t i = bytes.find('"'); i != std::string_view::npos; i = bytes.find('"', i + 1)) {
    const size_t begin = i++;
    while (i < bytes.size() && bytes[i] != '"' && bytes[i] != '\n') i += bytes[i] == '\\' ? 2 : 1;
    if (i >= bytes.size() || bytes[i] == '\n') return begin;
  }
  return std::string_view::npos;
}

Fault syntax_fault(std::string_view bytes, error_code error, const char* location) {
  const std::string broken = "truncated or broken notebook: ";
  const size_t last = bytes.find_last_not_of(" \t\r\n");
  if (last == std::string_view::npos) return {0, broken + "the file is empty"};
  const size_t at = location ? std::min(static_cast<size_t>(location - bytes.data()), last) : last;
  const bool begins_value = std::string_view("{[\"-0123456789tfn").find(bytes[at]) != std::string_view::npos;
  if (error == simdjson::INCORRECT_TYPE && begins_value) {
    return {at, "not a notebook: a value is not of the type that nbformat 4 gives it"};
  }
  if (const size_t open = find_open_string(bytes); open != std::string_view::npos) {
    return {open, broken + "a string is not closed"};
  }
  if (error == simdjson::INCOMPLETE_ARRAY_OR_OBJECT || at == last) return {last, broken + "the file ends too early"};
  return {at, broken + "not valid JSON here"};
}

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

std::optional<Fault> append_string(std::string_view raw, Cursor& cursor, File& file) {
  const auto base = static_cast<size_t>(raw.data() - cursor.bytes.data());
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
  for (const std::string_view raw : cell.sources) {
    if (auto fault = append_string(raw, cursor, file)) return fault;
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
  const simdjson::padded_string padded(bytes);
  const std::string_view view(padded);
  ondemand::parser parser;
  ondemand::document document;
  Notebook notebook;
  error_code error = parser.iterate(padded).get(document);
  const char* location = nullptr;
  if (!error) {
    error = read_document(document, notebook);
    if (error && document.current_location().get(location)) location = nullptr;
  }
  if (error) return syntax_fault(view, error, location);
  if (notebook.format == 0) return Fault{0, "not a notebook: there is no nbformat"};
  if (notebook.format != 4) {
    return Fault{0, "nbformat " + std::to_string(notebook.format) + " is not supported, only 4 (jupyter nbconvert --to notebook converts)"};
  }
  if (is_python(notebook.language)) {
    Cursor cursor{view, 0, {}};
    for (const Cell& cell : notebook.cells) {
      if (!cell.code || cell.foreign) continue;
      if (auto fault = append_cell(cell, cursor, file)) return fault;
    }
  }
  if (file.line_starts.empty()) start_line(file, {});
  return std::nullopt;
}

}  // namespace forklint::source
