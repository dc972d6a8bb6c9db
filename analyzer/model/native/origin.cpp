#include "analyzer/model/native/origin.h"

namespace forklint::model::native {
namespace {

using Kind = Origin::Kind;

constexpr int most_steps = 64;

// Gives what is behind the object as a pointer does.
bool is_dereference(std::string_view method) { return method == "operator->" || method == "operator*" || method == "operator[]" || method == "get"; }

class Tracer {
 public:
  Tracer(const Program& program, FunctionId function) : program_(program), function_(function) {}

  Origin run(EventId event, uint32_t behind) {
    event_ = event;
    behind_ = behind;
    for (int step = 0; step < most_steps && event_ != none; ++step)
      if (std::optional<Origin> end = advance()) return *end;
    return {};
  }

  Origin run_object(EventId object) {
    enter(object);
    return run(event_, behind_);
  }

 private:
  using End = std::optional<Origin>;
  static Origin unknown() { return {}; }

  // Goes on with what a field, method or element is taken of.
  void enter(EventId object) {
    event_ = object;
    std::optional<std::string> type = object == none ? std::nullopt : program_.indirection(function_, object);
    if (type && type->starts_with('&')) type->erase(0, 1);
    behind_ = type && type->starts_with('*');
  }

  void follow(FunctionId function, EventId event) {
    function_ = function;
    event_ = event;
  }

  End advance() {
    const facts::Event& event = program_.event(function_, event_);
    switch (event.op) {
      case Op::read: case Op::bind: case Op::augment: return variable(event.name);
      case Op::attribute:
        if (program_.name_of(function_, event_).ends_with(')')) return unknown();  // a method
        [[fallthrough]];
      case Op::set_attribute: case Op::augment_attribute: return field();
      case Op::subscript: case Op::set_subscript: case Op::augment_subscript:
        ++behind_;
        event_ = program_.operand(function_, event_, 0);
        return std::nullopt;
      case Op::unary: return unary(program_.name_of(function_, event_));
      case Op::iterate: return element();
      case Op::call: return called();
      default: return unknown();
    }
  }

  End unary(std::string_view sign) {
    if (sign == "&" && behind_ > 0) --behind_;
    else if (sign == "*") ++behind_;
    else return unknown();
    event_ = program_.operand(function_, event_, 0);
    return std::nullopt;
  }

  // An element of what is iterated over.
  End element() {
    const EventId all = program_.operand(function_, event_, 0);
    if (all == none || behind_ > 0) return unknown();
    std::optional<std::string> type = program_.indirection(function_, all);
    const bool array = type && (type->starts_with('[') || type->starts_with("&["));
    if (!array && !holds(program_.type_of(function_, all))) return unknown();
    behind_ = array;
    event_ = all;
    return std::nullopt;
  }

  bool holds(std::string_view type) const {
    const NativeApi* row = type.empty() ? nullptr : program_.natives().find(type);
    return row && !row->changed_by.empty();
  }

  End field() {
    if (!within(program_.indirection(function_, event_).value_or(""))) return unknown();
    field_ = program_.name_of(function_, event_);
    enter(program_.operand(function_, event_, 0));
    return std::nullopt;
  }

  // Whether a thing of this type holds what is meant in itself: not behind a pointer or reference.
  bool within(std::string_view type) {
    for (; behind_ > 0 && type.starts_with('['); type.remove_prefix(1)) --behind_;
    return behind_ == 0 && !type.starts_with('&');
  }

  End called() {
    const EventId callee = program_.operand(function_, event_, 0);
    if (callee == none) return unknown();
    const std::string_view symbol = program_.name_of(function_, callee);
    if (program_.event(function_, callee).op == Op::attribute) {
      const bool element = holds(class_of(symbol));
      if (element ? behind_ > 0 : !is_dereference(last_name(symbol))) return unknown();
      // What operator* gives is behind the pointer, and so is what is behind the pointer that get() gives.
      const uint32_t further = element ? 0 : last_name(symbol) == "get" && behind_ > 0 ? behind_ : behind_ + 1;
      enter(program_.operand(function_, callee, 0));
      behind_ += further;
      return std::nullopt;
    }
    const NativeApi* row = program_.natives().find(without_parameters(symbol));
    if (row && row->refers) {
      event_ = program_.argument(function_, event_, *row->refers);
      behind_ -= behind_ > 0;
      return std::nullopt;
    }
    // `new T(x)` is a call that gives memory, and then one of T.
    const bool made = allocates(event_) || (callee > 0 && allocates(callee - 1));
    return behind_ == 1 && made ? holder_ : unknown();
  }

