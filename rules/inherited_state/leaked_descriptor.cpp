// A descriptor without the close-on-exec flag goes on into every program that this one becomes or starts. Told where it lives
// long: kept in a global variable or a field of a program that does start others and nowhere sees to its descriptors. Both must be
// seen to be reached from main(): what is called through a pointer may be the code of another process.
#include <algorithm>

#include "rules/inherited_state/kept_descriptor.h"
#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

// The variables and fields whose descriptors are marked close-on-exec somewhere: by fcntl, or by a function of the program that
// marks its parameter.
std::vector<std::string> marked_descriptors(const Program& code) {
  auto marks = [&](FunctionId id, const Call& call) { return call.api && call.targets.empty() && call.api->sets_cloexec ? code.argument(id, call.event, *call.api->sets_cloexec) : none; };
  const Handed handed = handed_parameters(code, marks);
  std::vector<std::string> marked;
  auto mark = [&](FunctionId id, EventId given) {
    const Call* giver = given == none ? nullptr : code.call_at(id, given);
    if (giver && giver->api && giver->api->refers) given = code.argument(id, given, *giver->api->refers);
    if (Object object = given == none ? Object{} : code.object(id, given); !object.empty() && !object.local) marked.push_back(object.key);
  };
  for (FunctionId id = 0; id < code.functions().size(); ++id)
    for (const Call& call : code.function(id).calls) {
      mark(id, marks(id, call));
      for (EventId given : handed_by(code, handed, id, call)) mark(id, given);
    }
  std::sort(marked.begin(), marked.end());
  return marked;
}

enum class Closed : uint8_t { no, yes, unknown };

// Whether what a call opens is closed at exec.
Closed closed_at_exec(const Program& code, FunctionId id, const Call& call) {
  if (call.api->opens_cloexec) return Closed::yes;
  EventId flags = call.api->cloexec ? code.argument(id, call.event, *call.api->cloexec) : none;
  if (call.api->cloexec_bit) {
    std::optional<int64_t> number = code.constant(id, flags);
    return !number ? Closed::unknown : uint64_t(*number) & call.api->cloexec_bit ? Closed::yes : Closed::no;
  }
  if (!call.api->cloexec) return Closed::no;
  if (flags == none || code.event(id, flags).op != Op::string) return Closed::unknown;  // fopen(…, "re")
  return code.name_of(id, flags).find('e') != std::string_view::npos ? Closed::yes : Closed::no;
}

// Whether the function opens the same with the flag, too: for kernels that do not know the flag it tries again without.
bool tried_with_flag(const Program& code, FunctionId id, const Object& object) {
  return std::ranges::any_of(code.function(id).calls, [&](const Call& call) {
    return call.api && call.targets.empty() && call.api->opens && closed_at_exec(code, id, call) == Closed::yes && kept_in(code, id, call).key == object.key;
  });
}

// The variables and fields that are closed on a way to another program: before a call that becomes or starts one, by the function itself,
// or by what a child calls there.
std::vector<std::string> closed_on_the_way(const Native& program) {
  const Program& code = program.program();
  std::vector<std::string> closed;
  auto note = [&](FunctionId id, const Call& call) {
    const EventId given = call.api && call.targets.empty() && call.api->closes ? code.argument(id, call.event, *call.api->closes) : none;
    if (Object object = given == none ? Object{} : code.object(id, given); !object.empty() && !object.local) closed.push_back(object.key);
  };
  auto closes_one_end = [&](FunctionId id, const Call& call) {  // the other goes on
    const EventId given = call.api && call.api->closes ? code.argument(id, call.event, *call.api->closes) : none;
    return given != none && code.event(id, given).op == Op::subscript;
  };
  for (FunctionId id = 0; id < code.functions().size(); ++id) {
    const std::vector<Call>& calls = code.function(id).calls;
    const auto last = std::ranges::find_if(calls.rbegin(), calls.rend(), [&](const Call& call) { return program.effects().of_call(id, call, Effect::execs).has_value(); });
    if (last == calls.rend()) continue;
    std::vector<FunctionId> called;
    for (const Call& call : calls) {
      if (call.event > last->event) continue;
      note(id, call);
      if (call.event < last->event && program.forks().only_child(id, call.event)) called.insert(called.end(), call.targets.begin(), call.targets.end());
    }
    for (size_t i = 0, near = called.size(); i < called.size(); ++i)
      for (const Call& call : code.function(called[i]).calls) {
        if (!closes_one_end(called[i], call)) note(called[i], call);
        if (i < near) called.insert(called.end(), call.targets.begin(), call.targets.end());
      }
  }
  std::ranges::sort(closed);
  return closed;
}

// Whether what a call opens is a standard descriptor: the one that was closed just before. Programs that are started are to have it.
bool replaces_standard(const Program& code, FunctionId id, const Call& opened) {
  const std::vector<Call>& calls = code.function(id).calls;
  auto before = std::ranges::lower_bound(calls, opened.event, {}, &Call::event);
  if (before == calls.begin()) return false;
  --before;
  const EventId given = before->api && before->targets.empty() && before->api->closes ? code.argument(id, before->event, *before->api->closes) : none;
  const std::optional<int64_t> number = code.constant(id, given);
  return number && *number >= 0 && *number <= 2;
}

