#include <algorithm>

#include "analyzer/engine/options.h"

namespace forklint::engine {
namespace {

constexpr std::string_view blanks = " \t";

std::string_view trim(std::string_view text) {
  size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

// "3", "3.9", "3.9.1", "3.9.*". `parts` is how many numbers were given.
struct Release {
  int numbers[3] = {0, 0, 0};
  int parts = 0;
  bool star = false;
};

bool parse_release(std::string_view text, Release& release) {
  while (!text.empty()) {
    if (text == "*") return release.star = release.parts > 0;
    if (release.parts == 3) return false;
    size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits == 0 || digits > 4) return false;
    for (char c : text.substr(0, digits)) {
      int& number = release.numbers[release.parts];
      number = number * 10 + (c - '0');
    }
    ++release.parts;
    text.remove_prefix(digits);
    if (text.empty()) return true;
    if (text.front() != '.' || text.size() == 1) return false;
    text.remove_prefix(1);
  }
  return release.parts > 0;
}

PythonVersion before(PythonVersion version) {
  return version.minor > 0 ? PythonVersion{version.major, version.minor - 1} : PythonVersion{version.major - 1, 999};
}

void at_least(PythonRange& range, PythonVersion version) { range.from = std::max(range.from, version); }
void at_most(PythonRange& range, PythonVersion version) { range.to = std::min(range.to, version); }

// Narrows the range by one specifier such as ">=3.9"; false when it is none.
bool apply(std::string_view specifier, PythonRange& range) {
  size_t digits = specifier.find_first_of("0123456789");
  if (digits == std::string_view::npos) return false;
  std::string_view comparison = trim(specifier.substr(0, digits));
  Release release;
  if (!parse_release(specifier.substr(digits), release)) return false;
  PythonVersion version{release.numbers[0], release.numbers[1]};
  PythonVersion end_of_major{version.major, 999};
  bool patch_given = release.parts == 3;

  if (comparison == ">=" || comparison == ">") return at_least(range, version), true;
  if (comparison == "<") return at_most(range, patch_given && release.numbers[2] > 0 ? version : before(version)), true;
  if (comparison == "<=") return at_most(range, version), true;
  if (comparison == "!=") return true;
  if (comparison == "^") return at_least(range, version), at_most(range, end_of_major), true;
  if (comparison == "~=") {
    if (release.parts < 2) return false;
    return at_least(range, version), at_most(range, patch_given ? version : end_of_major), true;
  }
  if (comparison == "~" || comparison == "==" || comparison == "===" || comparison.empty())
    return at_least(range, version), at_most(range, release.parts == 1 ? end_of_major : version), true;
  return false;
}

// "3.9-3.14" to its two ends.
bool apply_dash(std::string_view text, PythonRange& range) {
  size_t dash = text.find('-');
  Release first, last;
  if (!parse_release(trim(text.substr(0, dash)), first) || !parse_release(trim(text.substr(dash + 1)), last)) return false;
  PythonVersion from{first.numbers[0], first.numbers[1]};
  PythonVersion to{last.numbers[0], last.parts == 1 ? 999 : last.numbers[1]};
  return at_least(range, from), at_most(range, to), true;
}

std::string spell(PythonVersion version) { return std::to_string(version.major) + "." + std::to_string(version.minor); }

}  // namespace

std::expected<PythonRange, std::string> parse_python(std::string_view text) {
  std::string quoted = "'" + std::string(text) + "'";
  PythonRange range;
  for (std::string_view rest = text;;) {
    size_t comma = rest.find(',');
    std::string_view specifier = trim(rest.substr(0, comma));
    bool known = specifier.find('-') == std::string_view::npos ? apply(specifier, range) : apply_dash(specifier, range);
    if (!known) return std::unexpected(quoted + " is not a range of Python versions: write 3.13, 3.9-3.14 or >=3.9");
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
    if (trim(rest).empty()) break;  // a comma at the end, as setuptools allows
  }
  if (range.from > range.to)
    return std::unexpected(quoted + " holds no version between " + spell(oldest_python) + " and " + spell(newest_python));
  return range;
}

}  // namespace forklint::engine
