#include "forklint/runtime/process.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <thread>
#include <set>

#include "pidfd.h"
#include "process_state.h"

namespace forklint::runtime {
namespace {

using std::chrono::milliseconds;

// While a tree is being ended its output is read, or who prints a last word into a full pipe would never get to its end.
void wait_a_little(Child::State& state, milliseconds time) {
  Child::State* states[] = {&state};
  if (!state.exit && pump(states, Clock::now() + time) && !state.traced) return;
  std::this_thread::sleep_for(time);
}

// Zombies that lost their parent are ours to take. The child itself is not: its number must stay its own until all are gone.
std::vector<Member> living_members(Child::State& state) {
  std::vector<Member> members = find_tree(state.key());
  const int self = ::getpid();
  for (const Member& member : members) {
    if (!alive(member) && member.parent == self && member.pid != state.pid && !state.traced) reap(member);
  }
  std::erase_if(members, [](const Member& member) { return !alive(member); });
  return members;
}

void ask_to_end(Child::State& state, milliseconds grace, KillReport& report) {
  for (const Member& member : living_members(state)) {
    if (!send_signal(member, SIGTERM)) continue;
    send_signal(member, SIGCONT);  // a stopped process would hear of it only then
    report.asked++;
  }
  for (Deadline until = Clock::now() + grace; Clock::now() < until && !living_members(state).empty();) {
    wait_a_little(state, std::clamp(std::chrono::ceil<milliseconds>(until - Clock::now()), milliseconds(1), milliseconds(5)));
  }
}

// Rounds until nobody is found twice. A process that is being born while we look is found in the next round: as a child of
// one that is still there, or as our own when its parent has gone.
void force_end(Child::State& state, KillReport& report) {
  Deadline until = Clock::now() + std::chrono::seconds(2);
  std::set<std::pair<int, uint64_t>> hit;
  for (int empty_rounds = 0; empty_rounds < 2;) {
    std::vector<Member> members = living_members(state);
    // All of the group at once, which also reaches those that fork at this moment. Its number is that of an unreaped child.
    bool own_group = state.group != Group::same && !state.reaped && !state.traced && !state.exit;
    if (own_group && !members.empty()) ::kill(-state.pid, SIGKILL);
    for (const Member& member : members) {
      if (send_signal(member, SIGKILL)) hit.insert({member.pid, member.stat.start});
    }
    empty_rounds = members.empty() ? empty_rounds + 1 : 0;
    if (Clock::now() >= until) {
      for (const Member& member : members) report.survivors.push_back(member.pid);
      break;
    }
    if (!members.empty()) std::this_thread::sleep_for(milliseconds(1));
  }
  report.killed = unsigned(hit.size());
}

}  // namespace

KillReport kill_tree(Child::State& state, milliseconds grace) {
  KillReport report;
  if (state.watch_shm) {
    for (std::string& name : shm_in_use(living_members(state))) {
      if (!std::ranges::binary_search(state.shm_before, name)) state.shm_made.push_back(std::move(name));
    }
  }
  if (!state.exit) state.killed_by_us = true;
  if (grace.count() > 0) ask_to_end(state, grace, report);
  force_end(state, report);
  Child::State* states[] = {&state};
  for (Deadline until = Clock::now() + milliseconds(500); !state.exit && !state.traced && Clock::now() < until;) {
    if (!pump(states, until)) break;
  }
  for (const std::string& name : state.shm_made) ::unlink(("/dev/shm/" + name).c_str());
  state.shm_made.clear();
  return report;
}

Child::Child(std::unique_ptr<State> state) : state_(std::move(state)) {}
Child::Child(Child&&) noexcept = default;

Child& Child::operator=(Child&& other) noexcept {
  if (this != &other) {
    Child old(std::move(*this));
    state_ = std::move(other.state_);
  }
  return *this;
}

Child::~Child() {
  if (!state_) return;
  runtime::kill_tree(*state_, milliseconds(0));
  if (!state_->tmp.empty()) remove_folder(state_->tmp);
}

int Child::pid() const { return state_->pid; }
int Child::pidfd() const { return state_->pidfd.get(); }
bool Child::running() const { return !state_->exit; }
const std::string& Child::private_tmp() const { return state_->tmp; }
bool Child::has_namespaces() const { return state_->namespaces; }
std::string Child::output() const { return state_->output.text(state_->capture_limit); }
std::string Child::errors() const { return state_->errors.text(state_->capture_limit); }

Result<std::optional<ExitInfo>> Child::wait_until(Deadline deadline) {
  Child* self[] = {this};
  auto ended = communicate(self, deadline);
  if (!ended) return std::unexpected(ended.error());
  return state_->exit;
}

Result<ExitInfo> Child::wait() {
  auto exit = wait_until(no_deadline);
  if (!exit) return std::unexpected(exit.error());
  return **exit;
}

Result<void> Child::signal(int number) {
  if (state_->exit) return system_error("pidfd_send_signal", ESRCH);
  if (signal_pidfd(state_->pidfd.get(), number) != 0) return system_error("pidfd_send_signal");
  if (number == SIGKILL) state_->killed_by_us = true;
  return {};
}

Result<KillReport> Child::kill_tree(milliseconds grace) {
  KillReport report = runtime::kill_tree(*state_, grace);
  if (!state_->exit && report.survivors.empty()) return system_error("the child's end did not arrive", ETIMEDOUT);
  return report;
}

std::vector<int> Child::tree() const {
  std::vector<int> pids;
  for (const Member& member : find_tree(state_->key())) {
    if (alive(member)) pids.push_back(member.pid);
  }
  return pids;
}

std::vector<std::string> Child::leftovers() const {
  std::vector<std::string> names;
  if (!state_->watch_shm) return names;
  std::ranges::set_difference(shm_names(), state_->shm_before, std::back_inserter(names));
  return names;
}

Result<bool> communicate(std::span<Child* const> children, Deadline deadline) {
  std::vector<Child::State*> running;
  for (Child* child : children) running.push_back(&child->state());
  for (;;) {
    std::erase_if(running, [](const Child::State* state) { return state->exit.has_value(); });
    if (running.empty()) return true;
    // One look more when time is up: what has ended before is not called late.
    Deadline next = deadline;
    for (Child::State* state : running) {
      count_processes(*state);
      if (state->limits.processes != 0) next = std::min(next, state->next_count);
    }
    bool last = Clock::now() >= deadline;
    if (auto pumped = pump(running, next); !pumped) return std::unexpected(pumped.error());
    if (last) return std::ranges::all_of(running, [](const Child::State* state) { return state->exit.has_value(); });
  }
}

Result<Finished> run(const Command& command, milliseconds timeout, milliseconds grace) {
  auto child = launch(command);
  if (!child) return std::unexpected(child.error());
  auto exit = child->wait_until(Clock::now() + timeout);
  if (!exit) return std::unexpected(exit.error());
  Finished finished{.timed_out = !*exit};
  if (finished.timed_out) child->state().ended_by_us = "it took longer than " + std::to_string(timeout.count()) + " ms";
  auto report = child->kill_tree(finished.timed_out ? grace : milliseconds(0));
  if (!report) return std::unexpected(report.error());
  auto last = child->wait();
  if (!last) return std::unexpected(last.error());
  finished.exit = std::move(*last);
  finished.output = child->output();
  finished.errors = child->errors();
  return finished;
}

}  // namespace forklint::runtime
