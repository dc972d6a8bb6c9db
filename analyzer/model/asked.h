// What a test asks of the interpreter that runs it: on which platform, by which version of Python.
#pragma once

#include <optional>
#include <string>

#include "analyzer/model/evaluator.h"

namespace forklint::model {

inline constexpr uint8_t platform_linux = 1, platform_macos = 2, platform_windows = 4, platform_all = 7;

// Minor versions of Python 3, both ends included. Empty when from > to.
struct Versions {
  uint8_t from = 0, to = 255;
};

// The qualified name of what a value is read from: "sys.platform"; of a call, with "()". Empty: not known.
std::string asked_name(Evaluator& evaluator, Site site, FrameId frame);
// The text that an expression is known to give.
std::optional<std::string> asked_text(Evaluator& evaluator, Site site, FrameId frame);

// The whole number that an event gives literally.
std::optional<long> asked_number(const File& file, EventId event);

// The only expression that a variable is bound to, followed through imports and attributes of modules: IS_WINDOWS of
// `from compat import IS_WINDOWS`. Nothing where there may be another.
std::optional<Site> only_source(Evaluator& evaluator, Site read, FrameId frame);

// The platforms on which a test holds, and the versions: nothing where it asks for no such thing. A `compare` or a call;
// `not`, `and` and `or` are the caller's.
std::optional<uint8_t> platforms_where(Evaluator& evaluator, Site test, FrameId frame);
std::optional<Versions> versions_where(Evaluator& evaluator, Site test, bool holds, FrameId frame);

}  // namespace forklint::model
