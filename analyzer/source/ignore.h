// Ignore files, as git reads them: .gitignore, .git/info/exclude, .ignore.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace forklint::source {

struct IgnorePattern {
  std::vector<std::string> segments;  // of the glob, between its slashes, after `literal`
  std::string literal;                // what the path must begin with, up to the first wildcard
  bool negated = false;               // `!`: not ignored after all
  bool folders_only = false;          // a slash at the end
  bool by_path = false;               // a slash elsewhere: matched against the whole path, not the last name
};

enum class Verdict : uint8_t { silent, ignored, kept };

// One pattern per line; comments, blank lines and patterns that can never match are left out. Thread-safe.
std::vector<IgnorePattern> parse_ignore_file(std::string_view text);

// What the patterns of one file say of `path`, which is relative to the folder of that file: the last match decides.
// Polynomial in the lengths, whatever the pattern; no recursion.
Verdict match(const std::vector<IgnorePattern>& patterns, std::string_view path, bool is_folder);

// `*`, `?`, `[a-z]`, `[!x]`, `[[:alpha:]]`, backslash; no slash anywhere.
bool match_segment(std::string_view glob, std::string_view name);

}  // namespace forklint::source
