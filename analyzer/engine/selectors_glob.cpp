#include <vector>

#include "analyzer/engine/selectors.h"

namespace forklint::engine {
namespace {

// One row a character of the glob: which lengths of `path` the glob up to there can match. A matched length that ends
// at a slash or at the end of the path names a folder that holds the file, or the file.
class Matcher {
 public:
  explicit Matcher(std::string_view path) : path_(path), reach_(path.size() + 1) { reach_[0] = true; }

  void star(bool crosses_slashes) {
    for (size_t i = 1; i < reach_.size(); ++i)
      if (reach_[i - 1] && (crosses_slashes || path_[i - 1] != '/')) reach_[i] = true;
  }

  // "**/": nothing, or whole folders.
  void folders() {
    bool open = false;
    for (size_t i = 0; i < reach_.size(); ++i) {
      open = open || reach_[i];
      if (open && i > 0 && path_[i - 1] == '/') reach_[i] = true;
    }
  }

  template <class Accepts>
  void one(Accepts accepts) {
    for (size_t i = reach_.size() - 1; i > 0; --i) reach_[i] = reach_[i - 1] && accepts(path_[i - 1]);
    reach_[0] = false;
  }

  bool names_file_or_folder() const {
    for (size_t i = 1; i < reach_.size(); ++i)
      if (reach_[i] && (i == path_.size() || path_[i] == '/' || path_[i - 1] == '/')) return true;
    return false;
  }

 private:
  std::string_view path_;
  std::vector<bool> reach_;
};

// The class "[a-z]" or "[!a-z]" at the start of `glob`: its length with the brackets, 0 when it is not closed.
size_t class_length(std::string_view glob) {
  size_t begin = glob.size() > 1 && (glob[1] == '!' || glob[1] == '^') ? 2 : 1;
  size_t close = glob.find(']', begin + 1);
  return close == std::string_view::npos ? 0 : close + 1;
}

bool in_class(std::string_view glob, char c) {
  bool negated = glob[1] == '!' || glob[1] == '^';
  std::string_view members = glob.substr(negated ? 2 : 1, glob.size() - (negated ? 3 : 2));
  bool found = false;
  for (size_t i = 0; i < members.size(); ++i) {
    bool range = i + 2 < members.size() && members[i + 1] == '-';
    char last = range ? members[i + 2] : members[i];
    found = found || (members[i] <= c && c <= last);
    if (range) i += 2;
  }
  return found != negated && c != '/';
}

}  // namespace

bool glob_names(std::string_view glob, std::string_view path) {
  if (glob.starts_with("./")) glob.remove_prefix(2);
  while (glob.size() > 1 && glob.ends_with('/')) glob.remove_suffix(1);
  if (glob.empty()) return false;
  Matcher matcher(path);
  if (glob.find('/') == std::string_view::npos) matcher.folders();
  while (!glob.empty()) {
    size_t used = 1;
    if (glob.starts_with("**/")) {
      matcher.folders();
      used = 3;
    } else if (glob.starts_with("**")) {
      matcher.star(true);
      used = 2;
    } else if (glob.front() == '*') {
      matcher.star(false);
    } else if (glob.front() == '?') {
      matcher.one([](char c) { return c != '/'; });
    } else if (size_t length = glob.front() == '[' ? class_length(glob) : 0) {
      matcher.one([members = glob.substr(0, length)](char c) { return in_class(members, c); });
      used = length;
    } else {
      matcher.one([wanted = glob.front()](char c) { return c == wanted; });
    }
    glob.remove_prefix(used);
  }
  return matcher.names_file_or_folder();
}

}  // namespace forklint::engine
