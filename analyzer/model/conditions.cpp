// Reads conditions. What does not protect is as important as what does: see fixtures/guards, where each form was run.
#include "analyzer/model/conditions.h"

#include <algorithm>

namespace forklint::model {
namespace {

constexpr int deepest = 12;

Guard both(Guard a, Guard b) {
  if (a == b || b == Guard::none) return a;
  if (a == Guard::none) return b;
  if (a == Guard::never || b == Guard::never) return Guard::never;
  bool child = a == Guard::child_only || b == Guard::child_only;
  if (child) return Guard::never;
  return Guard::main_only;
}

std::optional<StartMethod> method_named(std::string_view name) {
  if (name == "fork") return StartMethod::fork;
  if (name == "spawn") return StartMethod::spawn;
  if (name == "forkserver") return StartMethod::forkserver;
  if (name == "loky") return StartMethod::loky;
  if (name == "threading") return StartMethod::threading;
  return {};
}

class Reader {
 public:
  Reader(Evaluator& evaluator, FrameId frame, Role role, MemberSource members = nullptr) : evaluator_(evaluator), frame_(frame), role_(role), members_(members) {}

  Condition read(Site site, bool holds, int depth = 0) {
    Condition unknown{.uncertain = true};
    if (site.event == none || depth > deepest) return unknown;
    const File& file = evaluator_.program().file(site.file);
    const facts::Event& event = file.event(site.event);
    auto operand = [&](uint32_t i) { return Site{site.file, file.operand(site.event, i)}; };
    if (event.op == Op::read || event.op == Op::attribute || event.op == Op::call)
      if (auto fork = fork_result(site)) return side(*fork, holds ? Side::parent : Side::child);
    switch (event.op) {
      case Op::unary:
        return file.name(event.name) == "not" ? read(operand(0), !holds, depth + 1) : unknown;
      case Op::boolean_operation: {
        bool conjunction = file.name(event.name) == "and";
        // A true `and` and a false `or` say both sides; otherwise only that one of them differs.
        if (conjunction == holds) return read(operand(0), holds, depth + 1) & read(operand(1), holds, depth + 1);
        return either(read(operand(0), holds, depth + 1), read(operand(1), holds, depth + 1));
      }
      case Op::boolean: return constant((file.name(event.name) == "True") == holds);
      case Op::number: return constant((file.name(event.name) != "0") == holds);
      case Op::null: return constant(!holds);
      case Op::string: return constant((file.name(event.name) != "") == holds);
      case Op::compare: return comparison(site, holds, depth) & arms_not_taken(site, holds, depth);
      case Op::read: return variable(site, holds, depth) & arms_not_taken(site, holds, depth);
      case Op::call:
        if (auto test = test_of(site)) return read(*test, holds, depth + 1);
        if (auto asked = interpreter(site, holds)) return *asked;
        return named(site, holds);
      case Op::attribute:
        if (auto given = given_to(site)) return as_given(*given, site, holds, depth);
        return flag(site, holds, depth);
      case Op::subscript:  // options["parallel"]
        if (auto truth = evaluator_.certain_truth(site, frame_)) return constant(*truth == holds);
        return unknown;
      default: return unknown;
    }
  }

 private:
  static Condition constant(bool holds) { return holds ? Condition{} : Condition{.guard = Guard::never}; }

  static Condition either(const Condition& a, const Condition& b) {
    Condition result{.uncertain = true};
    if (a.guard == b.guard) result.guard = a.guard;
    else if (a.guard == Guard::never) return b;
    else if (b.guard == Guard::never) return a;
    result.methods = a.methods | b.methods;
    result.platforms = a.platforms | b.platforms;
    result.flagged = a.flagged || b.flagged;
    return result;
  }

  // Which platform, which version.
  std::optional<Condition> interpreter(Site test, bool holds) {
    if (auto platforms = platforms_where(evaluator_, test, frame_)) {
      uint8_t where = holds ? *platforms : uint8_t(platform_all & ~*platforms);
      return where == 0 ? constant(false) : Condition{.platforms = where};
    }
    auto versions = versions_where(evaluator_, test, holds, frame_);
    if (!versions) return {};
    return versions->from > versions->to ? constant(false) : Condition{.python_from = versions->from, .python_to = versions->to};
  }

  Condition main_guard(bool is_main) {
    // An imported module's name is never "__main__"; what is called later says nothing of the sort.
    if (role_ == Role::imported) return constant(!is_main);
    return {.guard = is_main ? Guard::main_only : Guard::child_only};
  }

