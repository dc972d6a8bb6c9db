#include "analyzer/model/entries.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "analyzer/frontends/python/frontend.h"

using namespace forklint;
using namespace forklint::model;

namespace {

std::string number(const char* letter, int i) { return letter + std::to_string(i); }

// Functions that each start a process; `bodies` stands before them.
std::string module_of(const char* letter, int functions, const std::string& bodies) {
  std::string text = "import multiprocessing\n" + bodies;
  for (int i = 0; i < functions; ++i) text += "def " + number(letter, i) + "(): multiprocessing.Process(target=print).start()\n";
  return text;
}

// Two files that are large enough for two shares. enter() goes through 39 functions of its own file and then through
// pass_on() of the other, where its budget is spent: last(), which that calls, is not seen.
std::vector<ParsedFile> large_program() {
  std::string enter = "import b\ndef enter():\n";
  for (int i = 0; i < 39; ++i) enter += "  " + number("f", i) + "()\n";
  enter += "  b.pass_on()\n  b.unseen()\n";
  std::vector<ParsedFile> files;
  files.push_back({.path = "a.py", .facts = frontends::python::parse(module_of("f", 200, enter))});
  files.push_back({.path = "b.py", .facts = frontends::python::parse(module_of("g", 200, "def pass_on():\n  multiprocessing.Pool()\n  last()\ndef last(): multiprocessing.Pool()\ndef unseen(): multiprocessing.Pool()\n"))});
  return files;
}

// What is walked, and what is found there: "b.last:2".
std::vector<std::string> entries(const Program& program, const Walked& walked) {
  std::vector<std::string> result;
  for (const Trace& trace : walked.traces) {
    const facts::FileFacts& f = program.file(trace.file).facts;
    std::string steps;
    for (const Step& step : trace.steps)
      if (step.row) steps += " " + step.row->names[0] + (walked.evaluator->value(step.subject).kind == ValueKind::unknown ? "?" : "");
    result.push_back(program.file(trace.file).module + "." + std::string(f.name(f.scopes[trace.scope].name)) + ":" + steps);
  }
  return result;
}

size_t count(const std::vector<std::string>& entries, std::string_view name) {
  return size_t(std::ranges::count_if(entries, [&](const std::string& it) { return it.starts_with(std::string(name) + ":"); }));
}

}  // namespace

TEST_CASE("a large program is walked alike on any number of threads") {
  const knowledge::Knowledge knowledge = knowledge::Knowledge::built_in();
  const Program program(large_program(), knowledge);
  const std::vector<std::string> one = entries(program, walk_entries(program, 1));
  CHECK(one.size() == 2 + 1 + (200 - 39) + 200 + 2);
  CHECK(one == entries(program, walk_entries(program, 2)));
  CHECK(one == entries(program, walk_entries(program, 3)));
  CHECK(std::ranges::none_of(one, [](const std::string& it) { return it.find('?') != std::string::npos; }));
}

TEST_CASE("a function is an entry unless one before it went through it, in whatever share that was") {
  const knowledge::Knowledge knowledge = knowledge::Knowledge::built_in();
  const Program program(large_program(), knowledge);
  const std::vector<std::string> all = entries(program, walk_entries(program, 2));
  CHECK(count(all, "a.enter") == 1);
  CHECK(count(all, "a.f0") == 0);
  CHECK(count(all, "b.pass_on") == 0);
  CHECK(count(all, "b.last") == 1);  // its own share had seen it, through pass_on()
  CHECK(count(all, "b.unseen") == 1);
  CHECK(count(all, "b.g199") == 1);
}