  bool allocates(EventId call) const {
    if (program_.event(function_, call).op != Op::call) return false;
    const EventId callee = program_.operand(function_, call, 0);
    if (callee == none || program_.event(function_, callee).op != Op::read) return false;
    const std::string_view symbol = program_.name_of(function_, callee);
    const NativeApi* row = program_.natives().find(without_parameters(symbol));
    return row && row->allocates && !symbol.ends_with(", void *)");  // with an address given `new` only makes the object there
  }

  End variable(NameId name) {
    if (program_.facts(function_).name(name) == "this") return object();
    if (const EventId kept = program_.captured(function_, name); kept != none) return captured(kept, name);
    const std::optional<Program::Local> local = program_.local(function_, name);
    std::optional<std::string> known = program_.indirection(function_, event_);
    if (!known) return unknown();
    std::string_view type = *known;
    const Object named = program_.object(function_, event_);
    const Origin itself{.kind = Kind::variable, .function = local ? local->function : none, .key = named.key, .name = named.name};
    if (!local) return within(type) ? itself : unknown();
    const bool parameter = local->parameter != none;
    if (type.starts_with('&')) {
      if (!parameter) return follow(local->function, local->value), std::nullopt;
      type.remove_prefix(1);
      const bool pointer = !within(type) && type.starts_with('*');
      return pointer ? unknown() : through(*local, named);
    }
    if (within(type)) return itself;
    if (parameter) return local->initialised == none ? through(*local, named) : unknown();  // it may point elsewhere by now
    holder_ = itself;
    follow(local->function, local->value);
    return std::nullopt;
  }

  Origin through(const Program::Local& local, const Object& named) const {
    return {.kind = Kind::parameter, .function = local.function, .key = named.key, .name = named.name, .parameter = local.parameter, .behind = behind_};
  }

  // What a lambda keeps: by reference it is the variable itself, by value what a pointer points to at most.
  End captured(EventId kept, NameId name) {
    const FunctionId maker = program_.maker(function_);
    if (maker == none) return unknown();
    EventId value = kept;
    if (program_.event(maker, kept).op == Op::unary && program_.name_of(maker, kept) == "&") {
      value = program_.operand(maker, kept, 0);
      if (value == none) return unknown();
      const facts::Event& meant = program_.event(maker, value);
      const bool same = meant.op == Op::read && meant.name == name;
      if (!same && behind_ > 0) --behind_;  // [p = &x]
    } else {
      const std::optional<std::string> type = program_.indirection(maker, kept);
      if (behind_ == 0 || (type && type->starts_with('['))) return unknown();  // a copy of its own
    }
    follow(maker, value);
    return std::nullopt;
  }

  End object() {
    for (FunctionId maker = program_.maker(function_); maker != none; maker = program_.maker(function_)) {
      const facts::FileFacts& facts = program_.facts(function_);
      const facts::Event& made = facts.events[facts.scopes[program_.function(function_).scope].definition];
      for (uint32_t i = 0; i < made.operands_count; ++i) {
        const facts::Operand& kept = facts.operands_of(made)[i];
        if (facts.name(kept.keyword) == "this" && kept.value != none && facts.events[kept.value].op == Op::unary) return unknown();  // [*this]: a copy
      }
      function_ = maker;
    }
    return Origin{.kind = Kind::object, .function = function_, .key = std::string(field_), .name = field_};
  }

  const Program& program_;
  FunctionId function_;
  EventId event_ = none;
  uint32_t behind_ = 0;
  std::string_view field_;  // the outermost
  Origin holder_;           // the pointer that is followed
};

}  // namespace

Origin origin(const Program& program, FunctionId function, EventId place, uint32_t behind) { return Tracer(program, function).run(place, behind); }

Origin origin_of_object(const Program& program, FunctionId function, EventId object) { return Tracer(program, function).run_object(object); }

bool is_reference(const Program& program, FunctionId function, EventId argument) {
  if (program.event(function, argument).op != Op::call) return false;
  const EventId callee = program.operand(function, argument, 0);
  const NativeApi* row = callee == none ? nullptr : program.natives().find(without_parameters(program.name_of(function, callee)));
  return row && row->refers;
}

std::string_view class_of(std::string_view method) {
  const std::string_view name = without_parameters(method);
  const size_t colons = name.rfind("::");
  return colons == name.npos ? std::string_view() : name.substr(0, colons);
}

}  // namespace forklint::model::native
