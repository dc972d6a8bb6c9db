#include "tests/sessions/session.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace {

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

fs::path new_folder() {
  std::string pattern = (fs::temp_directory_path() / "forklint_session_XXXXXX").string();
  REQUIRE(::mkdtemp(pattern.data()));
  return fs::canonical(pattern);
}

void redirect(const fs::path& path, int flags, int descriptor) {
  int file = ::open(path.c_str(), flags, 0600);
  if (file < 0 || ::dup2(file, descriptor) < 0) ::_exit(127);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

}  // namespace

Session::Session() : folder_(new_folder()), scratch_(new_folder()) { fs::create_directory(folder_ / ".git"); }

Session::~Session() {
  fs::remove_all(folder_);
  fs::remove_all(scratch_);
}

Session& Session::write(const std::string& name, std::string_view text) {
  fs::create_directories((folder_ / name).parent_path());
  std::ofstream(folder_ / name, std::ios::binary) << text;
  return *this;
}

std::string Session::read(const std::string& name) const { return content(folder_ / name); }

Ended Session::run(const std::vector<std::string>& arguments, std::string_view input, const std::vector<std::string>& environment) const {
  fs::path in = scratch_ / "in", out = scratch_ / "out", err = scratch_ / "err";
  std::ofstream(in, std::ios::binary) << input;
  std::vector<std::string> words{FORKLINT_BINARY};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables{"PATH=/usr/bin:/bin"};
  variables.insert(variables.end(), environment.begin(), environment.end());
  std::vector<char*> argv = pointers(words), envp = pointers(variables);

  pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    redirect(in, O_RDONLY, STDIN_FILENO);
    redirect(out, O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
    redirect(err, O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
    if (::chdir(folder_.c_str()) != 0) ::_exit(127);
    ::execve(argv[0], argv.data(), envp.data());
    ::_exit(127);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  Ended ended{WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), content(out), content(err)};
  UNSCOPED_INFO(ended.err);
  return ended;
}
