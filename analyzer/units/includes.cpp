#include "analyzer/units/includes.h"

#include <sys/stat.h>

#include "analyzer/units/plan.h"

namespace forklint::units {
namespace {

// "-I dir" or "-Idir": the value; none when the argument is another.
const std::string* value_of(const std::vector<std::string>& words, size_t& i, std::string_view flag, std::string& joined) {
  const std::string& word = words[i];
  if (!word.starts_with(flag)) return nullptr;
  if (word.size() > flag.size()) return joined = word.substr(flag.size()), &joined;
  return i + 1 < words.size() ? &words[++i] : nullptr;
}

}  // namespace

SearchPath search_path_of(const CompileCommand& command) {
  SearchPath path;
  std::string joined;
  for (size_t i = 1; i < command.arguments.size(); ++i) {
    if (const std::string* value = value_of(command.arguments, i, "-iquote", joined)) path.quoted.push_back(absolute(*value, command.directory));
    else if (value = value_of(command.arguments, i, "-isystem", joined); value) continue;  // no user's
    else if (value = value_of(command.arguments, i, "-idirafter", joined); value) path.all.push_back(absolute(*value, command.directory));
    else if (value = value_of(command.arguments, i, "-include", joined); value) path.forced.push_back(absolute(*value, command.directory));
    else if (value = value_of(command.arguments, i, "-I", joined); value) path.all.push_back(absolute(*value, command.directory));
  }
  return path;
}

const std::string& Resolver::look(const std::string& path) {
  auto [it, is_new] = seen_.try_emplace(path);
  struct stat status {};
  if (is_new && ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode)) it->second = real_path(path);
  return it->second;
}

const std::string& Resolver::resolve(const Include& include, const std::string& from, const SearchPath& path) {
  static const std::string nowhere;
  const std::string name(include.name);
  if (name.starts_with('/')) return look(name);
  if (include.quoted) {
    if (const std::string& found = look(from.substr(0, from.rfind('/') + 1) + name); !found.empty()) return found;
    for (const std::string& folder : path.quoted)
      if (const std::string& found = look(folder + "/" + name); !found.empty()) return found;
  }
  for (const std::string& folder : path.all)
    if (const std::string& found = look(folder + "/" + name); !found.empty()) return found;
  return nowhere;
}

}  // namespace forklint::units
