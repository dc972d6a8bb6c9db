#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "forklint/runtime/progress.h"
#include "src/progress_board.h"
#include "src/shown_text.h"

namespace forklint::runtime {
namespace {

std::string_view variable(const char* name) {
  const char* value = ::getenv(name);
  return value ? value : "";
}

bool speaks_unicode() {
  std::string locale;
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (locale.empty()) locale = variable(name);
  std::ranges::transform(locale, locale.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
}

bool is_terminal(int fd) { return ::isatty(fd) == 1 && variable("TERM") != "dumb"; }

// A terminal that is slow takes what it can; bars are not worth waiting for longer.
void write_some(int fd, std::string_view text) {
  while (!text.empty()) {
    ssize_t written = ::write(fd, text.data(), text.size());
    if (written > 0) text.remove_prefix(size_t(written));
    if (written > 0 || errno == EINTR) continue;
    pollfd ready{.fd = fd, .events = POLLOUT};
    if (errno != EAGAIN || ::poll(&ready, 1, 100) <= 0) return;
  }
}

// Whether this process is the one, now.
bool take_drawing(board::Board& board) {
  uint64_t mine = board::drawer_word(::getpid(), board::own_birth());
  uint64_t seen = 0;
  if (board.drawer.compare_exchange_strong(seen, mine)) return true;
  return !board::alive(board::pid_of(seen), seen >> 22) && board.drawer.compare_exchange_strong(seen, mine);
}

// The rate of the last seconds rather than of all time: what is left is told by how it goes now. A mean whose weights halve about every
// three seconds, divided by the weights so far; so it is right from the first look on.
struct Pace {
  double at = 0;
  uint64_t done = 0;
  double sum = 0;
  double weights = 0;

  double next(const BarView& bar) {
    double passed = bar.elapsed - at;
    if (passed > 0) {
      double share = 1 - std::exp(-passed / 5);
      sum += share * (double(bar.done - std::min(done, bar.done)) / passed - sum);
      weights += share * (1 - weights);
      at = bar.elapsed;
      done = bar.done;
    }
    return weights > 0 ? sum / weights : 0;
  }
};

}  // namespace

struct ProgressDisplay::Impl {
  DisplayOptions options;
  board::Board& board;
  bool terminal = false;
  bool unicode = true;
  bool color = false;
  pid_t owner = ::getpid();
  std::mutex mutex;
  std::atomic<uint64_t> drawn_at = 0;
  unsigned lines = 0;  // of bars below the cursor
  std::unordered_map<uint64_t, Pace> paces;
  std::condition_variable_any wake;
  std::jthread thread;

