#include "analyzer/model/launches.h"

#include "analyzer/model/order.h"
#include "analyzer/model/patches.h"
#include "analyzer/model/regions.h"

#include <algorithm>

namespace forklint::model {
namespace {

using knowledge::Api;
using knowledge::Chosen;
using knowledge::Starts;

std::optional<StartMethod> method_named(std::string_view name) {
  static constexpr std::pair<std::string_view, StartMethod> names[] = {
      {"fork", StartMethod::fork}, {"spawn", StartMethod::spawn}, {"forkserver", StartMethod::forkserver},
      {"threading", StartMethod::threading}, {"loky", StartMethod::loky}, {"loky_init_main", StartMethod::loky}, {"thread", StartMethod::threading}};
  for (auto [text, method] : names)
    if (text == name) return method;
  return {};
}

// What one value says about the method: a name, a context, None; nothing for anything else.
struct Said {
  StartMethods methods;
  bool standard = false;  // None, or the multiprocessing module: the default
  bool unknown = false;
  std::string bad_name;  // a constant that names no method
};

class MethodFinder {
 public:
  MethodFinder(Evaluator& evaluator, const Trace& trace, uint32_t before, StartMethods standard)
      : evaluator_(evaluator), trace_(trace), before_(before), standard_(standard) {}

  Method of(ValueId callee, const Api& row, Site call, FrameId frame) {
    const knowledge::Launch* launch = row.launch ? &*row.launch : nullptr;
    if (launch && launch->chosen == Chosen::fixed) return {launch->methods, ChosenBy::library, {}};
    // process(context=c)(f): the decorator has the options
    if (launch && launch->starts == Starts::decorated && callee != unknown_value && evaluator_.value(callee).kind == ValueKind::object) call = evaluator_.value(callee).site(), frame = evaluator_.value(callee).frame;
    if (launch && launch->method) {
      if (auto argument = launcher_argument(evaluator_, callee, call, frame, *launch->method)) {
        Said said = say(evaluator_.values_of(*argument));
        if (!said.standard || !said.methods.empty() || said.unknown) return decided(said, argument->site);
      }
    }
    // The context it was reached through: ctx.Process, or the receiver that made it.
    ValueId receiver = evaluator_.value(callee).base;
    if (evaluator_.value(callee).kind == ValueKind::class_) {
      ValueId base = evaluator_.external_base(callee);
      const Api* base_row = evaluator_.api(base);
      if (base_row && base_row->launch && base_row->launch->chosen == Chosen::fixed) return {base_row->launch->methods, ChosenBy::library, {}};
      receiver = base == unknown_value ? unknown_value : evaluator_.value(base).base;
    } else if (evaluator_.value(callee).kind != ValueKind::method) {
      receiver = unknown_value;
    }
    if (receiver != unknown_value) {
      Said said = say({receiver});
      bool own_default = launch && launch->chosen == Chosen::own_default;
      if (!said.methods.empty() || (said.unknown && !own_default)) return decided(said, context_site(receiver));
    }
    if (launch && launch->chosen == Chosen::own_default) return {launch->methods, ChosenBy::library, {}};
    return standard();
  }

  Said say(const Values& values) {
    Said result;
    for (ValueId id : values) say_one(id, result);
    return result;
  }

  // The context of something made through a context, or of one made by the module's own functions.
  Method of_object(ValueId object) {
    const Value it = evaluator_.value(object);
    if (it.base != unknown_value && evaluator_.value(it.base).kind == ValueKind::object) {
      const Api* row = evaluator_.maker(it.base);
      if (row && row->makes_context) {
        Said said;
        say_object(it.base, said);
        if (!said.methods.empty() || said.unknown) return decided(said, context_site(it.base));
      }
    }
    return standard();
  }

  // set_start_method before here; else the default.
  Method standard() {
    Method result{standard_, ChosenBy::standard, {}};
    for (uint32_t i = 0; i < before_ && i < trace_.steps.size(); ++i) {
      const Step& step = trace_.steps[i];
      if (step.kind != StepKind::api || step.row->method_effect != knowledge::MethodEffect::sets || !step.row->method_argument) continue;
      auto arguments = evaluator_.arguments_of(step.site, step.frame);
      auto argument = evaluator_.argument(arguments, *step.row->method_argument);
      if (!argument) continue;
      Said said = say(evaluator_.values_of(*argument));
      if (said.unknown || said.methods.empty()) return {knowledge::fork_spawn_forkserver, ChosenBy::unknown, step.site};
      bool partial = (step.condition.uncertain && !surely_made(step)) || step.condition.platforms != platform_all;
      result.methods = partial ? result.methods | said.methods : said.methods;
      result.by = ChosenBy::explicit_;
      result.chosen_at = step.site;
    }
    if (result.by != ChosenBy::standard || trace_.entry != Entry::function) return result;
    const FileId here = before_ < trace_.steps.size() ? trace_.steps[before_].site.file : trace_.file;
    auto set = set_by_module(trace_.file);
    if (!set && here != trace_.file) set = set_by_module(here);
    return set.value_or(result);
  }

