// Private folders, /dev/shm and network. Internal.
#pragma once

#include <string>
#include <vector>

#include "forklint/runtime/process.h"
#include "proc_tree.h"

namespace forklint::runtime {

// Flags for clone that give a private mount table (and network), or 0 where that is not allowed. Tried once in each process.
int namespace_flags(bool network);
Result<std::string> make_private_folder();
void remove_folder(const std::string& path);
std::vector<std::string> shm_names();  // sorted
// Names in /dev/shm that these processes have mapped or open.
std::vector<std::string> shm_in_use(const std::vector<Member>& members);

// The text for /proc/self/uid_map or gid_map that leaves an id as it is.
std::string identity_map(unsigned id);

}  // namespace forklint::runtime
