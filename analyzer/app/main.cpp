#include <cstdio>
#include <exception>

#include "analyzer/app/commands.h"
#include "analyzer/reporters/version.h"

namespace {

int run(int argc, char** argv) {
  using namespace forklint::app;
  auto line = parse_command_line(argc, argv);
  if (!line) return line.error();
  switch (line->command) {
    case Command::check:
    case Command::matrix: return check(*line);
    case Command::verify: return verify_program(*line);
    case Command::facts: return print_facts(*line);
    case Command::rule: return explain_rules(*line);
    case Command::version: break;
  }
  std::printf("forklint %s\n", forklint::version.data());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  // Status 1 means findings, so nothing that goes wrong here may end with it.
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "forklint: internal error: %s\n", error.what());
  } catch (...) {
    std::fprintf(stderr, "forklint: internal error\n");
  }
  return 2;
}
