// One function a command; each returns the exit status: 0 nothing found, 1 findings, 2 wrong usage or configuration.
#pragma once

#include "analyzer/app/command_line.h"

namespace forklint::app {

int check(const CommandLine& line);  // also the matrix: the same analysis, printed otherwise
// Runs a program and compares; 0: every prediction held, 1: one was contradicted, 2: neither can be said.
int verify_program(const CommandLine& line);
int print_facts(const CommandLine& line);
int explain_rules(const CommandLine& line);

}  // namespace forklint::app
