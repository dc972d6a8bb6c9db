// A dashboard with something to see, for the browser's test and for people: says its address, runs until its standard input closes.
#include <unistd.h>

#include <cstdio>
#include <cmath>
#include <ctime>
#include <thread>

#include "forklint/runtime/dashboard.h"

using namespace forklint::runtime;

namespace {

Insights insights_at(double seconds) {
  Insights insights{.method = StartMethod::forkserver, .wall = seconds};
  for (unsigned i = 0; i < 4; ++i) {
    double run = seconds * (0.9 - 0.12 * i);
    insights.workers.push_back({.worker = i, .pid = 4711 + int(i), .starts = i == 2 ? 3u : 1u, .tasks = uint64_t(run * 31), .start = 0.0023, .init = 0.31,
                                .idle = std::max(0.0, seconds - run), .decode = 0.0004 * run, .run = run, .encode = 0.02 * run,
                                .bytes_in = uint64_t(run * 2048), .bytes_out = uint64_t(run * 900'000), .max_rss = (48 + 9 * i) << 20});
  }
  insights.slowest = {{412, 1, 2.31, "\"holiday/IMG_2231.tif\""}, {97, 3, 1.12, "\"<b>not bold</b>.png\""}, {5, 0, 0.0213, "\"a.png\""}};
  return insights;
}

}  // namespace

int main() {
  ProgressBar images("thumbnails", 400), upload("upload", 40), listen("messages", {}, {.inside = false});
  upload.fail(2);
  auto began = std::chrono::steady_clock::now();
  auto provide = [&] {
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count() + 20;
    double minute = double(std::time(nullptr) / 60 * 60);
    DashboardState state{.title = "photos", .bars = progress_bars(), .pools = {{"thumbnails", insights_at(seconds)}}};
    state.failures.push_back({.id = 1, .pool = "thumbnails", .task = 97, .worker = 3,
                              .message = "<img src=x onerror=\"document.title='owned'\"> is no image",
                              
                              .trace = "resize(\"<script>document.title='owned'</script>.png\")\n  at resize.cpp:41\n  at main.cpp:12", .at = minute});
    state.failures.push_back({.id = 2, .pool = "thumbnails", .task = 233, .worker = 2, .message = "worker was ended by SIGSEGV (core dumped)",
                              .trace = "#0 decode_tile (tile=0x0) at tiff.cpp:220\n#1 resize at resize.cpp:38\n#2 main at main.cpp:12", .at = minute});
    return state;
  };
  Result<Dashboard> dashboard = Dashboard::start({.token = "s3cret&"}, provide);
  if (!dashboard) return std::fprintf(stderr, "%s\n", dashboard.error().what.c_str()), 1;
  std::printf("%s\n", dashboard->url().c_str());
  std::fflush(stdout);
  std::jthread work([&](std::stop_token stop) {
    for (unsigned i = 0; !stop.stop_requested(); ++i) {
      images.add(i < 360);
      if (i % 20 == 0 && i < 700) upload.add();
      listen.add(3);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  char byte;
  while (::read(0, &byte, 1) > 0) {}
  return 0;
}