// Whether what is opened is open only for a while: whatever way the function goes, it closes it, or all that call it do, by what they call,
// before anything starts another program.
class OpenForAWhile {
 public:
  OpenForAWhile(const Native& program, std::string key) : program_(program), code_(program.program()), key_(std::move(key)) {
    for (FunctionId id = 0; id < code_.functions().size(); ++id)
      if (std::ranges::any_of(code_.function(id).calls, [&](const Call& call) { return closes(id, call); })) closing_.push_back(id);
  }

  // `opened`: a call behind which it is open.
  bool behind(FunctionId id, EventId opened, int callers = furthest_callers) const {
    if (closing_.empty()) return false;
    // What a function returns that opens it says something of its own: 0 for success.
    const Walked walked = walk_from(id, opened, callers == furthest_callers ? opened : none, furthest_callees);
    for (const Call& call : code_.function(id).calls)
      if ((walked.at(call.event) & open) && call.event != opened && program_.effects().of_call(id, call, Effect::execs)) return false;
    if (!left_open(id, walked)) return true;
    const std::vector<Program::Caller>& all = code_.callers(id);
    return callers > 0 && !all.empty() && std::ranges::all_of(all, [&](const Program::Caller& it) { return behind(it.function, code_.function(it.function).calls[it.call].event, callers - 1); });
  }

 private:
  static constexpr State elsewhere = 1, open = 2;
  static constexpr int furthest_callees = 2, furthest_callers = 3;

  // From where it is opened, or from the beginning of the function where that is none.
  // `result`: the call whose result is it.
  Walked walk_from(FunctionId id, EventId opened, EventId result, int callees) const {
    Steps steps{.after = [this, id, opened, callees](EventId at, State state) -> State {
                  if (at == opened) return open;
                  const Call* call = code_.event(id, at).op == Op::call ? code_.call_at(id, at) : nullptr;
                  if (!call) return state;
                  if (!program_.forks().returns(*call)) return 0;
                  return (state & open) && (closes(id, *call) || closes_always(*call, callees)) ? elsewhere : state;
                },
                .assume = [this, id, result](EventId condition, bool taken, State state) -> State { return means_failure(id, condition, taken, result) ? state & ~open : state; }};
    return walk(code_.facts(id), code_.function(id).scope, opened == none ? open : elsewhere, steps);
  }

  bool left_open(FunctionId id, const Walked& walked) const {
    if (walked.end & open) return true;
    for (size_t i = 0; i < walked.before.size(); ++i)
      if (code_.event(id, walked.begin + EventId(i)).op == Op::return_ && (walked.before[i] & open)) return true;
    return false;
  }

  bool closes(FunctionId id, const Call& call) const {
    const EventId given = call.api && call.targets.empty() && call.api->closes ? code_.argument(id, call.event, *call.api->closes) : none;
    return given != none && (code_.object(id, given).key == key_ || stands_for(id, code_.object(id, given).key));
  }

  // Whether a variable is set to what stands for it: file = fdopen(fd, "w").
  bool stands_for(FunctionId id, const std::string& variable) const {
    const facts::Range events = code_.facts(id).scopes[code_.function(id).scope].events;
    for (EventId at = events.begin; at < events.end && !variable.empty(); ++at) {
      if (code_.event(id, at).op != Op::bind || code_.object(id, at).key != variable) continue;
      const EventId value = code_.operand(id, at, 0);
      const Call* made = value == none ? nullptr : code_.call_at(id, value);
      const EventId of = made && made->api && made->targets.empty() && made->api->refers ? code_.argument(id, value, *made->api->refers) : none;
      if (of != none && code_.object(id, of).key == key_) return true;
    }
    return false;
  }

  // Whether what is called closes it whatever way it goes.
  bool closes_always(const Call& call, int callees) const {
    if (callees <= 0 || !call.sure || call.targets.size() != 1) return false;
    const FunctionId target = call.targets.front();
    return !left_open(target, walk_from(target, none, none, callees - 1));
  }

  // Whether a condition says that nothing was opened: fd < 0, !file.
  bool means_failure(FunctionId id, EventId condition, bool taken, EventId result) const {
    const facts::Event& event = code_.event(id, condition);
    const std::string_view sign = code_.name_of(id, condition);
    if (event.op == Op::unary && sign == "not") return means_failure(id, code_.operand(id, condition, 0), !taken, result);
    const bool compares = event.op == Op::compare && event.operands_count == 2;
    const EventId asked = compares ? code_.operand(id, condition, 0) : condition;
    if (asked == none) return false;
    const std::optional<Program::Local> variable = code_.event(id, asked).op == Op::read ? code_.local(id, code_.event(id, asked).name) : std::nullopt;
    if (variable && result != none && variable->value == result) return compares && (sign == "<" || sign == "==") ? taken : !taken;
    const bool field_set = code_.event(id, asked).op == Op::set_attribute && code_.name_of(id, asked) == key_;
    if (asked != result && !field_set && code_.object(id, asked).key != key_) return false;
    return compares && (sign == "<" || sign == "==") ? taken : !taken;
  }

