// Which ignore files count for a walk, and which of them outweighs which.
#include <catch2/catch_test_macros.hpp>

#include "analyzer/source/discover.h"
#include "tests/unit/source/tree.h"

using namespace forklint::source;
using forklint::source::test::Tree;

TEST_CASE("ignore files count, also those above the named folder, and can be turned off") {
  const Tree tree;
  for (const char* name : {"repo/a.py", "repo/out/b.py", "repo/src/c.py", "repo/src/skip.py", "repo/src/deep/skip.py", "repo/mine.py"}) tree.write(name);
  tree.write("repo/.git/info/exclude", "mine.py\n");
  tree.write("repo/.gitignore", "out/\nskip.py\n");
  tree.write("repo/src/deep/.gitignore", "!skip.py\n");
  tree.write(".gitignore", "a.py\n");
  const auto below = [&](const char* folder, const DiscoverOptions& options = {}) {
    std::string text;
    for (const Found& file : discover({tree.path(folder)}, options).files) text += tree.relative(file.path) + " ";
    return text;
  };
  CHECK(below("repo") == "repo/a.py repo/src/c.py repo/src/deep/skip.py ");
  CHECK(below("repo/src") == "repo/src/c.py repo/src/deep/skip.py ");
  CHECK(below("repo/out") == "repo/out/b.py ");
  CHECK(below("repo/src/skip.py") == "repo/src/skip.py ");
  DiscoverOptions all;
  all.respect_gitignore = false;
  CHECK(below("repo", all) == "repo/a.py repo/mine.py repo/out/b.py repo/src/c.py repo/src/deep/skip.py repo/src/skip.py ");
  // Outside of a repository the files above do not count, and a repository inside has rules of its own.
  CHECK(tree.found() == "repo/a.py repo/src/c.py repo/src/deep/skip.py");
}

TEST_CASE(".ignore outweighs .gitignore") {
  const Tree tree;
  for (const char* name : {"a.py", "b.py", "sub/a.py"}) tree.write(name);
  tree.write(".ignore", "!a.py\nb.py\n");
  tree.write("sub/.gitignore", "a.py\n");
  tree.write(".gitignore", "a.py\n!b.py\n");
  CHECK(tree.found() == "a.py sub/a.py");
}

TEST_CASE("info/exclude of a worktree is that of its repository") {
  const Tree tree;
  tree.write("main/.git/info/exclude", "secret.py\n");
  tree.write("main/.git/worktrees/w/commondir", "../..\n");
  tree.write("w/.git", "gitdir: ../main/.git/worktrees/w\n");
  tree.write("w/a.py");
  tree.write("w/secret.py");
  CHECK(tree.found() == "w/a.py");
}
