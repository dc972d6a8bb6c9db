#include "analyzer/model/native/bound_classes.h"

#include <algorithm>
#include <array>
#include <unordered_set>

namespace forklint::model::native {
namespace {

constexpr int most_callers = 6;

// Follows one such object through its function.
class Binding {
 public:
  Binding(const Program& program, FunctionId function, EventId made) : program_(program), function_(function) { same_.insert(made); }

  // Whether all that is done with it is seen, and nothing of it has to do with pickling.
  bool refused() {
    const facts::Range events = program_.facts(function_).scopes[program_.function(function_).scope].events;
    for (EventId at = events.begin; at < events.end && !open_; ++at) event(at);
    return !open_;
  }

 private:
  bool is_same(EventId id) const { return id != none && same_.contains(id); }

  void event(EventId at) {
    const facts::Event& it = program_.event(function_, at);
    const EventId first = program_.operand(function_, at, 0);
    switch (it.op) {
      case Op::bind:
        if (is_same(first)) names_.insert(it.name);
        return;
      case Op::read:
        if (names_.contains(it.name)) same_.insert(at);
        return;
      case Op::attribute: return;  // its call comes
      case Op::call:
        if (first != none && program_.event(function_, first).op == Op::attribute && is_same(program_.operand(function_, first, 0))) return method(at);
        break;
      default: break;
    }
    for (uint32_t i = 0; i < it.operands_count; ++i) open_ |= is_same(program_.operand(function_, at, i));
  }

  // .def("name", …) gives the object back; .def(something) gives the class what that stands for.
  void method(EventId call) {
    same_.insert(call);
    for (uint32_t i = 1; i < program_.event(function_, call).operands_count; ++i) open_ |= is_same(program_.operand(function_, call, i));
    const EventId given = program_.argument(function_, call, {.position = 0});
    if (given == none) return;
    const facts::Event& it = program_.event(function_, given);
    if (it.op == Op::string) {
      open_ |= is_pickle_method(program_.name_of(function_, given));
      return;
    }
    const Call* made = it.op == Op::call ? program_.call_at(function_, given) : nullptr;
    const NativeApi* row = made ? program_.row(*made) : nullptr;
    open_ |= !row || !row->python || row->python_pickle;
  }

  const Program& program_;
  FunctionId function_;
  std::unordered_set<EventId> same_;
  std::unordered_set<NameId> names_;
  bool open_ = false;
};

// Whether what a class is put into is not the module: another class, a submodule, or what may be one.
bool is_inner(const Program& program, FunctionId function, EventId given, int depth = 0) {
  if (given == none || depth > most_callers) return true;
  const facts::Event& it = program.event(function, given);
  if (it.op == Op::unary) return is_inner(program, function, program.operand(function, given, 0), depth + 1);
  if (it.op != Op::read) return true;
  const FileFacts& facts = program.facts(function);
  const facts::Scope& scope = facts.scopes[program.function(function).scope];
  for (EventId at = scope.events.begin; at < given; ++at) {
    if (facts.events[at].op != Op::bind || facts.events[at].name != it.name) continue;
    const EventId value = program.operand(function, at, 0);
    const Call* call = value != none && facts.events[value].op == Op::call ? program.call_at(function, value) : nullptr;
    const NativeApi* row = call ? program.row(*call) : nullptr;
    return !row || !row->python || row->python_type || row->python_submodule;
  }
  for (uint32_t p = scope.parameters.begin; p < scope.parameters.end; ++p) {
    if (facts.parameters[p].name != it.name) continue;
    for (const Program::Caller& caller : program.callers(function)) {
      const Call& call = program.function(caller.function).calls[caller.call];
      const EventId passed = call.sure ? program.argument(caller.function, call.event, {.position = int(p - scope.parameters.begin)}) : none;
      if (passed == none) continue;  // called by the library
      const bool converted = program.event(caller.function, passed).op == Op::call;  // borrow(handle(m))
      if (!converted && is_inner(program, caller.function, passed, depth + 1)) return true;
    }
    return false;
  }
  return true;
}

// The template arguments: the class, then what it is related to.
void add_classes(const Program& program, BoundType& type) {
  const FileFacts& facts = program.facts(type.place.function);
  const facts::Event& event = facts.events[type.place.event];
  for (uint32_t i = 1; i < event.operands_count; ++i) {
    const facts::Operand& operand = facts.operands_of(event)[i];
    if (!facts.name(operand.keyword).starts_with('<')) continue;
    const facts::Event& named = facts.events[operand.value];
    const std::string_view symbol = named.op == Op::read ? facts.name(named.name) : std::string_view();
    if (type.symbol.empty()) type.symbol = symbol;
    else type.related.push_back(symbol);
  }
}

}  // namespace

bool is_pickle_method(std::string_view name) {
  static constexpr std::array<std::string_view, 6> names{"__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__getnewargs__", "__getnewargs_ex__"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<BoundType> bound_classes(const Program& program, FunctionId function) {
  std::vector<BoundType> result;
  for (const Call& call : program.function(function).calls) {
    const NativeApi* row = program.row(call);
    if (!row || !row->python_type || !row->python_name || row->python_size) continue;
    const EventId name = program.argument(function, call.event, *row->python_name);
    if (name == none || program.event(function, name).op != Op::string) continue;
    if (is_inner(program, function, program.argument(function, call.event, {.position = 0}))) continue;
    BoundType type{.name = std::string(program.name_of(function, name)), .place = {function, call.event}, .refused = Binding(program, function, call.event).refused()};
    add_classes(program, type);
    result.push_back(std::move(type));
  }
  return result;
}

}  // namespace forklint::model::native
