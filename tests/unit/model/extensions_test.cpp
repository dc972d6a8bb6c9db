// Modules in C as Python programs see them: which import means one, and what it brings.
#include <catch2/catch_test_macros.hpp>

#include "analyzer/frontends/python/frontend.h"
#include "tests/support/program.h"

using namespace forklint::tests;

namespace {

// PyInit_gauge starts a thread and makes a type of 24 bytes, Matrix, known; `method` is its one method.
std::string gauge(const std::string& method) {
  return R"(
language c
scope 0 module ""
  %0 read "PyMethodDef"
  %1 string ")" + method + R"("
  %2 call %0 ml_name=%1
  %3 list %2
  %4 bind "methods@gauge.c" %3
  %5 read "PyTypeObject"
  %6 string "gauge.Matrix"
  %7 number "24"
  %8 read "methods@gauge.c"
  %9 call %5 tp_name=%6 tp_basicsize=%7 tp_methods=%8
  %10 bind "MatrixType@gauge.c" %9
  %11 function "PyInit_gauge" extra 1
  %12 bind "PyInit_gauge" %11
scope 1 function "PyInit_gauge" parent 0 by %11
  %13 read "pthread_create"
  %14 call %13
  %15 read "PyType_Ready"
  %16 read "MatrixType@gauge.c"
  %17 unary "&" %16
  %18 call %15 %17
)";
}

struct File {
  std::string path;
  const char* text;
};

std::vector<forklint::model::ParsedFile> program(const std::vector<File>& files, const std::string& extension = "gauge.c", const std::string& method = "size") {
  std::vector<forklint::model::ParsedFile> result;
  for (const File& file : files) result.push_back({.path = file.path, .facts = forklint::frontends::python::parse(file.text)});
  result.push_back(facts_file(extension, gauge(method)));
  return result;
}

constexpr const char* sends = R"(
import multiprocessing, gauge
def work(m): pass
if __name__ == "__main__":
    multiprocessing.Process(target=work, args=(gauge.Matrix(3),)).start()
)";

}  // namespace

TEST_CASE("an object of a type in C without pickle support cannot be sent") {
  Modelled it(program({{"main.py", sends}}));
  CHECK(crossings(it).starts_with("a gauge.Matrix [spawn forkserver]"));
  CHECK(live(it) != "");
}

TEST_CASE("a type in C that says how it is pickled") { CHECK(crossings(Modelled(program({{"main.py", sends}}, "gauge.c", "__reduce__"))) == ""); }

TEST_CASE("a Python file of that name is what is imported") {
  Modelled it(program({{"main.py", sends}, {"gauge.py", "class Matrix:\n  def __init__(self, n): self.n = n\n"}}));
  CHECK(crossings(it) == "");
  CHECK(live(it) == "");
}

TEST_CASE("a module of a package, imported in each way") {
  auto crossing = [](const char* text) { return crossings(Modelled(program({{"main.py", text}, {"pkg/__init__.py", "from .gauge import *\n"}}, "src/pkg/gauge.c"))); };
  std::string from_package = crossing("import multiprocessing as mp\nfrom pkg import gauge\nmp.Process(target=print, args=(gauge.Matrix(3),)).start()\n");
  CHECK(from_package.starts_with("a gauge.Matrix"));
  CHECK(crossing("import multiprocessing as mp\nimport pkg.gauge\nmp.Process(target=print, args=(pkg.gauge.Matrix(3),)).start()\n") == from_package);
  CHECK(crossing("import multiprocessing as mp\nfrom pkg import Matrix\nmp.Process(target=print, args=(Matrix(3),)).start()\n") == from_package);
}

TEST_CASE("a module of a package that is not here is another") {
  CHECK(crossings(Modelled(program({{"main.py", "import multiprocessing as mp\nfrom other import gauge\nmp.Process(target=print, args=(gauge.Matrix(3),)).start()\n"}}))) == "");
}

TEST_CASE("copyreg gives a type what it lacks") {
  CHECK(crossings(Modelled(program({{"main.py", "import multiprocessing as mp, copyreg, gauge\ncopyreg.pickle(gauge.Matrix, lambda m: (gauge.Matrix, (1,)))\n"
                                                "mp.Process(target=print, args=(gauge.Matrix(3),)).start()\n"}}))) == "");
}
