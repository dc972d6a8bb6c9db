// Standard input and output, terminals and files.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "analyzer/app/command_line.h"
#include "analyzer/reporters/text.h"

namespace forklint::app {

// Colour and width for what goes to standard output, or to --output-file. The option beats NO_COLOR, which beats
// FORCE_COLOR; otherwise colour is for terminals that know it.
reporters::Style style_of_output(const CommandLine& line);
// The same for standard error.
reporters::Style style_of_errors(const CommandLine& line);

// Writes to standard output, or to --output-file: first to a file beside it, which then takes its place, so that
// nobody reads half of it. The error is a message.
std::expected<void, std::string> write_output(const CommandLine& line, std::string_view text);

// All of standard input.
std::string read_standard_input();

// "forklint: TEXT" on standard error, harmless for terminals.
void complain(std::string_view text);

}  // namespace forklint::app
