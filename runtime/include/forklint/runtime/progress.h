// Progress bars: counted anywhere below one process (its threads, forked children, started programs), drawn by that process alone.
//
//   ProgressDisplay display;                       // in the top process; draws on stderr, if that is a terminal
//   ProgressBar bar("resize", images.size());      // anywhere
//   for (...) bar.add(), display.draw();           // drawn at most every 50 ms; or ProgressDisplay display({.thread = true})
//
// Behind it is a board: a small piece of memory that all these processes share. It is made of atomics alone, without a lock, so
// a killed process leaves nothing locked; its bars go when the display next looks. A forked child has the board anyway. A program started
// anew has it when it is given the descriptor progress_fd(), under any number, and that number in the variable progress_variable; with the
// variable alone its bars count for nobody, as it must not draw where another does. All must be of one PID namespace.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace forklint::runtime {

inline constexpr char progress_variable[] = "FORKLINT_PROGRESS_FD";

// The board's descriptor (close-on-exec), for programs that this one starts; -1 where there is none. Makes the board if need be,
// so a pool asks before its first fork: boards made after it would be each child's own.
int progress_fd();

struct BarOptions {
  bool inside = true;  // drawn inside of the bar that this thread made before and still has; false: beside it
  bool around = true;  // bars that this thread makes later are inside of this one; false: only after enter()
  bool leave = true;   // its last state stays on the screen; bars inside of others and bars of other processes always go
};

// One bar: a slot of the board, given back with the object. add(), fail() and set_total() are thread-safe and cost one atomic addition;
// they may be called in forked children too, where the bar's destruction does nothing. With all 64 slots taken a bar does nothing.
// A bar that is made while another of the same thread lives is drawn inside that one, unless its options say otherwise.
class ProgressBar {
 public:
  explicit ProgressBar(std::string_view label, std::optional<uint64_t> total = {}, BarOptions options = {});
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void add(uint64_t done = 1);
  // Done too, but not well: counted in both numbers.
  void fail(uint64_t failed = 1);
  void set_total(uint64_t total);
  // Bars that the calling thread makes from now on are inside of this one.
  void enter();
  bool shown() const { return slot_ >= 0; }

 private:
  bool mine() const;

  int slot_ = -1;
  uint64_t state_ = 0;  // the slot's state word while it is ours
};

enum class BarState { running, finished, lost };  // lost: its process ended without finishing it

// A bar as it was at one moment.
struct BarView {
  std::string label;              // free of control characters
  uint64_t done = 0;              // failures included
  uint64_t failed = 0;
  std::optional<uint64_t> total;  // none: unknown
  double elapsed = 0;             // seconds
  double rate = 0;                // a second
  unsigned depth = 0;             // bars around it
  int pid = 0;
  BarState state = BarState::running;
  bool leave = true;
  uint64_t id = 0;                // its own among all bars of the board
};

// Every bar of the board, each followed by those inside of it, else the oldest first. Any process and thread may ask. About 5 µs a bar.
std::vector<BarView> progress_bars();

struct BarStyle {
  unsigned width = 79;  // columns that a line may take
  bool unicode = true;
  bool color = false;
  unsigned label = 0;   // the label takes at least so many, that bars begin below one another
};
// One line without its end: "resize  ━━━━━━━━━━╸─────────  52%  52/100  13/s  0:04 left 0:04". What has no room is left out.
std::string render(const BarView& bar, const BarStyle& style);

struct DisplayOptions {
  enum class When { terminal, always, never };
  When when = When::terminal;                // always: where there is no terminal, one line a bar, when it ends
  int fd = 2;
  std::chrono::milliseconds every{50};       // shortest time between two drawings
  bool thread = false;                       // a thread of its own draws. Not together with StartMethod::fork
  unsigned width = 0;                        // 0: the terminal's, asked each time
  std::optional<bool> unicode;               // else as LC_ALL, LC_CTYPE, LANG say
  std::optional<bool> color;                 // else unless NO_COLOR is set
};

// What draws the bars. The first display above a board draws; the others, in whatever process, do nothing: a nested pool need not ask.
// The bars stand below an empty line on which the cursor rests, so what others print appears above them and stays; of a second line
// printed between two drawings the right part may show the rest of a bar. print() has no such limit. Thread-safe.
class ProgressDisplay {
 public:
  explicit ProgressDisplay(DisplayOptions options = {});
  // Draws the last state; what may stay stays. Nothing in a forked child.
  ~ProgressDisplay();
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  // Draws, unless it did so less than `every` ago. Cheap otherwise: one look at the clock.
  void draw();
  // Lines above the bars, also while they are not drawn.
  void print(std::string_view text);
  bool active() const { return impl_ != nullptr; }

 private:
  struct Impl;
  int fd_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace forklint::runtime
