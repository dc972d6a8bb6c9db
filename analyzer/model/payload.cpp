// What crosses to the child: arguments taken apart as far as they are written in place, so that a finding can point
// at the one value that is wrong.
#include <algorithm>

#include "analyzer/model/launches.h"

namespace forklint::model {
namespace {

using knowledge::Crosses;

class Collector {
 public:
  Collector(Evaluator& evaluator, const Trace& trace, const Launch& launch) : evaluator_(evaluator), trace_(trace), launch_(launch), row_(*launch.row->launch) {}

  std::vector<Payload> run() {
    if (row_.raw_fork || row_.executes) return {};
    collect_launch();
    for (uint32_t step : launch_.tasks) collect_task(step);
    return std::move(result_);
  }

 private:
  void collect_launch() {
    if (launch_.construction.event == none) return;
    const File& file = evaluator_.program().file(launch_.construction.file);
    if (file.event(launch_.construction.event).op != Op::call) return collect_self();
    auto arguments = constructor_arguments();
    bool always = row_.crosses == Crosses::always;
    bool never = row_.crosses == Crosses::never;
    if (!never) {
      if (row_.target) take(arguments, *row_.target, PayloadKind::target, always, launch_.step);
      for (const auto& wanted : row_.payload) take_parts(arguments, wanted, PayloadKind::argument, always, launch_.step);
    }
    collect_registered();
    if (row_.initializer) take(arguments, *row_.initializer, PayloadKind::initializer, false, launch_.step);
    for (const auto& wanted : row_.initializer_payload) take_parts(arguments, wanted, PayloadKind::initializer_argument, false, launch_.step);
    collect_self();
  }

  // The arguments that reach the launcher: of the call itself, or, for a subclass, of its super().__init__(…).
  llvm::SmallVector<ArgumentRef, 4> constructor_arguments() {
    if (evaluator_.value(launch_.object).kind != ValueKind::instance) return evaluator_.arguments_of(launch_.construction, launch_.construction_frame);
    llvm::SmallVector<ArgumentRef, 4> result;
    evaluator_.each_construction(launch_.object, [&](const Evaluator::Construction& it) {
      if (it.constructor == unknown_value) result = it.arguments;
      return it.constructor == unknown_value;
    });
    return result;
  }

  // A process object is sent whole: so is whatever a subclass keeps in its attributes.
  void collect_self() {
    if (row_.starts != knowledge::Starts::start || evaluator_.value(launch_.object).kind != ValueKind::instance) return;
    result_.push_back({PayloadKind::self, launch_.construction.event == none ? launch_.site : launch_.construction, launch_.construction_frame, launch_.object, false, row_.pickler, launch_.step});
  }

  // What was registered on the class before the start goes with it.
  void collect_registered() {
    const Value object = evaluator_.value(launch_.object);
    auto classes = object.kind == ValueKind::instance ? evaluator_.linearised(object.base) : llvm::SmallVector<ValueId, 4>();
    for (uint32_t i = 0; i < launch_.step; ++i) {
      const Step& step = trace_.steps[i];
      if (step.kind != StepKind::api || !step.row->sent_at_start) continue;
      ValueId owner = evaluator_.value(step.subject).base;
      bool ours = owner == launch_.object || std::find(classes.begin(), classes.end(), owner) != classes.end();
      if (ours) take(evaluator_.arguments_of(step.site, step.frame), *step.row->sent_at_start, PayloadKind::target, false, launch_.step);
    }
  }

  void collect_task(uint32_t index) {
    const Step& step = trace_.steps[index];
    auto arguments = evaluator_.arguments_of(step.site, step.frame);
    const knowledge::Task& task = *step.row->task;
    if (task.function) take(arguments, *task.function, PayloadKind::task, true, index);
    for (const auto& wanted : task.payload) take_parts(arguments, wanted, PayloadKind::task_argument, true, index);
    for (const auto& wanted : task.iterables) take_elements(arguments, wanted, index);
  }

  void push(PayloadKind kind, const ArgumentRef& argument, bool always, uint32_t step, uint32_t part = 0) {
    if (argument.star || argument.double_star) {  // f(*values) sends the values
      for (ValueId held : evaluator_.values_of(argument))
        for (ValueId element : evaluator_.elements(held))
          if (element != unknown_value) result_.push_back({kind, argument.site, argument.frame, element, always, row_.pickler, step, 0, false, false, part});
      return;
    }
    result_.push_back({kind, argument.site, argument.frame, argument.value, always, row_.pickler, step, argument.keyword, false, false, part});
  }