 private:
  // Who comes by here has made that choice: it stands in the same arm, or in a function that was called there.
  bool surely_made(const Step& choice) const {
    return before_ < trace_.steps.size() && surely_before(evaluator_.program(), trace_, position_of(choice), position_of(trace_.steps[before_]));
  }

  // A function runs after the body of its module has: set_start_method("spawn") at the top of it.
  std::optional<Method> set_by_module(FileId file_id) {
    const File& file = evaluator_.program().file(file_id);
    const facts::Range events = file.facts.scopes[0].events;
    std::optional<Method> result;
    for (EventId id = events.begin; id < events.end; ++id) {
      if (file.event(id).op != Op::call || file.event(id).region != none || file.scope_of(id) != 0) continue;
      for (ValueId callee : Values(evaluator_.evaluate({file_id, file.operand(id, 0)}, any_frame))) {
        const Api* row = evaluator_.api(callee);
        if (!row || row->method_effect != knowledge::MethodEffect::sets || !row->method_argument) continue;
        auto argument = evaluator_.argument(evaluator_.arguments_of({file_id, id}, any_frame), *row->method_argument);
        Said said = argument ? say(evaluator_.values_of(*argument)) : Said{};
        if (!said.methods.empty() && !said.unknown) result = Method{said.methods, ChosenBy::explicit_, {file_id, id}};
      }
    }
    return result;
  }

  // The methods under which a place is reached: `if get_start_method() in (…)` around it.
  StartMethods methods_around(Site site, FrameId frame) {
    StartMethods methods = StartMethods::from_bits(31);
    if (site.event == none) return methods;
    const facts::FileFacts& f = evaluator_.program().file(site.file).facts;
    for (RegionId region = f.events[site.event].region; region != none; region = f.regions[region].parent)
      methods = methods & region_condition(evaluator_, site.file, region, frame, Role::called).methods;
    return methods;
  }

  Site context_site(ValueId context) const {
    const Value& it = evaluator_.value(context);
    return it.kind == ValueKind::object ? it.site() : Site{};
  }

  Method decided(const Said& said, Site site) {
    StartMethods methods = said.methods;
    if (said.standard) methods |= standard().methods;
    // A default beside an unknown caller: the default is what is known.
    if (methods.empty()) return {knowledge::fork_spawn_forkserver, ChosenBy::unknown, site};
    return {methods, said.unknown && said.standard ? ChosenBy::unknown : ChosenBy::explicit_, site};
  }

  void say_one(ValueId id, Said& result) {
    const Value it = evaluator_.value(id);
    if (it.kind == ValueKind::constant) {
      if (Op(it.index) == Op::null) {
        result.standard = true;
      } else if (auto method = method_named(evaluator_.symbol(it.symbol))) {
        result.methods |= *method;
      } else {
        result.unknown = true;
        if (Op(it.index) == Op::string) result.bad_name = evaluator_.symbol(it.symbol);
      }
    } else if (it.kind == ValueKind::external) {
      // the module itself as a context
      const std::string& name = evaluator_.symbol(it.symbol);
      bool module = name == "multiprocessing" || name == "torch.multiprocessing" || name == "multiprocessing.context._default_context";
      (module ? result.standard : result.unknown) = true;
    } else if (it.kind == ValueKind::object) {
      say_object(id, result);
    } else if (Values text = evaluator_.member_value(id); !text.empty()) {  // of class Start(str, Enum)
      for (ValueId value : text) say_one(value, result);
    } else {
      result.unknown = true;
    }
  }

