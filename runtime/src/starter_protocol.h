// What the pool and its starter say to each other, and how a new process of this program learns its role.
#pragma once

#include <string>
#include <vector>

#include "src/starter.h"

namespace forklint::runtime {

// In a process that was executed for a role: socket, memory, event, then the shared objects. A worker has no socket: the
// number is closed.
inline constexpr int first_inherited = 3;

inline constexpr const char* starter_role = "starter";
inline constexpr const char* worker_role = "worker";

// Comes with the worker's stderr and, where that is captured, its stdout.
struct StartRequest {
  unsigned number = 0;
};
// Comes with the worker's pidfd.
struct StartReply {
  pid_t pid = -1;
  int error = 0;
  unsigned threads = 1;  // of the starter, where more than one made it refuse
};

inline constexpr size_t most_descriptors = 253;  // of a message: the kernel's SCM_MAX_FD

// One message, with descriptors. False: errno says why.
bool send_packet(int socket, const void* data, size_t size, std::span<const int> descriptors);
// Bytes got; 0 at the end, negative on error. The descriptors that came with it, close-on-exec.
ssize_t receive_packet(int socket, void* data, size_t size, std::vector<Fd>& descriptors);

// The process that made both ends, which is the parent of who calls this, as a pidfd; ends the caller when it has gone already. The
// socket's end is not enough to know that: a copy of that process has the other end too, for as long as it likes.
int watch_maker(int socket);

// How many descriptors are inherited, from first_inherited on.
int inherited_count(const StarterPlan& plan);

// Whether main() has looked for its role in this process: only then it will in the next one.
bool can_have_role();
std::vector<std::string> role_arguments(const StarterPlan& plan, const char* role, unsigned number);

// The starter's whole life.
[[noreturn]] void run_starter(const StarterPlan& plan, int socket);
// A worker's whole life, in its own process.
[[noreturn]] void run_worker(const StarterPlan& plan, unsigned number);

}  // namespace forklint::runtime
