#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "analyzer/units/commands.h"
#include "analyzer/units/includes.h"
#include "analyzer/units/outline.h"

using namespace forklint::units;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "forklint-units-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()));
    path = fs::canonical(name);
  }
  ~Folder() { fs::remove_all(path); }
  std::string write(const std::string& name, const std::string& text) const {
    fs::create_directories((path / name).parent_path());
    std::ofstream(path / name) << text;
    return (path / name).string();
  }
};

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("words are split as by a shell, and nothing is expanded") {
  CHECK(shell_words("cc -DA=\"b c\" -D'X=\"y\"' a\\ b.c") == Words{"cc", "-DA=b c", "-DX=\"y\"", "a b.c"});
  CHECK(shell_words("cc \"-DV=\\\"1\\\"\" $(touch x) `y` ''") == Words{"cc", "-DV=\"1\"", "$(touch", "x)", "`y`", ""});
  CHECK(shell_words("  \t ") == Words{});
  CHECK(shell_words("a 'never closed") == Words{"a", "never closed"});
}

TEST_CASE("response files within the project are read, whatever they hold; others are not") {
  Folder folder;
  folder.write("flags/more.rsp", "-DMORE='a b' $(touch x)\n@flags/more.rsp\n");  // in itself, too
  folder.write("flags/first.rsp", "-Iinc\n@flags/more.rsp");
  const std::string outside = folder.write("elsewhere/secret.rsp", "-DSECRET");
  fs::create_symlink(outside, folder.path / "flags/link.rsp");
  folder.write("project/kept", "");
  fs::rename(folder.path / "flags", folder.path / "project/flags");
  const std::string path = folder.write("project/build/compile_commands.json", R"([{"directory": "..", "file": "a.c", "arguments":
    ["cc", "@flags/first.rsp", "@flags/link.rsp", "@../elsewhere/secret.rsp", "@/dev/zero", "@flags/none.rsp", "@", "-c", "a.c"]}])");
  auto commands = read_database(path);
  REQUIRE(commands);
  REQUIRE(commands->size() == 1);
  Words words = commands->front().arguments;
  REQUIRE(words.size() > 6);
  CHECK(Words(words.begin(), words.begin() + 3) == Words{"cc", "-Iinc", "-DMORE=a b"});
  CHECK(std::ranges::count(words, "-DSECRET") == 0);
  CHECK(words.size() < 100);
  CHECK(Words(words.end() - 3, words.end()) == Words{"@", "-c", "a.c"});
}

TEST_CASE("a database gives commands with absolute files; what is broken is said") {
  Folder folder;
  const std::string path = folder.write("build/compile_commands.json", R"([
    {"directory": "/w", "file": "../src/a.c", "command": "cc -Iinc -c ../src/a.c"},
    {"directory": "sub", "file": "/x/b.cpp", "arguments": ["c++", "-DX", 3, "-c", "/x/b.cpp"]},
    {"file": "no command"}, {"directory": 7}, 3])");
  auto commands = read_database(path);
  REQUIRE(commands);
  REQUIRE(commands->size() == 2);
  CHECK((*commands)[0].file == "/src/a.c");
  CHECK((*commands)[0].arguments == Words{"cc", "-Iinc", "-c", "../src/a.c"});
  CHECK((*commands)[1].directory == (folder.path / "build/sub").string());
  CHECK((*commands)[1].arguments == Words{"c++", "-DX", "-c", "/x/b.cpp"});
  CHECK(find_database((folder.path / "src/deep").string()) == path);
  CHECK(read_database(folder.write("a.json", "[{\"file\": ")).error().starts_with("not JSON: "));
  CHECK(read_database(folder.write("b.json", "{}")).error() == "not a list of compile commands");
  CHECK(read_database((folder.path / "none.json").string()).error() == "No such file or directory");
  CHECK(read_database(folder.write("deep.json", std::string(5000, '['))).error().starts_with("not JSON: "));
}

TEST_CASE("headers are found where the compiler would look") {
  Folder folder;
  const std::string source = folder.write("src/a.c", ""), near = folder.write("src/b.h", ""), far = folder.write("inc/net/c.h", "");
  const CompileCommand command{(folder.path / "src").string(), source, {"cc", "-I../inc", "-isystem", "../sys", "-include", "b.h"}};
  const SearchPath path = search_path_of(command);
  CHECK(path.all == Words{(folder.path / "inc").string()});
  CHECK(path.forced == Words{near});
  Resolver resolver;
  CHECK(resolver.resolve({"b.h", true}, source, path) == near);
  CHECK(resolver.resolve({"b.h", false}, source, path).empty());
  CHECK(resolver.resolve({"net/c.h", false}, source, path) == far);
  CHECK(resolver.resolve({"stdio.h", false}, source, path).empty());
}

namespace {

// "name: word word; …" for the pieces with a name that hold one of `interesting`.
std::string pieces(std::string_view text) {
  std::string result;
  for (const Piece& piece : outline_of(text).pieces) {
    if (piece.words.empty()) continue;
    for (std::string_view name : piece.names) result += std::string(name) + " ";
    result += ":";
    for (const Word& word : piece.words) result += " " + (word.before.empty() ? std::string() : std::string(word.before) + "/") + std::string(word.name);
    result += "\n";
  }
  return result;
}

}  // namespace

TEST_CASE("an outline has the functions, tables and macros of a file, and what they mention") {
  CHECK(pieces("static int f(int a) { return g(a) + 'x' + \"no\"[0]; /* not */ } // nor\n") == "f : f g int return static\n");
  CHECK(pieces("struct ops table = { .run = work };\n") == "table : ops ./run struct work\n");
  CHECK(pieces("#define START(x) \\\n  pthread_create(x)\n") == "START : pthread_create x\n");
  CHECK(pieces("namespace n { class A { void m() { fork(); } int k; }; }\nA::A() : t_(run) { go(); }\n") ==
        ": n namespace\n: A class\nm : fork m void\n: int\nA : A/A go run t_\n");
  CHECK(pieces("int f()\n{\n#if X\n  if (a) {\n#else\n  if (b) {\n#endif\n  }\n}\nint g() { h(); }\n") == "f : a b f if int\ng : g h int\n");
  CHECK(pieces("auto s = R\"x(fork() \" )x\"; int v = 1'000;") == "s : R auto\nv : int\n");
  CHECK(pieces("enum E { fork, clone = X(1) };\nint f(list<int> a, T& b, T *c) { auto d = a * e; return d > c && b; }\n") == ": E enum\nf : auto e f int list return\n");
  CHECK(pieces("A::A(T& t) noexcept : T{1}, t_(t), u_{2} { x.y(); p->q(); n::m<r>::o(); ::s(); std::v(); T& z = w; }\n") == "A : A/A T n/m noexcept ./o p ./q r s t_ u_ std/v w x ./y\n");
  CHECK(pieces("int old(a, b) int a; char b; { fork(); }").find("fork") != std::string::npos);
}

TEST_CASE("an outline has the includes, and takes any bytes") {
  const Outline outline = outline_of("#include \"a.h\"\n # include <b/c.h>\n#include MACRO\n#include \"open\n");
  REQUIRE(outline.includes.size() == 2);
  CHECK(outline.includes[0].name == "a.h");
  CHECK(outline.includes[0].quoted);
  CHECK(outline.includes[1].name == "b/c.h");
  for (std::string_view text : {"#", "#define", "#include", "\"", "'", "/*", "R\"(", "\\", "f(", "f() {", "}}}}", "#else\n#endif\n", "//\\\n", "#define X \\"}) CHECK_NOTHROW(outline_of(text));
}
