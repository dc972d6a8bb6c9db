#include "analyzer/units/commands.h"

#include <filesystem>

#include <simdjson.h>

#include "analyzer/source/file.h"
#include "analyzer/units/response_files.h"

namespace forklint::units {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t largest_database = 1u << 30;

std::string_view text_of(simdjson::simdjson_result<simdjson::dom::element> element) {
  std::string_view text;
  return element.get(text) == simdjson::SUCCESS ? text : std::string_view();
}

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

// The project that a database is of: its folder, or the one that its build folder stands in.
std::string project_of(const std::string& home) {
  const fs::path folder(home.empty() ? "." : home);
  return folder.filename() == "build" && folder.has_parent_path() ? folder.parent_path().string() : folder.string();
}

}  // namespace

std::string absolute(std::string_view path, std::string_view base) {
  fs::path whole = path.starts_with('/') ? fs::path(path) : fs::path(base) / path;
  std::string text = whole.lexically_normal().string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

std::string find_database(const std::string& folder) {
  std::error_code error;
  fs::path at = fs::absolute(folder, error).lexically_normal();
  if (error) return {};
  if (!at.has_filename()) at = at.parent_path();
  for (int depth = 0; depth < 64; ++depth) {
    for (const char* below : {"compile_commands.json", "build/compile_commands.json"})
      if (is_file(at / below)) return (at / below).string();
    if (!at.has_relative_path()) break;
    at = at.parent_path();
  }
  return {};
}

std::vector<std::string> shell_words(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  bool open = false;  // a word has begun, be it empty
  char quote = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == '\'') {
      if (c == '\'') quote = 0;
      else word += c;
    } else if (c == '\\' && i + 1 < line.size()) {
      const char next = line[i + 1];
      if (quote == '"' && next != '"' && next != '\\' && next != '$' && next != '`') word += c;
      else word += next, ++i;
      open = true;
    } else if (quote == '"') {
      if (c == '"') quote = 0;
      else word += c;
    } else if (c == '"' || c == '\'') {
      quote = c;
      open = true;
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      if (open || !word.empty()) words.push_back(std::move(word));
      word.clear();
      open = false;
    } else {
      word += c;
    }
  }
  if (open || !word.empty()) words.push_back(std::move(word));
  return words;
}

std::expected<std::vector<CompileCommand>, std::string> read_database(const std::string& path) {
  auto bytes = source::read_bytes(path, largest_database);
  if (!bytes) return std::unexpected(bytes.error());
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (auto error = parser.parse(*bytes).get(root)) return std::unexpected(std::string("not JSON: ") + simdjson::error_message(error));
  simdjson::dom::array list;
  if (root.get(list)) return std::unexpected("not a list of compile commands");
  const std::string home = fs::path(path).parent_path().string();
  ResponseFiles response_files(project_of(home));
  std::vector<CompileCommand> result;
  for (simdjson::dom::element entry : list) {
    CompileCommand command;
    const std::string_view directory = text_of(entry["directory"]), file = text_of(entry["file"]);
    if (file.empty()) continue;
    command.directory = absolute(directory.empty() ? "." : directory, home);
    command.file = absolute(file, command.directory);
    simdjson::dom::array words;
    if (entry["arguments"].get(words) == simdjson::SUCCESS) {
      for (simdjson::dom::element word : words)
        if (std::string_view text; word.get(text) == simdjson::SUCCESS) command.arguments.emplace_back(text);
    } else {
      command.arguments = shell_words(text_of(entry["command"]));
    }
    command.arguments = response_files.expanded(std::move(command.arguments), command.directory);
    if (!command.arguments.empty()) result.push_back(std::move(command));
  }
  return result;
}

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

}  // namespace forklint::units
