// A run over both languages, without rules: what is read, what is left out, and what is said of it.
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "analyzer/engine/run.h"

using namespace forklint;
namespace fs = std::filesystem;

namespace {

struct Tree {
  fs::path path;
  Tree() {
    std::string name = (fs::temp_directory_path() / "forklint-run-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()));
    path = fs::canonical(name);
    ::setenv("FORKLINT_CLANG", FORKLINT_CLANG_BINARY, 1);
  }
  ~Tree() { fs::remove_all(path); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path / name) << text; }
  engine::Analysis run(const engine::Config& config = {}) const {
    return engine::run(source::discover({path.string()}, {}).files, config, knowledge::Knowledge::built_in(), {}, 1);
  }
};

}  // namespace

TEST_CASE("both languages in one run; a unit with errors is a note, a unit that gives nothing is skipped") {
  Tree tree;
  tree.write("a.c", "#include <missing.h>\n#include \"far/h.h\"\nint main(void) { return fork(); }\n");
  tree.write("b.py", "import multiprocessing\nmultiprocessing.Process(target=print).start()\n");
  tree.write("latin.c", "// caf\xE9\nint fork_here(void) { return fork(); }\n");
  tree.write("compile_commands.json", "[");
  const engine::Analysis analysis = tree.run();
  CHECK(analysis.result.files_seen == 3);
  CHECK(analysis.result.files_analysed == 3);
  CHECK(analysis.result.skipped.empty());
  REQUIRE(analysis.notes.size() == 2);
  CHECK(analysis.notes[0].find("compile_commands.json: not JSON") != std::string::npos);
  CHECK(analysis.notes[1].find("1 of 2 C and C++ units had errors") == 0);
  CHECK(analysis.result.launches.size() == 3);  // the Process, and a fork in each C file
}

TEST_CASE("a Python module's name is not looked for among C files") {
  Tree tree;
  tree.write("multi.c", "int x(void) { return 1; }\n");
  tree.write("b.py", "import multi, multiprocessing\nmultiprocessing.Process(target=multi.x).start()\n");
  const engine::Analysis analysis = tree.run();
  CHECK(analysis.result.launches.size() == 1);
  CHECK(analysis.notes.empty());
}
