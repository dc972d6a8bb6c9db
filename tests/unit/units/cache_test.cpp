// Answers that are kept from run to run, by the real forklint-clang.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "analyzer/units/analyse.h"
#include "analyzer/units/cache.h"

using namespace forklint;
using frontends::cpp::Command;
using frontends::cpp::Unit;
using units::Cache;
using units::FileStates;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "forklint-cache-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()));
    path = fs::canonical(name);
  }
  ~Folder() { fs::remove_all(path); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path / name) << text;
    return (path / name).string();
  }
  // Of a time at which nothing is being read any more.
  std::string write_long_ago(const std::string& name, const std::string& text) const {
    std::string file = write(name, text);
    fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(1));
    return file;
  }
  size_t answers() const {
    auto is_answer = [](const fs::directory_entry& entry) { return entry.file_size() > 0; };
    return size_t(std::count_if(fs::directory_iterator(path / "kept"), fs::directory_iterator(), is_answer));
  }
};

// As a run that begins now.
std::optional<Unit> find(const Cache& cache, const Command& command) {
  FileStates states;
  return cache.find(command, states);
}

void keep(const Cache& cache, const Command& command, const Unit& unit, std::chrono::system_clock::time_point asked) {
  FileStates states;
  cache.keep(command, unit, asked, states);
}

}  // namespace

TEST_CASE("an answer holds until a file that it was made from changes") {
  Folder folder;
  const std::string frontend = folder.write_long_ago("frontend", "x");
  const std::string header = folder.write_long_ago("system.h", "int a;");
  folder.write_long_ago("unit.c", "int main() {}");
  const Command command{folder.path.string(), folder.path.string(), "unit.c", {"cc"}};
  Unit unit;
  unit.errors = 7;
  unit.reads = {"unit.c"};
  unit.system_reads = {header};
  unit.absent = {(folder.path / "later.h").string()};
  const Cache cache((folder.path / "kept").string(), frontend);
  CHECK(!find(cache, command));
  keep(cache, command, unit, std::chrono::system_clock::now());
  auto found = find(cache, command);
  REQUIRE(found);
  CHECK(found->errors == 7);
  CHECK(found->system_reads == unit.system_reads);

  Command other = command;
  other.arguments.push_back("-DX");
  CHECK(!find(cache, other));
  SECTION("the source") { folder.write_long_ago("unit.c", "int main() { return 0; }"); }
  SECTION("a system header of the same size") {
    folder.write("system.h", "int b;");
  }
  SECTION("a header is there that was looked for in vain") { folder.write_long_ago("later.h", ""); }
  SECTION("a header is gone") { fs::remove(header); }
  SECTION("the answer itself is cut off") {
    for (const auto& entry : fs::directory_iterator(folder.path / "kept")) fs::resize_file(entry.path(), fs::file_size(entry.path()) - 3);
  }
  CHECK(!find(cache, command));
}

TEST_CASE("what may have changed while it was read is not kept, nor is anything where there is no folder") {
  Folder folder;
  const std::string frontend = folder.write_long_ago("frontend", "x");
  const Command command{folder.path.string(), folder.path.string(), "unit.c", {"cc"}};
  Unit unit;
  unit.reads = {"unit.c"};
  const auto asked = std::chrono::system_clock::now() - std::chrono::seconds(1);
  folder.write("unit.c", "int main() {}");
  const Cache cache((folder.path / "kept").string(), frontend);
  keep(cache, command, unit, asked);
  CHECK(!find(cache, command));
  Unit partial;
  partial.absent = {(folder.path / "unit.c").string()};  // there since
  keep(cache, command, partial, std::chrono::system_clock::now());
  CHECK(!find(cache, command));
  const Cache none("", frontend);
  keep(none, command, unit, std::chrono::system_clock::now() + std::chrono::hours(1));
  CHECK(!find(none, command));
}

TEST_CASE("answers that were not used for longest go first") {
  Folder folder;
  const std::string frontend = folder.write_long_ago("frontend", "x");
  const Cache cache((folder.path / "kept").string(), frontend);
  Command command{folder.path.string(), folder.path.string(), "unit.c", {"cc"}};
  const Unit unit{.first_error = std::string(1000, 'x')};
  for (int i = 0; i < 10; ++i) {
    command.file = std::to_string(i) + ".c";
    keep(cache, command, unit, std::chrono::system_clock::now());
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  CHECK(folder.answers() == 10);
  command.file = "0.c";
  CHECK(find(cache, command));
  cache.trim(9000);
  CHECK(folder.answers() == 8);
  CHECK(find(cache, command));
  command.file = "1.c";
  CHECK(!find(cache, command));
}

TEST_CASE("a second run asks no worker") {
  ::setenv("FORKLINT_CLANG", FORKLINT_CLANG_BINARY, 1);
  Folder folder;
  auto file = source::read(folder.write_long_ago("server.c", "#include <unistd.h>\nint serve(void) { return fork(); }\n"), source::Kind::c, 0);
  REQUIRE(file);
  std::vector<source::File> files;
  files.push_back(std::move(*file));
  units::UnitOptions options;
  options.cache = (folder.path / "kept").string();
  const units::Natives first = units::analyse(files, options, nullptr);
  REQUIRE(first.files.size() == 1);
  options.time = std::chrono::seconds(0);  // a worker would be late with anything
  const units::Natives second = units::analyse(files, options, nullptr);
  REQUIRE(second.files.size() == 1);
  CHECK(second.files[0].facts.events.size() == first.files[0].facts.events.size());
  options.cache.clear();
  CHECK(units::analyse(files, options, nullptr).files.empty());
}

TEST_CASE("a unit that misses a header is kept until the header comes, wherever it was looked for") {
  ::setenv("FORKLINT_CLANG", FORKLINT_CLANG_BINARY, 1);
  Folder folder;
  fs::create_directory(folder.path / "include");
  auto file = source::read(folder.write_long_ago("server.c", "#if __has_include(\"optional.h\")\n#include \"optional.h\"\n#endif\n#include \"later.h\"\nint serve(void) { return later(); }\n"), source::Kind::c, 0);
  REQUIRE(file);
  std::vector<source::File> files;
  files.push_back(std::move(*file));
  units::UnitOptions options;
  options.cache = (folder.path / "kept").string();
  options.flags = std::vector<std::string>{"-I" + (folder.path / "include").string()};
  CHECK(units::analyse(files, options, nullptr).files.size() == 1);
  auto kept = [&] {
    options.time = std::chrono::seconds(0);
    const bool answered = !units::analyse(files, options, nullptr).files.empty();
    options.time = units::UnitOptions().time;
    return answered;
  };
  CHECK(kept());
  SECTION("beside the file") { folder.write_long_ago("later.h", "int later(void);\n"); }
  SECTION("in a folder of the command") { folder.write_long_ago("include/later.h", "int later(void);\n"); }
  SECTION("one that was only asked for") { folder.write_long_ago("optional.h", "\n"); }
  CHECK(!kept());
}
