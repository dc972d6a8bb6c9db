// What functions change of what is not theirs, and who reads it: by the facts of one small file.
#include <algorithm>
#include <set>

#include "analyzer/model/native/reads.h"
#include "tests/unit/native/change_sources.h"
#include "tests/unit/native/program.h"

using namespace forklint::model::native;
using Source = forklint::tests::Program;

namespace {

FunctionId function(const Source& program, std::string_view name) { return program->program().named(name).front(); }

// The lambda that is the value of a variable of a function.
FunctionId lambda(const Source& program, std::string_view in, std::string_view variable) {
  const auto& code = program->program();
  const FunctionId id = function(program, in);
  const auto events = code.facts(id).scopes[code.function(id).scope].events;
  for (EventId at = events.begin; at < events.end; ++at)
    if (code.event(id, at).op == Op::bind && code.name_of(id, at) == variable) return code.function_values(id, at).at(0);
  FAIL("no lambda " << variable);
  throw 0;
}

Changes changes_of(const Source& program, FunctionId id) { return Changes(program->program(), program->forks(), id); }

std::set<std::string> names(const Changes& changes) {
  std::set<std::string> result;
  for (const Change& change : changes.changes()) result.insert(std::string(change.what.name));
  return result;
}

// Those of its changes that somebody reads behind the call of `since`.
std::set<std::string> read(const Source& program, FunctionId task, std::string_view in, std::string_view since) {
  const FunctionId id = function(program, in);
  const Changes changes = changes_of(program, task);
  const std::vector<Call>& calls = program->program().function(id).calls;
  const auto call = std::ranges::find_if(calls, [&](const Call& it) { return it.symbol.ends_with(since); });
  REQUIRE(call != calls.end());
  std::set<std::string> result;
  for (const Change& change : changes.changes())
    if (read_by_others(*program, changes, run_in_children(*program), change.what, {id, call->event})) result.insert(std::string(change.what.name));
  return result;
}

}  // namespace

TEST_CASE("changes: through references, pointers and methods, and what is called") {
  Source program({forklint::tests::sources::changes});
  CHECK(names(changes_of(program, lambda(program, "make", "changes"))) == std::set<std::string>{"one", "two", "list", "sum", "given", "global"});
  CHECK(names(changes_of(program, function(program, "by_reference"))) == std::set<std::string>{"x"});
  CHECK(names(changes_of(program, function(program, "Sum::add"))) == std::set<std::string>{"Sum::total"});
}

TEST_CASE("changes: a pointer that a lambda keeps is followed to what it points to") {
  Source program({forklint::tests::sources::changes});
  CHECK(names(changes_of(program, lambda(program, "make", "pointed"))) == std::set<std::string>{"one", "two"});
}

TEST_CASE("changes: copies are a lambda's own, and what is behind pointers from elsewhere is not guessed") {
  Source program({forklint::tests::sources::changes});
  const Changes changes = changes_of(program, lambda(program, "make", "elsewhere"));
  // What the pointer that was given points to is its giver's business.
  CHECK(names(changes) == std::set<std::string>{"unseen"});
  CHECK(names(changes_of(program, function(program, "by_other"))).empty());
}

TEST_CASE("changes: the way leads to where it is written") {
  Source program({forklint::tests::sources::changes});
  const Changes changes = changes_of(program, lambda(program, "make", "changes"));
  const auto sum = std::ranges::find_if(changes.changes(), [](const Change& it) { return it.what.name == "sum"; });
  const std::vector<Place> way = changes.way(*sum);
  REQUIRE(way.size() == 2);
  CHECK(way[1].function == function(program, "Sum::add"));
  CHECK(changes.runs(way[1].function));
}

TEST_CASE("reads: behind the place, not what is only changed there, and in the callers who gave it") {
  Source program({forklint::tests::sources::changes});
  CHECK(read(program, lambda(program, "make", "changes"), "make", "operator()") == std::set<std::string>{"one", "list", "sum", "given"});  // `sum`: by another lambda
}
