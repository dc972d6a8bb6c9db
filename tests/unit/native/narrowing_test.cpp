// How the model of C and C++ narrows what it says: each narrowing by the facts of a small file, and beside it what must still be seen.
#include "tests/unit/native/program.h"
#include "tests/unit/native/child_sources.h"
#include "tests/unit/native/lock_sources.h"
#include "tests/unit/native/stream_sources.h"

#include "analyzer/model/native/parameters.h"

using namespace forklint::model::native;
using namespace forklint::tests::sources;
using Source = forklint::tests::Program;

namespace {

FunctionId function(const Source& program, std::string_view name) { return program->program().named(name).front(); }

const Call& call_of(const Source& program, std::string_view in, std::string_view name) {
  for (const Call& call : program->program().function(function(program, in)).calls)
    if (call.symbol == name) return call;
  FAIL("no call of " << name);
  throw 0;
}

bool has(const Source& program, std::string_view name, Effect effect) { return program->effects().of(function(program, name), effect) != nullptr; }

}  // namespace

TEST_CASE("locks: what is held at a fork and what its child takes, also in functions") {
  Source program({held});
  REQUIRE(program->forks().sites().size() == 1);
  const ForkSite& site = program->forks().sites()[0];
  REQUIRE(program->held_locks(0).size() == 1);
  CHECK(program->held_locks(0)[0].lock.lock.name == "lock@held.c");
  const std::vector<LockUse> taken = program->child_locks(site);
  REQUIRE(taken.size() == 2);
  CHECK(taken[0].lock.name == "other@held.c");
  CHECK(taken[1].lock.name == "lock@held.c");
  CHECK(taken[1].way.size() == 2);
  REQUIRE(program->thread_locks().size() == 1);
  CHECK(program->thread_locks()[0].lock.name == "other@held.c");
  CHECK_FALSE(program->protected_at_fork(taken[0].lock));
}

TEST_CASE("locks: what a handler of pthread_atfork takes is protected, nothing else") {
  Source program({handlers});
  CHECK(program->protected_at_fork({.key = "lock@handlers.c", .name = "lock@handlers.c"}));
  CHECK_FALSE(program->protected_at_fork({.key = "other@handlers.c", .name = "other@handlers.c"}));
}

TEST_CASE("taken_by_threads: a lock of the C library counts where a thread's code takes it, and not where it only dies") {
  Source program({taken});
  const FunctionId main = function(program, "main");
  CHECK(program->taken_by_threads(main, "the lock of the environment", false).place.has_value());
  CHECK_FALSE(program->taken_by_threads(main, "the lock of syslog", false).possible);
  CHECK(program->forks().dies(function(program, "failed")));
  // main() itself counts where a thread forks; what nobody calls never does.
  CHECK_FALSE(program->taken_by_threads(main, "the lock of the time zone", false).possible);
  CHECK(program->taken_by_threads(main, "the lock of the time zone", true).place.has_value());
}

TEST_CASE("taken_by_threads: a thread whose function is not known may take any") {
  Source program({unknown_thread});
  const auto it = program->taken_by_threads(function(program, "main"), "the lock of syslog", false);
  CHECK(it.possible);
  CHECK_FALSE(it.place.has_value());
}

TEST_CASE("share_program: by calls and by addresses; code of no program may be in any") {
  Source program({held, streams});
  CHECK(program->share_program(function(program, "main"), function(program, "update")));
  CHECK(program->share_program(function(program, "main"), function(program, "work")));
  CHECK(program->share_program(function(program, "work"), function(program, "out")));
  CHECK(program->called_from_main(function(program, "update")));
  CHECK_FALSE(program->called_from_main(function(program, "work")));
  CHECK(program->threads_of(function(program, "work")) == Threads::some);
  CHECK(program->threads_of(function(program, "out")) == Threads::unknown);
}

TEST_CASE("share_program: two programs in one folder") {
  Source program({held, known, ends});
  CHECK(program->threads_of(function(program, "fork_or_end")) == Threads::none);
  CHECK_FALSE(program->share_program(function(program, "update"), function(program, "fork_or_end")));
}

TEST_CASE("threads_of: what main() does not come to has no threads where nothing starts one or takes a lock") {
  Source alone({counts});
  CHECK(alone->threads_of(function(alone, "deliver")) == Threads::unknown);
  Source beside({counts, ends});
  CHECK(beside->threads_of(function(beside, "deliver")) == Threads::none);
  Source library({counts, held});
  CHECK(library->threads_of(function(library, "deliver")) == Threads::unknown);
}

TEST_CASE("flags: a child that counts itself is told apart in a way that is not followed") {
  Source program({counts});
  REQUIRE(program->forks().sites().size() == 1);
  CHECK(program->forks().sites()[0].unclear != forklint::facts::none);
}

TEST_CASE("flags: a note that callers read tells the child, one that nobody reads does not") {
  Source read({note, reader});
  REQUIRE(read->forks().sites().size() == 1);
  CHECK(read->forks().sites()[0].unclear != forklint::facts::none);
  Source unread({note});
  CHECK(unread->forks().sites()[0].unclear == forklint::facts::none);
  CHECK(unread->forks().sites()[0].leaves_by(Way::returns));
}

