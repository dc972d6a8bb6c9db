#include "analyzer/model/model.h"

#include <algorithm>

#include "analyzer/model/entries.h"
#include "analyzer/model/globals.h"

namespace forklint::model {
namespace {

// Of one trace. Rules look through the trace for each of its launches.
constexpr size_t most_launches = 1000;

}  // namespace

Model::Model(const Program& program, const ModelOptions& options)
    : program_(program), options_(options) {
  find_launches_of(walk_entries(program, options.jobs));
  pickling_ = std::make_unique<Pickling>(*evaluator_);
  payloads_.resize(launches_.size());
  crossings_.resize(launches_.size());
  workers_.resize(launches_.size());
  lost_globals_.resize(launches_.size());
}

Model::~Model() = default;

void Model::find_launches_of(Walked walked) {
  evaluator_ = std::move(walked.evaluator);
  walker_ = std::move(walked.walker);
  traces_ = std::move(walked.traces);
  imported_.resize(program_.files().size());
  find_imported();
  for (uint32_t id = 0; id < traces_.size(); ++id) {
    if (auto it = handed_on_.find(Walker::key(traces_[id].file, traces_[id].scope)); it != handed_on_.end() && traces_[id].entry == Entry::function) {
      traces_[id].inherited = it->second.methods;
      traces_[id].inherited_from = it->second.chosen_at;
    }
    const size_t before = launches_.size();
    std::vector<Launch> found = find_launches(*evaluator_, traces_[id], id, options_.standard);
    launches_.insert(launches_.end(), found.begin(), found.begin() + ptrdiff_t(std::min(found.size(), most_launches)));
    hand_on_methods(traces_[id], before);
  }
}

// What is imported on the way of some program, and what only an `import` that does not run names.
void Model::find_imported() {
  imported_.resize(program_.files().size());
  for (const Trace& trace : traces_)
    for (const Step& step : trace.steps)
      if (step.kind == StepKind::import_module && step.file != trace.file) imported_[step.file] = true;
  for (FileId id : program_.python_files()) {
    const File& file = program_.file(id);
    for (EventId event = 0; event < file.facts.events.size(); ++event) {
      const Op op = file.event(event).op;
      if (op != Op::import && op != Op::import_from) continue;
      for (ValueId value : Values(evaluator_->evaluate({id, op == Op::import ? event : file.operand(event, 0)}, any_frame))) {
        const Value& it = evaluator_->value(value);
        FileId named = it.kind != ValueKind::module ? none : op == Op::import ? it.file : program_.submodule(it.file, file.name_of(event));
        if (named != none && named != id) imported_[named] = true;
      }
    }
  }
}

// Every child is told what the default start method of its parent is, and takes it for its own.
void Model::hand_on_methods(const Trace& trace, size_t launches_before) {
  auto sets = [](const Step& step) { return step.kind == StepKind::api && step.row->method_effect == knowledge::MethodEffect::sets; };
  if (trace.entry != Entry::main || std::none_of(trace.steps.begin(), trace.steps.end(), sets)) return;
  for (size_t i = launches_before; i < launches_.size(); ++i) {
    Method standard = standard_method(*evaluator_, trace, launches_[i].step, options_.standard);
    for (const Worker& worker : workers_of(*evaluator_, trace, launches_[i])) {
      const Value& function = evaluator_->value(worker.function);
      if (function.kind != ValueKind::function && function.kind != ValueKind::bound) continue;
      auto [known, added] = handed_on_.try_emplace(Walker::key(function.file, function.index), standard);
      if (!added) known->second.methods |= standard.methods;
    }
  }
}

const Trace& Model::body(FileId file) const {
  std::unique_ptr<Trace>& trace = bodies_[file];
  if (!trace) trace = std::make_unique<Trace>(walker_->walk_main(file));
  return *trace;
}

const std::vector<Payload>& Model::payload(size_t launch) const {
  if (!payloads_[launch]) payloads_[launch] = std::make_unique<std::vector<Payload>>(payload_of(*evaluator_, trace_of(launches_[launch]), launches_[launch]));
  return *payloads_[launch];
}

const std::vector<Crossing>& Model::crossings(size_t launch) const {
  if (!crossings_[launch]) {
    PickleContext versions{.oldest_python = options_.oldest_python, .newest_python = options_.newest_python};
    crossings_[launch] = std::make_unique<std::vector<Crossing>>(crossings_of(*evaluator_, *pickling_, trace_of(launches_[launch]), launches_[launch], payload(launch), versions));
  }
  return *crossings_[launch];
}

const std::vector<WorkerTrace>& Model::workers(size_t launch) const {
  if (!workers_[launch]) {
    auto result = std::make_unique<std::vector<WorkerTrace>>();
    for (const Worker& worker : workers_of(*evaluator_, trace_of(launches_[launch]), launches_[launch])) result->push_back({worker, walker_->walk_worker(worker.function, worker.frame)});
    workers_[launch] = std::move(result);
  }
  return *workers_[launch];
}

const std::vector<LostGlobal>& Model::lost_globals(size_t launch) const {
  if (!lost_globals_[launch]) lost_globals_[launch] = std::make_unique<std::vector<LostGlobal>>(find_lost_globals(*this, launch));
  return *lost_globals_[launch];
}

}  // namespace forklint::model
