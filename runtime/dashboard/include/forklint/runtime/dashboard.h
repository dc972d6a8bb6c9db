// Pools in the browser: bars that move, workers, where their time went, failures with their traces. Part of forklint_dashboard.
//
//   auto dashboard = Dashboard::start();      // all pools of this process, whatever their start method, while they live
//   if (dashboard) std::fprintf(stderr, "%s\n", dashboard->url().c_str());
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "forklint/runtime/error.h"
#include "forklint/runtime/live_pools.h"
#include "forklint/runtime/progress.h"

namespace forklint::runtime {

using DashboardPool = LivePool;
using DashboardFailure = PoolFailure;

struct DashboardState {
  std::string title = "forklint";
  std::vector<BarView> bars;
  std::vector<DashboardPool> pools;
  std::vector<DashboardFailure> failures;  // the last ones; the provider decides how many it remembers
};

struct DashboardOptions {
  std::string address = "127.0.0.1";  // loopback; any other needs a token
  int port = 0;                       // 0: a free one
  std::string token;                  // asked of every request when not empty: "Authorization: Bearer ..." or "?token=..."
};

// What a dashboard shows that is given nothing else: the board of progress bars, live_pools(), recent_failures().
DashboardState pools_of_this_process();

// Called by the server's threads, several at once, about twice a second for each open page: it must be thread-safe, and may be slow.
using DashboardProvider = std::function<DashboardState()>;

// A server with four threads, started by start() and ended with the object, which takes a second at most. As it has threads, pools by
// StartMethod::fork must have their workers first. All texts are shown as text: what a task says cannot act in the page.
// On loopback without a token every user of the machine can look; pages of other sites cannot (the Host header is checked).
class Dashboard {
 public:
  // Fails for an address that is not loopback without a token, or one that cannot be listened on.
  static Result<Dashboard> start(DashboardOptions options = {}, DashboardProvider provider = pools_of_this_process);
  Dashboard(Dashboard&&) noexcept;
  Dashboard& operator=(Dashboard&&) noexcept;
  ~Dashboard();

  int port() const;
  // What to open, the token included.
  std::string url() const;

 private:
  struct Impl;
  explicit Dashboard(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace forklint::runtime
