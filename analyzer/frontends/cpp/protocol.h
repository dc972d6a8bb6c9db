// What forklint and forklint-clang say to each other, as bytes on a stream socket: a message is its length and its content.
// Requests are strings in a fixed order; so are answers, in which the facts are those of facts/binary.h.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/facts/facts.h"

namespace forklint::frontends::cpp {

// The descriptor on which a worker is asked and answers.
inline constexpr int worker_socket = 3;
inline constexpr size_t largest_message = 1u << 30;

// Bytes of a file.
struct Stretch {
  uint32_t begin = 0, end = 0;
  friend auto operator<=>(const Stretch&, const Stretch&) = default;
};

// One compile command.
struct Command {
  std::string root;                     // absolute; paths below it are told relative to it
  std::string directory;                // absolute: where the command runs
  std::string file;                     // relative to the directory, or absolute
  std::vector<std::string> arguments;   // the compiler first; the file may stand among them
  // What many units begin with, parsed once: directives, and which bytes of the file they stand for.
  std::string preamble;
  std::vector<Stretch> covered;
  // This asks for the preamble itself, to be kept for the units that follow. `file` says where it would be, and is not on disk.
  bool prepares = false;
};

struct FileOfUnit {
  std::string path;
  facts::FileFacts facts;
};

struct Unit {
  std::vector<FileOfUnit> files;
  unsigned errors = 0;
  std::string first_error;
  std::string missing_header;  // the first one
  std::vector<std::string> reads;  // the user's files that it is made of, whether they define something or not
  std::vector<std::string> system_reads;  // all other files, absolute
  std::vector<std::string> absent;  // where Clang looked for headers and nothing was, absolute: a file that appears there may be meant
  std::string preamble;        // the request for the preamble that was used, whose facts are not among these; empty: none
  std::string failure;         // why there is nothing at all; empty when there is
};

std::string to_bytes(const Command& command);
std::string to_bytes(const Unit& unit);
std::expected<Command, std::string> command_from(std::string_view bytes);
std::expected<Unit, std::string> unit_from(std::string_view bytes);

// Blocking; false at the end of the stream, when something is wrong with it, and for messages over the limit.
bool send_message(int socket, std::string_view content);
bool receive_message(int socket, std::string& content);

}  // namespace forklint::frontends::cpp
