// The board behind progress.h: 64 slots in memory that processes share.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>

namespace forklint::runtime::board {

inline constexpr unsigned slot_count = 64;
inline constexpr uint64_t magic = 0x31'64'72'61'6f'62'6b'66;  // "fkboard1", with the layout's version
inline constexpr uint64_t unknown_total = UINT64_MAX;

// A state word says in one exchange whose a slot is: phase (8 bits), number of the bar (34), pid (22, Linux' largest).
enum class Phase : uint8_t { empty, claimed, running, finished };
constexpr uint64_t state_word(Phase phase, uint64_t bar, pid_t pid) {
  return uint64_t(phase) << 56 | (bar & ((uint64_t(1) << 34) - 1)) << 22 | (uint64_t(pid) & 0x3FFFFF);
}
constexpr Phase phase_of(uint64_t state) { return Phase(state >> 56); }
constexpr uint64_t bar_of(uint64_t state) { return state >> 22 & ((uint64_t(1) << 34) - 1); }
constexpr pid_t pid_of(uint64_t state) { return pid_t(state & 0x3FFFFF); }

struct alignas(128) Slot {
  std::atomic<uint64_t> state;
  std::atomic<uint64_t> born;      // when the owner started, in its clock ticks: tells it from a later process of the same pid
  std::atomic<uint64_t> done;
  std::atomic<uint64_t> failed;
  std::atomic<uint64_t> total;
  std::atomic<uint64_t> started;   // nanoseconds of CLOCK_MONOTONIC
  std::atomic<uint64_t> finished;
  std::atomic<uint64_t> around;    // number of the bar around it; 0: none
  std::atomic<uint64_t> leave;
  std::atomic<uint64_t> label[7];  // UTF-8, filled up with zeros
};

struct Board {
  std::atomic<uint64_t> magic;
  std::atomic<uint64_t> last_bar;
  std::atomic<uint64_t> drawer;       // the process whose display draws, as drawer_word(); 0: none
  Slot slots[slot_count];
};
constexpr uint64_t drawer_word(pid_t pid, uint64_t born) { return born << 22 | (uint64_t(pid) & 0x3FFFFF); }
static_assert(std::atomic<uint64_t>::is_always_lock_free);

// This process' board, made or found at the first call; null where there is no memory for one. Never unmapped.
Board* get();
int fd();
// Whether displays may draw here: not in a program that was told of a board but cannot reach it, as another draws on its terminal.
bool may_draw();

uint64_t now();               // nanoseconds of CLOCK_MONOTONIC
uint64_t birth_of(pid_t pid); // 0: no such process, or it has ended and waits to be reaped
// This process' own, asked once a process.
uint64_t own_birth();
bool alive(pid_t pid, uint64_t born);

// Frees a slot whose state is still `seen`.
inline void release(Slot& slot, uint64_t seen) { slot.state.compare_exchange_strong(seen, 0, std::memory_order_acq_rel); }

}  // namespace forklint::runtime::board