  bool is_read_of(Site site, std::string_view name) {
    const File& file = evaluator_.program().file(site.file);
    return site.event != none && file.event(site.event).op == Op::read && file.name_of(site.event) == name;
  }

  // __name__, or the __module__ of a function or class
  bool names_module(Site site) {
    const File& file = evaluator_.program().file(site.file);
    if (is_read_of(site, "__name__") || (site.event != none && file.event(site.event).op == Op::attribute && file.name_of(site.event) == "__module__")) return true;
    auto given = evaluator_.passed(site, frame_);  // def run(name): if name == "__main__"
    return given && given->site.file == site.file && is_read_of(given->site, "__name__");
  }

  std::optional<std::string> text_of(Site site) { return asked_text(evaluator_, site, frame_); }
  std::string qualified(Site site) { return asked_name(evaluator_, site, frame_); }

  // is_main(), of the same file: what its only return says.
  std::optional<Site> test_of(Site call) {
    const File& file = evaluator_.program().file(call.file);
    Values callees = evaluator_.evaluate({call.file, file.operand(call.event, 0)}, frame_);
    if (callees.size() != 1) return {};
    const Value it = evaluator_.value(callees[0]);
    if (it.kind != ValueKind::function || it.file != call.file) return {};
    const ScopeIndex& scope = file.scopes[it.index];
    EventId value = scope.returns.size() == 1 && file.facts.scopes[it.index].parameters.size() == 0 ? file.operand(scope.returns[0], 0) : none;
    bool always = value != none && file.event(scope.returns[0]).region == none && !(file.facts.scopes[it.index].flags & (facts::scope_generator | facts::scope_async));
    return always ? std::optional(Site{call.file, value}) : std::nullopt;
  }

  // The call of os.fork whose result a value is; it may be something else as well, an attribute's first value say.
  std::optional<Site> fork_result(Site site) {
    for (ValueId id : Values(evaluator_.evaluate(site, frame_))) {
      const Value it = evaluator_.value(id);
      if (it.kind != ValueKind::object || it.index == none) continue;
      const knowledge::Api* row = evaluator_.maker(id);
      if (row && row->launch && row->launch->raw_fork) return it.site();
    }
    return {};
  }

  static Condition side(Site fork, Side side) {
    Condition result;
    result.forks[0] = {fork, side};
    return result;
  }

  // pid == 0, pid > 0, 0 < pid, pid == -1
  std::optional<Condition> fork_test(Site left, std::string_view operation, Site right, bool holds) {
    const File& file = evaluator_.program().file(left.file);
    auto number = [&](Site site) -> std::optional<int> {
      if (file.event(site.event).op == Op::number) {
        if (file.name_of(site.event) == "0") return 0;
        if (file.name_of(site.event) == "1") return 1;
      }
      return {};
    };
    auto value = number(right);
    auto fork = value ? fork_result(left) : std::nullopt;
    if (!fork) {
      value = number(left);
      fork = value ? fork_result(right) : std::nullopt;
      operation = operation == "<" ? ">" : operation == "<=" ? ">=" : operation == ">" ? "<" : operation == ">=" ? "<=" : operation;
    }
    if (!fork) return {};
    bool child;  // what the comparison is for 0, and for a positive number
    if (operation == "==" || operation == "is" || operation == "<=") child = true;
    else if (operation == "!=" || operation == "is not" || operation == ">") child = false;
    else if (operation == ">=" || operation == "<") child = operation == "<";
    else return {};
    bool against_zero = *value == 0;
    if ((operation == "<" || operation == ">=") == against_zero) return against_zero ? std::optional(constant(holds == (operation == ">="))) : std::nullopt;
    return side(*fork, child == holds ? Side::child : Side::parent);
  }

