// What modules in C and C++ are to Python: the thread that an import starts, and the types that pickle refuses.
#include "analyzer/model/native/extensions.h"

#include <map>

#include "tests/unit/native/program.h"

using forklint::model::native::BoundType;
using forklint::model::native::extension_modules;
using forklint::model::native::ExtensionModule;
using forklint::tests::Program;

namespace {

// Facts text whose events have any labels, each once, with their numbers in place of them.
std::string numbered(const std::string& text) {
  auto label_end = [&](size_t at) { return std::min(text.find_first_not_of("0123456789", at + 1), text.size()); };
  std::map<std::string, size_t> numbers;
  for (size_t line = 0; line < text.size(); line = std::min(text.find('\n', line), text.size() - 1) + 1) {
    size_t first = text.find_first_not_of(' ', line);
    if (first != text.npos && text[first] == '%') numbers.emplace(text.substr(first, label_end(first) - first), numbers.size());
  }
  std::string result;
  for (size_t at = 0; at < text.size();) {
    size_t end = text[at] == '%' ? label_end(at) : at + 1;
    auto it = numbers.find(text.substr(at, end - at));
    result += it == numbers.end() ? text.substr(at, end - at) : "%" + std::to_string(it->second);
    at = end;
  }
  return result;
}

// "gauge: starts pthread_create; Matrix refused, Point": one line for each module.
std::string described(const std::string& facts) {
  Program program({numbered(facts)});
  std::string text;
  for (const ExtensionModule& module : extension_modules(*program)) {
    text += module.name + ":";
    if (!module.thread.empty()) text += (module.sure ? " starts " : " may start ") + std::string(program->program().call_at(module.thread.back().function, module.thread.back().event)->symbol);
    for (const BoundType& type : module.types) text += " " + type.name + (type.refused ? "!" : "");
    text += "\n";
  }
  return text;
}

// A module whose table of slots names `start`, with the body of that; events count from 40.
std::string module_with(const std::string& tables, const std::string& start) {
  return R"(
scope 0 module ""
  %0 read "PyModuleDef_Slot"
  %1 number "2"
  %2 read "start@a.c"
  %3 call %0 slot=%1 value=%2
  %4 list %3
  %5 bind "slots@a.c" %4
  %6 read "PyModuleDef"
  %7 read "slots@a.c"
  %8 call %6 m_slots=%7
  %9 bind "definition@a.c" %8
  %10 function "start@a.c" extra 1
  %11 bind "start@a.c" %10
  %12 function "PyInit_gauge" extra 2
  %13 bind "PyInit_gauge" %12
)" + tables + R"(
scope 1 function "start@a.c" parent 0 by %10
)" + start + R"(
scope 2 function "PyInit_gauge" parent 0 by %12
  %60 read "PyModuleDef_Init"
  %61 read "definition@a.c"
  %62 unary "&" %61
  %63 call %60 %62
  %64 return_ %63
)";
}

// A type in C of 24 bytes with one method.
std::string type_with(const std::string& method) {
  return R"(
  %14 read "PyMethodDef"
  %15 string ")" + method + R"("
  %16 call %14 ml_name=%15
  %17 list %16
  %18 bind "methods@a.c" %17
  %19 read "PyTypeObject"
  %20 string "gauge.Matrix"
  %21 number "24"
  %22 read "methods@a.c"
  %23 call %19 tp_name=%20 tp_basicsize=%21 tp_methods=%22
  %24 bind "MatrixType@a.c" %23
)";
}

constexpr const char* makes_type_ready = R"(
  %40 read "PyType_Ready"
  %41 read "MatrixType@a.c"
  %42 unary "&" %41
  %43 call %40 %42
)";

// PyInit_grid of a binding library, whose init function binds classes; events of `binds` count from 20.
std::string binding(const std::string& binds) {
  return R"facts(
scope 0 module ""
  %0 function "PyInit_grid" extra 1
  %1 bind "PyInit_grid" %0
  %2 read "PyObject"
  %3 unary "*" %2
  %4 function "exec(_object *)@a.c" extra 2
  %5 bind "exec(_object *)@a.c" %4
scope 1 function "PyInit_grid" parent 0 by %0
  %6 read "pybind11::detail::init_slots(int (*)(PyObject *), Options &&...)"
  %7 read "exec(_object *)@a.c"
  %8 call %6 %7
  %9 bind "PyInit_grid::slots" %8
  %10 read "PyInit_grid::slots"
  %11 return_ %10
scope 2 function "exec(_object *)@a.c" parent 0 by %4
  parameter "m" positional : %3
)facts" + binds;
}

// class_<T>(m, "NAME"), with what else is a template argument.
std::string bound(int id, const std::string& name, const std::string& base = {}) {
  auto at = [&](int offset) { return "%" + std::to_string(id + offset); };
  std::string more = base.empty() ? "" : " <1>=" + at(4);
  std::string extra = base.empty() ? "" : at(4) + " read \"" + base + "\"\n";
  return at(0) + " read \"pybind11::class_\"\n" + at(1) + " read \"m\"\n" + at(2) + " string \"" + name + "\"\n" + at(3) + " read \"" + name + "\"\n" + extra + at(5 - base.empty()) + " call " + at(0) + " " + at(1) + " " + at(2) +
         " <0>=" + at(3) + more + "\n";
}

}  // namespace

TEST_CASE("what the slots of a module name runs at its import") {
  CHECK(described(module_with("", "%40 read \"pthread_create\"\n%41 call %40\n")) == "gauge: starts pthread_create\n");
  CHECK(described(module_with("", "%40 read \"PyType_Ready\"\n%41 call %40\n")) == "gauge:\n");
}

TEST_CASE("a type in C needs a method that says how it is pickled") {
  CHECK(described(module_with(type_with("size"), makes_type_ready)) == "gauge: Matrix!\n");
  CHECK(described(module_with(type_with("__reduce__"), makes_type_ready)) == "gauge: Matrix\n");
}

TEST_CASE("a type that no code of the import names is not the module's") { CHECK(described(module_with(type_with("size"), "%40 read \"f\"\n%41 call %40\n")) == "gauge:\n"); }

TEST_CASE("a class of a binding library has no pickle support by itself") { CHECK(described(binding(bound(20, "Matrix"))) == "grid: Matrix!\n"); }

TEST_CASE("a class bound with pickle support, and what is derived from it") {
  std::string pickled = bound(20, "Matrix") + R"facts(
  %25 attribute "pybind11::class_::def(detail::initimpl::pickle_factory<Args...> &&, const Extra &...)" %24
  %26 read "pybind11::pickle(GetState &&, SetState &&)"
  %27 call %26
  %28 call %25 %27
)facts";
  CHECK(described(binding(pickled + bound(30, "Square", "Matrix"))) == "grid: Matrix Square\n");
  CHECK(described(binding(bound(20, "Matrix") + bound(30, "Square", "Matrix"))) == "grid: Matrix! Square!\n");
  CHECK(described(binding(bound(30, "Square", "Unseen"))) == "grid: Square\n");
}

TEST_CASE("a class that is handed to a function which is not seen") {
  CHECK(described(binding(bound(20, "Matrix") + "%25 bind \"matrix\" %24\n%26 read \"add_more\"\n%27 read \"matrix\"\n%28 call %26 %27\n")) == "grid: Matrix\n");
}
