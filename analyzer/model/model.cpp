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
  for (uint32_t id = 0; id < traces_.size(); ++id) {
    std::vector<Launch> found = find_launches(*evaluator_, traces_[id], id, options_.standard);
    launches_.insert(launches_.end(), found.begin(), found.begin() + ptrdiff_t(std::min(found.size(), most_launches)));
    for (const Step& step : traces_[id].steps)
      if (step.kind == StepKind::import_module && step.file != traces_[id].file) imported_[step.file] = true;
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
