// C++: what each paragraph of the frontend's README says.
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/cpp/tree.h"

using namespace forklint;
using tests::tree_of_cpp;

namespace {
constexpr const char* guard = R"x(
struct Mutex { void lock(); void unlock(); };
struct Guard { explicit Guard(Mutex& m); ~Guard(); Mutex& m; };
int g(int);
Mutex m;
)x";
}

TEST_CASE("destructors run at the end of the scope and before each way out of it") {
  CHECK(tree_of_cpp(guard + std::string(R"x(
int f(int n) {
  Guard one(m);
  while (n) { Guard two(m); if (g(n)) break; if (g(n + 1)) return 1; g(2); }
  return 0;
}
)x"), "f(int)") == R"x(bind "one" (call (read "Guard") (read "m"))
loop {
  read "n"
  bind "two" (call (read "Guard") (read "m"))
  then_arm (call (read "g(int)") (read "n")) {
    call (attribute "Guard::~Guard()" (read "two"))
    break_
  }
  then_arm (call (read "g(int)") (binary "+" (read "n") (number "1"))) {
    call (attribute "Guard::~Guard()" (read "two"))
    call (attribute "Guard::~Guard()" (read "one"))
    return_ (number "1")
  }
  call (read "g(int)") (number "2")
  call (attribute "Guard::~Guard()" (read "two"))
}
call (attribute "Guard::~Guard()" (read "one"))
return_ (number "0")
)x");
}

TEST_CASE("temporaries end with their full expression, those a reference keeps with the reference") {
  CHECK(tree_of_cpp(R"x(
struct T { T(int); ~T(); int v() const; };
void f() {
  T(1).v();
  const T& kept = T(2);
  kept.v();
}
)x", "f()") == R"x(call (attribute "T::v()" (call (read "T") (number "1")))
call (attribute "T::~T()" (call (read "T") (number "1")))
bind "kept" (call (read "T") (number "2"))
call (attribute "T::v()" (read "kept"))
call (attribute "T::~T()" (read "kept"))
)x");
}

TEST_CASE("threads: constructed, moved, made by new and deleted") {
  CHECK(tree_of_cpp(R"x(
#include <thread>
void run(int);
void f() {
  std::thread t(run, 1);
  t = std::thread(run, 2);
  auto* p = new std::thread(run, 3);
  p->join();
  delete p;
  t.join();
}
)x", "f()") == R"x(bind "t" (call (read "std::thread") (read "run(int)") (number "1"))
call (attribute "std::thread::operator=(std::thread &&)" (read "t")) (call (read "std::thread") (read "run(int)") (number "2"))
call (attribute "std::thread::~thread()" (call (read "std::thread") (read "run(int)") (number "2")))
call (read "operator new(unsigned long)")
bind "p" (call (read "std::thread") (read "run(int)") (number "3"))
call (attribute "std::thread::join()" (read "p"))
call (attribute "std::thread::~thread()" (read "p"))
call (read "operator delete(void *, unsigned long)") (read "p")
call (attribute "std::thread::join()" (read "t"))
call (attribute "std::thread::~thread()" (read "t"))
)x");
}

TEST_CASE("a class: bases, fields, methods with their place, virtual ones, what is made by itself") {
  const auto all = tests::facts_of({.name = "a.cpp", .text = R"x(
namespace net {
struct Part { Part(); ~Part(); };
class Base { public: virtual void run() = 0; virtual ~Base() {} };
class Server : public Base {
  Part part_;
  static int count_;
 public:
  void run() override;
  void stop() { run(); }
};
void Server::run() { ++count_; }
Server make() { return Server(); }
}
)x", .flags = {"-std=c++20"}});
  REQUIRE(all.size() == 1);
  const auto& facts = all[0];
  CHECK(tests::tree(facts, "net::Server", true).starts_with(R"x(declare "net::Server::part_" (read "net::Part")
declare "net::Server::count_" (read "int")
declare "net::Server::run()" (read "virtual")
bind "net::Server::stop()" (function "net::Server::stop()")
)x"));
  CHECK(tests::tree(facts, "net::Server::stop()") == "call (attribute \"net::Server::run()\" (read \"this\"))\n");
  CHECK(tests::tree(facts, "net::Server::run()") == "augment \"net::Server::count_\" (number \"1\")\n");
  CHECK(tests::tree(facts, "net::Server::~Server()") == R"x(call (attribute "net::Part::~Part()" (attribute "net::Server::part_" (read "this")))
call (attribute "net::Base::~Base()" (read "this"))
)x");
  CHECK(tests::tree(facts, "").find("bind \"net::Server::run()\" (decorate (read \"virtual\") (function \"net::Server::run()\"))") != std::string::npos);
}

TEST_CASE("a destructor leaves alone what stands in a union") {
  const auto all = tests::facts_of({.name = "a.cpp", .text = R"x(
struct Part { ~Part(); };
struct Kept { ~Kept() {} union { Part part; }; };
union Either { ~Either() {} Part part; int number; };
)x", .flags = {}});
  REQUIRE(all.size() == 1);
  CHECK(tests::tree(all[0], "Kept::~Kept()").empty());
  CHECK(tests::tree(all[0], "Either::~Either()").empty());
}

TEST_CASE("constructors set fields in order, with the values that stand in the class") {
  CHECK(tree_of_cpp(R"x(
struct A { A(int); };
struct B : A {
  int n = 7;
  A a;
  B() : A(1), a(2) {}
};
)x", "B::B()") == R"x(call (attribute "A::A(int)" (read "this")) (number "1")
set_attribute "B::n" (read "this") (number "7")
set_attribute "B::a" (read "this") (call (read "A") (number "2"))
)x");
}

TEST_CASE("a lambda keeps what it captures by name") {
  const auto all = tests::facts_of({.name = "a.cpp", .text = R"x(
int g(int);
struct S { int k; void f(int a, int b) { auto l = [a, &b, this, c = a + 1](int n) { return g(a + b + k + c + n); }; l(1); } };
)x", .flags = {"-std=c++20"}});
  REQUIRE(all.size() == 1);
  CHECK(tests::tree(all[0], "S::f(int, int)").starts_with("bind \"l\" (lambda a=(read \"a\") b=(unary \"&\" (read \"b\")) this=(read \"this\") c=(binary \"+\" (read \"a\") (number \"1\")))"));
  CHECK(tests::tree(all[0], "<lambda>").find("(attribute \"S::k\" (read \"this\"))") != std::string::npos);
  const auto copy = tests::facts_of({.name = "a.cpp", .text = "struct S { int k; int f() { return [*this] { return k; }(); } };", .flags = {"-std=c++20"}});
  REQUIRE(copy.size() == 1);
  CHECK(tests::tree(copy[0], "S::f()").find("(lambda this=(unary \"*\" (read \"this\")))") != std::string::npos);
}

TEST_CASE("templates: the first instantiation speaks, and the pattern where there is none") {
  const auto all = tests::facts_of({.name = "a.cpp", .text = R"x(
int g(int);
struct X { void go() const; };
template <class T> void used(T t) { t.go(); }
template <class T> void unused(T t) { t.go(); other(t); }
template <class T> struct Box { T value; void put(T t) { value = t; } void never() { value.go(); } T out(); };
template <class T> T Box<T>::out() { return value; }
void f() { used(X()); Box<int> b; b.put(1); b.out(); }
)x", .flags = {"-std=c++20"}});
  REQUIRE(all.size() == 1);
  CHECK(tests::tree(all[0], "used(T)") == "call (attribute \"X::go()\" (read \"t\"))\n");
  CHECK(tests::tree(all[0], "unused(T)") == "call (attribute \"go\" (read \"t\"))\ncall (read \"other\") (read \"t\")\n");
  CHECK(tests::tree(all[0], "Box::put(T)") == "set_attribute \"Box::value\" (read \"this\") (read \"t\")\n");
  CHECK(tests::tree(all[0], "Box::never()") == "call (attribute \"go\" (attribute \"Box::value\" (read \"this\")))\n");
  CHECK(tests::tree(all[0], "Box::out()") == "return_ (attribute \"Box::value\" (read \"this\"))\n");
  CHECK(tests::tree(all[0], "f()").find("(attribute \"Box::put(T)\" (read \"b\"))") != std::string::npos);
}

TEST_CASE("templates: an instance may need a builtin function that the file does not name") {
  CHECK(tree_of_cpp(R"x(
struct Numbers { int all[100]; };
template <class T> void take(T& to, T& from) { to = static_cast<T&&>(from); }
void f(Numbers& a, Numbers& b) { take(a, b); }
)x", "f(Numbers &, Numbers &)") == R"x(call (read "take(T &, T &)") (read "a") (read "b")
)x");
}

TEST_CASE("exceptions: what is thrown leaves scopes as far as the next try") {
  CHECK(tree_of_cpp(guard + std::string(R"x(
struct Error {};
void f() {
  Guard outer(m);
  try { Guard inner(m); throw Error(); } catch (const Error& e) { g(1); } catch (...) { throw; }
}
)x"), "f()") == R"x(bind "outer" (call (read "Guard") (read "m"))
try_body {
  bind "inner" (call (read "Guard") (read "m"))
  call (attribute "Guard::~Guard()" (read "inner"))
  raise (call (read "Error"))
  unknown
}
except_arm {
  bind "e" (caught (read "Error"))
  call (read "g(int)") (number "1")
}
except_arm {
  call (attribute "Guard::~Guard()" (read "outer"))
  raise
  unknown
}
call (attribute "Guard::~Guard()" (read "outer"))
)x");
}

TEST_CASE("types: type arguments, pointers and references") {
  const auto all = tests::facts_of({.name = "a.cpp", .text = R"x(
#include <mutex>
#include <vector>
#include <string>
using Lock = std::lock_guard<std::mutex>;
std::mutex m;
void f(std::vector<int*>& v, const std::string& s) { Lock l(m); char b[3]; (void)b; }
)x", .flags = {"-std=c++20"}});
  REQUIRE(all.size() == 1);
  const std::string text = tests::tree(all[0], "f(std::vector<int *> &, const std::basic_string<char> &)", true);
  CHECK(text.find("declare \"l\" (read \"std::lock_guard\") <0>=(read \"std::mutex\")") != std::string::npos);
  CHECK(text.find("declare \"b\" (unary \"[]\" (read \"char\"))") != std::string::npos);
}

TEST_CASE("template arguments: types and numbers, also of a class whose static method is called") {
  const auto all = tests::facts_of({.name = "a.cpp", .text = R"x(
enum class Way { fork, thread };
template <Way way, class T, int size = 3> struct Pool { static Pool make(T task) { return {task}; } T task; };
void f() { Pool<Way::thread, int>::make(7); }
)x", .flags = {"-std=c++20"}});
  REQUIRE(all.size() == 1);
  CHECK(tests::tree(all[0], "f()").find("call (read \"Pool::make(T)\") (number \"7\") <0>=(number \"1\") <1>=(read \"int\")") != std::string::npos);
}

TEST_CASE("OpenMP directives are calls with a body") {
  const auto all = tests::facts_of({.name = "a.cpp", .text = "int g(int);\nvoid f(int n) {\n#pragma omp parallel for\n  for (int i = 0; i < n; ++i) g(i);\n}\n", .flags = {"-fopenmp"}});
  REQUIRE(all.size() == 1);
  const std::string text = tests::tree(all[0], "f(int)");
  CHECK(text.find("enter (call (read \"omp parallel for\"))\nwith {\n") != std::string::npos);
  CHECK(text.find("call (read \"g(int)\") (read \"i\")") != std::string::npos);
}

TEST_CASE("what others cannot name is known by its file") {
  const auto all = tests::facts_of({.name = "a.cpp", .text = "namespace { int hidden() { return 1; } struct Inner { void go() {} }; }\nnamespace v { inline namespace v1 { int shown() { return hidden(); } } }\nextern \"C\" int plain(void) { Inner().go(); return 0; }\n"});
  REQUIRE(all.size() == 1);
  CHECK(tests::tree(all[0], "v::shown()") == "return_ (call (read \"hidden()@a.cpp\"))\n");
  CHECK(tests::tree(all[0], "plain").find("Inner::go()@a.cpp") != std::string::npos);
}

TEST_CASE("braces around what has no known type are no crash") {
  const auto all = tests::facts_of({.name = "a.cpp", .text = "template <class T> struct C { static int str(bool); };\ntemplate <> inline missing::string C<bool>::str(bool p) { return {p ? \"yes\" : \"no\"}; }\nvoid f() { fork(); }\n"});
  REQUIRE(all.size() == 1);
  CHECK_FALSE(all[0].problems.empty());
  CHECK(tests::tree(all[0], "f()").find("(read \"fork\")") != std::string::npos);
}
