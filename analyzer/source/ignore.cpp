#include "analyzer/source/ignore.h"

#include <optional>
#include <span>

namespace forklint::source {
namespace {

bool is_of_class(std::string_view name, unsigned char c) {
  const bool lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z', digit = c >= '0' && c <= '9';
  const bool graphic = c > ' ' && c < 0x7F;
  if (name == "alpha") return lower || upper;
  if (name == "lower") return lower;
  if (name == "upper") return upper;
  if (name == "digit") return digit;
  if (name == "alnum") return lower || upper || digit;
  if (name == "xdigit") return digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  if (name == "space") return c == ' ' || (c >= '\t' && c <= '\r');
  if (name == "blank") return c == ' ' || c == '\t';
  if (name == "punct") return graphic && !lower && !upper && !digit;
  if (name == "graph") return graphic;
  if (name == "print") return graphic || c == ' ';
  if (name == "cntrl") return c < ' ' || c == 0x7F;
  return false;
}

// Does the bracket expression at the front of `glob` hold `c`? Its length; no value: it is not closed.
std::optional<size_t> match_bracket(std::string_view glob, unsigned char c, bool& held) {
  size_t i = 1;
  const bool inverted = i < glob.size() && (glob[i] == '!' || glob[i] == '^');
  if (inverted) ++i;
  bool found = false;
  for (bool first = true; i < glob.size() && (first || glob[i] != ']'); first = false) {
    if (glob.substr(i, 2) == "[:") {
      if (const size_t close = glob.find(":]", i + 2); close != std::string_view::npos) {
        found |= is_of_class(glob.substr(i + 2, close - i - 2), c);
        i = close + 2;
        continue;
      }
    }
    if (glob[i] == '\\' && ++i == glob.size()) return std::nullopt;
    const auto low = static_cast<unsigned char>(glob[i++]);
    auto high = low;
    if (i + 1 < glob.size() && glob[i] == '-' && glob[i + 1] != ']') {
      ++i;
      if (glob[i] == '\\' && ++i == glob.size()) return std::nullopt;
      high = static_cast<unsigned char>(glob[i++]);
    }
    found |= low <= c && c <= high;
  }
  if (i >= glob.size()) return std::nullopt;
  held = found != inverted;
  return i + 1;
}

// How many bytes of `glob` match the one character `c`; 0: they do not.
size_t match_one(std::string_view glob, char c) {
  if (glob.empty()) return 0;
  if (glob[0] == '?') return 1;
  if (glob[0] == '\\') return glob.size() > 1 && glob[1] == c ? 2 : 0;
  if (glob[0] != '[') return glob[0] == c ? 1 : 0;
  bool held = false;
  const auto length = match_bracket(glob, static_cast<unsigned char>(c), held);
  return length && held ? *length : 0;
}

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t slash = path.find('/');
    parts.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    path.remove_prefix(slash + 1);
  }
}

// Segment by segment; `**` stands for any number of segments, as the last one for at least one. After a mismatch
// only the latest `**` needs another try, because an earlier one could gain nothing by taking more.
bool match_segments(std::span<const std::string> globs, std::span<const std::string_view> names) {
  size_t g = 0, n = 0;
  std::optional<size_t> retry_glob;
  size_t retry_name = 0;
  while (n < names.size()) {
    if (g < globs.size() && globs[g] == "**") {
      if (g + 1 == globs.size()) return true;
      retry_glob = ++g;
      retry_name = n;
    } else if (g < globs.size() && match_segment(globs[g], names[n])) {
      ++g;
      ++n;
    } else if (retry_glob) {
      g = *retry_glob;
      n = ++retry_name;
    } else {
      return false;
    }
  }
  return g == globs.size();
}

bool matches(const IgnorePattern& pattern, std::string_view path, bool is_folder) {
  if (pattern.folders_only && !is_folder) return false;
  if (!pattern.by_path) path.remove_prefix(path.rfind('/') + 1);  // npos + 1 is 0
  if (!path.starts_with(pattern.literal)) return false;
  path.remove_prefix(pattern.literal.size());
  if (pattern.segments.empty()) return path.empty();
  if (!pattern.by_path) return match_segment(pattern.segments[0], path);
  return match_segments(pattern.segments, split(path));
}

// Spaces at the end do not count unless a backslash stands before them.
std::string_view without_trailing_spaces(std::string_view line) {
  size_t end = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == ' ') {
      continue;
    }
    end = i + 1;
  }
  return line.substr(0, end);
}

std::optional<IgnorePattern> parse_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with('#')) return std::nullopt;
  line = without_trailing_spaces(line);
  IgnorePattern pattern;
  if (line.starts_with('!')) {
    pattern.negated = true;
    line.remove_prefix(1);
  }
  if (line.ends_with('/')) {
    pattern.folders_only = true;
    line.remove_suffix(1);
  }
  if (line.empty()) return std::nullopt;
  pattern.by_path = line.find('/') != std::string_view::npos;
  if (line.starts_with('/')) line.remove_prefix(1);
  const size_t wildcard = line.find_first_of("*?[\\");
  pattern.literal = line.substr(0, wildcard);
  if (wildcard == std::string_view::npos) return pattern;
  line.remove_prefix(wildcard);
  if (!pattern.by_path) {
    pattern.segments.emplace_back(line);
    return pattern;
  }
  for (const std::string_view segment : split(line)) {
    const bool any_depth = segment.size() > 1 && segment.find_first_not_of('*') == std::string_view::npos;
    pattern.segments.emplace_back(any_depth ? "**" : segment);
  }
  return pattern;
}

}  // namespace

bool match_segment(std::string_view glob, std::string_view name) {
  size_t g = 0, n = 0;
  size_t retry_glob = std::string_view::npos, retry_name = 0;
  while (n < name.size()) {
    if (g < glob.size() && glob[g] == '*') {
      retry_glob = ++g;
      retry_name = n;
    } else if (const size_t length = match_one(glob.substr(g), name[n])) {
      g += length;
      ++n;
    } else if (retry_glob != std::string_view::npos) {
      g = retry_glob;
      n = ++retry_name;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

std::vector<IgnorePattern> parse_ignore_file(std::string_view text) {
  std::vector<IgnorePattern> patterns;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (auto pattern = parse_line(text.substr(0, end))) patterns.push_back(std::move(*pattern));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return patterns;
}

Verdict match(const std::vector<IgnorePattern>& patterns, std::string_view path, bool is_folder) {
  for (auto pattern = patterns.rbegin(); pattern != patterns.rend(); ++pattern) {
    if (matches(*pattern, path, is_folder)) return pattern->negated ? Verdict::kept : Verdict::ignored;
  }
  return Verdict::silent;
}

}  // namespace forklint::source
