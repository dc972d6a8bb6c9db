// Running the real program on a small tree of files.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

struct Ended {
  int status = -1;  // exit status; 128 + signal when killed
  std::string out;
  std::string err;
};

// A new empty folder under the system's temporary one, with a .git in it so that nothing above counts as its project;
// removed at the end.
class Session {
 public:
  Session();
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Session& write(const std::string& name, std::string_view text);
  std::string read(const std::string& name) const;
  const std::filesystem::path& folder() const { return folder_; }

  // Runs forklint in the folder. The environment is empty but for PATH and what `environment` says ("NAME=value").
  Ended run(const std::vector<std::string>& arguments, std::string_view input = "", const std::vector<std::string>& environment = {}) const;

 private:
  std::filesystem::path folder_;
  std::filesystem::path scratch_;  // for redirected streams, outside of what is analysed
};
