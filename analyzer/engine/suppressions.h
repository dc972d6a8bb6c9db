// Comments that keep findings away:
//
//   # noqa                        # noqa: PSM201, E501            # noqa: unpicklable-callable because …
//   # forklint: ignore            # forklint: ignore[PSM201] why  # forklint: ignore[unpicklable-callable]
//   # forklint: ignore-file       # forklint: ignore-file[PSM1]   # forklint: noqa        # forklint: noqa: PSM101
//
// They hold for the lines of the statement that they end; an `ignore` that stands alone on a line holds for the
// statement on the next one; the last row holds for the file. Codes of other tools are none of our business.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/engine/finding.h"
#include "analyzer/engine/selectors.h"

namespace forklint::engine {

struct SuppressedName {
  std::string selector;
  Span span;
  bool used = false;
};

struct Suppression {
  uint32_t file = 0;
  Span comment;  // from its '#' to its end
  Span lines;    // the text that it covers: whole lines
  bool ours = false;        // written for us: said when it does nothing
  bool everything = false;  // names no rule, holds for all
  bool used = false;
  std::string unknown;      // "# forklint: UNKNOWN", which does nothing
  std::vector<SuppressedName> names;
};

// The suppressions of one file, in the order of the text. Linear in the comments. Pure; thread-safe.
std::vector<Suppression> read_suppressions(uint32_t file, std::string_view text, std::span<const facts::Comment> comments);

// Drops the findings that a suppression covers and adds PSM901 for those that cover none. Call it before the
// configuration filters by severity, confidence or start method: what they hide is not unused. `enabled` says
// whether a rule is on for a file; `rules` are all rules there are. The order of what is kept does not change; new
// findings come last.
std::vector<Finding> suppress(std::vector<Finding> findings, std::vector<Suppression> suppressions, Rules rules,
                              const std::function<bool(const Rule&, uint32_t file)>& enabled);

}  // namespace forklint::engine
