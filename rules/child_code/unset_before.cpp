#include "rules/child_code/unset_before.h"

#include <algorithm>

#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

// The number that a global variable is made with; none where it is not one, or not here.
std::optional<int64_t> made_with(const Program& code, const std::string& key) {
  std::optional<int64_t> number;
  for (FunctionId id = 0; id < code.functions().size(); ++id) {
    if (!code.function(id).has(function_module)) continue;
    const facts::Range events = code.facts(id).scopes[code.function(id).scope].events;
    for (EventId at = events.begin; at < events.end; ++at) {
      const Op op = code.event(id, at).op;
      if (op == Op::declare && code.name_of(id, at) == key) number = 0;  // static memory
      if (op == Op::bind && code.object(id, at).key == key) return code.constant(id, code.operand(id, at, 0));
    }
  }
  return number;
}

// Whether a function may set a variable: it does so, or gives its address away.
bool may_set(const Program& code, FunctionId id, const std::string& key) {
  if (code.function(id).has(function_module)) return false;
  const facts::Range events = code.facts(id).scopes[code.function(id).scope].events;
  for (EventId at = events.begin; at < events.end; ++at) {
    const facts::Event& event = code.event(id, at);
    const bool address = event.op == Op::unary && code.name_of(id, at) == "&";
    if ((event.op == Op::bind || event.op == Op::augment || address) && code.object(id, at).key == key) return true;
  }
  return false;
}

// The functions that may set a variable, themselves or by what they call.
std::vector<bool> setters(const Program& code, const std::string& key) {
  std::vector<bool> known(code.functions().size());
  std::vector<FunctionId> open;
  for (FunctionId id = 0; id < known.size(); ++id)
    if (may_set(code, id, key)) known[id] = true, open.push_back(id);
  for (size_t i = 0; i < open.size(); ++i)
    for (const Program::Caller& caller : code.callers(open[i]))
      if (!known[caller.function]) known[caller.function] = true, open.push_back(caller.function);
  return known;
}

// Whether nobody sees here when a setter runs: threads, handlers and static constructors run it, or whoever has its address.
bool runs_unseen(const Native& program, const std::vector<bool>& setters) {
  const Program& code = program.program();
  auto sets = [&](FunctionId id) { return setters[id]; };
  auto runs = [&](const Native::Entry& it) { return sets(it.function); };
  if (std::ranges::any_of(program.thread_entries(), runs) || std::ranges::any_of(program.signal_handlers(), runs)) return true;
  if (std::ranges::any_of(program.load_roots(), sets) || std::ranges::any_of(program.python_roots(), sets)) return true;
  auto is_uncalled_setter = [&](FunctionId id) { return setters[id] && code.callers(id).empty(); };
  return std::ranges::any_of(code.functions(), [&](const Function& it) { return std::ranges::any_of(it.mentioned, is_uncalled_setter); });
}

// Whether a function on the way to the fork sets it by itself: the order there is not asked for.
bool set_on_the_way(const Native& program, const ForkSite& site, const std::string& key) {
  const Program& code = program.program();
  for (FunctionId id = 0; id < code.functions().size(); ++id)
    if ((id == site.function || program.effects().of(id, Effect::forks)) && may_set(code, id, key)) return true;
  return false;
}

}  // namespace

Known unset_before(const Native& program, uint32_t site, const std::set<std::string>& keys) {
  const Program& code = program.program();
  Known known;
  if (!program.called_from_main(program.forks().sites()[site].function)) return known;
  for (const std::string& key : keys) {
    const std::optional<int64_t> number = made_with(code, key);
    if (!number || set_on_the_way(program, program.forks().sites()[site], key)) continue;
    const std::vector<bool> sets = setters(code, key);
    if (runs_unseen(program, sets)) continue;
    const std::vector<Native::Before> before = program.before_forks(
        [&](FunctionId, const Call& call) { return std::ranges::any_of(call.targets, [&](FunctionId target) { return sets[target]; }); }, [](FunctionId, const Call&) { return false; });
    if (std::ranges::none_of(before, [&](const Native::Before& it) { return it.site == site; })) known[key] = {*number};
  }
  return known;
}

}  // namespace forklint::rules
