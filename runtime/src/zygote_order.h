// What a zygote is asked for. Internal.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "forklint/runtime/wire.h"
#include "forklint/runtime/zygote.h"
#include "src/clone.h"
#include "src/launch_plan.h"

namespace forklint::runtime {

// A ChildPlan for another process. It travels as a file in memory, for it may be larger than a message; with it come the pipe for errors
// and the child's descriptors. The answer is a StartReply.
struct ZygoteOrder {
  std::vector<std::string> arguments, environment;
  std::string directory, uid_map, gid_map;  // the maps are used with a user namespace
  std::vector<int> numbers;                 // of the descriptors, in the child
  std::vector<std::tuple<int, uint64_t, uint64_t>> limits;
  int namespaces = 0, death_signal = 0, parent = 0;
  uint8_t switches = 0;
};
enum : uint8_t { order_session = 1, order_group = 2, order_private_shm = 4, order_loopback = 8 };

// Whether this process may have one, and what it is started with.
bool zygote_main_was_called();
std::vector<std::string> zygote_arguments();

// The plan's child, as a copy of the zygote.
Result<Born> copy_of(Zygote& zygote, const ChildPlan& plan, const Texts& texts, int namespaces);

}  // namespace forklint::runtime