  winsize size() const {
    winsize size{};
    if (!terminal || ::ioctl(options.fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) size = {.ws_row = 24, .ws_col = 80};
    if (options.width) size.ws_col = static_cast<unsigned short>(options.width + 1);
    return size;
  }

  // Writing from the background would stop the process on terminals set to do so, and disturb on the others.
  bool in_background() const {
    pid_t front = ::tcgetpgrp(options.fd);
    return terminal && front > 0 && front != ::getpgrp();
  }

  BarStyle style(const std::vector<BarView>& bars, unsigned columns) const {
    BarStyle style{.width = std::max(columns, 2u) - 1, .unicode = unicode, .color = color};  // the last column is where lines break
    for (const BarView& bar : bars)
      if (bar.leave || bar.state == BarState::running) style.label = std::max(style.label, 2 * bar.depth + shown::columns(bar.label));
    return style;
  }

  void release_slot(const BarView& bar) {
    for (board::Slot& slot : board.slots) {
      uint64_t seen = slot.state.load(std::memory_order_acquire);
      if (seen != 0 && board::bar_of(seen) == bar.id) board::release(slot, seen);
    }
    paces.erase(bar.id);
  }

  // Bars that have ended leave the board; the lines of those that stay on the screen are returned.
  std::string clear_ended(std::vector<BarView>& bars, const BarStyle& style, bool last) {
    std::string out;
    std::erase_if(bars, [&](const BarView& bar) {
      bool ended = bar.state != BarState::running;
      if (!ended && !last) return false;
      if (bar.leave && bar.pid == owner && bar.depth == 0) out += (terminal ? "\r\x1b[K" : "") + render(bar, style) + (terminal ? "\r\n" : "\n");
      if (ended) release_slot(bar);
      return true;
    });
    return out;
  }

  // From the cursor's line: make room below (index, which keeps the column), remember where, write the lines, erase the rest, return.
  std::string below_cursor(const std::vector<BarView>& bars, const BarStyle& style, unsigned rows) {
    if (bars.empty()) return std::exchange(lines, 0) ? "\x1b[J" : "";
    auto room = std::max<size_t>(rows, 3) - 2;
    bool more = bars.size() > room;
    lines = unsigned(std::min(bars.size(), room));
    std::string out;
    for (unsigned i = 0; i < lines; ++i) out += "\x1b" "D";
    out += "\x1b[" + std::to_string(lines) + "A\x1b" "7\x1b[K";
    for (unsigned i = 0; i + more < lines; ++i) out += "\r\n" + render(bars[i], style) + "\x1b[K";
    if (more) out += "\r\n" + std::to_string(bars.size() - room + 1) + " more\x1b[K";
    return out += "\x1b[J\x1b" "8";
  }

  // With the mutex held.
  void draw_now(std::string_view above = {}, bool last = false) {
    drawn_at = board::now();
    if (in_background()) return;
    std::vector<BarView> bars = progress_bars();
    winsize window = size();
    BarStyle look = style(bars, window.ws_col);
    for (BarView& bar : bars)
      if (bar.state == BarState::running) bar.rate = paces[bar.id].next(bar);
    std::string out(above);
    out += clear_ended(bars, look, last);
    if (terminal) out += below_cursor(bars, look, window.ws_row);
    write_some(options.fd, out);
  }

  // Signals are for the threads of the program.
  void start_thread() {
    sigset_t all, before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    thread = std::jthread([this](std::stop_token stop) {
      std::unique_lock lock(mutex);
      while (!wake.wait_for(lock, stop, options.every, [&stop] { return stop.stop_requested(); })) draw_now();
    });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
};

ProgressDisplay::ProgressDisplay(DisplayOptions options) : fd_(options.fd) {
  bool terminal = is_terminal(options.fd);
  if (options.when == DisplayOptions::When::never || (options.when == DisplayOptions::When::terminal && !terminal)) return;
  board::Board* board = board::get();
  if (!board || !board::may_draw() || !take_drawing(*board)) return;
  impl_.reset(new Impl{.options = options, .board = *board, .terminal = terminal});
  for (const BarView& bar : progress_bars())
    if (bar.state != BarState::running) impl_->release_slot(bar);  // ended before anybody watched
  impl_->unicode = options.unicode.value_or(speaks_unicode());
  impl_->color = options.color.value_or(terminal && variable("NO_COLOR").empty());
  if (options.thread) impl_->start_thread();
}

ProgressDisplay::~ProgressDisplay() {
  if (!impl_) return;
  if (impl_->owner != ::getpid()) {
    static_cast<void>(impl_.release());  // its thread and the state of its mutex stayed with the parent
    return;
  }
  if (impl_->thread.joinable()) {
    impl_->thread.request_stop();
    impl_->thread.join();
  }
  std::lock_guard lock(impl_->mutex);
  impl_->draw_now({}, true);
  impl_->board.drawer.store(0);
}

void ProgressDisplay::draw() {
  if (!impl_ || impl_->owner != ::getpid()) return;
  auto every = uint64_t(std::chrono::nanoseconds(impl_->options.every).count());
  if (board::now() - impl_->drawn_at.load(std::memory_order_relaxed) < every) return;
  std::lock_guard lock(impl_->mutex);
  impl_->draw_now();
}

void ProgressDisplay::print(std::string_view text) {
  bool ours = impl_ && impl_->owner == ::getpid() && impl_->terminal;
  std::string out;
  for (char c : text) c == '\n' && ours ? out += "\x1b[K\r\n" : out += c;
  if (!text.ends_with('\n')) out += ours ? "\x1b[K\r\n" : "\n";
  if (!ours) return write_some(fd_, out);
  std::lock_guard lock(impl_->mutex);
  impl_->draw_now(out);
}

}  // namespace forklint::runtime