  void say_object(ValueId id, Said& result) {
    const Value it = evaluator_.value(id);
    const Api* row = evaluator_.maker(id);
    if (row && row->makes_context) {
      auto arguments = it.index == none ? llvm::SmallVector<ArgumentRef, 4>() : evaluator_.arguments_of(it.site(), it.frame);
      auto argument = row->method_argument ? evaluator_.argument(arguments, *row->method_argument) : std::nullopt;
      Said inner;
      if (argument) inner = say(evaluator_.values_of(*argument));
      else inner.standard = true;
      result.methods |= inner.methods;
      if (inner.standard && !row->context_methods.empty()) result.methods |= row->context_methods;  // its own default
      else if (StartMethods where = methods_around(it.site(), it.frame); inner.standard && where != StartMethods::from_bits(31)) result.methods |= standard().methods & where;
      else result.standard |= inner.standard;
      result.unknown |= inner.unknown;
      return;
    }
    // A pool's or manager's own context: what it was made from.
    if (it.base != unknown_value && evaluator_.value(it.base).kind == ValueKind::object) return say_object(it.base, result);
    result.unknown = true;
  }

  Evaluator& evaluator_;
  const Trace& trace_;
  uint32_t before_;
  StartMethods standard_;
};

bool is_number(const Evaluator& evaluator, ValueId id, std::string_view text) {
  const Value& it = evaluator.value(id);
  return it.kind == ValueKind::constant && evaluator.symbol(it.symbol) == text;
}

}  // namespace

bool launches_nothing(Evaluator& evaluator, const knowledge::Launch& launch, Site call, FrameId frame) {
  auto arguments = evaluator.arguments_of(call, frame);
  if (launch.unless)  // Client("tcp://…"): what runs elsewhere
    if (auto given = evaluator.argument(arguments, *launch.unless)) {
      Values values = evaluator.values_of(*given);
      bool null = values.size() == 1 && evaluator.value(values[0]).kind == ValueKind::constant && Op(evaluator.value(values[0]).index) == Op::null;
      if (!null) return true;
    }
  if (!launch.workers) return false;
  auto argument = evaluator.argument(arguments, *launch.workers);
  if (!argument) return launch.serial_by_default;
  Values values = evaluator.values_of(*argument);
  if (values.size() != 1) return false;
  const Value& value = evaluator.value(values[0]);
  if (value.kind == ValueKind::constant && Op(value.index) == Op::null) return std::find(launch.no_process_when.begin(), launch.no_process_when.end(), "None") != launch.no_process_when.end();
  return std::any_of(launch.no_process_when.begin(), launch.no_process_when.end(), [&](const std::string& text) { return is_number(evaluator, values[0], text); });
}

std::optional<ArgumentRef> launcher_argument(Evaluator& evaluator, ValueId callee, Site call, FrameId frame, const knowledge::Argument& wanted) {
  constexpr int most_bases_up = 4;
  ValueId constructor = evaluator.value(callee).kind == ValueKind::class_ ? evaluator.method_of(callee, "__init__") : unknown_value;
  const ValueId object = evaluator.make({.kind = ValueKind::instance, .file = call.file, .index = call.event, .frame = frame, .base = callee});
  for (int up = 0; up < most_bases_up && constructor != unknown_value; ++up) {
    const Value method = evaluator.value(constructor);
    const FrameId inside = evaluator.enter(evaluator.bound(constructor, object), call, frame);
    const File& file = evaluator.program().file(method.file);
    const facts::Scope& scope = file.facts.scopes[method.index];
    EventId above = none;
    for (EventId id = scope.events.begin; id < scope.events.end && above == none; ++id) {
      EventId name = file.event(id).op == Op::call ? file.operand(id, 0) : none;
      if (name != none && file.event(name).op == Op::attribute && file.name_of(name) == "__init__") above = id;
    }
    if (above == none) return {};
    call = {method.file, above};
    frame = inside;
    constructor = unknown_value;
    for (ValueId base : Values(evaluator.evaluate({method.file, file.operand(above, 0)}, inside)))
      if (const Value it = evaluator.value(base); it.kind == ValueKind::bound || it.kind == ValueKind::function) constructor = evaluator.make({.kind = ValueKind::function, .file = it.file, .index = it.index, .frame = it.frame});
  }
  return evaluator.argument(evaluator.arguments_of(call, frame), wanted);
}

std::optional<MethodArgument> method_argument(Evaluator& evaluator, const Api& row, Site call, FrameId frame) {
  if (!row.method_argument) return {};
  auto arguments = evaluator.arguments_of(call, frame);
  auto argument = evaluator.argument(arguments, *row.method_argument);
  if (!argument) return {};
  static const Trace no_trace;
  Said said = MethodFinder(evaluator, no_trace, 0, {}).say(evaluator.values_of(*argument));
  return MethodArgument{argument->site, said.methods, said.standard, said.unknown, said.bad_name};
}

bool is_true(Evaluator& evaluator, const std::optional<knowledge::Argument>& wanted, Site call, FrameId frame) {
  if (!wanted) return false;
  auto arguments = evaluator.arguments_of(call, frame);
  auto argument = evaluator.argument(arguments, *wanted);
  if (!argument) return false;
  for (ValueId value : evaluator.values_of(*argument))
    if (evaluator.value(value).kind == ValueKind::constant && evaluator.type_name(value) == "True") return true;
  return false;
}

Method context_of(Evaluator& evaluator, const Trace& trace, uint32_t before, ValueId object, StartMethods standard) {
  return MethodFinder(evaluator, trace, before, standard).of_object(object);
}

Method method_of(Evaluator& evaluator, const Trace& trace, uint32_t before, ValueId callee, const Api& row, Site call, FrameId frame, StartMethods standard) {
  return MethodFinder(evaluator, trace, before, standard).of(callee, row, call, frame);
}

namespace {

class Finder {
 public:
  Finder(Evaluator& evaluator, const Trace& trace, uint32_t trace_id, StartMethods standard) : evaluator_(evaluator), trace_(trace), trace_id_(trace_id), standard_(standard) {}