  // delayed(f)(x), one element among others: f and x are what is sent.
  bool push_delayed(ValueId element, uint32_t step) {
    const Value it = evaluator_.value(element);
    const knowledge::Api* row = it.kind == ValueKind::object ? evaluator_.maker(it.base) : nullptr;
    if (!row || !row->delays || it.index == none) return false;
    const Value held = evaluator_.value(it.base);
    auto function = evaluator_.arguments_of(held.site(), held.frame);
    if (function.empty()) return false;
    ++part_;
    push(PayloadKind::task, function[0], true, step, part_);
    for (const ArgumentRef& argument : evaluator_.arguments_of(it.site(), it.frame)) push(PayloadKind::task_argument, argument, true, step, part_);
    return true;
  }

  void take(const llvm::SmallVector<ArgumentRef, 4>& arguments, const knowledge::Argument& wanted, PayloadKind kind, bool always, uint32_t step) {
    if (auto argument = evaluator_.argument(arguments, wanted)) push(kind, *argument, always, step);
  }

  // args=(a, b), kwargs={"k": c}: each part by itself when it is written here.
  void take_parts(const llvm::SmallVector<ArgumentRef, 4>& arguments, const knowledge::Argument& wanted, PayloadKind kind, bool always, uint32_t step) {
    if (wanted.rest || (wanted.position < 0 && wanted.keyword == "**")) {
      int at = 0;
      for (const ArgumentRef& argument : arguments) {
        bool named = argument.keyword != 0 || argument.double_star;
        if (!named && wanted.position >= 0 && at++ < wanted.position) continue;
        if (named == (wanted.position < 0)) push(kind, argument, always, step);
      }
      return;
    }
    auto argument = evaluator_.argument(arguments, wanted);
    if (argument) take_sequence(*argument, wanted.keyword == "kwargs" || wanted.keyword == "kwds", kind, always, step);
  }

  void take_sequence(const ArgumentRef& argument, bool by_name, PayloadKind kind, bool always, uint32_t step) {
    if (argument.site.event != none) {
      const File& file = evaluator_.program().file(argument.site.file);
      const facts::Event& event = file.event(argument.site.event);
      if (event.op == Op::binary && file.name(event.name) == "+" && !argument.star && !argument.double_star) {  // args=(i,) + args
        for (uint32_t i = 0; i < event.operands_count; ++i) take_sequence({.site = {argument.site.file, file.operand(argument.site.event, i)}, .frame = argument.frame}, by_name, kind, always, step);
        return;
      }
      if (split(argument, kind, always, step) || spread(argument, kind, always, step) || named(argument, kind, always, step)) return;
    }
    const size_t before = result_.size();
    push(kind, argument, always, step);
    if (argument.star || argument.double_star || result_.size() == before) return;
    (by_name ? result_.back().double_star : result_.back().star) = true;
    result_.back().keyword = 0;
  }

  // args=args, where args is the helper's own *args: what the caller gave for it.
  bool spread(const ArgumentRef& argument, PayloadKind kind, bool always, uint32_t step) {
    Values held = evaluator_.values_of(argument);
    if (held.size() != 1 || evaluator_.value(held[0]).kind != ValueKind::packed) return false;
    const Value it = evaluator_.value(held[0]);
    const Frame frame = evaluator_.frame(it.frame);
    if (!frame.arguments_known) return false;
    const facts::FileFacts& f = evaluator_.program().file(it.file).facts;
    bool keywords = f.parameters[it.index].kind == facts::ParameterKind::keywords;
    uint32_t skip = it.index - f.scopes[frame.scope].parameters.begin - (frame.receiver != unknown_value ? 1 : 0);
    uint32_t at = 0;
    for (const ArgumentRef& given : frame.arguments) {
      if ((given.keyword != 0 || given.double_star) != keywords) continue;
      bool named = keywords && std::any_of(f.parameters.begin() + f.scopes[frame.scope].parameters.begin, f.parameters.begin() + it.index, [&](const facts::Parameter& parameter) { return given.keyword != 0 && f.names[parameter.name] == evaluator_.symbol(given.keyword); });
      if (!named && (keywords || at++ >= skip)) push(kind, given, always, step);
    }
    return true;
  }