TEST_CASE("results: a function that ends the program on failure gives no -1") {
  Source program({ends});
  REQUIRE(program->forks().sites().size() == 2);
  const ForkSite& outer = program->forks().sites()[1];
  CHECK(outer.through == function(program, "fork_or_end"));
  CHECK(program->forks().sides_at(outer, call_of(program, "main", "sleep").event) == side_child);
}

TEST_CASE("results: what the conditions around a fork say holds behind it") {
  Source program({known});
  const ForkSite& site = program->forks().sites().at(0);
  CHECK(program->forks().sides_at(site, call_of(program, "maps", "sleep").event) == (side_parent | side_failed | side_before));
  CHECK_FALSE(site.leaves_by(Way::shared));
  CHECK_FALSE(site.leaves_by(Way::returns));
}

TEST_CASE("effects: who gives a stream says where a function writes") {
  Source program({streams});
  CHECK(has(program, "out", Effect::writes_buffered));
  CHECK_FALSE(has(program, "error", Effect::writes_buffered));
  CHECK_FALSE(has(program, "entry", Effect::writes_buffered));
  CHECK(program->effects().stream_of(function(program, "out"), call_of(program, "out", "describe")) == "stdout");
}

TEST_CASE("effects: exit handlers count by what is seen of them outside") {
  Source program({exits});
  CHECK_FALSE(program->effects().seen_outside(function(program, "flush")));
  CHECK(program->effects().seen_outside(function(program, "forget")));
  CHECK_FALSE(has(program, "tidy", Effect::arranges_exit));
  CHECK(has(program, "untidy", Effect::arranges_exit));
}

TEST_CASE("before_forks: what the function that forks undoes first is not there any more") {
  Source program({callee});
  const Effects& effects = program->effects();
  auto writes = [&](FunctionId id, const Call& call) { return effects.of_call(id, call, Effect::writes_buffered).has_value(); };
  auto flushes = [&](FunctionId id, const Call& call) { return effects.does(id, call, Effect::flushes); };
  std::vector<std::string_view> left;
  for (const Native::Before& before : program->before_forks(writes, flushes)) left.push_back(program->program().function(program->forks().sites()[before.site].function).symbol);
  CHECK(left == std::vector<std::string_view>{"unflushed"});
}

TEST_CASE("calls: in C a structure may have the name of a function") {
  Source program({structure});
  for (FunctionId root : program->load_roots()) CHECK_FALSE(program->effects().of(root, Effect::forks));
  CHECK(has(program, "worker", Effect::forks));
}

TEST_CASE("parameters: what a function hands on is said of its callers' arguments") {
  Source program({closes});
  const forklint::model::native::Program& code = program->program();
  const Handed handed = handed_parameters(code, [&](FunctionId id, const Call& call) { return call.api && call.api->closes ? code.argument(id, call.event, *call.api->closes) : forklint::facts::none; });
  CHECK(handed[function(program, "inner")] == std::vector<uint32_t>{1});
  CHECK(handed[function(program, "outer")] == std::vector<uint32_t>{0});
  const FunctionId main = function(program, "main");
  const std::vector<EventId> given = handed_by(code, handed, main, call_of(program, "main", "outer"));
  REQUIRE(given.size() == 1);
  CHECK(code.constant(main, given[0]) == 7);
}

// void run(void) { if (fork() == 0) _exit(0); exit(1); }
// int main(void) { pthread_create(0, 0, 0, 0); run(); }
TEST_CASE("live_threads: a call that forks and never comes back has what was started before it") {
  Source program({R"facts(
scope 0 module ""
  %0 function "run" extra 1
  %1 bind "run" %0
  %2 function "main" extra 2
  %3 bind "main" %2
scope 1 function "run" parent 0 by %0
  %4 read "fork"
  %5 call %4
  %6 number "0"
  %7 compare "==" %5 %6
  then_arm #0 %7 {
    %8 read "_exit"
    %9 number "0"
    %10 call %8 %9
  }
  %11 read "exit"
  %12 number "1"
  %13 call %11 %12
scope 2 function "main" parent 0 by %2
  %14 read "pthread_create"
  %15 null
  %16 call %14 %15 %15 %15 %15
  %17 read "run"
  %18 call %17
)facts"});
  REQUIRE(program->forks().sites().size() == 1);
  REQUIRE(program->live_threads(0).size() == 1);
  CHECK(program->live_threads(0)[0].certain);
}

// void begin(void) { pthread_create(0, 0, 0, 0); }
// void finish(void) { pthread_join(0, 0); }
// void filter(void) { begin(); finish(); }
TEST_CASE("effects: what starts a thread and has a function join it leaves none") {
  Source program({R"facts(
scope 0 module ""
  %0 function "begin" extra 1
  %1 bind "begin" %0
  %2 function "finish" extra 2
  %3 bind "finish" %2
  %4 function "filter" extra 3
  %5 bind "filter" %4
scope 1 function "begin" parent 0 by %0
  %6 read "pthread_create"
  %7 null
  %8 call %6 %7 %7 %7 %7
scope 2 function "finish" parent 0 by %2
  %9 read "pthread_join"
  %10 null
  %11 call %9 %10 %10
scope 3 function "filter" parent 0 by %4
  %12 read "begin"
  %13 call %12
  %14 read "finish"
  %15 call %14
)facts"});
  CHECK(has(program, "begin", Effect::starts_thread));
  CHECK_FALSE(has(program, "filter", Effect::starts_thread));
}
