// What every command that analyses begins with.
#pragma once

#include <optional>

#include "analyzer/app/command_line.h"
#include "analyzer/engine/run.h"
#include "analyzer/knowledge/knowledge.h"

namespace forklint::app {

bool reads_standard_input(const CommandLine& line);

// The configuration with what the command line says on top; nothing after complaints.
std::optional<engine::Settings> settings_of(const CommandLine& line);

// What is built in and the user's own rows; nothing after a complaint.
std::optional<knowledge::Knowledge> knowledge_of(const engine::Settings& settings);

}  // namespace forklint::app
