#include "analyzer/model/model.h"

#include <algorithm>
#include <array>

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

// From how far away functions that nothing calls are followed to a launch: over so many calls. What they call is walked
// by itself where they are not. Large programs are looked at from nearer, or most of the time would go into callers.
static uint8_t farthest_roots(const Program& program) {
  constexpr uint8_t nearest = 3, farthest = 6;
  constexpr size_t many = 1500;
  std::array<size_t, farthest + 1> functions{};
  for (const File& file : program.files())
    for (ScopeId scope = 1; file.walked && scope < file.launching.size(); ++scope)
      if (file.launching[scope] <= farthest && file.facts.scopes[scope].kind == facts::ScopeKind::function) ++functions[file.launching[scope]];
  size_t total = functions[1] + functions[2] + functions[3];
  uint8_t distance = nearest;
  while (distance < farthest && total + functions[distance + 1] <= many) total += functions[++distance];
  return distance;
}

static bool worth_walking(const File& file, ScopeId scope, uint8_t farthest) {
  return file.launching.empty() || (file.launching[scope] > 0 && file.launching[scope] <= farthest);
}

void Model::walk() {
  auto walked = [&](FileId file) { return program_.file(file).walked && program_.file(file).facts.language == facts::Language::python; };
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
    if (walked(file)) keep(walker_->walk_main(file));
  uint8_t farthest = farthest_roots(program_);
  for (FileId file_id = 0; file_id < program_.files().size(); ++file_id) {
    const File& file = program_.file(file_id);
    if (!walked(file_id)) continue;
    for (ScopeId scope = 1; scope < file.facts.scopes.size(); ++scope)
      if (file.facts.scopes[scope].kind == facts::ScopeKind::function && worth_walking(file, scope, farthest) && !walker_->visited(file_id, scope)) {
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
