// Who holds which lock: a table of addresses without a lock of its own. A fork copies it, and so the child knows what its vanished
// siblings held.
#pragma once

#include <stdint.h>

namespace shim {

struct Lock {
  uintptr_t address;  // 0: free slot; set once
  int holder;         // thread id; 0: nobody
  char kind;          // s semaphore, m mutex, r rwlock
};

constexpr unsigned lock_slots = 1 << 13;
inline Lock lock_table[lock_slots];

// The slot of an address, made if need be; nullptr when the table is full around it.
inline Lock* slot_of(const void* object, bool make) {
  uintptr_t address = reinterpret_cast<uintptr_t>(object);
  unsigned at = unsigned(address >> 3) * 2654435761u >> 19;
  for (unsigned probe = 0; probe < 64; probe++) {
    Lock& slot = lock_table[(at + probe) % lock_slots];
    uintptr_t seen = __atomic_load_n(&slot.address, __ATOMIC_ACQUIRE);
    if (seen == address) return &slot;
    if (seen != 0) continue;
    if (!make) return nullptr;
    if (__atomic_compare_exchange_n(&slot.address, &seen, address, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) || seen == address) return &slot;
  }
  return nullptr;
}

inline void note_taken(const void* object, char kind, int tid) {
  if (Lock* slot = slot_of(object, true)) slot->kind = kind, __atomic_store_n(&slot->holder, tid, __ATOMIC_RELEASE);
}

// In one order with what a fork asks of its releasers, so that one of the two sees the other.
inline void note_released(const void* object) {
  if (Lock* slot = slot_of(object, false)) __atomic_store_n(&slot->holder, 0, __ATOMIC_SEQ_CST);
}

inline int holder_of(const void* object) {
  Lock* slot = slot_of(object, false);
  return slot ? __atomic_load_n(&slot->holder, __ATOMIC_ACQUIRE) : 0;
}

}  // namespace shim
