#include "forklint/runtime/task.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <mutex>

namespace forklint::runtime {
namespace {

// In the order in which static initialisers ran: the same in every process of one program. Never freed: workers leave
// by _exit, and a task may be looked up while other objects are destroyed.
std::deque<TaskEntry>& entries() {
  static auto* all = new std::deque<TaskEntry>;
  return *all;
}

// Closures are added while workers that are threads look tasks up.
std::mutex& entries_lock() {
  static auto* lock = new std::mutex;
  return *lock;
}

}  // namespace

namespace task_detail {

bool add(TaskEntry entry) {
  std::lock_guard lock(entries_lock());
  for (const TaskEntry& known : entries())
    if (!entry.closure && known.name == entry.name) {
      std::fprintf(stderr, "forklint: two tasks are called %s\n", entry.name.c_str());
      std::abort();
    }
  if (entry.closure)
    for (TaskEntry& known : entries())
      if (known.closure && !known.address) return known = std::move(entry), true;
  entries().push_back(std::move(entry));
  return true;
}

void remove(const void* address) {
  std::lock_guard lock(entries_lock());
  for (TaskEntry& known : entries())
    if (known.closure && known.address == address) known = {.closure = true};
}

void preview_text(std::string& out, std::string_view text) {
  constexpr size_t longest = 80;
  out += '"';
  for (char c : text.substr(0, longest)) {
    if (c == '"' || c == '\\') out += '\\';
    out += uint8_t(c) < 0x20 ? '.' : c;
  }
  out += text.size() > longest ? "…\"" : "\"";
}

}  // namespace task_detail

const TaskEntry* find_task(uint32_t number) {
  std::lock_guard lock(entries_lock());
  return number < entries().size() ? &entries()[number] : nullptr;
}

std::optional<uint32_t> task_number(const void* address) {
  std::lock_guard lock(entries_lock());
  for (uint32_t i = 0; i < entries().size(); ++i)
    if (entries()[i].address == address) return i;
  return {};
}

uint64_t tasks_hash() {
  std::lock_guard lock(entries_lock());
  uint64_t hash = 14695981039346656037ull;
  for (const TaskEntry& entry : entries()) {
    if (entry.closure) continue;
    for (std::string_view part : {std::string_view(entry.name), std::string_view(entry.signature)}) {
      for (char c : part) hash = (hash ^ uint8_t(c)) * 1099511628211ull;
      hash = (hash ^ 0xff) * 1099511628211ull;
    }
  }
  return hash;
}

}  // namespace forklint::runtime
