// A pool for one closure: what it captures is there without being sent, because workers have the memory of this process.
// That is so under fork and threading alone; the type does not exist for other start methods.
//
//   auto pool = ClosurePool<StartMethod::fork, decltype(f)>::make({.workers = 4}, f);   // f is copied here
//   pool->map(inputs);
//
// Under fork, workers see what f captured as it was when the pool was made, also those that start later. Under threading
// they share it: f is called at the same time by several threads.
#pragma once

#include "forklint/runtime/pool.h"

namespace forklint::runtime {

template <StartMethod method, class F>
  requires(method == StartMethod::fork || method == StartMethod::threading)
class ClosurePool {
  using Traits = task_detail::TaskTraits<decltype(&F::operator())>;
  using R = typename Traits::Result;

 public:
  static Result<ClosurePool> make(PoolOptions options, F closure) {
    static_assert(Traits::check());
    options.method = method;
    auto held = std::make_shared<const F>(std::move(closure));
    task_detail::add({.name = "closure", .signature = typeid(F).name(), .address = held.get(), .closure = true,
                      .call = [held](WorkerContext& context, std::string_view bytes, std::string& result, CallTimes& times) { return task_detail::call<Traits>(*held, context, bytes, result, times); },
                      .preview = task_detail::preview_of<Traits>});
    auto pool = Pool::make(std::move(options));
    std::shared_ptr<const void> registered(held.get(), task_detail::remove);
    if (!pool) return std::unexpected(pool.error());
    return ClosurePool(std::move(*pool), std::move(registered));
  }

  // All outcomes, in the order of the input.
  template <std::ranges::input_range Input>
  std::vector<Outcome<R>> map(Input&& input) {
    return pool_.template collect<R, typename Traits::Arguments>(closure_.get(), std::forward<Input>(input));
  }

  Pool& pool() { return pool_; }

 private:
  ClosurePool(Pool pool, std::shared_ptr<const void> closure) : closure_(std::move(closure)), pool_(std::move(pool)) {}
  std::shared_ptr<const void> closure_;  // registered until the pool has gone
  Pool pool_;
};

}  // namespace forklint::runtime
