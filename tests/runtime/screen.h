// As much of a terminal as the bars need: what would one see?
#pragma once

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

class Screen {
 public:
  Screen(unsigned columns, unsigned rows) : columns_(columns), cells_(rows, std::vector<std::string>(columns, " ")) {}

  void write(std::string_view text) {
    while (!text.empty()) text.remove_prefix(text[0] == '\x1b' ? sequence(text) : character(text));
  }

  // The lines without trailing spaces; empty ones at the end are left out.
  std::vector<std::string> lines() const {
    std::vector<std::string> out;
    for (const auto& row : cells_) {
      std::string line;
      for (const std::string& cell : row) line += cell;
      out.push_back(line.substr(0, line.find_last_not_of(' ') + 1));
    }
    while (!out.empty() && out.back().empty()) out.pop_back();
    return out;
  }
  std::string text() const {
    std::string out;
    for (const std::string& line : lines()) out += line + "\n";
    return out;
  }
  unsigned row = 0, column = 0;
  unsigned unknown = 0;  // sequences it does not know

 private:
  size_t character(std::string_view text) {
    unsigned char c = text[0];
    if (c == '\r') return column = 0, 1;
    if (c == '\n') return down(), 1;
    size_t size = c < 0x80 ? 1 : c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    if (column == columns_) column = 0, down();
    cells_[row][column++] = std::string(text.substr(0, size));
    return size;
  }

  size_t sequence(std::string_view text) {
    if (text.size() < 2) return ++unknown, text.size();
    if (text[1] == 'D') return down(), 2;
    if (text[1] == '7') return saved_ = {row, column}, 2;
    if (text[1] == '8') return row = saved_.first, column = saved_.second, 2;
    size_t end = text.find_first_of("ABCDHJKhlm", 2);
    if (text[1] != '[' || end == text.npos) return ++unknown, 2;
    unsigned number = end > 2 ? unsigned(std::atoi(std::string(text.substr(2, end - 2)).c_str())) : 0;
    if (text[end] == 'A') row -= std::min(row, std::max(number, 1u));
    else if (text[end] == 'K') erase(row, column);
    else if (text[end] == 'J') for (unsigned r = row; r < cells_.size(); ++r) erase(r, r == row ? column : 0);
    else if (text[end] != 'm') ++unknown;
    return end + 1;
  }

  void erase(unsigned at, unsigned from) {
    for (unsigned c = from; c < columns_; ++c) cells_[at][c] = " ";
  }

  void down() {
    if (++row < cells_.size()) return;
    row = unsigned(cells_.size()) - 1;
    cells_.erase(cells_.begin());
    cells_.emplace_back(columns_, " ");
  }

  unsigned columns_;
  std::vector<std::vector<std::string>> cells_;
  std::pair<unsigned, unsigned> saved_;
};