  std::vector<Launch> run() {
    for (uint32_t i = 0; i < trace_.steps.size(); ++i) {
      const Step& step = trace_.steps[i];
      if (step.kind == StepKind::iterate) iterated(i);
      if (step.kind != StepKind::api) continue;
      if (step.row->launch) made(i);
      if (step.row->starts) started(i);
      if (step.row->task) task(i);
    }
    return std::move(launches_);
  }

 private:
  // A call of a launcher: launches at once, or only describes.
  void made(uint32_t i) {
    const Step& step = trace_.steps[i];
    Starts starts = step.row->launch->starts;
    bool decorated = starts == Starts::decorated && evaluator_.launches_when_called(step.subject);
    if (starts != Starts::construct && starts != Starts::call && !decorated) return;
    if (launches_nothing(evaluator_, *step.row->launch, step.site, step.frame)) return;
    ValueId object = unknown_value;
    for (ValueId value : evaluator_.call_result(step.subject, step.site, step.frame)) object = value;
    if (const Value it = evaluator_.value(step.subject); decorated) return void(add(i, object, step.row, it.base, it.site(), it.frame, step.site));
    add(i, object, step.row, step.subject, step.site, step.frame, step.site);
  }

  // receiver.start(): what the receiver's construction described.
  void started(uint32_t i) {
    const Step& step = trace_.steps[i];
    ValueId receiver = evaluator_.value(step.subject).base;
    const Api* row = evaluator_.maker(receiver);
    if (!row || !row->launch || row->launch->starts != Starts::start) return;
    const Value it = evaluator_.value(receiver);
    ValueId callee = it.kind == ValueKind::instance ? it.base : callee_of(it);
    add(i, receiver, row, callee, it.site(), it.frame, step.site);
  }

  ValueId callee_of(const Value& object) {
    if (object.index == none) return unknown_value;
    const File& file = evaluator_.program().file(object.file);
    if (file.event(object.index).op != Op::call) return unknown_value;
    Values callees = evaluator_.evaluate({object.file, file.operand(object.index, 0)}, object.frame);
    return callees.empty() ? unknown_value : callees[0];
  }

  // pool.map(f): a task of a pool that lives, or the first one of an executor, which launches it.
  void task(uint32_t i) {
    const Step& step = trace_.steps[i];
    Values pools{evaluator_.value(step.subject).base};
    if (step.row->task->pool) {
      auto arguments = evaluator_.arguments_of(step.site, step.frame);
      if (auto argument = evaluator_.argument(arguments, *step.row->task->pool)) pools = evaluator_.values_of(*argument);
    }
    for (ValueId pool : pools) {
      auto known = std::find_if(launches_.rbegin(), launches_.rend(), [&](const Launch& launch) { return launch.object == pool; });
      if (known != launches_.rend()) {
        known->tasks.push_back(i);
        continue;
      }
      const Api* row = evaluator_.maker(pool);
      if (!row || !row->launch) continue;
      const Value it = evaluator_.value(pool);
      if (it.index != none && it.kind == ValueKind::object && launches_nothing(evaluator_, *row->launch, it.site(), it.frame)) continue;
      if (row->launch->starts == Starts::first_task) {
        ValueId callee = it.kind == ValueKind::instance ? it.base : callee_of(it);
        if (add(i, pool, row, callee, it.site(), it.frame, step.site)) launches_.back().tasks.push_back(i);
      } else if (row->launch->pool) {
        // A pool that was made elsewhere: its tasks matter, its launch is told there.
        if (add(i, pool, row, callee_of(it), it.site(), it.frame, {})) launches_.back().tasks.push_back(i);
      }
    }
  }