  // kwargs=dict(name=value)
  bool named(const ArgumentRef& argument, PayloadKind kind, bool always, uint32_t step) {
    Values held = evaluator_.values_of(argument);
    const Value it = evaluator_.value(held[0]);
    if (held.size() != 1 || it.kind != ValueKind::object || it.index == none || evaluator_.symbol(it.symbol) != "builtins.dict") return false;
    auto arguments = evaluator_.arguments_of(it.site(), it.frame);
    if (arguments.empty() || std::any_of(arguments.begin(), arguments.end(), [](const ArgumentRef& given) { return given.keyword == 0; })) return false;
    for (const ArgumentRef& given : arguments) push(kind, given, always, step);
    return true;
  }

  void take_elements(const llvm::SmallVector<ArgumentRef, 4>& arguments, const knowledge::Argument& wanted, uint32_t step) {
    if (wanted.rest) {
      int at = 0;
      for (const ArgumentRef& argument : arguments)
        if (argument.keyword == 0 && !argument.double_star && at++ >= wanted.position) elements(argument, step, uint32_t(at - 1 - wanted.position));
      return;
    }
    if (auto argument = evaluator_.argument(arguments, wanted)) elements(*argument, step, 0);
  }

  void elements(const ArgumentRef& argument, uint32_t step, uint32_t iterable) {
    bool delayed = false;
    for (ValueId held : evaluator_.values_of(argument))
      for (ValueId element : evaluator_.elements(held)) delayed |= push_delayed(element, step);
    if (delayed || (argument.site.event != none && split(argument, PayloadKind::task_element, true, step, iterable))) return;
    for (ValueId held : evaluator_.values_of(argument))
      for (ValueId element : evaluator_.elements(held))
        if (element != unknown_value) result_.push_back({PayloadKind::task_element, argument.site, argument.frame, element, true, row_.pickler, step, 0, false, false, iterable});
  }

  bool split(const ArgumentRef& argument, PayloadKind kind, bool always, uint32_t step, uint32_t part = 0) {
    const File& file = evaluator_.program().file(argument.site.file);
    const facts::Event& event = file.event(argument.site.event);
    if (event.op != Op::tuple && event.op != Op::list && event.op != Op::set && event.op != Op::dict) return false;
    for (uint32_t i = 0; i < event.operands_count; ++i) {
      const facts::Operand& operand = file.facts.operands_of(event)[i];
      SymbolId keyword = 0;
      if (event.op == Op::dict && operand.keyword == facts::name_positional) {
        if (kind != PayloadKind::task_element)
          if (auto key = evaluator_.constant_string(evaluator_.evaluate({argument.site.file, operand.value}, argument.frame))) keyword = evaluator_.intern(std::string(*key));
        if (++i >= event.operands_count) break;
      }
      EventId value = file.facts.operands_of(event)[i].value;
      if (file.facts.operands_of(event)[i].keyword == facts::name_star) {  // (*names, queue) sends the names
        push(kind, {.site = {argument.site.file, value}, .frame = argument.frame, .star = true}, always, step, part);
        continue;
      }
      result_.push_back({kind, {argument.site.file, value}, argument.frame, unknown_value, always, row_.pickler, step, keyword, false, false, part});
    }
    return true;
  }

