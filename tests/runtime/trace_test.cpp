#include "forklint/runtime/trace.h"

#include <catch2/catch_session.hpp>
#include <catch2/catch_test_macros.hpp>
#include <iterator>
#include <thread>
#include <vector>

#include "shown_support.h"

using namespace forklint::runtime;

int main(int argc, char** argv) { return Catch::Session().run(argc, argv); }

TEST_CASE("spans, instants, counters, arrows and names are events of the format") {
  TraceWriter trace;
  trace.name_process(10, "pool \"a\"");
  trace.name_thread({10, 11}, "worker 1");
  trace.span("square", "task", {10, 11}, 1'000'000'000'000.125, 2.5, {{"task", int64_t(7)}, {"input", std::string_view("x\n\xff")}, {"load", 0.5}});
  trace.instant("killed", "worker", {10, 11}, 5);
  trace.counter("waiting", 10, 6, 3);
  trace.arrow("submit", "flow", 9, {10, 10}, 1, {10, 11}, 2);
  std::string text = trace.json();
  CHECK(python_json(text, "[e['ph'] for e in data['traceEvents']]") == "['M', 'M', 'X', 'i', 'C', 's', 'f']");
  CHECK(python_json(text, "data['traceEvents'][0]['args']['name'], data['traceEvents'][1]['tid']") == "('pool \"a\"', 11)");
  CHECK(python_json(text, "data['traceEvents'][2]['ts'], data['traceEvents'][2]['dur']") == "(1000000000000.125, 2.5)");
  CHECK(python_json(text, "data['traceEvents'][2]['args'] == {'task': 7, 'input': 'x\\n\\ufffd', 'load': 0.5}") == "True");
  CHECK(trace.kept() == 5);
}

TEST_CASE("an empty trace is a trace") { CHECK(python_json(TraceWriter().json(), "data['traceEvents']") == "[]"); }

TEST_CASE("beyond its limit a trace counts what it drops") {
  TraceWriter trace({.max_bytes = 1000});
  for (int i = 0; i < 100; ++i) trace.instant("tick", "test", {1, 1}, i);
  CHECK(trace.kept() + trace.dropped() == 100);
  CHECK(trace.kept() >= 5);
  CHECK(trace.json().size() < 1300);
  CHECK(python_json(trace.json(), "data['otherData']['dropped_events'], len(data['traceEvents'])") ==
        "(" + std::to_string(trace.dropped()) + ", " + std::to_string(trace.kept()) + ")");
}

TEST_CASE("several threads write one trace, and a file takes it") {
  TraceWriter trace;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&trace, t] { for (int i = 0; i < 500; ++i) trace.span("work", "task", {1, t}, trace_now(), 1); });
  }
  std::string path = "/tmp/forklint-trace-" + std::to_string(::getpid()) + ".json";
  REQUIRE(trace.write(path));
  std::ifstream file(path);
  std::string text(std::istreambuf_iterator<char>(file), {});
  ::unlink(path.c_str());
  CHECK(python_json(text, "len(data['traceEvents'])") == "2000");
  Result<void> nowhere = trace.write("/no/such/folder/trace.json");
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().what.find("No such file") != std::string::npos);
}
