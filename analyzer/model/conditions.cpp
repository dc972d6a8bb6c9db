// Reads conditions. What does not protect is as important as what does: see fixtures/guards, where each form was run.
#include "analyzer/model/conditions.h"

#include <algorithm>

#include "analyzer/model/fork_tests.h"

namespace forklint::model {
namespace {

constexpr int deepest = 12;

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
      if (auto fork = fork_result(evaluator_, site, frame_)) return on_side(*fork, holds ? Side::parent : Side::child);
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
        if (auto truth = evaluator_.certain_truth(site, frame_)) return constant(*truth == holds);
        if (auto result = called(site, holds, depth)) return *result;
        if (auto asked = interpreter(site, holds)) return *asked;
        return named(site, holds);
      case Op::attribute:
        if (auto given = given_to(site)) return as_given(*given, site, holds, depth);
        if (auto result = asked_property(site, holds, depth)) return *result;
        return flag(site, holds, depth);
      case Op::subscript:  // options["parallel"]
        if (auto truth = evaluator_.certain_truth(site, frame_)) return constant(*truth == holds);
        return unknown;
      default: return unknown;
    }
  }

 private:
  static Condition constant(bool holds) { return holds ? Condition{} : Condition{.guard = Guard::never}; }

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

  // is_main(), config.reloads: what the only return of a function or property says.
  std::optional<Condition> returned(ValueId function, Site call, bool holds, int depth) {
    const Value it = evaluator_.value(function);
    if (it.kind != ValueKind::function && it.kind != ValueKind::bound) return {};
    const File& home = evaluator_.program().file(it.file);
    const ScopeIndex& scope = home.scopes[it.index];
    const bool once = scope.returns.size() == 1 && home.event(scope.returns[0]).region == none && !(home.facts.scopes[it.index].flags & (facts::scope_generator | facts::scope_async));
    const EventId value = once ? home.operand(scope.returns[0], 0) : none;
    if (value == none) return {};
    return Reader(evaluator_, evaluator_.enter(function, call, frame_), it.file == call.file ? role_ : Role::imported).read({it.file, value}, holds, depth + 1);
  }

  std::optional<Condition> called(Site call, bool holds, int depth) {
    Values callees = evaluator_.evaluate({call.file, evaluator_.program().file(call.file).operand(call.event, 0)}, frame_);
    return callees.size() == 1 ? returned(callees[0], call, holds, depth) : std::nullopt;
  }

  std::optional<Condition> asked_property(Site attribute, bool holds, int depth) {
    const File& file = evaluator_.program().file(attribute.file);
    if (!evaluator_.names_property(file.name_of(attribute.event))) return {};
    Values owners = evaluator_.evaluate({attribute.file, file.operand(attribute.event, 0)}, frame_);
    const ValueId of = owners.size() == 1 ? evaluator_.class_of(owners[0]) : unknown_value;
    if (of == unknown_value || !evaluator_.is_property(of, file.name_of(attribute.event))) return {};
    const ValueId getter = evaluator_.method_of(of, file.name_of(attribute.event));
    return getter == unknown_value ? std::nullopt : returned(evaluator_.bound(getter, owners[0]), attribute, holds, depth);
  }

  Condition comparison(Site site, bool holds, int depth) {
    const File& file = evaluator_.program().file(site.file);
    std::string_view operation = file.name_of(site.event);
    Site left{site.file, file.operand(site.event, 0)}, right{site.file, file.operand(site.event, 1)};
    if (file.event(site.event).operands_count != 2) return {.uncertain = true};
    if (auto truth = evaluator_.certain_truth(site, frame_)) return constant(*truth == holds);
    if (auto given = given_to(left))
      if (auto truth = evaluator_.compare(*given, operation, {right, frame_})) return constant(*truth == holds);
    if (auto forked = fork_test(evaluator_, frame_, left, operation, right, holds)) return *forked;
    if (auto asked = interpreter(site, holds)) return *asked;
    if (operation == "!=" || operation == "is not" || operation == "not in") {
      holds = !holds;
      operation = operation == "!=" ? "==" : operation == "is not" ? "is" : "in";
    }
    if (operation == "in") return membership(left, right, holds);
    if (operation == "is" && file.event(right.event).op == Op::null)
      if (auto forked = returned_side(evaluator_, frame_, left, holds, [&](Site test, FrameId frame, bool then) { return Reader(evaluator_, frame, role_).read(test, then, depth + 1); })) return *forked;
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
    // get_start_method(allow_none=True) is None: so it is where the program begins, and children find it set
    if (asks_method && !text) return role_ == Role::main ? main_guard(holds) : Condition{.uncertain = true, .flagged = true};
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
    if (op == Op::import_from) return named(site, holds);  // TYPE_CHECKING
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

Condition implied(Evaluator& evaluator, Site site, FrameId frame, bool holds, Role role, MemberSource members) { return Reader(evaluator, frame, role, members).read(site, holds); }

}  // namespace forklint::model
