// A pool of workers with four start methods and one interface. Linux.
//
//   int square(int n) { return n * n; }
//   FORKLINT_TASK(square)
//   int main(int argc, char** argv) {
//     if (auto code = forklint::runtime::worker_main(argc, argv)) return *code;   // first line: workers are this program
//     auto pool = forklint::runtime::Pool::make({.workers = 4});
//     for (auto& outcome : pool->map(square, std::vector{1, 2, 3}))
//       if (outcome) std::printf("%d\n", *outcome);
//   }
//
// Tasks are functions registered with FORKLINT_TASK: they have the same name in every process. Failures are values: one
// bad task never ends a map. All functions may be called from any thread; not from inside a task of the same pool.
#pragma once

#include <future>
#include <memory>
#include <ranges>

#include "forklint/runtime/failure.h"
#include "forklint/runtime/insights.h"
#include "forklint/runtime/outcome_stream.h"
#include "forklint/runtime/pool_detail.h"
#include "forklint/runtime/pool_options.h"
#include "forklint/runtime/task.h"

namespace forklint::runtime {

// For the first line of main(). Runs this process as a worker, or as what starts workers, when it was started as one:
// the result is then the exit status. Nothing: this is the program itself.
std::optional<int> worker_main(int argc, char** argv);

// An outcome of an unordered map, with the index of its input.
template <class R>
struct Indexed {
  uint64_t index = 0;
  Outcome<R> outcome;
};

class Pool {
 public:
  // Workers start with the first task; what they come from is made here. Under fork: before this process has threads.
  static Result<Pool> make(PoolOptions options = {});
  Pool(Pool&&) = default;
  Pool& operator=(Pool&&) = default;
  ~Pool();

  // Runs in each worker before its first task; and before it ends, when it had one. Before the first task of the pool.
  template <class... A, class... Given>
  void on_start(void (*function)(WorkerContext&, A...), Given&&... arguments) {
    set_call(true, reinterpret_cast<const void*>(function), to_bytes(std::tuple<A...>(std::forward<Given>(arguments)...)));
  }
  template <class R, class... A, class... Given>
  void on_exit(R (*function)(WorkerContext&, A...), Given&&... arguments) {
    set_call(false, reinterpret_cast<const void*>(function), to_bytes(std::tuple<A...>(std::forward<Given>(arguments)...)));
  }
  // What on_exit's function has returned since the last call, in workers that have ended.
  template <class R>
  std::vector<R> exit_results() {
    std::vector<R> results;
    for (const std::string& bytes : take_exit_results())
      if (auto value = from_bytes<R>(bytes)) results.push_back(std::move(*value));
    return results;
  }

  // All outcomes, in the order of the input.
  template <class R, class... P, std::ranges::input_range Input>
  std::vector<Outcome<R>> map(R (*function)(P...), Input&& input) {
    return collect<R, Arguments<R (*)(P...)>>(reinterpret_cast<const void*>(function), std::forward<Input>(input));
  }
  // All outcomes, as they come.
  template <class R, class... P, std::ranges::input_range Input>
  std::vector<Indexed<R>> map_unordered(R (*function)(P...), Input&& input) {
    std::vector<Indexed<R>> result;
    run<R, Arguments<R (*)(P...)>>(reinterpret_cast<const void*>(function), std::forward<Input>(input), [&](uint64_t index, Outcome<R> outcome) { result.push_back({index, std::move(outcome)}); });
    return result;
  }
  // Lazy: the input is read as far as workers need it and outcomes are taken, at most `ahead` beyond (0: as much as keeps
  // the workers busy).
  template <class R, class... P, std::ranges::input_range Input>
  OutcomeStream<Outcome<R>> imap(R (*function)(P...), Input input, size_t ahead = 0) {
    return stream<R, Outcome<R>>(function, std::move(input), ahead);
  }
  template <class R, class... P, std::ranges::input_range Input>
  OutcomeStream<Indexed<R>> imap_unordered(R (*function)(P...), Input input, size_t ahead = 0) {
    return stream<R, Indexed<R>>(function, std::move(input), ahead);
  }