  // worker = start(n); if worker is not None: where the function gives None on the one side of its fork and something else
  // on the other.
  std::optional<Condition> returned_side(Site value, bool null, int depth) {
    const File& file = evaluator_.program().file(value.file);
    if (file.event(value.event).op != Op::read || depth > deepest) return {};
    ScopeId scope = file.scope_of(value.event);
    if (evaluator_.binding_scope(value.file, scope, file.event(value.event).name) != scope) return {};
    auto bindings = evaluator_.reaching(value.file, scope, file.event(value.event).name, value.event);
    if (bindings.size() != 1 || file.event(bindings[0]).op != Op::bind) return {};
    Site call{value.file, file.operand(bindings[0], 0)};
    if (file.event(call.event).op != Op::call) return {};
    Values callees = evaluator_.evaluate({call.file, file.operand(call.event, 0)}, frame_);
    const Value callee = callees.size() == 1 ? evaluator_.value(callees[0]) : Value{};
    if (callee.kind != ValueKind::function && callee.kind != ValueKind::bound) return {};
    const File& home = evaluator_.program().file(callee.file);
    if (!home.launching.empty() && home.launching[callee.index] != 1) return {};
    Reader inside(evaluator_, evaluator_.enter(callees[0], call, frame_), role_);
    Condition::Fork of_null, of_other;
    Side last = Side::both;
    for (EventId give : home.scopes[callee.index].returns) {
      Condition::Fork here = inside.fork_around({callee.file, give}, depth);
      if (here.side == Side::both && last != Side::both) here = {of_null.side != Side::both ? of_null.site : of_other.site, last == Side::child ? Side::parent : Side::child};
      EventId given = home.operand(give, 0);
      Condition::Fork& known = given == none || home.event(given).op == Op::null ? of_null : of_other;
      if (here.side == Side::both || (known.side != Side::both && (known.side != here.side || known.site != here.site))) return {};
      known = here;
      last = here.side;
    }
    if (of_null.side == Side::both || of_other.side == Side::both || of_null.side == of_other.side || of_null.site != of_other.site) return {};
    return side(of_null.site, null ? of_null.side : of_other.side);
  }

  // The side of a fork that the branches around an event are for.
  Condition::Fork fork_around(Site site, int depth) {
    const File& file = evaluator_.program().file(site.file);
    for (RegionId region = file.event(site.event).region; region != none; region = file.facts.regions[region].parent) {
      const facts::Region& it = file.facts.regions[region];
      bool then = it.kind == facts::RegionKind::then_arm;
      if (!then && it.kind != facts::RegionKind::else_arm) continue;
      if (Condition condition = read({site.file, it.subject}, then, depth + 1); condition.forks[0].side != Side::both) return condition.forks[0];
    }
    return {};
  }

  Condition comparison(Site site, bool holds, int depth) {
    const File& file = evaluator_.program().file(site.file);
    std::string_view operation = file.name_of(site.event);
    Site left{site.file, file.operand(site.event, 0)}, right{site.file, file.operand(site.event, 1)};
    if (file.event(site.event).operands_count != 2) return {.uncertain = true};
    if (auto truth = evaluator_.certain_truth(site, frame_)) return constant(*truth == holds);
    if (auto given = given_to(left))
      if (auto truth = evaluator_.compare(*given, operation, {right, frame_})) return constant(*truth == holds);
    if (auto forked = fork_test(left, operation, right, holds)) return *forked;
    if (auto asked = interpreter(site, holds)) return *asked;
    if (operation == "!=" || operation == "is not" || operation == "not in") {
      holds = !holds;
      operation = operation == "!=" ? "==" : operation == "is not" ? "is" : "in";
    }
    if (operation == "in") return membership(left, right, holds);
    if (operation == "is" && file.event(right.event).op == Op::null)
      if (auto forked = returned_side(left, holds, depth)) return *forked;
    if (operation == "==" || operation == "is") {
      if (names_module(right)) std::swap(left, right);
      if (names_module(left)) return name_test(text_of(right), holds);
      // "__name__" == "__main__": two words that differ
      if (file.event(left.event).op == Op::string && file.event(right.event).op == Op::string) return constant((file.name_of(left.event) == file.name_of(right.event)) == holds);
      return equality(left, right, holds);
    }
    return {.uncertain = true};
  }

  Condition name_test(const std::optional<std::string>& text, bool holds) {
    if (!text) return {.uncertain = true};
    if (*text == "__main__") return main_guard(holds);
    if (*text == "__mp_main__") return main_guard(!holds);
    return constant(!holds);  // misspelt: never equal
  }

