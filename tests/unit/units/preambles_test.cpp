// Headers that many units begin with: parsed once, with the same facts.
#include <map>

#include "analyzer/facts/text.h"
#include "analyzer/units/heads.h"
#include "analyzer/units/preambles.h"
#include "tests/unit/units/tree.h"

using namespace forklint;
using namespace forklint::test;
using units::Head;
using units::PreambleGroup;

namespace {

std::string included(const Head& head) {
  std::string result;
  for (const units::HeadInclude& it : head.includes) result += (result.empty() ? "" : " ") + std::string(it.name);
  return result;
}

constexpr const char* guarded = "#ifndef SHARED\n#define SHARED\n#include <unistd.h>\nstruct job { int pid; };\nstatic inline int run(struct job *it) { return it->pid = fork(); }\nvoid wait_for(struct job *it);\n#endif\n";

std::string user(int i) {
  const std::string n = std::to_string(i);
  return "/* unit " + n + " */\n#include <stdio.h>  // NOLINT(PSM601)\n#include \"shared.h\"\nint unit" + n + "(struct job *it) { puts(\"" + n + "\"); return run(it) + (int)_exit; }\n";
}

Tree& write_users(Tree& tree, int count) {
  for (int i = 0; i < count; ++i) tree.write("unit" + std::to_string(i) + ".c", user(i));
  return tree;
}

std::vector<PreambleGroup> groups_of(const Tree& tree, const UnitOptions& options = {}) {
  const units::Plan plan = units::plan_units(tree.files, options, nullptr);
  std::vector<uint32_t> all(plan.sources.size());
  for (uint32_t i = 0; i < all.size(); ++i) all[i] = i;
  return units::share_preambles(plan.root, plan.sources, all, tree.files);
}

// Each file with its facts.
std::map<std::string, std::string> printed(const Natives& natives) {
  std::map<std::string, std::string> result;
  for (const units::Native& it : natives.files) result[fs::path(it.path).filename().string()] = facts::print(it.facts);
  return result;
}

}  // namespace

TEST_CASE("a head has the includes that hold in any case, and ends where they may depend on more") {
  const Head head = units::head_of("/* a\n */ #define _GNU_SOURCE /* b */ 1\n#if X \\\n  > 1\n#include <x.h>\n#endif\n# include <a.h> // c\n#ifdef Y\n#include <y.h>\n#endif\n#include \"c.h\"\n#define Z\n#include <z.h>\n");
  CHECK(head.lead == "#define _GNU_SOURCE   1\n#if X   > 1\n#include <x.h>\n#endif\n");
  CHECK(included(head) == "a.h c.h");
  CHECK_FALSE(head.lead_quotes);
  CHECK(units::head_of("#ifdef A\n#include \"config.h\"\n#endif\n#include <a.h>\n").lead_quotes);
  CHECK(included(units::head_of("#include <a.h>\nint x;\n#include <b.h>\n")) == "a.h");
  CHECK(included(units::head_of("// carried on \\\n#include <a.h>\n#include <b.h>\n")) == "b.h");
  CHECK(included(units::head_of("#include HEADER\n#include <b.h>\n")) == "");
  CHECK(included(units::head_of("#endif\n#include <b.h>\n")) == "");
  CHECK(included(units::head_of("#include <a.h>\n#pragma pack(1)\n#include <b.h>\n")) == "a.h");
  for (const char* broken : {"", "#", "#include", "#include <", "#include \"\"", "/*", "#include <a.h> /*", "\\\n#include <a.h>\\"}) CHECK(units::head_of(broken).lead.empty());
}

TEST_CASE("units that begin alike share a preamble, from four on, in the order in which they ask") {
  Tree few, many;
  few.write("shared.h", guarded);
  CHECK(groups_of(write_users(few, 3)).empty());
  many.write("shared.h", guarded);
  many.write("other.c", "#include <stdio.h>\nint other;\n");
  many.write("optional.c", "#define WIDE\n#include \"shared.h\"\nint optional;\n");
  const std::vector<PreambleGroup> groups = groups_of(write_users(many, 5));
  REQUIRE(groups.size() == 1);
  CHECK(groups[0].units.size() == 5);
  CHECK(groups[0].prepare.preamble == "#include <stdio.h>\n#include \"" + (many.path / "shared.h").string() + "\"\n");
  REQUIRE(groups[0].covered[0].size() == 2);
  const std::string text = user(0);
  const units::Stretch at = groups[0].covered[0][0];
  CHECK(text.substr(at.begin, at.end - at.begin) == "#include <stdio.h>");
  // In C++, whatever the file is called, what a header's templates do is known where they are used.
  const std::vector<PreambleGroup> cpp = groups_of(many, {.flags = std::vector<std::string>{"-x", "c++"}});
  REQUIRE(cpp.size() == 1);
  CHECK(cpp[0].prepare.preamble == "#include <stdio.h>\n");
}

TEST_CASE("with a preamble the facts are those without") {
  Tree tree;
  tree.write("shared.h", guarded);
  write_users(tree, 8);
  const auto together = printed(tree.analyse());
  CHECK(together.size() == 9);
  for (size_t i = 1; i < tree.files.size(); ++i) {
    const auto one = printed(units::analyse({tree.files[0], tree.files[i]}, {}, nullptr));
    CHECK(one.size() == 2);
    for (const auto& [file, text] : one) CHECK(together.at(file) == text);
  }
}

TEST_CASE("a unit that a preamble is wrong for is read without, and so are all when it cannot be made") {
  Tree tree;
  tree.write("shared.h", guarded);
  write_users(tree, 5);
  // stdio.h is not asked for here, and its name is taken.
  tree.write("own.c", "#include \"shared.h\"\nstatic double puts(double x) { return x; }\nint own(struct job *it) { return (int)puts(2.5) + run(it); }\n");
  Natives natives = tree.analyse();
  CHECK(natives.notes.empty());
  CHECK(has_name(natives, "own"));
  CHECK(natives.files.size() == 7);
  tree.write("shared.h", std::string("#include <nothing.h>\n") + guarded, false);
  natives = tree.analyse();
  REQUIRE(natives.notes.size() == 1);
  CHECK(natives.notes[0] == "6 of 6 C and C++ units had errors and are read as far as they go, first missing header: nothing.h");
  CHECK(natives.files.size() == 7);
}

TEST_CASE("what a preamble holds is kept from run to run with the units that need it") {
  Tree tree;
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(1);
  tree.write("shared.h", guarded);
  write_users(tree, 5);
  for (const source::File& file : tree.files) fs::last_write_time(file.path, long_ago);
  UnitOptions options;
  options.cache = (tree.path / "kept").string();
  const auto first = printed(tree.analyse(options));
  options.time = std::chrono::seconds(0);  // a worker would be late with anything
  CHECK(printed(tree.analyse(options)) == first);
  CHECK(first.contains("shared.h"));
  options.time = std::chrono::seconds(60);
  std::string changed = guarded;
  changed.replace(changed.find("pid;"), 4, "pid, more;");
  tree.write("shared.h", changed, false);
  fs::last_write_time(tree.path / "shared.h", long_ago + std::chrono::minutes(1));
  CHECK(printed(tree.analyse(options)).at("shared.h").find("more") != std::string::npos);
}
