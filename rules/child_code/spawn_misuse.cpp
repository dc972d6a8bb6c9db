// posix_spawn() returns an error number and never -1: a test for -1 or for less than 0 never sees a failure.
#include <algorithm>

#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

const Call* source(const Program& code, FunctionId id, EventId operand, EventId before);

// Whether a call gives the error number of a spawn: itself, or as a function of the program does that returns nothing else but what is no
// failure of its own.
const Call* spawn_behind(const Program& code, const Call* call, int depth = 0) {
  if (!call || !call->sure || depth > 3) return nullptr;
  if (call->targets.empty()) return call->api && call->api->error_number ? call : nullptr;
  const Call* found = nullptr;
  for (FunctionId target : call->targets) {
    const facts::Range events = code.facts(target).scopes[code.function(target).scope].events;
    for (EventId at = events.begin; at < events.end; ++at) {
      if (code.event(target, at).op != Op::return_) continue;
      const EventId value = code.operand(target, at, 0);
      if (value == none) return nullptr;
      if (code.constant(target, value).value_or(-1) >= 0) continue;
      const Call* spawn = spawn_behind(code, source(code, target, value, at), depth + 1);
      if (!spawn) return nullptr;
      found = spawn;
    }
  }
  return found;
}

// The call whose result an operand is, itself or through the variable bound last before.
const Call* source(const Program& code, FunctionId id, EventId operand, EventId before) {
  const facts::Event& event = code.event(id, operand);
  if (event.op == Op::call) return code.call_at(id, operand);
  if (event.op == Op::bind) return source(code, id, code.operand(id, operand, 0), before);
  if (event.op != Op::read) return nullptr;
  std::string key = code.object(id, operand).key;
  facts::Range events = code.facts(id).scopes[code.function(id).scope].events;
  for (EventId at = before; at-- > events.begin;) {
    if (code.event(id, at).op != Op::bind || code.object(id, at).key != key) continue;
    EventId value = code.operand(id, at, 0);
    return value != none && code.event(id, value).op == Op::call ? code.call_at(id, value) : nullptr;
  }
  return nullptr;
}

void check(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  const Program& code = program.program();
  for (FunctionId id = 0; id < code.functions().size(); ++id) {
    if (std::ranges::none_of(code.function(id).calls, [&](const Call& call) { return spawn_behind(code, &call); })) continue;
    facts::Range events = code.facts(id).scopes[code.function(id).scope].events;
    for (EventId at = events.begin; at < events.end; ++at) {
      if (code.event(id, at).op != Op::compare || code.event(id, at).operands_count < 2) continue;
      std::optional<int64_t> number = code.constant(id, code.operand(id, at, 1));
      std::string_view op = code.name_of(id, at);
      bool never = number && ((*number == -1 && (op == "==" || op == "!=")) || (*number == 0 && (op == "<" || op == ">=")));
      if (!never) continue;
      const Call* call = source(code, id, code.operand(id, at, 0), at);
      const Call* spawn = spawn_behind(code, call);
      if (!spawn) continue;
      report.finding(code.site(id, at), std::string(spawn->symbol) + "() returns an error number, so this test never sees a failure")
          .label(code.site(id, call->event), "0 means success, anything else is the error itself; errno is not set")
          .confidence(Confidence::certain);
    }
  }
}

}  // namespace

extern const engine::Rule spawn_misuse = {
    .code = "PSM610", .name = "spawn-misuse", .family = "child_code",
    .summary = "The result of posix_spawn() is tested for what it never is", .severity = engine::Severity::warning, .languages = "c", .check = check};

}  // namespace forklint::rules