  Condition membership(Site element, Site container, bool holds) {
    const File& file = evaluator_.program().file(container.file);
    const facts::Event& event = file.event(container.event);
    if (is_read_of(element, "__name__") && (event.op == Op::tuple || event.op == Op::list || event.op == Op::set)) {
      bool has_main = false, has_child = false;
      for (uint32_t i = 0; i < event.operands_count; ++i) {
        auto text = text_of({container.file, file.operand(container.event, i)});
        has_main |= text == "__main__";
        has_child |= text == "__mp_main__";
      }
      if (has_main && has_child) return role_ == Role::imported ? constant(!holds) : constant(holds);
      if (has_main) return main_guard(holds);
      if (has_child) return main_guard(!holds);
    }
    if (is_read_of(element, "__name__") && event.op == Op::string) {
      // a substring test: "__main__" in it?
      return file.name(event.name) == "__main__" ? main_guard(holds) : Condition{.uncertain = true};
    }
    if (is_read_of(container, "__name__")) {
      // "x" in __name__: true of "__main__", and perhaps of "__mp_main__" as well
      auto text = text_of(element);
      if (!text) return {.uncertain = true};
      bool in_main = std::string_view("__main__").find(*text) != std::string_view::npos;
      bool in_child = std::string_view("__mp_main__").find(*text) != std::string_view::npos;
      if (in_main && in_child) return holds ? Condition{} : Condition{.guard = Guard::never};
      if (in_main) return main_guard(holds);
      if (in_child) return main_guard(!holds);
      return constant(!holds);
    }
    if (qualified(element).ends_with("get_start_method()") && (event.op == Op::tuple || event.op == Op::list || event.op == Op::set)) {
      StartMethods named;
      for (uint32_t i = 0; i < event.operands_count; ++i)
        if (auto text = text_of({container.file, file.operand(container.event, i)}))
          if (auto method = method_named(*text)) named |= *method;
      return {.methods = holds ? named : StartMethods::from_bits(31) - named, .uncertain = true};
    }
    std::string name = qualified(container);
    if (name.starts_with("os.environ")) return {.uncertain = true, .flagged = true};
    return {.uncertain = true};
  }

  // What a variable of a function certainly holds here, when that is one constant.
  std::optional<Value> constant_of(Site site) {
    const File& file = evaluator_.program().file(site.file);
    const facts::Event& event = file.event(site.event);
    if (event.op == Op::read) {
      ScopeId owner = evaluator_.binding_scope(site.file, file.scope_of(site.event), event.name);
      if (owner == none || owner == 0 || frame_ == any_frame) return {};
    } else if (event.op != Op::string && event.op != Op::number && event.op != Op::null && event.op != Op::boolean) {
      return {};
    }
    Values values = evaluator_.evaluate(site, frame_);
    if (values.size() != 1 || evaluator_.value(values[0]).kind != ValueKind::constant) return {};
    return evaluator_.value(values[0]);
  }

  Condition equality(Site left, Site right, bool holds) {
    auto one = constant_of(left), two = constant_of(right);
    if (one && two) return constant((*one == *two) == holds);
    std::string name = qualified(left), other = qualified(right);
    auto text = text_of(right);
    if (!text) {
      text = text_of(left);
      if (text) std::swap(name, other);
    }
    bool asks_method = name.ends_with("get_start_method()");
    // get_start_method(allow_none=True) is None: children find it set
    if (asks_method && !text) return {.uncertain = true, .flagged = true};
    if (asks_method && text) {
      auto method = method_named(*text);
      if (!method) return {.uncertain = true};
      return {.methods = holds ? StartMethods(*method) : StartMethods::from_bits(31) - *method, .uncertain = true};
    }
    if ((name.ends_with("current_process.name") || name.ends_with("current_process().name") || name.ends_with("Process.name")) && text == "MainProcess")
      return {.guard = holds ? Guard::spawn_main : Guard::child_only};
    // parent_process() is None holds while main is imported again: the parent is known only after that
    if (name.ends_with("parent_process()") && !text) return holds ? Condition{} : Condition{.guard = Guard::never};
    if (differs(name) || differs(other)) return {.uncertain = true, .flagged = true};
    return {.uncertain = true};
  }

  // A flag: `if IS_MAIN:`; what it was set from.
  Condition variable(Site site, bool holds, int depth) {
    const File& file = evaluator_.program().file(site.file);
    const facts::Event& event = file.event(site.event);
    std::string_view name = file.name(event.name);
    if (name == "__name__") return constant(holds);
    if (name == "__debug__") return constant(holds);
    if (auto truth = evaluator_.certain_truth(site, frame_)) return constant(*truth == holds);
    return flag(site, holds, depth);
  }

  // self.parallel: what it was given before.
  std::optional<Expression> given_to(Site attribute) {
    if (!members_ || evaluator_.program().file(attribute.file).event(attribute.event).op != Op::attribute) return {};
    return members_(attribute);
  }

  Condition as_given(const Expression& given, Site attribute, bool holds, int depth) {
    if (auto truth = evaluator_.certain_truth(given.site, given.frame)) return constant(*truth == holds);
    if (given.site.file != attribute.file) return {.uncertain = true};
    return Reader(evaluator_, given.frame, role_).read(given.site, holds, depth + 1);
  }

