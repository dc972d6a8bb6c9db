// One file as the analysis sees it: decoded text, and the way back to lines and columns of the file on disk.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace forklint::source {

enum class Kind : uint8_t { python, stub, notebook, c, cpp };

// Where a line of `text` stands in the physical file: for a plain file line i is line i; for a notebook, the line
// of the .ipynb that holds the string, with the column where its content starts.
struct LineOrigin {
  uint32_t line = 1;
  uint32_t column = 1;
};

// The character at `offset` of a notebook's text is written with `extra` more characters on disk: \" and \u00e9.
struct Escape {
  uint32_t offset = 0;
  uint32_t extra = 0;
};

struct Position {
  uint32_t line = 1;    // from 1
  uint32_t column = 1;  // from 1, in code points
  friend bool operator==(Position, Position) = default;
};

// Which executables a text makes of programs: see packaging.h.
enum class Packaging : uint8_t { none, itself, others };

struct File {
  std::string path;   // as shown to the user, relative where the argument was
  Kind kind = Kind::python;
  std::string text;   // UTF-8 without BOM; line ends as in the file, but a lone CR reads as LF (as Python reads it)
                      // of a notebook: its code cells, magics blanked out; empty if its kernel is not Python
  std::vector<uint32_t> line_starts;   // byte offset of each line of text
  std::vector<LineOrigin> origins;     // empty: the identity; else one per line
  std::vector<Escape> escapes;         // notebooks only; by offset
  bool byte_order_mark = false;        // the file on disk begins with one
  Packaging packaging = Packaging::none;
  bool verbatim = true;                // text is the file's bytes after the mark: an edit of text can be written back

  // The place of a byte offset, in the physical file. O(log lines + line length).
  Position position(uint32_t offset) const;
  // The text of the line (of `text`) that holds offset, without its line end.
  std::string_view line(uint32_t offset) const;
};

// Decodes bytes: BOM, PEP 263 declaration, UTF-8 by default. The error says what is wrong and on which line.
// Thread-safe; no input can make it fail otherwise.
std::expected<File, std::string> decode(std::string path, Kind kind, std::string bytes);

// The bytes of a file. Refuses what is not a regular file and what is larger than max_size (0: no limit); never waits.
std::expected<std::string, std::string> read_bytes(const std::string& path, uint64_t max_size);

// Reads and decodes, with the same refusals.
std::expected<File, std::string> read(std::string path, Kind kind, uint64_t max_size);

}  // namespace forklint::source
