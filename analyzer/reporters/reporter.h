// Ways to print an analysis, one file each. They append to `out`, ask nothing but the analysis, and do not change it;
// safe to call from any thread. Whatever comes from analysed files is made harmless for terminals in the text formats
// (see text.h) and valid UTF-8 in JSON.
#pragma once

#include <string>

#include "analyzer/engine/run.h"
#include "analyzer/reporters/text.h"

namespace forklint::reporters {

// Source lines with carets, labels numbered in the order of the path that they tell, and what will be seen.
void print_full(std::string& out, const engine::Analysis& analysis, const Style& style);

// path:line:column: CODE message [spawn, forkserver]
void print_concise(std::string& out, const engine::Analysis& analysis, const Style& style);

// The object that DESIGN calls the machine-readable result; schema_version 1, additive changes only.
void print_json(std::string& out, const engine::Analysis& analysis);

// Launches down, start methods across; then a legend and the findings that the cells refer to.
void print_matrix(std::string& out, const engine::Analysis& analysis, const Style& style);

// How many findings of each rule, the most frequent first.
void print_statistics(std::string& out, const engine::Analysis& analysis, const Style& style);
void print_statistics_json(std::string& out, const engine::Analysis& analysis);

// "2 findings (1 error, 1 warning) in 5 files", then a line for each file that was skipped.
void print_summary(std::string& out, const engine::Analysis& analysis, const Style& style);

}  // namespace forklint::reporters
