// Small programs for tests of the model and of rules, and what the model says of them in words short enough for a CHECK.
// A program is a few files: facts text where the test is about what facts mean, Python source where the facts of it
// would be too long to read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/model/model.h"

namespace forklint::tests {

// A file of Python source.
struct Python {
  std::string path;
  std::string text;
};

// The file that a facts text describes; the test fails when it does not parse.
model::ParsedFile facts_file(std::string path, std::string_view text);

// A program with its model. Neither can be moved: make it where it stays.
class Modelled {
 public:
  explicit Modelled(std::vector<Python> files, const model::ModelOptions& options = {});
  // One file, main.py.
  explicit Modelled(std::string_view text, const model::ModelOptions& options = {});
  explicit Modelled(std::vector<model::ParsedFile> files, const model::ModelOptions& options = {});

  const model::Model& model() const { return model_; }

  // "tools.py:4": the line counts from 1; the path of the first file is left out.
  std::string place(model::Site site) const;

 private:
  std::vector<Python> texts_;
  knowledge::Knowledge knowledge_;
  model::Program program_;
  model::Model model_;
};

// "fork spawn": the methods in the order of the table in the design.
std::string words(knowledge::StartMethods methods);

// "3:Process 7:Pool": every place that launches, each once, in order.
std::string launches(const Modelled& it);
// "spawn explicit", "fork spawn forkserver standard": how the start method of a launch is chosen.
std::string method(const Modelled& it, size_t launch = 0);
// "constant 3; function work", sorted: what a variable of the first file holds when its module is complete.
std::string holds(const Modelled& it, std::string_view name);
// The functions that the children of a launch run: "init work".
std::string workers(const Modelled& it, size_t launch = 0);
// What of the payload of a launch cannot cross: "a lambda [spawn forkserver]; …".
std::string crossings(const Modelled& it, size_t launch = 0);
// The variables that fresh children of a launch lack: "FACTOR undefined; TABLE in place".
std::string lost(const Modelled& it, size_t launch = 0);
// Where the threads were started that may be alive at a launch: "3 5?", with a mark behind those that are not certain.
std::string live(const Modelled& it, size_t launch = 0);
// Where the locks were taken that may be held at a launch: "3", or "3 other" when another thread holds it.
std::string held(const Modelled& it, size_t launch = 0);

}  // namespace forklint::tests
