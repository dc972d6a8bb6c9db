#include "analyzer/units/ask.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include <unistd.h>

#include "analyzer/source/parallel.h"
#include "analyzer/units/cache.h"
#include "analyzer/units/preambles.h"
#include "analyzer/units/worker.h"

namespace forklint::units {
namespace {

using frontends::cpp::Command;
using frontends::cpp::Unit;
using Clock = std::chrono::system_clock;

constexpr uint64_t memory_of_a_worker = 400ull << 20;
constexpr size_t units_of_a_worker = 6;  // for fewer, another worker does not prepare a preamble
constexpr uint32_t none = UINT32_MAX;

unsigned worker_count(const UnitOptions& options, size_t units) {
  unsigned jobs = options.jobs ? options.jobs : std::max(1u, std::thread::hardware_concurrency());
  const uint64_t memory = uint64_t(::sysconf(_SC_PHYS_PAGES)) * uint64_t(::sysconf(_SC_PAGESIZE));
  jobs = unsigned(std::clamp<uint64_t>(memory / memory_of_a_worker, 1, jobs));
  return unsigned(std::min<size_t>(jobs, units));
}

Command command_of(const std::string& root, const PlannedUnit& unit) { return {root, unit.command.directory, unit.command.file, unit.command.arguments}; }

// What earlier runs know. The rest is left to be asked.
std::vector<uint32_t> from_cache(const Cache& cache, FileStates& states, const std::string& root, const std::vector<PlannedUnit>& units, unsigned jobs, Answers& answers) {
  std::vector<std::optional<Unit>> known(units.size());
  source::in_parallel(units.size(), jobs, [&](size_t i) { known[i] = cache.find(command_of(root, units[i]), states); });
  std::map<std::string, bool> preambles;  // whether they are there, by the request for them
  std::vector<uint32_t> missing;
  for (uint32_t i = 0; i < units.size(); ++i) {
    bool whole = known[i].has_value();
    if (whole && !known[i]->preamble.empty()) {
      auto [it, is_new] = preambles.try_emplace(known[i]->preamble, false);
      if (is_new)
        if (auto command = frontends::cpp::command_from(it->first))
          if (auto unit = cache.find(*command, states)) answers.preambles.push_back(std::move(*unit)), it->second = true;
      whole = it->second;
    }
    if (whole) answers.units[i] = std::move(*known[i]);
    else missing.push_back(i);
  }
  return missing;
}

// Which unit a worker does next: of the preamble that it holds as long as there is one.
class Queue {
 public:
  struct Job {
    uint32_t unit = 0;
    uint32_t group = none;  // none: without a preamble
    uint32_t place = 0;     // in the group
  };

  Queue(const std::vector<PreambleGroup>& groups, const std::vector<uint32_t>& units, auto&& size) {
    std::vector<char> in_group(size_t(units.empty() ? 0 : units.back() + 1));
    for (uint32_t group = 0; group < groups.size(); ++group) {
      Lane& lane = lanes_.emplace_back();
      for (uint32_t place = 0; place < groups[group].units.size(); ++place) {
        lane.jobs.push_back({groups[group].units[place], group, place});
        in_group[groups[group].units[place]] = true;
      }
    }
    Lane& rest = lanes_.emplace_back();
    for (uint32_t unit : units)
      if (!in_group[unit]) rest.jobs.push_back({unit});
    // Large files first, so that no worker is left with one at the end.
    for (Lane& lane : lanes_) std::ranges::sort(lane.jobs, std::greater(), [&](const Job& job) { return std::pair(size(job.unit), ~job.unit); });
  }

  // `lane`: of the job before; from `none` on.
  std::optional<Job> next(uint32_t& lane) {
    const std::lock_guard lock(mutex_);
    if (lane != none && lanes_[lane].left() > 0) return lanes_[lane].take();
    if (lane != none) --lanes_[lane].workers;
    lane = best();
    if (lane == none) return {};
    ++lanes_[lane].workers;
    return lanes_[lane].take();
  }

 private:
  struct Lane {
    std::vector<Job> jobs;
    size_t taken = 0;
    unsigned workers = 0;
    size_t left() const { return jobs.size() - taken; }
    Job take() { return jobs[taken++]; }
  };