  // One call; waits.
  template <class R, class... P, class... Given>
  Outcome<R> apply(R (*function)(P...), Given&&... given) {
    std::optional<Outcome<R>> result;
    auto ticket = call<R>(function, [&](Outcome<R> outcome) { result = std::move(outcome); }, std::forward<Given>(given)...);
    pool_detail::wait(*engine_, *ticket, [&] { return result.has_value(); });
    return std::move(*result);
  }
  // One call; the future waits. `done` is called with the outcome, from some thread, before that.
  template <class R, class... P, class... Given>
  std::future<Outcome<R>> submit(R (*function)(P...), Given&&... given) {
    auto promise = std::make_shared<std::promise<Outcome<R>>>();
    call<R>(function, [promise](Outcome<R> outcome) { promise->set_value(std::move(outcome)); }, std::forward<Given>(given)...);
    pool_detail::drive_in_background(*engine_);
    return promise->get_future();
  }
  template <class R, class... P, class Done, class... Given>
    requires std::invocable<Done, const Outcome<R>&>
  std::future<Outcome<R>> submit_then(Done done, R (*function)(P...), Given&&... given) {
    auto promise = std::make_shared<std::promise<Outcome<R>>>();
    auto engine = engine_;
    call<R>(function, [promise, done = std::move(done), engine](Outcome<R> outcome) mutable {
      auto shared = std::make_shared<Outcome<R>>(std::move(outcome));
      pool_detail::defer(*engine, [promise, done, shared]() mutable { done(*shared), promise->set_value(std::move(*shared)); });
    }, std::forward<Given>(given)...);
    pool_detail::drive_in_background(*engine_);
    return promise->get_future();
  }

  // What is queued or under way fails as cancelled; the workers on it are ended.
  void cancel();
  // Waits until nothing is queued or under way.
  void drain();
  // Ends the workers; what is under way is cancelled. Bounded by the exit timeout and the grace. The destructor does it.
  void close();

  Insights insights() const;
  const PoolOptions& options() const;

 private:
  explicit Pool(std::shared_ptr<pool_detail::Engine> engine) : engine_(std::move(engine)) {}
  void set_call(bool start, const void* function, std::string arguments);
  std::vector<std::string> take_exit_results();

  template <class F>
  using Arguments = typename task_detail::TaskTraits<F>::Arguments;

  template <StartMethod method, class F>
    requires(method == StartMethod::fork || method == StartMethod::threading)
  friend class ClosurePool;

  template <class R, class Args, class Input>
  std::vector<Outcome<R>> collect(const void* function, Input&& input) {
    std::vector<Outcome<R>> result;  // whatever stands in it before an outcome comes: one comes for each
    if constexpr (std::ranges::sized_range<Input>) result.reserve(size_t(std::ranges::size(input)));
    run<R, Args>(function, std::forward<Input>(input), [&](uint64_t index, Outcome<R> outcome) {
      if (result.size() <= index) result.resize(index + 1);
      result[index] = std::move(outcome);
    });
    return result;
  }

  template <class R, class Args, class Input, class Take>
  void run(const void* function, Input&& input, Take&& take) {
    std::optional<uint64_t> total;
    if constexpr (std::ranges::sized_range<Input>) total = uint64_t(std::ranges::size(input));
    pool_detail::MapProgress progress(*engine_, options().progress, total);
    auto at = std::ranges::begin(input);
    auto end = std::ranges::end(input);
    uint64_t given = 0;
    auto ticket = pool_detail::add(*engine_, function,
                                   {.next = [&](std::string& arguments, bool& exhausted) {
                                      if (at == end) {
                                        if (!total) progress.set_total(given);
                                        return exhausted = true, false;
                                      }
                                      ++given;
                                      pool_detail::encode_next<Args>(arguments, at);
                                      return true;
                                    },
                                    .finished = [&](uint64_t index, bool ok, std::string& bytes, Failure& failure) {
                                      progress.finished(ok);
                                      take(index, pool_detail::outcome_of<R>(ok, bytes, failure));
                                    }});
    pool_detail::wait(*engine_, *ticket, [&] { return pool_detail::is_complete(*ticket); });
    pool_detail::rethrow(*ticket);
  }

