// Words and numbers for people and for JSON, the same whatever the locale.
#pragma once

#include <string>
#include <string_view>

namespace forklint::runtime::shown {

// `text` between quotation marks, escaped. Bytes that are no UTF-8 become U+FFFD, so the result always parses.
std::string json(std::string_view text);
// The shortest decimal that reads back as the same number; what JSON cannot say (infinity, not a number) becomes 0.
std::string json(double number);

// Control characters as people write them ("\n", "\x1b"), broken UTF-8 as U+FFFD: what a task says cannot move a cursor.
std::string printable(std::string_view text);
// Columns on a terminal; wide characters take two.
unsigned columns(std::string_view text);
// At most `width` columns, cut with "…" (or "..." without Unicode).
std::string cut(std::string_view text, unsigned width, bool unicode = true);
std::string pad_left(std::string text, unsigned width);
std::string pad_right(std::string text, unsigned width);

// A number with so many digits after the point.
std::string fixed(double number, int digits);
// "0 s", "12 µs", "3.4 ms", "1.23 s", "4 min 05 s", "2 h 03 min".
std::string duration(double seconds);
// "0:07", "12:34", "1:02:03".
std::string clock(double seconds);
// "512 B", "3.4 KiB", "1.2 GiB".
std::string bytes(double count);
// "12", "1.2k", "3.4M": for rates.
std::string short_number(double number);

}  // namespace forklint::runtime::shown
