// By which method a launch starts its processes: what it is given, the context it goes through, what was set before.
#include "analyzer/model/launches.h"
#include "analyzer/model/order.h"
#include "analyzer/model/regions.h"

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
      else return {knowledge::fork_spawn_forkserver, ChosenBy::unknown, {}};  // context: BaseContext, of somebody who is not known
    }
    return standard();
  }

  // set_start_method before here; else the default.
  Method standard() {
    Method result{standard_, ChosenBy::standard, {}};
    if (!trace_.inherited.empty()) result = {trace_.inherited, ChosenBy::explicit_, trace_.inherited_from};
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

  // A function runs after the body of its module has, and those of what that imports: set_start_method("spawn") at the top.
  std::optional<Method> set_by_module(FileId file_id, bool imported = false) {
    const File& file = evaluator_.program().file(file_id);
    const facts::Range events = file.facts.scopes[0].events;
    std::optional<Method> result;
    for (EventId id = events.begin; id < events.end; ++id) {
      if (file.event(id).region != none || file.scope_of(id) != 0) continue;
      if (file.event(id).op == Op::import && !imported)
        for (ValueId module : Values(evaluator_.evaluate({file_id, id}, any_frame)))
          if (const Value it = evaluator_.value(module); it.kind == ValueKind::module && evaluator_.program().file(it.file).find_name("set_start_method") != none)
            if (auto set = set_by_module(it.file, true)) result = set;
      if (file.event(id).op != Op::call) continue;
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
      if (Condition around = region_condition(evaluator_, site.file, region, frame, Role::called); around.platforms == platform_windows) methods = methods & StartMethod::spawn;
      else methods = methods & around.methods;
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

}  // namespace

std::optional<ArgumentRef> launcher_argument(Evaluator& evaluator, ValueId callee, Site call, FrameId frame, const knowledge::Argument& wanted) {
  if (evaluator.value(callee).kind != ValueKind::class_) return evaluator.argument(evaluator.arguments_of(call, frame), wanted);
  std::optional<ArgumentRef> result;
  const ValueId object = evaluator.make({.kind = ValueKind::instance, .file = call.file, .index = call.event, .frame = frame, .base = callee});
  evaluator.each_construction(object, [&](const Evaluator::Construction& it) {
    if (it.constructor == unknown_value) result = evaluator.argument(it.arguments, wanted);
    return it.constructor == unknown_value;
  });
  return result;
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

Method standard_method(Evaluator& evaluator, const Trace& trace, uint32_t before, StartMethods standard) {
  return MethodFinder(evaluator, trace, before, standard).standard();
}

Method context_of(Evaluator& evaluator, const Trace& trace, uint32_t before, ValueId object, StartMethods standard) {
  return MethodFinder(evaluator, trace, before, standard).of_object(object);
}

Method method_of(Evaluator& evaluator, const Trace& trace, uint32_t before, ValueId callee, const Api& row, Site call, FrameId frame, StartMethods standard) {
  return MethodFinder(evaluator, trace, before, standard).of(callee, row, call, frame);
}

}  // namespace forklint::model
