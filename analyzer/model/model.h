// The program as rules see it: traces from every entry, launches with their methods, what is sent and what the
// children run. Everything is computed on demand and remembered; a Model is used from one thread.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "analyzer/model/crossing.h"
#include "analyzer/model/launches.h"
#include "analyzer/model/control.h"
#include "analyzer/model/liveness.h"
#include "analyzer/model/pickling.h"
#include "analyzer/model/timeline.h"

namespace forklint::model {

struct ModelOptions {
  StartMethods standard = knowledge::fork_spawn_forkserver;  // what the default may be
  int oldest_python = 6, newest_python = 15;                 // 3.x
  uint8_t platforms = platform_all;
  bool platforms_given = false;
  bool runs_on_windows = false;  // the user or the project says so
  knowledge::Libc libc = knowledge::Libc::glibc;
  unsigned jobs = 0;             // threads that walk; 0: one per processor
};

// A worker of a launch, walked.
struct WorkerTrace {
  Worker worker;
  Trace trace;
};

struct LostGlobal;  // globals.h
struct Walked;      // entries.h

class Model {
 public:
  Model(const Program& program, const ModelOptions& options);
  ~Model();

  const Program& program() const { return program_; }
  const ModelOptions& options() const { return options_; }
  Evaluator& evaluator() const { return *evaluator_; }
  Pickling& pickling() const { return *pickling_; }

  // The files in C and C++; empty where there are none. Their sites are sites of this model.
  const native::Native& native() const { return program_.native(); }

  // Mains first (one a file), then functions that nothing known calls.
  const std::vector<Trace>& traces() const { return traces_; }
  const Trace& trace_of(const Launch& launch) const { return traces_[launch.trace]; }
  const std::vector<Launch>& launches() const { return launches_; }
  const std::vector<Payload>& payload(size_t launch) const;
  // What of the payload cannot cross.
  const std::vector<Crossing>& crossings(size_t launch) const;
  const std::vector<WorkerTrace>& workers(size_t launch) const;
  // Variables that workers of a launch read and fresh children do not have as the parent does.
  const std::vector<LostGlobal>& lost_globals(size_t launch) const;
  // The body of a module, as an import of it runs it.
  const Trace& body(FileId file) const;
  // Code of this process walked with its reads, as that of workers is: the body of a thread.
  Trace walk(ValueId function, FrameId frame) const { return walker_->walk_worker(function, frame); }

  // Whether some other file imports it, if only for a type checker.
  bool imported(FileId file) const { return imported_[file]; }

  // Words for messages.
  const File& file(FileId id) const { return program_.file(id); }
  std::string launcher_name(const Launch& launch) const { return launch.row->names[0]; }

 private:
  void find_launches_of(Walked walked);
  void find_imported();
  void hand_on_methods(const Trace& trace, size_t launches_before);

  const Program& program_;
  ModelOptions options_;
  std::unique_ptr<Evaluator> evaluator_;
  std::unique_ptr<Pickling> pickling_;
  std::unique_ptr<Walker> walker_;
  std::vector<Trace> traces_;
  std::vector<bool> imported_;
  // What set_start_method has chosen for the processes that run a function, by Walker::key.
  std::unordered_map<uint64_t, Method> handed_on_;
  std::vector<Launch> launches_;
  mutable std::unordered_map<FileId, std::unique_ptr<Trace>> bodies_;
  mutable std::vector<std::unique_ptr<std::vector<Payload>>> payloads_;
  mutable std::vector<std::unique_ptr<std::vector<Crossing>>> crossings_;
  mutable std::vector<std::unique_ptr<std::vector<WorkerTrace>>> workers_;
  mutable std::vector<std::unique_ptr<std::vector<LostGlobal>>> lost_globals_;
};

}  // namespace forklint::model
