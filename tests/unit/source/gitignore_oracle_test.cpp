// Generated trees with generated ignore files: what discover() finds is what `git check-ignore` does not report.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <random>
#include <set>

#include "tests/unit/source/tree.h"

using namespace forklint::source;
using forklint::source::test::contents;
using forklint::source::test::Tree;

namespace {

using Random = std::mt19937;

template <size_t count>
std::string pick(Random& random, const char* const (&choices)[count]) {
  return choices[random() % count];
}

std::string random_name(Random& random) {
  return pick(random, {"a", "b", "ab", "foo", "foobar", "a b", "#c", "!d", "[e]", "z-1", "q ", "x*"});
}

std::string random_segment(Random& random) {
  switch (random() % 3) {
    case 0: return random_name(random);
    case 1: return random_name(random) + ".py";
    default:
      return pick(random, {"*", "**", "?", "a*", "*b", "*o*", "f??", "[ab]", "[!a]", "[a-f]*", "[[:alpha:]]", "*.py", "?.py", "\\a",
                           "\\[e]", "[[]e]", "*.p[xy]", "a\\ b", "***", "foo*.py", "[^b-z]*", "\\!d", "\\#c", "x\\*", "a**", "**b"});
  }
}

std::string random_pattern(Random& random) {
  std::string pattern = random() % 4 == 0 ? "!" : "";
  if (random() % 5 == 0) pattern += '/';
  pattern += random_segment(random);
  for (unsigned more = random() % 5; more >= 3; --more) pattern += "/" + random_segment(random);
  if (random() % 5 == 0) pattern += '/';
  if (random() % 12 == 0) pattern += "  ";
  if (random() % 12 == 0) pattern += '\r';
  return pattern;
}

std::string random_ignore_file(Random& random) {
  std::string file = random() % 6 == 0 ? "# comment\n\n" : "";
  for (unsigned lines = random() % 5; lines > 0; --lines) file += random_pattern(random) + "\n";
  return file;
}

int git(const Tree& tree, const std::string& arguments) {
  const std::string command = "cd '" + tree.root.string() + "' && GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null git " + arguments;
  return std::system(command.c_str());
}

// Grows a tree below `top`; adds its Python files to `files`.
void grow(const Tree& tree, const std::string& top, Random& random, std::set<std::string>& files) {
  std::vector<std::string> folders = {top};
  for (int i = 0; i < 12; ++i) {
    folders.push_back(folders[random() % folders.size()] + random_name(random) + "/");
  }
  for (const std::string& folder : folders) {
    for (int i = 0; i < 3; ++i) {
      const std::string name = folder + random_name(random) + ".py";
      tree.write(name);
      files.insert(name);
    }
  }
  for (const std::string& folder : {folders[0], folders[2], folders[5], folders[9]}) {
    tree.write(folder + ".gitignore", random_ignore_file(random));
  }
}

// The ignore files above a path, for the message of a test that fails.
std::string ignore_files_of(const Tree& tree, const std::string& name) {
  std::string text = name + "\n";
  for (size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
    const std::string file = name.substr(0, slash) + "/.gitignore";
    text += file + ":\n" + contents(tree.path(file));
  }
  return text;
}

}  // namespace

TEST_CASE("discovery finds what git would not ignore") {
  const Tree tree;
  REQUIRE(git(tree, "init -q --template= . 2>/dev/null") == 0);
  tree.write(".git/info/exclude", "foobar.py\n!a.py\n/7/\nq */\n**/ab/a*.py\n");
  std::set<std::string> all;
  for (unsigned seed = 1; seed <= 100; ++seed) {
    Random random(seed);
    grow(tree, std::to_string(seed) + "/", random, all);
  }

  std::string list;
  for (const std::string& name : all) list += name + '\0';
  tree.write("list", list);
  REQUIRE(git(tree, "check-ignore -z --stdin --no-index <list >ignored") == 0);
  const std::string output = contents(tree.path("ignored"));
  std::set<std::string> ignored;
  for (size_t at = 0; at < output.size();) {
    const size_t end = output.find('\0', at);
    ignored.insert(output.substr(at, end - at));
    at = end + 1;
  }
  // The generator must keep asking both questions.
  CHECK(ignored.size() > 500);
  CHECK(all.size() - ignored.size() > 500);

  DiscoverOptions options;
  options.exclude = {"/.git"};
  std::set<std::string> found;
  for (const Found& file : discover({tree.root.string()}, options).files) found.insert(tree.relative(file.path));
  for (const std::string& name : all) {
    if (found.contains(name) == ignored.contains(name)) FAIL_CHECK(ignore_files_of(tree, name));
  }
}