  void iterated(uint32_t i) {
    const Step& step = trace_.steps[i];
    if (!step.row->launch || step.row->launch->starts != Starts::iterate) return;
    const Value it = evaluator_.value(step.subject);
    if (it.index == none || launches_nothing(evaluator_, *step.row->launch, it.site(), it.frame)) return;
    add(i, step.subject, step.row, callee_of(it), it.site(), it.frame, step.site);
  }

  // backend="multiprocessing": another launcher does the work.
  const Api* instead(const Api* row, Site call, FrameId frame) {
    if (row->launch->instead.empty() || !row->launch->method || call.event == none) return row;
    auto given = evaluator_.argument(evaluator_.arguments_of(call, frame), *row->launch->method);
    auto word = given ? evaluator_.constant_string(evaluator_.values_of(*given)) : std::nullopt;
    for (const std::string& choice : row->launch->instead) {
      size_t equals = choice.find('=');
      if (!word || choice.substr(0, equals) != *word) continue;
      const Api* other = evaluator_.program().knowledge().find(choice.substr(equals + 1));
      if (other && other->launch) return other;
    }
    return row;
  }

  // if method == "spawn": p = Process(…); the p.start() below it is of such a process
  StartMethods made_under(uint32_t step, Site construction, FrameId frame) const {
    for (uint32_t i = construction.event == none ? 0 : step; i-- > 0;)
      if (trace_.steps[i].site == construction && trace_.steps[i].frame == frame) return trace_.steps[i].condition.methods;
    return StartMethods::from_bits(31);
  }

  // Whether a test replaces what makes the launch by a mock: the class, its context, or a function on the way.
  bool is_replaced(uint32_t i, ValueId callee, Site construction) {
    if (!patches_) patches_ = std::any_of(trace_.steps.begin(), trace_.steps.end(), [&](const Step& step) { return patch_made_at(evaluator_, step).call.event != none; });
    if (!*patches_ && patch_decorators(evaluator_, trace_, i).empty()) return false;
    auto patched = [&](Site call) { return call.event != none && is_patched(evaluator_, trace_, i, call); };
    if (patched(construction)) return true;
    if (const Value& context = evaluator_.value(evaluator_.value(callee).base); context.kind == ValueKind::object && patched(context.site())) return true;
    for (uint32_t up = trace_.steps[i].parent; up != none; up = trace_.steps[up].parent)
      if (trace_.steps[up].kind == StepKind::enter_function && patched(trace_.steps[up].site)) return true;
    return false;
  }

  // Says whether there is a launch: a Pool that a test replaces by a mock launches nothing.
  bool add(uint32_t i, ValueId object, const Api* row, ValueId callee, Site construction, FrameId construction_frame, Site site) {
    const Step& step = trace_.steps[i];
    if (is_replaced(i, callee, construction)) return false;
    row = instead(row, construction.event == none ? site : construction, construction_frame);
    Launch launch{.trace = trace_id_, .step = i, .site = site, .frame = step.frame, .row = row, .object = object, .construction = construction, .construction_frame = construction_frame, .condition = step.condition};
    launch.method = method_of(evaluator_, trace_, i, callee, *row, construction.event == none ? site : construction, construction_frame, standard_);
    if (launch.method.by == ChosenBy::standard || launch.method.by == ChosenBy::unknown) {
      launch.method.methods = launch.method.methods & step.condition.methods & made_under(i, construction, construction_frame);
      // On Windows only spawn exists.
      if (step.condition.platforms == platform_windows) launch.method.methods = launch.method.methods & StartMethod::spawn;
    }
    if (row->launch->raw_fork || row->launch->executes) launch.method = {StartMethod::fork, ChosenBy::library, {}};
    launches_.push_back(std::move(launch));
    return true;
  }

  Evaluator& evaluator_;
  const Trace& trace_;
  uint32_t trace_id_;
  StartMethods standard_;
  std::vector<Launch> launches_;
  std::optional<bool> patches_;  // whether any step of the trace patches something
};

}  // namespace

std::vector<Launch> find_launches(Evaluator& evaluator, const Trace& trace, uint32_t trace_id, StartMethods standard) {
  return Finder(evaluator, trace, trace_id, standard).run();
}

}  // namespace forklint::model
