// Between the typed pool and the core.
#include "forklint/runtime/pool.h"

#include <unistd.h>

#include <mutex>
#include <stdexcept>
#include <utility>

#include "forklint/runtime/progress.h"
#include "src/core.h"
#include "src/starter.h"

namespace forklint::runtime {

std::optional<int> worker_main(int argc, char** argv) { return run_role(argc, argv); }

namespace pool_detail {

class Engine {
 public:
  explicit Engine(std::unique_ptr<Core> made) : core(std::move(made)) {}
  std::unique_ptr<Core> core;
};

class Ticket : public Source {
 public:
  explicit Ticket(Feed feed) : feed_(std::move(feed)) {}
  bool next(std::string& arguments) override { return feed_.next(arguments, exhausted); }
  void finished(uint64_t index, RawOutcome outcome) override { feed_.finished(index, outcome.ok, outcome.bytes, outcome.failure); }

 private:
  Feed feed_;
};

static uint32_t number_of(const void* function) {
  if (auto number = task_number(function)) return *number;
  throw std::logic_error("this function is no task: FORKLINT_TASK is missing");
}

std::shared_ptr<Ticket> add(Engine& engine, const void* function, Feed feed) {
  auto ticket = std::make_shared<Ticket>(std::move(feed));
  ticket->function = number_of(function);
  engine.core->add(ticket);
  return ticket;
}

bool is_complete(const Ticket& ticket) { return ticket.complete(); }
void wait(Engine& engine, const Ticket&, const std::function<bool()>& done) { engine.core->wait(done); }
void defer(Engine& engine, std::function<void()> callback) { engine.core->defer(std::move(callback)); }
void locked(Engine& engine, const std::function<void()>& f) { engine.core->locked(f); }
void drive_in_background(Engine& engine) { engine.core->drive_in_background(); }
void rethrow(const Ticket& ticket) {
  if (ticket.error) std::rethrow_exception(ticket.error);
}

// One display for all maps of this process that have a bar now, of whatever pool: it must not go with the first that ends.
static std::shared_ptr<ProgressDisplay> display_of_maps() {
  static std::mutex lock;
  static std::weak_ptr<ProgressDisplay> shared;
  static pid_t owner = 0;  // a forked child has a copy that draws nothing
  std::lock_guard hold(lock);
  auto display = owner == ::getpid() ? shared.lock() : nullptr;
  if (!display) shared = display = std::make_shared<ProgressDisplay>();
  owner = ::getpid();
  return display;
}

struct MapProgress::Shown {
  std::shared_ptr<ProgressDisplay> display = display_of_maps();
  ProgressBar bar;
  bool entered = false;
  Shown(const std::string& label, std::optional<uint64_t> total, bool lazy) : bar(label, total, {.around = !lazy}) {}
};

MapProgress::MapProgress(Engine& engine, const std::string& label, std::optional<uint64_t> total, bool lazy) : engine_(engine) {
  if (label.empty()) return;
  shown_ = std::make_unique<Shown>(label, total, lazy);
  engine.core->add_pulse(this, [this] { shown_->display->draw(); });
}

MapProgress::~MapProgress() {
  if (shown_) engine_.core->remove_pulse(this);
}

void MapProgress::finished(bool ok) {
  if (!shown_) return;
  if (ok) shown_->bar.add();
  else shown_->bar.fail();
  shown_->display->draw();
}

void MapProgress::set_total(uint64_t total) {
  if (shown_) shown_->bar.set_total(total);
}

void MapProgress::taken() {
  if (shown_ && !std::exchange(shown_->entered, true)) shown_->bar.enter();
}

}  // namespace pool_detail

Result<Pool> Pool::make(PoolOptions options) {
  auto core = Core::make(std::move(options));
  if (!core) return std::unexpected(core.error());
  return Pool(std::make_shared<pool_detail::Engine>(std::move(*core)));
}

Pool::~Pool() {
  if (engine_) engine_->core->close();
}

void Pool::set_call(bool start, const void* function, std::string arguments) {
  uint32_t number = pool_detail::number_of(function);
  if (start) engine_->core->set_init(number, std::move(arguments));
  else engine_->core->set_exit(number, std::move(arguments));
}

std::vector<std::string> Pool::take_exit_results() { return engine_->core->take_exit_results(); }
void Pool::cancel() { engine_->core->cancel(); }
void Pool::drain() { engine_->core->drain(); }
void Pool::close() { engine_->core->close(); }
Insights Pool::insights() const { return engine_->core->insights(); }
const PoolOptions& Pool::options() const { return engine_->core->options(); }

}  // namespace forklint::runtime
