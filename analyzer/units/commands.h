// How each source file is compiled: from compile_commands.json, from flags that the user gives, or guessed.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace forklint::units {

struct CompileCommand {
  std::string directory;               // absolute
  std::string file;                    // absolute
  std::vector<std::string> arguments;  // the compiler first
};

// compile_commands.json in `folder`, in its build/, or in one of the folders above (with their build/). Empty: none.
std::string find_database(const std::string& folder);

// The commands of a database, in its order. Entries without a file or a command are left out. Nothing is run: words are
// split as a shell would, response files of the project are read (response_files.h), and that is all.
std::expected<std::vector<CompileCommand>, std::string> read_database(const std::string& path);

// The words of a command line: quotes and backslashes as in a POSIX shell, no expansion of anything.
std::vector<std::string> shell_words(std::string_view line);

// "/a/./b/../c" -> "/a/c", by the text alone; relative paths start at `base`.
std::string absolute(std::string_view path, std::string_view base);

// Of an absolute path: "/a/b" -> "/a", "/a" -> "".
std::string folder_of(const std::string& path);

}  // namespace forklint::units
