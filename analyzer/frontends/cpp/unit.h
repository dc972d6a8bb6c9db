// One compile command to facts, in this process. May crash or take for ever: whoever cares runs it in a worker.
#pragma once

#include <string>
#include <vector>

#include "analyzer/facts/facts.h"

namespace forklint::frontends::cpp {

struct Command {
  std::string root;                     // paths below it are told relative to it
  std::string directory;                // where the command runs
  std::string file;                     // relative to the directory, or absolute
  std::vector<std::string> arguments;   // the compiler first; the file may stand among them
};

struct FileOfUnit {
  std::string path;
  facts::FileFacts facts;
};

struct Unit {
  std::vector<FileOfUnit> files;
  unsigned errors = 0;
  std::string first_error;     // with its place: "a.c:3: expected ';'"
  std::string missing_header;  // the first one
  std::string failure;         // why there is nothing at all; empty when there is
};

Unit analyse(const Command& command);

}  // namespace forklint::frontends::cpp
