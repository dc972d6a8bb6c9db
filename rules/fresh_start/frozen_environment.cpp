// The fork server starts with the first process that needs it and keeps the environment, umask and limits of that
// moment. What the parent changes later reaches spawned and forked children, but not those of the server.
#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include "analyzer/model/globals.h"
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

// The setting that a step changes; empty: none.
std::string changed(const Step& step) { return (step.kind == StepKind::api || step.kind == StepKind::write_item) && step.row ? step.row->frozen_setting : std::string(); }

// The variables that a step speaks of; nothing: any of them.
using Keys = std::optional<std::set<std::string>>;

Keys texts(const Model& model, Site site, FrameId frame) {
  std::set<std::string> result;
  for (ValueId value : Values(model.evaluator().evaluate(site, frame))) {
    const Value& it = model.evaluator().value(value);
    if (it.kind != ValueKind::constant || Op(it.index) != Op::string) return {};
    result.insert(model.evaluator().symbol(it.symbol));
  }
  return result;
}

// os.environ["NAME"] = …, os.environ.pop("NAME"), os.environ.update(NAME=…), os.getenv("NAME")
Keys keys_of(const Model& model, const Step& step) {
  const File& file = model.file(step.site.file);
  const facts::Event& event = file.event(step.site.event);
  if (event.op == Op::set_subscript || event.op == Op::delete_subscript || event.op == Op::subscript || event.op == Op::augment_subscript) return texts(model, {step.site.file, file.operand(step.site.event, 1)}, step.frame);
  if (step.kind != StepKind::api || event.operands_count < 2) return {};
  const facts::Operand& first = file.facts.operands_of(event)[1];
  if (first.keyword == facts::name_positional) {
    Keys named = texts(model, {step.site.file, first.value}, step.frame);
    bool expands = named && std::any_of(named->begin(), named->end(), [](const std::string& text) { return text.find('$') != text.npos; });
    return expands ? Keys() : named;
  }
  std::set<std::string> result;
  for (uint32_t i = 1; i < event.operands_count; ++i) {
    NameId keyword = file.facts.operands_of(event)[i].keyword;
    if (keyword == facts::name_star || keyword == facts::name_double_star) return {};
    result.insert(std::string(file.name(keyword)));
  }
  return result;
}

bool meet(const Keys& a, const Keys& b) {
  return !a || !b || std::any_of(a->begin(), a->end(), [&](const std::string& key) { return b->contains(key); });
}

// What a step of the child reads of a setting; null where it reads nothing of it.
std::optional<Keys> read_by(const Model& model, const Step& step, const std::string& what) {
  Evaluator& evaluator = model.evaluator();
  if (step.kind == StepKind::api && step.row->reads_setting == what) return keys_of(model, step);
  // A umask shows in every file that is made.
  if (what == "umask" && step.kind == StepKind::api && step.row->handle == knowledge::Handle::file) return Keys();
  bool reads = false;
  if (step.kind == StepKind::read_attribute && evaluator.value(step.subject).kind == ValueKind::external) {
    const knowledge::Api* row = model.program().knowledge().find(evaluator.type_name(step.subject) + "." + std::string(model.file(step.site.file).name(step.name)));
    reads = row && row->reads_setting == what;
  }
  if (step.kind == StepKind::read_global)  // from os import environ
    for (ValueId value : evaluator.module_variable(step.file, step.name))
      if (const knowledge::Api* row = evaluator.api(value); row && row->reads_setting == what) reads = true;
  if (!reads) return {};
  const File& file = model.file(step.site.file);
  EventId use = use_of(file, step.site.event);
  if (use == none) return Keys();
  switch (file.event(use).op) {
    case Op::set_subscript: case Op::delete_subscript: return {};                              // the object is read, but none of what it holds
    case Op::subscript: return texts(model, {step.site.file, file.operand(use, 1)}, step.frame);
    case Op::attribute: case Op::call: return {};  // of a method: its call is a step of its own
    default: return Keys();
  }
}

const Step* read_in_child(const Model& model, size_t i, const std::string& what, const Keys& keys) {
  auto sets = [&](const Step& step) { return changed(step) == what && meet(keys, keys_of(model, step)); };
  for (const WorkerTrace& worker : model.workers(i))
    if (worker.worker.kind == PayloadKind::initializer && std::any_of(worker.trace.steps.begin(), worker.trace.steps.end(), sets)) return nullptr;  // every worker sets it itself
  for (const WorkerTrace& worker : model.workers(i))
    for (const Step& step : worker.trace.steps) {
      if (sets(step)) break;
      if (auto read = read_by(model, step, what); read && meet(keys, *read)) return &step;
    }
  return nullptr;
}

