#include "analyzer/model/native/native.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "analyzer/model/native/behind.h"

namespace forklint::model::native {

Native::Native(std::vector<Unit> units, const knowledge::Natives& natives)
    : program_(std::move(units), natives), forks_(program_), effects_(program_, forks_) {
  find_roots();
  find_programs();
  find_called_from_main();
  live_.resize(forks_.sites().size());
  held_.resize(forks_.sites().size());
  find_live_threads();
  find_held_locks();
}

Native::~Native() = default;

// The handlers in the initialiser of a structure, or of one inside of it: {.sa_handler = on_signal}.
std::vector<FunctionId> Native::initialised_handlers(FunctionId id, EventId value, const NativeApi& api) const {
  std::vector<FunctionId> handlers;
  std::vector<EventId> open{value};
  for (size_t i = 0; i < open.size(); ++i) {
    if (open[i] == none || program_.event(id, open[i]).op != Op::call) continue;
    const facts::FileFacts& facts = program_.facts(id);
    for (uint32_t part = 1; part < facts.events[open[i]].operands_count; ++part) {
      const facts::Operand& given = facts.operands_of(facts.events[open[i]])[part];
      if (given.keyword == facts::name_positional) continue;
      open.push_back(given.value);
      const bool is_handler = std::ranges::find(api.handler_fields, last_name(facts.name(given.keyword))) != api.handler_fields.end();
      if (is_handler) std::ranges::copy(program_.function_values(id, given.value), std::back_inserter(handlers));
    }
  }
  return handlers;
}

void Native::find_roots() {
  for (FunctionId id = 0; id < program_.functions().size(); ++id) {
    const Function& function = program_.function(id);
    const NativeApi* named = function.symbol.empty() ? nullptr : program_.natives().find(without_parameters(function.symbol));
    if (function.has(function_module) || function.has(function_constructor)) load_roots_.push_back(id);
    if (named && named->python_module) python_roots_.push_back(id);
    if (without_parameters(function.symbol) == "main") mains_.push_back(id);
    for (const Call& call : function.calls) {
      if (!call.api || !call.targets.empty()) continue;
      const NativeApi& api = *call.api;
      auto values = [&](const std::optional<knowledge::Argument>& argument) {
        std::vector<FunctionId> result;
        for (knowledge::Argument at = argument.value_or(knowledge::Argument{}); at.position >= 0; ++at.position) {
          EventId given = program_.argument(id, call.event, at);
          if (given == none) break;
          for (FunctionId function : program_.function_values(id, given)) result.push_back(function);
          if (!at.rest) break;
        }
        return result;
      };
      if (api.starts_thread)
        for (FunctionId entry : values(api.entry)) entries_.push_back({entry, {id, call.event}});
      if (api.handler && api.handler_fields.empty())
        for (FunctionId entry : values(api.handler)) handlers_.push_back({entry, {id, call.event}});
      if (api.handler && !api.handler_fields.empty()) {  // sigaction: the fields of its structure, set before
        Object action = program_.object(id, program_.argument(id, call.event, *api.handler));
        const facts::Scope& scope = program_.facts(id).scopes[function.scope];
        for (EventId at = scope.events.begin; at < call.event; ++at) {
          if (program_.event(id, at).op == Op::bind && program_.object(id, at).key == action.key)
            for (FunctionId entry : initialised_handlers(id, program_.operand(id, at, 0), api)) handlers_.push_back({entry, {id, call.event}});
          if (program_.event(id, at).op != Op::set_attribute) continue;
          std::string_view field = last_name(program_.name_of(id, at));
          if (std::find(api.handler_fields.begin(), api.handler_fields.end(), field) == api.handler_fields.end()) continue;
          EventId base = program_.operand(id, at, 0);
          if (program_.event(id, base).op == Op::attribute) base = program_.operand(id, base, 0);
          if (action.empty() || program_.object(id, base).key != action.key) continue;
          for (FunctionId entry : program_.function_values(id, program_.operand(id, at, 1))) handlers_.push_back({entry, {id, call.event}});
        }
      }
      if (api.prepare || api.in_parent || api.in_child) {
        AtFork it{.place = {id, call.event}};
        auto take = [&](const std::optional<knowledge::Argument>& argument, bool& has, std::optional<FunctionId>& target) {
          EventId given = argument ? program_.argument(id, call.event, *argument) : none;
          if (given == none) return;
          std::optional<int64_t> number = program_.constant(id, given);
          has = program_.event(id, given).op != Op::null && !(number && *number == 0);
          if (std::vector<FunctionId> functions = program_.function_values(id, given); !functions.empty()) target = functions.front();
        };
        take(api.prepare, it.has_prepare, it.prepare);
        take(api.in_parent, it.has_parent, it.parent);
        take(api.in_child, it.has_child, it.child);
        at_fork_.push_back(it);
      }
    }
  }
}

// The forks that a call may come to, each with the calls that lead there, that one first.
std::vector<std::pair<uint32_t, std::vector<Place>>> Native::sites_from(FunctionId function, const Call& call) const {
  std::vector<std::pair<uint32_t, std::vector<Place>>> result;
  auto add = [&](FunctionId in, EventId only, const std::vector<Place>& way) {
    for (uint32_t site : forks_.in(in)) {
      if (only != none && forks_.sites()[site].event != only) continue;
      std::vector<Place> whole = way;
      if (whole.empty() || whole.back().event != forks_.sites()[site].event || whole.back().function != in) whole.push_back({in, forks_.sites()[site].event});
      result.emplace_back(site, std::move(whole));
    }
  };
  add(function, call.event, {});
  for (const WayToFork& it : ways_to_forks(call.targets)) {
    std::vector<Place> way{{function, call.event}};
    way.insert(way.end(), it.way.begin(), it.way.end());
    add(it.function, none, way);
  }
  return result;
}

// Many calls are of the same function: its ways are looked for once.
const std::vector<Native::WayToFork>& Native::ways_to_forks(const std::vector<FunctionId>& targets) const {
  auto [it, is_new] = ways_.try_emplace(targets);
  if (!is_new) return it->second;
  std::vector<Reached::Entry> start;
  for (FunctionId target : targets) start.push_back({target});
  const std::vector<Reached::Entry> entries = reach_doing(program_, forks_, effects_, Effect::forks, start, 500).entries;
  for (const Reached::Entry& entry : entries) {
    if (forks_.in(entry.function).empty()) continue;
    WayToFork& found = it->second.emplace_back(WayToFork{entry.function, {}});
    for (const Reached::Entry* at = &entry; at->from != none; at = &entries[at->from]) found.way.push_back({entries[at->from].function, at->call});
    std::ranges::reverse(found.way);
  }
  return it->second;
}

std::vector<Native::Before> Native::before_forks(const Judge& does, const Judge& undoes) const {
  constexpr State here = 1, done = 2;
  std::vector<Before> result;
  // Whether what was done before a function was called is still so where it forks.
  std::map<Place, bool> known;
  auto survives = [&](Place fork) {
    auto [it, is_new] = known.try_emplace(fork, true);
    if (!is_new) return it->second;
    Steps steps{.after = [&](EventId event, State state) -> State {
                  const Call* call = program_.event(fork.function, event).op == Op::call ? program_.call_at(fork.function, event) : nullptr;
                  if (!call) return state;
                  return !forks_.returns(*call) ? 0 : undoes(fork.function, *call) ? here : state;
                },
                .assume = {}};
    Walked walked = walk(program_.facts(fork.function), program_.function(fork.function).scope, here | done, steps);
    return it->second = walked.at(fork.event) & done;
  };
  for (FunctionId id = 0; id < program_.functions().size(); ++id) {
    if (!effects_.of(id, Effect::forks)) continue;
    const Function& function = program_.function(id);
    const Call* first = nullptr;
    for (const Call& call : function.calls)
      if (does(id, call)) {
        first = &call;
        break;
      }
    if (!first) continue;
    EventId latest = none;  // what is done where the walk stands; a way to name it, not to be sure
    std::unordered_map<EventId, EventId> latest_at;
    Steps steps{.after = [&](EventId event, State state) -> State {
                  const Call* call = program_.event(id, event).op == Op::call ? program_.call_at(id, event) : nullptr;
                  if (!call) return state;
                  latest_at.emplace(event, latest);  // also of what forks and never comes back
                  if (!forks_.returns(*call)) return 0;
                  if (undoes(id, *call)) return here;
                  if (does(id, *call)) latest = event, state |= done;
                  return state;
                },
                .assume = {}};
    Walked walked = walk(program_.facts(id), function.scope, here, steps);
    // Whether the program comes from one event of the function to another: not where the arms around the first say otherwise.
    auto leads = [&](const Call& first_call, EventId to) {
      const EventId from = first_call.event;
      const Known known = known_in_arms(program_, id, from);
      // What is called may say by its result that it has done it: then it is not so where the caller is told otherwise.
      const bool tells = first_call.targets.size() == 1 && first_call.sure;
      const ForkResult::Range told = tells ? returned_when_done(program_, forks_, first_call.targets.front(), does) : ForkResult::Range();
      const ForkResult result{{told, told, told}};
      const ResultReader reader(program_, id, from, result);
      Steps way{.after = [&](EventId event, State state) -> State {
                  const Call* call = program_.event(id, event).op == Op::call ? program_.call_at(id, event) : nullptr;
                  if (call && !forks_.returns(*call)) return 0;
                  if (call && undoes(id, *call)) return here;
                  return event == from ? done : state;
                },
                .assume = [&](EventId condition, bool taken, State state) -> State {
                  if (const int truth = told.known && (state & done) ? reader.truth(condition, 2) : -1; truth >= 0 && bool(truth) != taken) return state & ~done;
                  if (known.empty() || condition < from || !(state & done) || truth_knowing(program_, id, condition, known) < 0) return state;
                  const int truth = truth_knowing(program_, id, condition, known_at(program_, id, condition, known, from));
                  return truth >= 0 && bool(truth) != taken ? state & ~done : state;
                }};
      return bool(walk(program_.facts(id), function.scope, here, way).at(to) & done);
    };
    for (const Call& call : function.calls) {
      if (!(walked.at(call.event) & done) || !effects_.of_call(id, call, Effect::forks)) continue;
      const EventId start_at_most = latest_at[call.event] == none ? latest : latest_at[call.event];
      const auto named = std::find_if(function.calls.rbegin(), function.calls.rend(), [&](const Call& it) { return it.event <= start_at_most && does(id, it) && leads(it, call.event); });
      if (named == function.calls.rend()) continue;
      const EventId start = named->event;
      if (start == call.event && call.targets.empty()) continue;
      for (auto& [site, way] : sites_from(id, call))
        if (std::all_of(way.begin() + 1, way.end(), survives)) result.push_back({site, {id, start}, way, start < call.event});
    }
  }
  return result;
}

void Native::find_live_threads() {
  auto add = [&](uint32_t site, LiveThread thread) {
    std::vector<LiveThread>& known = live_[site];
    if (known.size() < 8) known.insert(thread.certain ? known.begin() : known.end(), std::move(thread));
  };
  auto starts = [&](FunctionId id, const Call& call) { return effects_.of_call(id, call, Effect::starts_thread) && !forks_.only_child(id, call.event); };
  // Or calls a function whose business that is, not one that joins what it has started: pool.stop().
  auto only_joins = [&](FunctionId target) {
    const std::vector<Call>& calls = program_.function(target).calls;
    const bool starts_itself = std::ranges::any_of(calls, [&](const Call& call) { return effects_.does(target, call, Effect::starts_thread); });
    return !starts_itself && std::ranges::any_of(calls, [&](const Call& call) { return native::joins(program_, target, call); });
  };
  // What only a child joins is there in its parent.
  auto joins = [&](FunctionId id, const Call& call) { return !forks_.only_child(id, call.event) && (native::joins(program_, id, call) || std::ranges::any_of(call.targets, only_joins)); };
  for (Before& before : before_forks(starts, joins)) {
    // A loop over a list of threads joins them all, though the list might be empty.
    const std::vector<Call>& calls = program_.function(before.start.function).calls;
    bool joined = std::any_of(calls.begin(), calls.end(), [&](const Call& call) { return call.event > before.start.event && call.event < before.fork.front().event && joins(before.start.function, call); });
    if (joined) continue;
    Step step = *effects_.of_call(before.start.function, *program_.call_at(before.start.function, before.start.event), Effect::starts_thread);
    add(before.site, {.start = effects_.way(before.start.function, step, Effect::starts_thread), .fork = std::move(before.fork), .certain = before.certain && step.sure});
  }
  // Threads that run before main, and forks in code of a thread.
  for (FunctionId root : load_roots_)
    if (const Step* step = effects_.of(root, Effect::starts_thread))
      for (uint32_t site = 0; site < live_.size(); ++site)
        if (share_program(root, forks_.sites()[site].function)) add(site, {.start = effects_.way(root, *step, Effect::starts_thread), .fork = {{forks_.sites()[site].function, forks_.sites()[site].event}}, .at_load = true, .certain = step->sure});
  for (const Entry& entry : entries_) {
    if (!effects_.of(entry.function, Effect::forks)) continue;
    Call run{.event = none, .targets = {entry.function}};
    for (auto& [site, way] : sites_from(entry.start.function, run)) {
      way.erase(way.begin());
      if (!way.empty()) add(site, {.start = {entry.start}, .fork = way, .inside = true, .certain = true});
    }
  }
}

std::vector<const Call*> Native::child_calls(const ForkSite& site) const {
  std::vector<const Call*> result;
  for (const Call& call : program_.function(site.function).calls)
    if (forks_.child_runs(site, call.event) && call.event != site.event) result.push_back(&call);
  return result;
}

std::string dump(const Native& native, std::string_view symbol) {
  std::string text;
  const Program& program = native.program();
  for (FunctionId id : program.defined(symbol)) {
    text += std::string(symbol) + ":";
    for (int i = 0; i < effect_count; ++i) {
      const Step* step = native.effects().of(id, Effect(i));
      if (!step) continue;
      text += (text.back() == ':' ? " " : ", ") + std::string(to_string(Effect(i))) + " (";
      std::string way;
      for (Place place : native.effects().way(id, *step, Effect(i))) {
        const Call* call = program.call_at(place.function, place.event);
        way += (way.empty() ? "" : " > ") + std::string(call && !call->symbol.empty() ? call->symbol : "?");
      }
      text += way + ")";
    }
    if (native.forks().never_returns(id)) text += (text.back() == ':' ? " " : ", ") + std::string("never returns");
    for (uint32_t index : native.forks().in(id)) {
      const ForkSite& site = native.forks().sites()[index];
      text += "\n  fork %" + std::to_string(site.event) + (site.heir ? " heir" : "") + (site.returned ? " returned" : "") + (site.tested ? "" : " untested") + " child";
      for (const Call* call : native.child_calls(site)) text += " " + std::string(call->symbol.empty() ? "?" : call->symbol);
      static constexpr std::string_view ways[] = {"exec", "now", "cleanup", "main ends", "returns", "shared", "throws", "elsewhere", "stays"};
      for (const Leaving& it : site.leaves) text += ", " + std::string(ways[size_t(it.way)]);
    }
    text += "\n";
  }
  return text;
}

}  // namespace forklint::model::native
