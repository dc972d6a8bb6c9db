#include <algorithm>
#include <cmath>

#include "forklint/runtime/progress.h"
#include "src/shown_text.h"

namespace forklint::runtime {
namespace {

using namespace shown;

enum class Color : char { none = 0, red = '1', green = '2', yellow = '3', cyan = '6' };

// A part of the line. `weight`: the lightest goes first when there is no room.
struct Piece {
  int weight = 0;
  unsigned width = 0;
  std::string text;  // with its colours
};

std::string painted(std::string text, Color color, const BarStyle& style) {
  if (!style.color || color == Color::none || text.empty()) return text;
  return std::string("\x1b[3") + char(color) + "m" + text + "\x1b[0m";
}

std::string repeated(std::string_view text, unsigned times) {
  std::string out;
  for (unsigned i = 0; i < times; ++i) out += text;
  return out;
}

double fraction(const BarView& bar) {
  if (!bar.total) return 0;
  return *bar.total == 0 ? 1 : std::min(1.0, double(bar.done) / double(*bar.total));
}

Color color_of(const BarView& bar) {
  if (bar.state == BarState::lost) return Color::red;
  if (bar.failed) return Color::yellow;
  return bar.state == BarState::finished ? Color::green : Color::cyan;
}

// The same width for all bars of a line width, so that they stand below one another.
Piece gauge(const BarView& bar, const BarStyle& style) {
  unsigned width = std::clamp(style.width * 3 / 10, 5u, 40u);
  if (!style.unicode) {
    auto full = unsigned((width - 2) * fraction(bar));
    return {4, width, "[" + painted(std::string(full, '#'), color_of(bar), style) + std::string(width - 2 - full, '-') + "]"};
  }
  auto halves = unsigned(width * 2 * fraction(bar));
  std::string done = repeated("━", halves / 2) + (halves % 2 ? "╸" : "");
  std::string rest = repeated("─", width - (halves + 1) / 2);
  return {4, width, painted(done, color_of(bar), style) + (style.color ? "\x1b[2m" + rest + "\x1b[0m" : rest)};
}

// Shows that something lives where nobody knows how much there is.
Piece spinner(const BarView& bar, const BarStyle& style) {
  constexpr std::string_view round[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
  auto step = unsigned(bar.elapsed * 8);
  if (bar.state == BarState::finished) return {4, 1, painted(style.unicode ? "✓" : "*", color_of(bar), style)};
  return {4, 1, painted(style.unicode ? std::string(round[step % std::size(round)]) : std::string(1, "|/-\\"[step % 4]), color_of(bar), style)};
}

std::string speed(double rate) {
  if (!(rate > 0)) return "";
  return rate >= 0.995 ? short_number(rate) + "/s" : duration(1 / rate) + " each";
}

std::vector<Piece> pieces_of(const BarView& bar, const BarStyle& style) {
  std::vector<Piece> pieces;
  auto add = [&](int weight, std::string text, Color color = Color::none) {
    if (text.empty()) return;
    unsigned width = columns(text);
    pieces.push_back({weight, width, painted(std::move(text), color, style)});
  };
  std::string total = bar.total ? std::to_string(*bar.total) : "";
  pieces.push_back(bar.total ? gauge(bar, style) : spinner(bar, style));
  if (bar.total) add(6, pad_left(std::to_string(unsigned(fraction(bar) * 100)) + "%", 4));
  add(5, bar.total ? pad_left(std::to_string(bar.done), unsigned(total.size())) + "/" + total : std::to_string(bar.done));
  if (bar.failed) add(7, std::to_string(bar.failed) + " failed", Color::red);
  if (bar.state == BarState::lost) add(8, "process ended", Color::red);
  add(1, speed(bar.rate));
  add(2, clock(bar.elapsed));
  bool goes_on = bar.state == BarState::running && bar.total && bar.rate > 0 && bar.done < *bar.total;
  if (goes_on) add(3, "left " + clock(std::ceil(double(*bar.total - bar.done) / bar.rate)));
  return pieces;
}

}  // namespace

std::string render(const BarView& bar, const BarStyle& style) {
  unsigned indent = std::min(2 * bar.depth, style.width / 4);
  std::string label = cut(printable(bar.label), std::max(8u, style.width / 3) - std::min(indent, 7u), style.unicode);
  label = pad_right(std::string(indent, ' ') + label, std::min(style.label, std::max(8u, style.width / 3)));
  std::vector<Piece> pieces = pieces_of(bar, style);
  unsigned gap = label.empty() ? 0 : 2;
  auto width = [&] {
    unsigned sum = columns(label) + gap;
    for (size_t i = 0; i < pieces.size(); ++i) sum += pieces[i].width + (i ? 2 : 0);
    return sum;
  };
  while (!pieces.empty() && width() > style.width) pieces.erase(std::ranges::min_element(pieces, {}, &Piece::weight));
  if (pieces.empty()) return cut(label, style.width, style.unicode);
  std::string line = label + std::string(gap, ' ');
  for (size_t i = 0; i < pieces.size(); ++i) (line += i ? "  " : "") += pieces[i].text;
  return line;
}

}  // namespace forklint::runtime
