#include "analyzer/source/nbformat.h"

#include <algorithm>
#include <simdjson.h>

namespace forklint::source {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

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

error_code read_source_string(ondemand::value value, std::string_view bytes, std::vector<RawString>& sources) {
  ondemand::json_type type;
  if (const auto error = value.type().get(type)) return error;
  if (type != ondemand::json_type::string) return simdjson::INCORRECT_TYPE;
  const std::string_view token = value.raw_json_token();
  sources.push_back({static_cast<size_t>(token.data() + 1 - bytes.data()), token.rfind('"') - 1});
  return simdjson::SUCCESS;
}

error_code read_source(ondemand::value value, std::string_view bytes, std::vector<RawString>& sources) {
  ondemand::json_type type;
  if (const auto error = value.type().get(type)) return error;
  if (type != ondemand::json_type::array) return read_source_string(value, bytes, sources);
  ondemand::array lines;
  if (const auto error = value.get_array().get(lines)) return error;
  for (auto line : lines) {
    ondemand::value string;
    if (const auto error = line.get(string)) return error;
    if (const auto error = read_source_string(string, bytes, sources)) return error;
  }
  return simdjson::SUCCESS;
}

error_code read_cell(ondemand::value value, std::string_view bytes, Cell& cell) {
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
      error = read_source(field.value().value_unsafe(), bytes, cell.sources);
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

error_code read_cells(ondemand::value value, std::string_view bytes, std::vector<Cell>& cells) {
  ondemand::array array;
  if (const auto error = value.get_array().get(array)) return error;
  for (auto element : array) {
    ondemand::value item;
    if (const auto error = element.get(item)) return error;
    if (const auto error = read_cell(item, bytes, cells.emplace_back())) return error;
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

error_code read_document(ondemand::document& document, std::string_view bytes, Notebook& notebook) {
  ondemand::object object;
  if (const auto error = document.get_object().get(object)) return error;
  for (auto field : object) {
    if (field.error()) return field.error();
    const auto key = field.key().value_unsafe();
    error_code error = simdjson::SUCCESS;
    if (key == "cells") {
      notebook.cells.clear();  // of two, the last one counts, as in Python
      error = read_cells(field.value().value_unsafe(), bytes, notebook.cells);
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

}  // namespace

bool is_python(std::string_view language) {
  std::string lower(language);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower.empty() || lower == "ipython" || lower.starts_with("python");
}

std::optional<Fault> parse_notebook(std::string_view bytes, Notebook& notebook) {
  const simdjson::padded_string padded(bytes);
  const std::string_view view(padded);
  ondemand::parser parser;
  ondemand::document document;
  if (const auto error = parser.iterate(padded).get(document)) return syntax_fault(view, error, nullptr);
  const auto error = read_document(document, view, notebook);
  if (!error) return std::nullopt;
  const char* location = nullptr;
  if (document.current_location().get(location)) location = nullptr;
  return syntax_fault(view, error, location);
}

}  // namespace forklint::source