// The one value that a step gives a variable: of a write that says what it writes.
std::optional<std::string> value_of(const Model& model, const Step& step) {
  const File& file = model.file(step.site.file);
  if (file.event(step.site.event).op != Op::set_subscript) return {};
  Keys text = texts(model, {step.site.file, file.operand(step.site.event, 2)}, step.frame);
  return text && text->size() == 1 ? std::optional(*text->begin()) : std::nullopt;
}

// Whether the server has that value already: the last write before it started was the same.
bool known_to_server(const Model& model, const Trace& trace, uint32_t write, uint32_t start) {
  auto value = value_of(model, trace.steps[write]);
  Keys keys = keys_of(model, trace.steps[write]);
  for (uint32_t step = std::min(write, start); value && keys && step-- > 0;)
    if (changed(trace.steps[step]) == changed(trace.steps[write]) && meet(keys, keys_of(model, trace.steps[step]))) return value_of(model, trace.steps[step]) == value;
  return false;
}

// Both are repeated by one loop: the second round changes what the first round's launch has fixed.
bool same_loop(const Model& model, const Trace& trace, uint32_t a, uint32_t b) {
  std::vector<uint32_t> of_a{a}, of_b{b};
  for (uint32_t up = trace.steps[a].parent; up != none; up = trace.steps[up].parent) of_a.push_back(up);
  for (uint32_t up = trace.steps[b].parent; up != none; up = trace.steps[up].parent) of_b.push_back(up);
  while (!of_a.empty() && !of_b.empty() && of_a.back() == of_b.back()) {
    if (trace.steps[of_a.back()].condition.repeated) return true;
    of_a.pop_back();
    of_b.pop_back();
  }
  if (of_a.empty() || of_b.empty()) return false;
  Site first = trace.steps[of_a.back()].site, second = trace.steps[of_b.back()].site;
  if (first.file != second.file) return false;
  const facts::FileFacts& f = model.file(first.file).facts;
  for (RegionId region = f.events[first.event].region; region != none; region = f.regions[region].parent)
    if (f.regions[region].kind == facts::RegionKind::loop && f.regions[region].events.contains(second.event)) return true;
  return false;
}

// What is written is not the same in every round.
bool varies(const Model& model, const Step& step) {
  const File& file = model.file(step.site.file);
  const facts::Event& event = file.event(step.site.event);
  for (uint32_t i = 1; i < event.operands_count; ++i) {
    Values values = model.evaluator().evaluate({step.site.file, file.operand(step.site.event, i)}, step.frame);
    if (values.size() != 1 || model.evaluator().value(values[0]).kind != ValueKind::constant) return true;
  }
  return false;
}

void check(const Model& model, engine::Report& report) {
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    if (launch.site.event == none || !launch.method.methods.has(StartMethod::forkserver)) continue;
    const Trace& trace = model.trace_of(launch);
    // The server starts with the first launch of this trace that may use it.
    const Launch* first = nullptr;
    for (const Launch& other : model.launches())
      if (other.trace == launch.trace && other.step < launch.step && other.site.event != none && other.method.methods.has(StartMethod::forkserver) && (!first || other.step < first->step)) first = &other;
    if (!first && launch.condition.repeated) first = &launch;
    if (!first) continue;
    for (uint32_t step = 0; step < launch.step; ++step) {
      std::string what = changed(trace.steps[step]);
      if (what.empty() || (trace.entry == Entry::main && trace.steps[step].condition.guard == Guard::none)) continue;
      bool later = step > first->step || (first->condition.repeated && varies(model, trace.steps[step]) && same_loop(model, trace, step, first->step));
      if (!later) continue;
      if (known_to_server(model, trace, step, first->step)) continue;
      const Step* read = read_in_child(model, i, what, keys_of(model, trace.steps[step]));
      if (!read) continue;
      report.finding(trace.steps[step].site, "Changes the " + what + " after the fork server has started, which keeps the old one")
          .under(StartMethod::forkserver, "wrong")
          .label(first->site, "the server starts with this")
          .label(read->site, "the child reads it here")
          .label(launch.site, "this child does not see the change; make it before the first launch, or send the value")
          .confidence(trace.steps[step].condition.certain() ? Confidence::likely : Confidence::possible)
          .launch(i);
    }
  }
}

}  // namespace

extern const engine::Rule frozen_environment = {
    .code = "PSM306", .name = "frozen-environment", .family = "fresh_start",
    .summary = "The environment changes after the fork server has started", .severity = engine::Severity::error, .check = check};

}  // namespace forklint::rules
