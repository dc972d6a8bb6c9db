#include "analyzer/model/model.h"

#include <algorithm>

#include "analyzer/model/globals.h"

namespace forklint::model {
namespace {

// Of one trace. Rules look through the trace for each of its launches.
constexpr size_t most_launches = 1000;

}  // namespace

Model::Model(const Program& program, const ModelOptions& options)
    : program_(program), options_(options), evaluator_(std::make_unique<Evaluator>(program)), pickling_(std::make_unique<Pickling>(*evaluator_)), walker_(std::make_unique<Walker>(*evaluator_)) {
  walk();
  payloads_.resize(launches_.size());
  crossings_.resize(launches_.size());
  workers_.resize(launches_.size());
  lost_globals_.resize(launches_.size());
}

Model::~Model() = default;

// A function that nothing calls, and that may lead to a launch over so many calls. What is called from farther away is
// walked by itself.
static bool worth_walking(const File& file, ScopeId scope) {
  constexpr uint8_t farthest = 6;
  return file.launching.empty() || (file.launching[scope] > 0 && file.launching[scope] <= farthest);
}

void Model::walk() {
  imported_.resize(program_.files().size());
  auto keep = [&](Trace trace) {
    uint32_t id = uint32_t(traces_.size());
    std::vector<Launch> found = find_launches(*evaluator_, trace, id, options_.standard);
    launches_.insert(launches_.end(), found.begin(), found.begin() + ptrdiff_t(std::min(found.size(), most_launches)));
    for (const Step& step : trace.steps)
      if (step.kind == StepKind::import_module && step.file != trace.file) imported_[step.file] = true;
    traces_.push_back(std::move(trace));
  };
  for (FileId file = 0; file < program_.files().size(); ++file)
    if (program_.file(file).walked) keep(walker_->walk_main(file));
  for (FileId file_id = 0; file_id < program_.files().size(); ++file_id) {
    const File& file = program_.file(file_id);
    if (!file.walked) continue;
    for (ScopeId scope = 1; scope < file.facts.scopes.size(); ++scope)
      if (file.facts.scopes[scope].kind == facts::ScopeKind::function && worth_walking(file, scope) && !walker_->visited(file_id, scope)) {
        Trace trace = walker_->walk_function(file_id, scope);
        if (!trace.steps.empty()) keep(std::move(trace));
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
