#include "forklint/runtime/insights.h"

#include <catch2/catch_session.hpp>
#include <catch2/catch_test_macros.hpp>
#include <limits>
#include <sstream>

#include "shown_support.h"

using namespace forklint::runtime;

int main(int argc, char** argv) { return Catch::Session().run(argc, argv); }

namespace {

Insights two_workers() {
  Insights insights{.method = StartMethod::spawn, .wall = 75.5};
  insights.workers.push_back({.worker = 0, .pid = 4001, .starts = 1, .tasks = 600, .start = 0.0021, .init = 0.5, .idle = 1.0, .decode = 42e-6,
                              .run = 6.5, .encode = 0.00009, .bytes_in = 2048, .bytes_out = 3 << 20, .max_rss = 12 << 20});
  insights.workers.push_back({.worker = 1, .pid = 4002, .starts = 2, .tasks = 400, .start = 0.004, .init = 0.5, .idle = 1.5, .decode = 0,
                              .run = 6.0, .encode = 0, .bytes_in = 0, .bytes_out = 12, .max_rss = 20 << 20});
  insights.slowest.push_back({.index = 17, .worker = 1, .seconds = 1.25, .input_preview = "\"a\"\n\x1b[2J\xff<b>ü"});
  return insights;
}

}  // namespace

TEST_CASE("the table has scaled times, totals, shares and the slowest tasks, aligned") {
  std::string table = as_table(two_workers());
  INFO(table);
  CHECK(table.starts_with("2 workers, spawn, 1000 tasks in 75.5 s\n\n"));
  CHECK(table.find("working 78.1 %, waiting 15.6 %, starting 6.3 %, carrying 0.0 %") != std::string::npos);
  CHECK(table.find("42 µs") != std::string::npos);
  CHECK(table.find("2.10 ms") != std::string::npos);
  CHECK(table.find("3.0 MiB") != std::string::npos);
  CHECK(table.find("1.25 s  task 17 on worker 1  \"a\"\\n\\x1b[2J\xEF\xBF\xBD<b>ü\n") != std::string::npos);
  std::istringstream lines(table);
  std::string line, expected;
  size_t rows = 0;
  for (std::getline(lines, line), std::getline(lines, line); std::getline(lines, line) && !line.empty(); ++rows) {
    size_t width = 0;
    for (unsigned char c : line) width += (c & 0xC0) != 0x80;
    if (expected.empty()) expected = std::string(width, ' ');
    CHECK(width == expected.size());
  }
  CHECK(rows == 4);
}

TEST_CASE("a pool that did nothing has a table too") {
  CHECK(as_table({}).find("0 workers, forkserver, 0 tasks in 0 s") == 0);
}

TEST_CASE("the JSON reads back whatever a task was called with") {
  std::string text = as_json(two_workers());
  CHECK(python_json(text, "data['slowest'][0]['input_preview'] == '\\\"a\\\"\\n\\x1b[2J\\ufffd<b>\\xfc'") == "True");
  CHECK(python_json(text, "data['method'], data['wall'], [w['tasks'] for w in data['workers']]") == "('spawn', 75.5, [600, 400])");
  CHECK(python_json(text, "data['workers'][0]['decode'], data['workers'][0]['bytes_out']") == "(4.2e-05, 3145728)");
  Insights odd{.wall = std::numeric_limits<double>::infinity()};
  CHECK(python_json(as_json(odd), "data") == "{'method': 'forkserver', 'wall': 0, 'workers': [], 'slowest': []}");
}
