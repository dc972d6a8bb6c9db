// The asking side of a zygote. Its own side is in zygote_process.cpp.
#include "forklint/runtime/zygote.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <mutex>

#include "src/process_state.h"
#include "src/starter_protocol.h"
#include "src/zygote_order.h"

namespace forklint::runtime {
namespace {

constexpr auto longest_end = std::chrono::seconds(2);

// Where the child begins: the zygote may have been somewhere else.
std::string absolute_directory(const char* directory) {
  std::error_code error;
  std::filesystem::path here = std::filesystem::current_path(error);
  if (error) return directory ? directory : "";
  return (directory ? here / directory : here).string();
}

ZygoteOrder make_order(const ChildPlan& plan, const Texts& texts, int namespaces) {
  ZygoteOrder order{.arguments = texts.arguments, .environment = texts.environment, .directory = absolute_directory(plan.directory), .namespaces = namespaces, .death_signal = plan.death_signal, .parent = plan.parent};
  if (plan.uid_map) order.uid_map = plan.uid_map, order.gid_map = plan.gid_map;
  for (size_t i = 0; i < plan.move_count; ++i) order.numbers.push_back(plan.moves[i].to);
  for (const ResourceLimit& limit : texts.limits) order.limits.emplace_back(limit.resource, limit.value.rlim_cur, limit.value.rlim_max);
  order.switches = uint8_t((plan.session ? order_session : 0) | (plan.group ? order_group : 0) | (plan.private_shm ? order_private_shm : 0) | (plan.loopback ? order_loopback : 0));
  return order;
}

}  // namespace

struct Zygote::State {
  Fd socket;
  Child child;
  pid_t owner = ::getpid();
  std::mutex mutex;  // question and answer are one
};

Zygote::Zygote(std::unique_ptr<State> state) : state_(std::move(state)) {}
Zygote::Zygote(Zygote&&) noexcept = default;

Zygote& Zygote::operator=(Zygote&& other) noexcept {
  if (this != &other) {
    Zygote old(std::move(*this));
    state_ = std::move(other.state_);
  }
  return *this;
}

// It sees the end of its socket, and ends; shut down, for copies of this process may have the socket too.
Zygote::~Zygote() {
  if (!state_ || state_->owner != ::getpid()) return;
  ::shutdown(state_->socket.get(), SHUT_RDWR);
  state_->socket.reset();
  (void)state_->child.wait_until(Clock::now() + longest_end);
}

int Zygote::pid() const { return state_->child.pid(); }

Result<Zygote> Zygote::make() {
  if (!zygote_main_was_called()) return std::unexpected(Error{0, "a zygote is this program again, held in zygote_main(): main() has not called that"});
  auto pair = make_packet_pair();
  if (!pair) return std::unexpected(pair.error());
  auto& [ours, theirs] = *pair;
  Command command{.argv = zygote_arguments(), .launch = Launch::self, .output = Output::inherit, .errors = Output::inherit, .descriptors = {{theirs.get(), first_inherited}}};
  auto child = launch(command);
  if (!child) return std::unexpected(child.error());
  return Zygote(std::unique_ptr<State>(new State{.socket = std::move(ours), .child = std::move(*child)}));
}

Result<Born> copy_of(Zygote& zygote, const ChildPlan& plan, const Texts& texts, int namespaces) {
  Zygote::State& state = zygote.state();
  if (state.owner != ::getpid()) return system_error("a zygote of another process", EINVAL);
  if (plan.move_count + 2 > most_descriptors) return system_error("so many descriptors for a copy of the zygote", EINVAL);
  auto order = memory_file(to_bytes(make_order(plan, texts, namespaces)));
  if (!order) return std::unexpected(order.error());
  std::vector<int> files{order->get(), plan.errors};
  for (size_t i = 0; i < plan.move_count; ++i) files.push_back(plan.moves[i].from);
  StartReply reply;
  std::vector<Fd> received;
  {
    std::lock_guard lock(state.mutex);
    if (!send_packet(state.socket.get(), "", 1, files)) return system_error("asking the zygote");
    if (receive_packet(state.socket.get(), &reply, sizeof reply, received) != ssize_t(sizeof reply)) return system_error("the zygote has ended", EPIPE);
  }
  if (reply.threads > 1) return std::unexpected(Error{0, "the zygote has " + std::to_string(reply.threads) + " threads, and a copy would have one: something starts one before main()"});
  if (reply.error != 0) return system_error("a copy of the zygote", reply.error);
  if (received.size() != 1) return system_error("the zygote gave no descriptor", EPROTO);
  return Born{reply.pid, std::move(received[0])};
}

}  // namespace forklint::runtime
