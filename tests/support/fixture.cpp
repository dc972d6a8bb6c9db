#include "tests/support/fixture.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <span>

namespace forklint::tests {
namespace {

std::string trimmed(std::string text) {
  size_t begin = text.find_first_not_of(" \t");
  size_t end = text.find_last_not_of(" \t\r");
  return begin == std::string::npos ? std::string() : text.substr(begin, end - begin + 1);
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  size_t at = 0;
  while (at <= text.size()) {
    size_t end = std::min(text.find(separator, at), text.size());
    if (std::string part = trimmed(text.substr(at, end - at)); !part.empty()) parts.push_back(part);
    at = end + 1;
  }
  return parts;
}

// `expect[fork, spawn]: rule — why`
std::optional<Expected> expectation(const std::string& text) {
  static constexpr std::pair<std::string_view, Expectation> kinds[] = {{"expect", Expectation::expect}, {"missed", Expectation::missed}, {"spurious", Expectation::spurious}};
  for (auto [word, kind] : kinds) {
    if (!text.starts_with(word)) continue;
    Expected result{.kind = kind};
    std::string rest = text.substr(word.size());
    if (rest.starts_with('[')) {
      size_t close = rest.find(']');
      if (close == std::string::npos) return {};
      result.methods = split(rest.substr(1, close - 1), ',');
      std::sort(result.methods.begin(), result.methods.end());
      rest = rest.substr(close + 1);
    }
    if (!rest.starts_with(':')) return {};
    rest = trimmed(rest.substr(1));
    size_t space = rest.find(' ');
    result.rule = rest.substr(0, space);
    if (space != std::string::npos) result.reason = trimmed(rest.substr(space));
    return result;
  }
  return {};
}

bool is_native(const std::filesystem::path& path) { return path.extension() == ".c" || path.extension() == ".cpp"; }

// The parts of a dotted number, at most three; empty: it is none.
std::vector<int> numbers(std::string_view text) {
  std::vector<int> parts;
  while (!text.empty()) {
    int part = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), part);
    if (error != std::errc() || parts.size() == 3) return {};
    parts.push_back(part);
    text.remove_prefix(size_t(end - text.data()));
    if (text.empty()) break;
    if (text[0] != '.' || text.size() == 1) return {};
    text.remove_prefix(1);
  }
  return parts;
}

// `python>=3.12`
std::optional<bool> holds_part(std::string_view part, Version version) {
  if (!part.starts_with("python")) return {};
  part.remove_prefix(6);
  std::string_view sign;
  for (std::string_view candidate : {"<=", ">=", "==", "<", ">"})
    if (part.starts_with(candidate) && sign.empty()) sign = candidate;
  if (sign.empty()) return {};
  std::vector<int> wanted = numbers(trimmed(std::string(part.substr(sign.size()))));
  if (wanted.size() < 2) return {};
  const int all[] = {version.major, version.minor, version.micro};
  auto order = std::lexicographical_compare_three_way(all, all + wanted.size(), wanted.begin(), wanted.end());
  if (sign == "<=") return order <= 0;
  if (sign == ">=") return order >= 0;
  if (sign == "==") return order == 0;
  return sign == "<" ? order < 0 : order > 0;
}

void read_file(Fixture& fixture, const std::filesystem::path& path, bool main) {
  const std::string mark = is_native(path) ? "//" : "#";
  std::ifstream in(path);
  std::string line;
  unsigned number = 0;
  bool in_header = main;
  while (std::getline(in, line)) {
    ++number;
    if (in_header && line.starts_with(mark + " ")) {
      size_t colon = line.find(':');
      bool key = colon != std::string::npos && line.find_first_not_of("abcdefghijklmnopqrstuvwxyz ", mark.size()) == colon;
      if (key) fixture.header.emplace_back(trimmed(line.substr(mark.size(), colon - mark.size())), trimmed(line.substr(colon + 1)));
    } else if (!line.empty() && !line.starts_with(mark)) {
      in_header = false;
    }
    for (size_t at = line.find(mark); at != std::string::npos; at = line.find(mark, at + 1)) {
      std::string comment = trimmed(line.substr(at + mark.size()));
      if (!comment.starts_with("expect") && !comment.starts_with("missed") && !comment.starts_with("spurious")) continue;
      for (const std::string& part : split(comment, ';'))
        if (auto expected = expectation(part)) {
          expected->file = path;
          expected->line = number;
          fixture.expected.push_back(*expected);
        }
      break;
    }
  }
}

}  // namespace