  // The lane with most work for one more worker.
  uint32_t best() const {
    uint32_t best = none;
    size_t most = 0;
    for (uint32_t i = 0; i < lanes_.size(); ++i) {
      const Lane& lane = lanes_[i];
      const bool prepared = i + 1 < lanes_.size();
      if (lane.left() == 0 || (prepared && lane.workers > 0 && lane.left() < units_of_a_worker * (lane.workers + 1))) continue;
      const size_t work = lane.left() * (prepared ? 1 : units_of_a_worker) / (lane.workers + 1) + 1;
      if (work > most) best = i, most = work;
    }
    return best;
  }

  std::mutex mutex_;
  std::vector<Lane> lanes_;  // one for each group, and one for the rest
};

// What all workers share.
struct Run {
  const std::vector<PreambleGroup>& groups;
  const Cache& cache;
  FileStates& states;
  std::vector<std::optional<Unit>> preambles;
  std::vector<std::atomic<bool>> failed;  // such a preamble cannot be had
  std::mutex mutex;
  std::atomic<bool> kept = false;

  void keep(const Command& command, const Unit& unit, Clock::time_point asked) {
    cache.keep(command, unit, asked, states);
    kept = true;
  }
};

// A worker and the preamble that it holds.
class Prepared {
 public:
  Prepared(Run& run, const std::string& program, const UnitOptions& options) : run_(run), worker_(program, options), limit_(options.time) {}

  std::expected<Unit, std::string> ask(const Command& plain, const Queue::Job& job) {
    if (job.group != none && prepare(job.group)) {
      Command command = plain;
      command.preamble = run_.groups[job.group].prepare.preamble;
      command.covered = run_.groups[job.group].covered[job.place];
      const auto asked = Clock::now();
      auto unit = worker_.ask(command);
      if (unit) run_.keep(plain, *unit, since_);
      if (unit || Clock::now() - asked >= limit_) return unit;  // without, it would take as long again
    }
    const auto asked = Clock::now();
    auto unit = worker_.ask(plain);
    if (unit) run_.keep(plain, *unit, asked);
    return unit;
  }

 private:
  bool prepare(uint32_t group) {
    if (run_.failed[group]) return false;
    if (held_ == group && worker_.runs()) return true;
    held_ = none;
    since_ = Clock::now();
    auto unit = worker_.ask(run_.groups[group].prepare);
    if (!unit) return run_.failed[group] = true, false;
    held_ = group;
    const std::lock_guard lock(run_.mutex);
    if (run_.preambles[group]) return true;
    run_.keep(run_.groups[group].prepare, *unit, since_);
    run_.preambles[group] = std::move(*unit);
    return true;
  }

  Run& run_;
  Worker worker_;
  std::chrono::seconds limit_;
  uint32_t held_ = none;
  Clock::time_point since_;  // when it was asked for
};

}  // namespace

Answers ask_all(const std::string& program, const std::string& root, const std::vector<PlannedUnit>& units, const std::vector<source::File>& files, const UnitOptions& options) {
  Answers answers;
  answers.units.resize(units.size());
  const Cache cache(options.cache, program);
  const unsigned workers = worker_count(options, units.size());
  FileStates states;
  const std::vector<uint32_t> missing = from_cache(cache, states, root, units, workers, answers);
  const std::vector<PreambleGroup> groups = share_preambles(root, units, missing, files);
  Queue queue(groups, missing, [&](uint32_t unit) { return files[units[unit].file].text.size(); });
  Run run{groups, cache, states, std::vector<std::optional<Unit>>(groups.size()), std::vector<std::atomic<bool>>(groups.size()), {}, false};
  auto work = [&] {
    Prepared worker(run, program, options);
    uint32_t lane = none;
    while (auto job = queue.next(lane)) answers.units[job->unit] = worker.ask(command_of(root, units[job->unit]), *job);
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::min<size_t>(workers, missing.size()); ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  for (std::optional<Unit>& preamble : run.preambles)
    if (preamble) answers.preambles.push_back(std::move(*preamble));
  if (run.kept) cache.trim();
  return answers;
}

}  // namespace forklint::units
