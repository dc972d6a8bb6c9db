// A hand-made analysis of two files for the tests of the reporters.
#pragma once

#include <string>
#include <string_view>

#include "analyzer/reporters/reporter.h"

namespace sample {

using namespace forklint;
using engine::StartMethod;

inline source::File file(std::string path, std::string text) {
  return *source::decode(std::move(path), source::Kind::python, std::move(text));
}

// The place of the first `what` in a file.
inline engine::Place at(const engine::Analysis& analysis, uint32_t file, std::string_view what) {
  size_t begin = analysis.files[file].text.find(what);
  return {file, {uint32_t(begin), uint32_t(begin + what.size())}};
}

// A lambda sent to a process in app.py, which tools.py helps with; and a launch at import.
inline engine::Analysis analysis() {
  engine::Analysis a;
  a.files.push_back(file("app.py",
                         "from multiprocessing import Process\n"
                         "import tools\n"
                         "\n"
                         "\n"
                         "def main():\n"
                         "\ttools.launch(lambda: 1)\n"
                         "\n"
                         "Process(target=main).start()\n"));
  a.files.push_back(file("tools.py", "def launch(work):\n    Process(target=work).start()\n"));

  engine::Finding lambda;
  lambda.code = "PSM201";
  lambda.name = "unpicklable-callable";
  lambda.severity = engine::Severity::error;
  lambda.confidence = engine::Confidence::certain;
  lambda.message = "a lambda cannot be sent to a child process";
  lambda.place = at(a, 0, "lambda: 1");
  lambda.outcomes = {{StartMethod::spawn, "raises:PicklingError"}, {StartMethod::forkserver, "raises:PicklingError"}};
  lambda.labels = {{at(a, 0, "lambda: 1"), "made here"}, {at(a, 1, "Process(target=work).start()"), "launched here"}};
  lambda.fixes = {{"define a function at module level", engine::Safety::display, {}}};
  lambda.launch = 1;

  engine::Finding import = {};
  import.code = "PSM101";
  import.name = "launch-at-import";
  import.severity = engine::Severity::warning;
  import.confidence = engine::Confidence::possible;
  import.message = "a process is launched when this module is imported";
  import.place = at(a, 0, "Process(target=main).start()");
  import.outcomes = {{StartMethod::spawn, "raises:RuntimeError"}, {StartMethod::forkserver, "storms"}};
  import.fixes = {{"guard it", engine::Safety::unsafe, {{at(a, 0, "Process(target=main)"), "if x:\n"}}}};
  import.launch = 0;
  a.result.findings = {lambda, import};

  constexpr auto usual = knowledge::fork_spawn_forkserver;
  a.result.launches.push_back({at(a, 0, "Process(target=main).start()"), "multiprocessing.Process", usual, "default",
                               {{StartMethod::fork, "ok"}, {StartMethod::spawn, "raises:RuntimeError"}, {StartMethod::forkserver, "storms"}},
                               {1}});
  a.result.launches.push_back({at(a, 1, "Process(target=work).start()"), "multiprocessing.Process",
                               StartMethod::spawn | StartMethod::forkserver, "explicit",
                               {{StartMethod::fork, "unavailable"}, {StartMethod::spawn, "raises:PicklingError"},
                                {StartMethod::forkserver, "raises:PicklingError"}},
                               {0}});
  a.result.files_seen = 3;
  a.result.files_analysed = 2;
  a.result.skipped = {{"big.py", "5 MiB is more than 4 MiB"}};
  return a;
}

}  // namespace sample