  // What a variable or a module's attribute was set from, when that is one test.
  Condition flag(Site site, bool holds, int depth) {
    auto source = only_source(evaluator_, site, frame_);
    if (!source) return named(site, holds);
    Op op = evaluator_.program().file(source->file).event(source->event).op;
    bool condition = op == Op::compare || op == Op::unary || op == Op::boolean_operation || op == Op::boolean || op == Op::call || op == Op::attribute;
    if (!condition) return {.uncertain = true};
    if (source->file == site.file) return read(*source, holds, depth + 1);
    if (op == Op::boolean) return {.uncertain = true};  // another module's setting is there to be changed
    return Reader(evaluator_, any_frame, Role::imported).read(*source, holds, depth + 1);
  }

  // if current_process().name != "MainProcess": n = 1 — and then `n == 1`: where the test comes out otherwise than by the
  // constant that an arm has bound, that arm was not taken.
  Condition arms_not_taken(Site test, bool holds, int depth) {
    const File& file = evaluator_.program().file(test.file);
    const facts::Event& event = file.event(test.event);
    if (event.op == Op::compare && event.operands_count != 2) return {};
    Site variable = event.op == Op::read ? test : Site{test.file, file.operand(test.event, 0)};
    const facts::Event& read = file.event(variable.event);
    if (read.op != Op::read) return {};
    ScopeId scope = file.scope_of(variable.event);
    if (scope == 0 || evaluator_.binding_scope(test.file, scope, read.name) != scope) return {};
    Condition result;
    auto bindings = evaluator_.reaching(test.file, scope, read.name, variable.event);
    for (EventId binding : bindings) {
      RegionId region = file.event(binding).region;
      if (file.event(binding).op != Op::bind || region == none || binding > test.event) continue;
      const facts::Region& arm = file.facts.regions[region];
      if (arm.events.contains(test.event)) continue;
      bool then = arm.kind == facts::RegionKind::then_arm;
      if (!then && arm.kind != facts::RegionKind::else_arm) continue;
      Site bound{test.file, file.operand(binding, 0)};
      auto truth = event.op == Op::read ? evaluator_.certain_truth(bound, frame_) : evaluator_.compare({bound, frame_}, file.name(event.name), {{test.file, file.operand(test.event, 1)}, frame_});
      if (truth && *truth != holds) result = result & this->read({test.file, arm.subject}, !then, depth + 1);
    }
    result.uncertain = false;
    return result;
  }

  // Whether a value may be another in the child than in the parent: the environment, the time, what a page's widgets say.
  bool differs(std::string_view name) {
    if (name.starts_with("os.environ") || name.starts_with("os.getenv")) return true;
    if (name.ends_with("()")) name.remove_suffix(2);
    const knowledge::Api* row = name.empty() ? nullptr : evaluator_.program().knowledge().find(name);
    return row && row->differs_per_process;
  }

  Condition named(Site site, bool holds) {
    std::string name = qualified(site);
    if (name == "typing.TYPE_CHECKING" || name == "typing_extensions.TYPE_CHECKING") return constant(!holds);
    if (differs(name)) return {.uncertain = true, .flagged = true};
    return {.uncertain = true};
  }

  Evaluator& evaluator_;
  FrameId frame_;
  Role role_;
  MemberSource members_;
};

}  // namespace

Condition Condition::operator&(const Condition& other) const {
  Condition result = *this;
  result.guard = both(guard, other.guard);
  result.methods = methods & other.methods;
  result.platforms &= other.platforms;
  result.python_from = std::max(python_from, other.python_from);
  result.python_to = std::min(python_to, other.python_to);
  result.uncertain |= other.uncertain;
  result.flagged |= other.flagged;
  result.repeated |= other.repeated;
  result.handled |= other.handled;
  result.child_leaves |= other.child_leaves;
  for (const Fork& fork : other.forks) {
    if (fork.side == Side::both) continue;
    Side known = side_of(fork.site);
    if (known != Side::both && known != fork.side) result.guard = Guard::never;
    if (known == Side::both) {
      result.forks[1] = result.forks[0];
      result.forks[0] = fork;
    }
  }
  if (result.methods.empty() || result.platforms == 0 || result.python_from > result.python_to) result.guard = Guard::never;
  return result;
}

Condition implied(Evaluator& evaluator, Site site, FrameId frame, bool holds, Role role, MemberSource members) { return Reader(evaluator, frame, role, members).read(site, holds); }

}  // namespace forklint::model