std::string text(Version version) {
  return std::to_string(version.major) + "." + std::to_string(version.minor) + "." + std::to_string(version.micro);
}

std::optional<Version> parse_version(std::string_view text) {
  std::vector<int> parts = numbers(text);
  if (parts.size() < 2) return {};
  return Version{parts[0], parts[1], parts.size() == 3 ? parts[2] : 0};
}

std::optional<bool> holds(std::string_view guard, Version version) {
  bool all = true;
  for (size_t at = 0; at <= guard.size();) {
    size_t end = std::min(guard.find(" and ", at), guard.size());
    std::optional<bool> part = holds_part(trimmed(std::string(guard.substr(at, end - at))), version);
    if (!part) return {};
    all &= *part;
    at = end + (end == guard.size() ? 1 : 5);
  }
  return all;
}

std::string Fixture::value(std::string_view key) const {
  std::vector<std::string> values = header_values(key);
  return values.empty() ? std::string() : values.back();
}

std::vector<RunLine> Fixture::run_lines() const {
  std::vector<RunLine> lines;
  for (const auto& [key, value] : header) {
    if (key != "run" && !key.starts_with("run ")) continue;
    RunLine line{.method = key == "run" ? "" : key.substr(4)};
    size_t guard = value.find(" if ");
    line.outcome = trimmed(value.substr(0, guard));
    if (guard != std::string::npos) line.guard = trimmed(value.substr(guard + 4));
    lines.push_back(std::move(line));
  }
  return lines;
}

bool Fixture::picks_its_method() const {
  return !header_values("run").empty();
}

std::vector<std::string> Fixture::needs() const {
  return split(value("needs"), ',');
}

std::vector<std::string> Fixture::modules() const {
  std::vector<std::string> found = needs();
  std::erase_if(found, [](const std::string& need) { return need == "linux" || need.starts_with("python"); });
  return found;
}

std::vector<std::string> Fixture::flags() const {
  std::vector<std::string> result = split(value("flags"), ' ');
  // Its headers are used as the project itself uses them.
  const std::vector<std::string> needed = needs();
  if (std::find(needed.begin(), needed.end(), runtime_library) != needed.end()) result.insert(result.end(), {"-std=c++23", "-I" FORKLINT_SOURCE_DIR "/runtime/include", "-Wno-missing-field-initializers"});
  return result;
}

bool Fixture::allows(Version version) const {
  for (const std::string& need : needs())
    if (need.starts_with("python") && !holds(need, version).value_or(true)) return false;
  return true;
}

std::string Fixture::promised(std::string_view method, Version version) const {
  std::string found;
  for (const RunLine& line : run_lines())
    if ((line.method.empty() || line.method == method) && (line.guard.empty() || holds(line.guard, version).value_or(false))) found = line.outcome;
  return found;
}

bool Fixture::has_extensions() const { return !native() && std::any_of(files.begin(), files.end(), is_native); }

std::vector<std::string> Fixture::header_values(std::string_view key) const {
  std::vector<std::string> values;
  for (const auto& [name, value] : header)
    if (name == key) values.push_back(value);
  return values;
}

std::vector<Fixture> fixtures(const std::filesystem::path& root, const std::string& filter) {
  std::vector<Fixture> result;
  for (const auto& folder : std::filesystem::directory_iterator(root)) {
    if (!folder.is_directory()) continue;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      std::string name = entry.path().filename().string();
      if (!name.starts_with("bad_") && !name.starts_with("good_")) continue;
      Fixture fixture{.path = entry.path()};
      if (fixture.name().find(filter) == std::string::npos) continue;
      if (entry.is_directory()) {
        for (const auto& inner : std::filesystem::recursive_directory_iterator(entry))
          if (inner.path().extension() == ".py" || is_native(inner.path())) fixture.files.push_back(inner.path());
        std::sort(fixture.files.begin(), fixture.files.end());
      } else if (entry.path().extension() == ".py" || is_native(entry.path())) {
        fixture.files.push_back(entry.path());
      }
      if (fixture.files.empty()) continue;
      for (const auto& file : fixture.files) read_file(fixture, file, fixture.files.size() == 1 || file.filename() == "main.py");
      result.push_back(std::move(fixture));
    }
  }
  std::sort(result.begin(), result.end(), [](const Fixture& a, const Fixture& b) { return a.path < b.path; });
  return result;
}

}  // namespace forklint::tests
