// Scripts to observe, written into folders of their own.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "forklint/verify/verify.h"

namespace fv = forklint::verify;

// A temporary folder, removed at the end.
class Script {
 public:
  explicit Script(std::string_view text, const std::string& name = "main.py") {
    std::string path = (std::filesystem::temp_directory_path() / "verify-test-XXXXXX").string();
    REQUIRE(::mkdtemp(path.data()));
    folder_ = path;
    std::ofstream(folder_ / name) << text;
  }
  ~Script() {
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
  }
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  fv::Run run(const fv::Interpreter& python, const std::string& method) const {
    return {.interpreter = python.path, .program = {"main.py"}, .folder = folder_.string(), .start_method = method, .wall_limit = std::chrono::seconds(30)};
  }

 private:
  std::filesystem::path folder_;
};

// The newest interpreter that is here; the test is skipped where there is none.
inline fv::Interpreter newest_python() {
  std::vector<fv::Interpreter> found = fv::find_interpreters();
  if (found.empty()) SKIP("no Python 3 here");
  return found.back();
}

// All of an observation that helps to understand a failure.
inline std::string told(const fv::Observation& seen) {
  std::string text = seen.outcome + " [" + seen.proof + "] " + seen.inconclusive + "\n" + seen.err.substr(0, 2000);
  for (const std::string& line : seen.cycle) text += "\n  " + line;
  for (const std::string& line : seen.contained) text += "\n  contained " + line;
  return text;
}

inline unsigned runs_asked(unsigned usual) {
  const char* asked = std::getenv("FORKLINT_VERIFY_RUNS");
  return asked ? unsigned(std::atoi(asked)) : usual;
}
