#include "analyzer/units/response_files.h"

#include <filesystem>

#include "analyzer/source/file.h"
#include "analyzer/units/commands.h"
#include "analyzer/units/plan.h"

namespace forklint::units {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t largest = 1u << 20;
constexpr size_t most_words = 20'000;  // of one command
constexpr int deepest = 8;

}  // namespace

ResponseFiles::ResponseFiles(const std::string& root) : root_(real_path(root) + "/") {}

const std::vector<std::string>* ResponseFiles::read(const std::string& path) {
  auto [it, is_new] = known_.try_emplace(path);
  if (!is_new) return &it->second;
  const std::string real = real_path(path);
  std::error_code error;
  if (!real.starts_with(root_) || !fs::is_regular_file(real, error)) return &it->second;
  if (auto text = source::read_bytes(real, largest)) it->second = shell_words(*text);
  return &it->second;
}

std::vector<std::string> ResponseFiles::expanded(std::vector<std::string> words, const std::string& folder) {
  std::vector<std::string> result;
  struct Open {
    const std::vector<std::string>* words;
    size_t at = 0;
  };
  std::vector<Open> open{{&words}};
  for (size_t steps = 0; !open.empty() && steps < most_words; ++steps) {
    Open& last = open.back();
    if (last.at >= last.words->size()) {
      open.pop_back();
      continue;
    }
    const std::string& word = (*last.words)[last.at++];
    if (word.size() < 2 || word.front() != '@' || result.empty()) {
      result.push_back(word);
    } else if (open.size() < deepest) {
      open.push_back({read(absolute(std::string_view(word).substr(1), folder))});
    }
  }
  return result;
}

}  // namespace forklint::units
