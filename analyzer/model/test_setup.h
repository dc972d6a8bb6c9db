// What a test runner does before a test: the set-up methods of its class, and the fixtures that it names.
#pragma once

#include <vector>

#include "analyzer/model/evaluator.h"

namespace forklint::model {

// A function that makes what the tests ask for by its name.
struct Fixture {
  FileId file = none;
  ScopeId scope = none;
  bool for_all = false;  // tests need not name it
};

// The fixtures that a function of `file` sees: those of its own file and of the conftest files above it. Built at the
// first question, from one look at each decorator of the files that say `fixture`.
class Fixtures {
 public:
  explicit Fixtures(Evaluator& evaluator) : evaluator_(evaluator) {}

  // The one that a parameter means: the nearest of that name. Null: none.
  const Fixture* named(FileId file, std::string_view name);
  // What runs before a test, in order; each once.
  std::vector<Fixture> before(FileId file, ScopeId test);
  // Whether a function's parameters are filled by the runner.
  bool asks(FileId file, ScopeId function);

 private:
  void find_all();
  bool sees(FileId file, const Fixture& fixture) const;
  void add_needed(FileId file, ScopeId function, std::vector<Fixture>& result, int depth);

  Evaluator& evaluator_;
  bool found_ = false;
  std::unordered_map<std::string_view, std::vector<Fixture>> by_name_;
};

}  // namespace forklint::model