  Evaluator& evaluator_;
  const Trace& trace_;
  const Launch& launch_;
  const knowledge::Launch& row_;
  std::vector<Payload> result_;
  uint32_t part_ = 0;  // delayed calls so far
};

// What the elements of mapped iterables are to the function: one argument each, or several where they are unpacked.
void add_elements(Evaluator& evaluator, const std::vector<Payload>& payload, uint32_t step, bool unpacks, llvm::SmallVector<ArgumentRef, 4>& arguments) {
  uint32_t iterable = 0;
  for (const Payload& item : payload) {
    if (item.kind != PayloadKind::task_element || item.step != step || item.part < iterable) continue;
    iterable = item.part + 1;  // the first element of each stands for all
    ArgumentRef argument{.site = item.site, .frame = item.frame, .value = item.value};
    if (unpacks)
      for (ValueId value : evaluator.values_of(argument)) argument.star |= evaluator.is_pair(value) || evaluator.value(value).kind == ValueKind::container;
    // A constant does not say what the other elements are.
    for (ValueId value : Values(evaluator.values_of(argument)))
      if (evaluator.value(value).kind == ValueKind::constant) argument = {};
    arguments.push_back(argument);
  }
}

// The frame in which a callable runs when it is given these arguments.
void add_worker(Evaluator& evaluator, std::vector<Worker>& result, ValueId callable, llvm::SmallVector<ArgumentRef, 4> arguments, Site call, FrameId frame, PayloadKind kind, uint32_t step, int depth = 0) {
  const Value it = evaluator.value(callable);
  if (depth > 6) return;
  if (it.kind == ValueKind::function || it.kind == ValueKind::bound) {
    result.push_back({callable, evaluator.enter(callable, std::move(arguments), call, frame), kind, step});
  } else if (it.kind == ValueKind::instance) {
    ValueId method = evaluator.method_of(it.base, "__call__");
    if (method == unknown_value) return;
    ValueId target = evaluator.bound(method, callable);
    result.push_back({target, evaluator.enter(target, std::move(arguments), call, frame), kind, step});
  } else if (auto inner = evaluator.partial_function(callable)) {
    auto held = evaluator.arguments_of(it.site(), it.frame);
    held.erase(held.begin());
    for (const ArgumentRef& more : arguments) held.push_back(more);
    for (ValueId function : evaluator.values_of(*inner)) add_worker(evaluator, result, function, held, call, frame, kind, step, depth + 1);
  }
}

}  // namespace

Values sent_values(Evaluator& evaluator, const Launch& launch, const Payload& item) {
  if (item.site.event == none || item.value != unknown_value) return {item.value};
  return evaluator.evaluate_beside(item.site, item.frame, launch.construction);
}

std::vector<Payload> payload_of(Evaluator& evaluator, const Trace& trace, const Launch& launch) { return Collector(evaluator, trace, launch).run(); }

std::vector<Worker> workers_of(Evaluator& evaluator, const Trace& trace, const Launch& launch) {
  std::vector<Worker> result;
  std::vector<Payload> payload = payload_of(evaluator, trace, launch);
  // Under a method that sends nothing the target runs all the same.
  if (launch.row->launch->crosses == knowledge::Crosses::never && launch.row->launch->target && launch.construction.event != none) {
    auto arguments = evaluator.arguments_of(launch.construction, launch.construction_frame);
    if (auto target = evaluator.argument(arguments, *launch.row->launch->target)) payload.push_back({PayloadKind::target, target->site, target->frame, target->value, false, knowledge::Pickler::none, launch.step});
  }
  for (const Payload& item : payload) {
    bool callable = item.kind == PayloadKind::target || item.kind == PayloadKind::initializer || item.kind == PayloadKind::task;
    if (item.kind == PayloadKind::self) {
      ValueId run = evaluator.method_of(evaluator.class_of(launch.object), "run");
      if (run == unknown_value) continue;
      ValueId method = evaluator.bound(run, launch.object);
      result.push_back({method, evaluator.enter(method, {}, launch.site, launch.frame), PayloadKind::target, launch.step});
      continue;
    }
    if (!callable) continue;
    PayloadKind wanted = item.kind == PayloadKind::target ? PayloadKind::argument : item.kind == PayloadKind::initializer ? PayloadKind::initializer_argument : PayloadKind::task_argument;
    llvm::SmallVector<ArgumentRef, 4> arguments;
    for (const Payload& other : payload)
      if (other.kind == wanted && other.step == item.step && other.part == item.part) arguments.push_back({.site = other.site, .frame = other.frame, .keyword = other.keyword, .star = other.star, .double_star = other.double_star, .value = other.value});
    if (item.kind == PayloadKind::task && item.step != none && trace.steps[item.step].row->task) add_elements(evaluator, payload, item.step, trace.steps[item.step].row->task->unpacks, arguments);
    Values callables = sent_values(evaluator, launch, item);
    Site call = item.step == none ? launch.site : trace.steps[item.step].site;
    for (ValueId function : callables) add_worker(evaluator, result, function, arguments, call, launch.frame, item.kind, item.step);
  }
  return result;
}

}  // namespace forklint::model
