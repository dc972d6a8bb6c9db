#include "forklint/runtime/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "src/progress_board.h"
#include "src/shown_text.h"

namespace forklint::runtime {
namespace {

using board::Board;
using board::Phase;
using board::Slot;

// The bars that this thread is inside of, the innermost last; forked children inherit them. A bar may end in another thread, or before one inside
// of it: it is then a slot whose word has changed.
struct Around {
  int slot = -1;
  uint64_t state = 0;
};
thread_local std::vector<Around> entered;

uint64_t innermost_bar(const Board& board) {
  while (!entered.empty() && board.slots[entered.back().slot].state.load(std::memory_order_relaxed) != entered.back().state) entered.pop_back();
  return entered.empty() ? 0 : board::bar_of(entered.back().state);
}

// Claims an empty slot, or one that nobody needs: finished with no display to clear it, or of a process that has ended.
int claim(Board& board, uint64_t word) {
  for (bool reuse : {false, true}) {
    for (unsigned i = 0; i < board::slot_count; ++i) {
      Slot& slot = board.slots[i];
      uint64_t seen = slot.state.load(std::memory_order_acquire);
      bool free = seen == 0 || (reuse && (board::phase_of(seen) == Phase::finished || !board::alive(board::pid_of(seen), slot.born.load())));
      if (free && slot.state.compare_exchange_strong(seen, word, std::memory_order_acq_rel)) return int(i);
    }
  }
  return -1;
}

void store_label(Slot& slot, std::string_view text) {
  char bytes[sizeof slot.label] = {};
  std::string clean = shown::printable(text);
  size_t size = std::min(clean.size(), sizeof bytes);
  while (size > 0 && size < clean.size() && (clean[size] & 0xC0) == 0x80) --size;  // not in the middle of a character
  std::memcpy(bytes, clean.data(), size);
  for (size_t i = 0; i < std::size(slot.label); ++i) {
    uint64_t word;
    std::memcpy(&word, bytes + i * sizeof word, sizeof word);
    slot.label[i].store(word, std::memory_order_relaxed);
  }
}

std::string load_label(const Slot& slot) {
  char bytes[sizeof slot.label];
  for (size_t i = 0; i < std::size(slot.label); ++i) {
    uint64_t word = slot.label[i].load(std::memory_order_relaxed);
    std::memcpy(bytes + i * sizeof word, &word, sizeof word);
  }
  return shown::printable({bytes, ::strnlen(bytes, sizeof bytes)});  // once more: another process wrote it
}

struct Found {
  BarView view;
  uint64_t around = 0;
  uint64_t started = 0;
};

// A slot's bar, unless it changed hands meanwhile.
std::optional<Found> read(const Slot& slot, uint64_t now) {
  uint64_t state = slot.state.load(std::memory_order_acquire);
  Phase phase = board::phase_of(state);
  if (phase != Phase::running && phase != Phase::finished) return {};
  BarView view{.label = load_label(slot), .pid = board::pid_of(state), .id = board::bar_of(state)};
  view.failed = slot.failed.load(std::memory_order_relaxed);
  view.done = std::max(slot.done.load(std::memory_order_relaxed), view.failed);
  if (uint64_t total = slot.total.load(std::memory_order_relaxed); total != board::unknown_total) view.total = total;
  view.leave = slot.leave.load(std::memory_order_relaxed);
  uint64_t started = slot.started.load(std::memory_order_relaxed), end = phase == Phase::finished ? slot.finished.load(std::memory_order_relaxed) : now;
  view.elapsed = end > started ? double(end - started) / 1e9 : 0;
  view.rate = view.elapsed > 0 ? double(view.done) / view.elapsed : 0;
  if (phase == Phase::finished) view.state = BarState::finished;
  else if (!board::alive(view.pid, slot.born.load(std::memory_order_relaxed))) view.state = BarState::lost;
  Found found{std::move(view), slot.around.load(std::memory_order_relaxed), started};
  std::atomic_thread_fence(std::memory_order_acquire);
  if (slot.state.load(std::memory_order_relaxed) != state) return {};
  return found;
}

// Those around `around`, oldest first, each followed by those inside. Numbers only grow inwards, so there are no circles.
void append_inside(std::vector<Found>& all, uint64_t around, unsigned depth, std::vector<BarView>& out) {
  for (Found& found : all) {
    if (found.around != around) continue;
    found.view.depth = depth;
    uint64_t id = found.view.id;
    out.push_back(std::move(found.view));
    if (depth < board::slot_count) append_inside(all, id, depth + 1, out);
  }
}

}  // namespace

int progress_fd() { return board::fd(); }

ProgressBar::ProgressBar(std::string_view label, std::optional<uint64_t> total, BarOptions options) {
  Board* board = board::get();
  if (!board) return;
  uint64_t bar = board->last_bar.fetch_add(1, std::memory_order_relaxed) + 1;
  pid_t self = ::getpid();
  slot_ = claim(*board, board::state_word(Phase::claimed, bar, self));
  if (slot_ < 0) return;
  Slot& slot = board->slots[slot_];
  slot.born.store(board::own_birth(), std::memory_order_relaxed);
  slot.done.store(0, std::memory_order_relaxed);
  slot.failed.store(0, std::memory_order_relaxed);
  slot.total.store(total.value_or(board::unknown_total), std::memory_order_relaxed);
  slot.started.store(board::now(), std::memory_order_relaxed);
  slot.finished.store(0, std::memory_order_relaxed);
  uint64_t outer = options.inside ? innermost_bar(*board) : 0;
  slot.around.store(outer, std::memory_order_relaxed);
  slot.leave.store(options.leave && outer == 0, std::memory_order_relaxed);
  store_label(slot, label);
  state_ = board::state_word(Phase::running, bar, self);
  slot.state.store(state_, std::memory_order_release);
  if (options.around) enter();
}

void ProgressBar::enter() {
  if (slot_ >= 0) entered.push_back({slot_, state_});
}

ProgressBar::~ProgressBar() {
  if (slot_ < 0) return;
  std::erase_if(entered, [&](const Around& one) { return one.slot == slot_ && one.state == state_; });
  if (board::pid_of(state_) != ::getpid()) return;  // a forked child's copy
  Board& board = *board::get();
  Slot& slot = board.slots[slot_];
  if (board.drawer.load(std::memory_order_relaxed) == 0) {  // nobody would show how it ended
    board::release(slot, state_);
    return;
  }
  slot.finished.store(board::now(), std::memory_order_relaxed);
  uint64_t seen = state_;
  slot.state.compare_exchange_strong(seen, board::state_word(Phase::finished, board::bar_of(state_), ::getpid()), std::memory_order_acq_rel);
}

// Not so in a child that outlived the process whose bar it was: the slot may be another's by now.
bool ProgressBar::mine() const { return slot_ >= 0 && board::get()->slots[slot_].state.load(std::memory_order_relaxed) == state_; }

void ProgressBar::add(uint64_t done) {
  if (mine()) board::get()->slots[slot_].done.fetch_add(done, std::memory_order_relaxed);
}

void ProgressBar::fail(uint64_t failed) {
  if (!mine()) return;
  board::get()->slots[slot_].failed.fetch_add(failed, std::memory_order_relaxed);
  board::get()->slots[slot_].done.fetch_add(failed, std::memory_order_relaxed);
}

void ProgressBar::set_total(uint64_t total) {
  if (mine()) board::get()->slots[slot_].total.store(total, std::memory_order_relaxed);
}

std::vector<BarView> progress_bars() {
  std::vector<BarView> out;
  Board* board = board::get();
  if (!board) return out;
  std::vector<Found> all;
  uint64_t now = board::now();
  for (const Slot& slot : board->slots)
    if (std::optional<Found> found = read(slot, now)) all.push_back(std::move(*found));
  std::ranges::sort(all, [](const Found& a, const Found& b) { return std::pair(a.started, a.view.id) < std::pair(b.started, b.view.id); });
  // A bar whose surrounding one has gone is drawn where it would be without.
  for (Found& found : all)
    if (found.around >= found.view.id || std::ranges::none_of(all, [&](const Found& other) { return other.view.id == found.around; })) found.around = 0;
  append_inside(all, 0, 0, out);
  return out;
}

}  // namespace forklint::runtime
