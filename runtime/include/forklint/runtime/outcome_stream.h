// The outcomes of a lazy map.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <vector>

#include "forklint/runtime/pool_detail.h"

namespace forklint::runtime {

// The outcomes of a lazy map, as an input range: each step waits for the next one. Ends the map's input when destroyed.
template <class T>
class OutcomeStream {
 public:
  struct State {
    std::shared_ptr<pool_detail::Engine> engine;
    std::shared_ptr<pool_detail::Ticket> ticket;
    std::unique_ptr<pool_detail::MapProgress> progress;  // until the end; never destroyed under the engine's lock
    std::vector<std::optional<T>> ready; // in the order in which they are given
    uint64_t first = 0;                  // index of ready[0], where the order is that of the input
    uint64_t issued = 0;
    std::atomic<uint64_t> taken = 0;     // given to the caller
    bool ended = false;
  };
  explicit OutcomeStream(std::shared_ptr<State> state) : state_(std::move(state)) {}
  OutcomeStream(OutcomeStream&&) = default;
  OutcomeStream& operator=(OutcomeStream&& other) {
    if (this == &other) return *this;
    if (state_) finish();
    state_ = std::move(other.state_);
    fetched_ = std::move(other.fetched_);
    next_ = other.next_;
    return *this;
  }
  ~OutcomeStream() {
    if (state_) finish();
  }

  // The next outcome; nothing at the end. What the input range threw is thrown here, after what came before it.
  std::optional<T> next() {
    if (next_ == fetched_.size()) fetch();
    if (next_ == fetched_.size()) {
      finish();
      pool_detail::rethrow(*state_->ticket);
      return {};
    }
    if (state_->progress) state_->progress->taken();
    std::optional<T>& result = fetched_[next_++];
    state_->taken.fetch_add(1, std::memory_order_relaxed);
    return std::move(result);
  }

  class Iterator {
   public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    explicit Iterator(OutcomeStream* stream) : stream_(stream) { ++*this; }
    T& operator*() const { return *current_; }
    Iterator& operator++() {
      current_ = stream_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return !current_; }

   private:
    OutcomeStream* stream_ = nullptr;
    mutable std::optional<T> current_;
  };
  Iterator begin() { return Iterator(this); }
  std::default_sentinel_t end() { return {}; }

 private:
  void finish() {
    std::unique_ptr<pool_detail::MapProgress> progress;  // ends without the lock
    pool_detail::locked(*state_->engine, [&] { state_->ended = true, progress = std::move(state_->progress); });
  }

  // Waits for the next one, and takes along what is ready behind it: the lock is taken once for many.
  void fetch() {
    auto& ready = state_->ready;
    fetched_.clear();
    next_ = 0;
    auto there = [&] { return !ready.empty() && ready.front(); };
    pool_detail::wait(*state_->engine, *state_->ticket, [&] {
      if (!fetched_.empty()) return true;
      if (!there()) return pool_detail::is_complete(*state_->ticket);
      auto end = std::ranges::find_if(ready, [](const std::optional<T>& outcome) { return !outcome; });
      if (end == ready.end()) {
        std::swap(ready, fetched_);
      } else {
        fetched_.assign(std::make_move_iterator(ready.begin()), std::make_move_iterator(end));
        ready.erase(ready.begin(), end);
      }
      state_->first += fetched_.size();
      return true;
    });
  }

  std::shared_ptr<State> state_;
  std::vector<std::optional<T>> fetched_;
  size_t next_ = 0;
};

}  // namespace forklint::runtime