  const Native& program_;
  const Program& code_;
  std::string key_;
  std::vector<FunctionId> closing_;
};

// Where programs become or start another, and where one closes whatever is open before that.
struct Execs {
  std::vector<Place> places;
  std::vector<FunctionId> all_closed;
};

Execs find_execs(const Native& program) {
  Execs result;
  const Program& code = program.program();
  for (FunctionId id = 0; id < code.functions().size(); ++id)
    for (const Call& call : code.function(id).calls) {
      if (const NativeApi* row = code.row(call); row && row->closes_all) result.all_closed.push_back(id);  // or the program's own closefrom()
      if (!call.api || !call.targets.empty()) continue;
      if (program.called_from_main(id) && program.effects().does(id, call, Effect::execs)) result.places.push_back({id, call.event});
    }
  // A loop over numbers counts where it stands or is called on the way to another program: a child may close all for its own work.
  auto by_number = [&](FunctionId id) { return std::ranges::any_of(code.function(id).calls, [&](const Call& call) { return call.api && call.targets.empty() && closes_by_number(code, id, call); }); };
  for (FunctionId id = 0; id < code.functions().size(); ++id) {
    const std::vector<Call>& calls = code.function(id).calls;
    const auto closer = std::ranges::find_if(calls, [&](const Call& call) { return (call.api && call.targets.empty() && closes_by_number(code, id, call)) || std::ranges::any_of(call.targets, by_number); });
    if (closer != calls.end() && std::any_of(closer, calls.end(), [&](const Call& call) { return program.effects().of_call(id, call, Effect::execs).has_value(); })) result.all_closed.push_back(id);
  }
  return result;
}

// Where a folder holds many programs, a file of them all may have been compiled for each in another way: what it leads to belongs to a
// program only if it stands near by, above or below.
bool stand_near(const Program& code, FunctionId one, FunctionId other) {
  auto folder = [&](FunctionId id) {
    const std::string_view path = code.units()[code.function(id).unit].path;
    return path.substr(0, path.rfind('/') + 1);  // "" at the top
  };
  const std::string_view a = folder(one), b = folder(other);
  return a.starts_with(b) || b.starts_with(a);
}

void check(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  const Program& code = program.program();
  const bool many_programs = code.named("main").size() > 1;
  const Execs execs = find_execs(program);
  if (execs.places.empty()) return;
  std::vector<std::string> seen_to = marked_descriptors(code);
  std::ranges::move(closed_on_the_way(program), std::back_inserter(seen_to));
  std::ranges::sort(seen_to);
  // A folder may hold the sources of many programs.
  auto exec_of = [&](FunctionId id) -> const Place* {
    auto shares = [&](FunctionId other) { return program.joins_program(other, id); };
    if (std::ranges::any_of(execs.all_closed, shares)) return nullptr;
    auto starts = [&](FunctionId other) { return shares(other) && (!many_programs || stand_near(code, id, other)); };
    const auto it = std::ranges::find_if(execs.places, starts, &Place::function);
    return it == execs.places.end() ? nullptr : &*it;
  };
  for (FunctionId id = 0; id < code.functions().size(); ++id)
    for (const Call& call : code.function(id).calls) {
      if (!call.api || !call.targets.empty() || !call.api->opens || !program.called_from_main(id) || program.forks().only_child(id, call.event)) continue;
      if (closed_at_exec(code, id, call) != Closed::no) continue;
      Object object = kept_in(code, id, call);
      if (object.empty() || std::ranges::binary_search(seen_to, object.key) || tried_with_flag(code, id, object) || replaces_standard(code, id, call)) continue;
      const Place* exec = exec_of(id);
      if (!exec || OpenForAWhile(program, object.key).behind(id, call.event)) continue;
      EventId flags = call.api->cloexec ? code.argument(id, call.event, *call.api->cloexec) : none;
      auto draft = report.finding(code.site(id, call.event), "This descriptor stays open in every program that is started from here");
      draft.label(program.site(*exec), "another program is started here").confidence(Confidence::likely);
      if (call.api->cloexec_bit)
        draft.fix({"Close it at exec", engine::Safety::safe, {{{code.site(id, flags).file, {code.event(id, flags).span.end, code.event(id, flags).span.end}}, " | " + call.api->cloexec_name}}});
    }
}

}  // namespace

extern const engine::Rule leaked_descriptor = {
    .code = "PSM412", .name = "leaked-descriptor", .family = "inherited_state",
    .summary = "A descriptor without close-on-exec in a program that starts others", .severity = engine::Severity::info, .languages = "c", .fix = engine::Fixability::sometimes, .check = check};

}  // namespace forklint::rules
