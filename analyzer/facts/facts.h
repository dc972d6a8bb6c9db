// What a frontend says about one file: the closed list of facts.
//
// A file is a list of scopes (module, class, function, lambda, comprehension). A scope is a list of events in
// evaluation order, each inside a tree of regions (arms of a branch, loop bodies, try and with blocks). An event
// that yields a value is that value: operands name earlier events by id. Facts hold no tree pointers and no views:
// plain structs in vectors, addressed by ids. They depend on the file's bytes alone, so they can be made in
// parallel and cached by content.
//
// `text.h` prints and parses them; every unit test of the model or of a rule is a few lines of that text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace forklint::facts {

enum class Language : uint8_t { python, c, cpp };

// Ids are indices into the vectors of one FileFacts. `none` is "no such thing".
using NameId = uint32_t;
using EventId = uint32_t;
using ScopeId = uint32_t;
using RegionId = uint32_t;
inline constexpr uint32_t none = UINT32_MAX;

// Half-open byte range in the (decoded, UTF-8) text of the file.
struct Span {
  uint32_t begin = 0;
  uint32_t end = 0;
  friend bool operator==(Span, Span) = default;
};

// Half-open range of ids.
struct Range {
  uint32_t begin = 0;
  uint32_t end = 0;
  bool contains(uint32_t id) const { return id >= begin && id < end; }
  uint32_t size() const { return end - begin; }
  friend bool operator==(Range, Range) = default;
};

enum class Op : uint8_t {
#define OP(name, ...) name,
#include "analyzer/facts/ops.def"
};

enum class RegionKind : uint8_t {
#define REGION(name, ...) name,
#include "analyzer/facts/ops.def"
};

enum class ScopeKind : uint8_t { module, class_, function, lambda, comprehension };

enum class ParameterKind : uint8_t { positional_only, positional, variadic, keyword_only, keywords };

// One use of a value by an event. `keyword` is a name for `f(k=v)`, or one of the reserved names below.
struct Operand {
  EventId value = none;
  NameId keyword = 0;
  friend bool operator==(Operand, Operand) = default;
};

// The first names of every file, so that an operand's role is one number.
inline constexpr NameId name_positional = 0;  // ""
inline constexpr NameId name_star = 1;        // "*"  : *args, or *rest in a target
inline constexpr NameId name_double_star = 2; // "**" : **kwargs
inline constexpr std::string_view reserved_names[] = {"", "*", "**"};

enum EventFlags : uint8_t {
  flag_async = 1,  // await, async for, async with, async comprehension
};

struct Event {
  Op op = Op::unknown;
  uint8_t flags = 0;
  NameId name = name_positional;  // bound name, attribute, operator, literal text …: see ops.def
  uint32_t operands_begin = 0;    // into FileFacts::operands
  uint32_t operands_count = 0;
  uint32_t extra = none;          // a ScopeId for what opens a scope, a number for import level and unpack index
  RegionId region = none;         // none: always evaluated when the scope runs
  Span span;
  friend bool operator==(const Event&, const Event&) = default;
};

struct Region {
  RegionKind kind = RegionKind::then_arm;
  RegionId parent = none;
  EventId subject = none;  // condition, iterable, context manager, exception type, matched value
  uint32_t statement = 0;  // arms of one statement share this number (unique within the file)
  Range events;            // events inside, nested ones included
  friend bool operator==(const Region&, const Region&) = default;
};

struct Parameter {
  NameId name = name_positional;
  ParameterKind kind = ParameterKind::positional;
  EventId default_value = none;  // events of the scope that holds the definition
  EventId annotation = none;
  Span span;
  friend bool operator==(const Parameter&, const Parameter&) = default;
};

enum ScopeFlags : uint8_t { scope_async = 1, scope_generator = 2 };

struct Scope {
  ScopeKind kind = ScopeKind::module;
  uint8_t flags = 0;
  ScopeId parent = none;
  EventId definition = none;  // the event of the parent that opens it; none for the module
  NameId name = name_positional;
  Span span;
  Range parameters;
  Range events;
  Range regions;
  friend bool operator==(const Scope&, const Scope&) = default;
};

// A comment that may suppress findings, with the lines of the statement it ends.
struct Comment {
  Span span;
  Span statement;  // the statement on whose last line it stands; equal to span when it stands alone
  friend bool operator==(const Comment&, const Comment&) = default;
};

// A place that the frontend could not understand; everything else in the file is still there.
struct Problem {
  Span span;
  std::string message;
  friend bool operator==(const Problem&, const Problem&) = default;
};

struct FileFacts {
  Language language = Language::python;
  std::vector<std::string> names{std::begin(reserved_names), std::end(reserved_names)};
  std::vector<Scope> scopes;  // scopes[0] is the module
  std::vector<Parameter> parameters;
  std::vector<Region> regions;
  std::vector<Event> events;
  std::vector<Operand> operands;
  std::vector<Comment> comments;
  std::vector<Problem> problems;

  std::string_view name(NameId id) const { return names[id]; }
  const Operand* operands_of(const Event& event) const { return operands.data() + event.operands_begin; }

  friend bool operator==(const FileFacts&, const FileFacts&) = default;
};

// An event of one of several files.
struct Site {
  uint32_t file = none;
  EventId event = none;
  friend auto operator<=>(const Site&, const Site&) = default;
};

std::string_view to_string(Op);
std::string_view to_string(RegionKind);
std::string_view to_string(ScopeKind);
std::string_view to_string(ParameterKind);

}  // namespace forklint::facts