  template <class R, class T, class... P, class Input>
  OutcomeStream<T> stream(R (*function)(P...), Input input, size_t ahead) {
    if (ahead == 0) ahead = size_t(options().workers) * 512;
    std::optional<uint64_t> total;
    if constexpr (std::ranges::sized_range<Input>) total = uint64_t(std::ranges::size(input));
    struct Held {
      Input input;
      std::ranges::iterator_t<Input> at;
      explicit Held(Input&& given) : input(std::move(given)), at(std::ranges::begin(input)) {}
    };
    auto held = std::make_shared<Held>(std::move(input));
    auto state = std::make_shared<typename OutcomeStream<T>::State>();
    state->engine = engine_;
    if (!options().progress.empty()) state->progress = std::make_unique<pool_detail::MapProgress>(*engine_, options().progress, total, true);
    std::weak_ptr<typename OutcomeStream<T>::State> seen = state;  // the engine must not keep itself alive
    auto next = [held, seen, ahead](std::string& arguments, bool& exhausted) {
      auto state = seen.lock();
      if (!state || state->ended) return exhausted = true, false;
      if (held->at == std::ranges::end(held->input)) {
        if (state->progress) state->progress->set_total(state->issued);
        return exhausted = true, false;
      }
      if (state->issued - state->taken.load(std::memory_order_relaxed) >= ahead) return false;
      ++state->issued;
      pool_detail::encode_next<Arguments<R (*)(P...)>>(arguments, held->at);
      return true;
    };
    auto finished = [seen](uint64_t index, bool ok, std::string& bytes, Failure& failure) {
      auto state = seen.lock();
      if (!state) return;
      if (state->progress) state->progress->finished(ok);
      Outcome<R> outcome = pool_detail::outcome_of<R>(ok, bytes, failure);
      if constexpr (std::same_as<T, Outcome<R>>) {
        while (state->ready.size() <= index - state->first) state->ready.emplace_back();
        state->ready[index - state->first] = std::move(outcome);
      } else {
        state->ready.push_back(T{index, std::move(outcome)});
      }
    };
    state->ticket = pool_detail::add(*engine_, reinterpret_cast<const void*>(function), {.next = next, .finished = finished});
    pool_detail::drive_in_background(*engine_);
    return OutcomeStream<T>(std::move(state));
  }

  template <class R, class... P, class Done, class... Given>
  std::shared_ptr<pool_detail::Ticket> call(R (*function)(P...), Done done, Given&&... given) {
    std::string bytes;
    auto failed = pool_detail::encode_element<Arguments<R (*)(P...)>>(bytes, Arguments<R (*)(P...)>(std::forward<Given>(given)...));
    return pool_detail::add(*engine_, reinterpret_cast<const void*>(function),
                            {.next = [bytes = std::move(bytes), failed = std::move(failed), given = false](std::string& arguments, bool& exhausted) mutable {
                               exhausted = true;
                               if (std::exchange(given, true)) return false;
                               if (failed) throw std::move(*failed);
                               arguments = std::move(bytes);
                               return true;
                             },
                             .finished = [done = std::move(done)](uint64_t, bool ok, std::string& bytes, Failure& failure) mutable { done(pool_detail::outcome_of<R>(ok, bytes, failure)); }});
  }

  std::shared_ptr<pool_detail::Engine> engine_;
};

}  // namespace forklint::runtime
