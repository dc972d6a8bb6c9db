#include "analyzer/source/shebang.h"

#include <algorithm>

namespace forklint::source {
namespace {

std::string_view next_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(" \t"));
  line.remove_prefix(word.size());
  return word;
}

std::string_view last_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

bool asks_for_python(std::string_view text) {
  if (!text.starts_with("#!")) return false;
  std::string_view line = text.substr(2, text.find_first_of("\r\n") - 2);
  std::string_view program = last_name(next_word(line));
  if (program == "env") {
    do {
      program = next_word(line);  // past options and NAME=VALUE
    } while (!program.empty() && (program[0] == '-' || program.find('=') != std::string_view::npos));
    program = last_name(program);
  }
  if (!program.starts_with("python") && !program.starts_with("pypy")) return false;
  program.remove_prefix(program.find('y', 2) == 3 ? 4 : 6);  // pypy, python
  return program.find_first_not_of("0123456789.tw") == std::string_view::npos;
}

}  // namespace forklint::source
