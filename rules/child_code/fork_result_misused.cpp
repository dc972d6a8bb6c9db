// fork() gives -1 when it fails. A test that takes that for the child runs the child's code in the parent; kill() given -1
// signals every process.
#include <algorithm>
#include <set>

#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

// The field that the result of a fork is kept in; "" when it is kept in none, or in several.
std::string field_of(const Native& program, const ForkSite& site) {
  const Program& code = program.program();
  const facts::Range events = code.facts(site.function).scopes[code.function(site.function).scope].events;
  std::string field;
  for (EventId at = events.begin; at < events.end; ++at) {
    if (code.event(site.function, at).op != Op::set_attribute || code.operand(site.function, at, 1) != site.event) continue;
    if (!field.empty()) return {};
    field = code.name_of(site.function, at);
  }
  return field;
}

// Whether some condition asks a field more than whether it is 0, which only the child finds.
bool asks_more(const Program& code, FunctionId id, const Forks& forks, const std::string& field) {
  std::set<EventId> known;
  const facts::Range events = code.facts(id).scopes[code.function(id).scope].events;
  for (EventId at = events.begin; at < events.end; ++at) {
    const facts::Event& event = code.event(id, at);
    const bool equals = event.op == Op::compare && (code.name_of(id, at) == "==" || code.name_of(id, at) == "!=") && event.operands_count == 2;
    const bool zero = equals && (code.constant(id, code.operand(id, at, 0)) == 0 || code.constant(id, code.operand(id, at, 1)) == 0);
    const bool negated = event.op == Op::unary && code.name_of(id, at) == "not";
    if (!zero && !negated) continue;
    for (uint32_t i = 0; i < event.operands_count; ++i) known.insert(code.operand(id, at, i));
  }
  return std::ranges::any_of(forks.read_by_conditions(id), [&](EventId at) { return code.name_of(id, at) == field && !known.contains(at); });
}

// Where another function sends a signal to the process in a field, whose failure nothing asks for; none otherwise.
std::optional<Place> signalled_elsewhere(const Native& program, const ForkSite& site) {
  const Program& code = program.program();
  const std::string field = site.error_seen ? std::string() : field_of(program, site);
  if (field.empty()) return std::nullopt;
  std::optional<Place> found;
  for (FunctionId id = 0; id < code.functions().size(); ++id) {
    if (!program.share_program(id, site.function)) continue;
    if (asks_more(code, id, program.forks(), field)) return std::nullopt;
    for (const Call& call : code.function(id).calls) {
      const EventId target = id != site.function && call.api && call.targets.empty() && call.api->kills ? code.argument(id, call.event, *call.api->kills) : none;
      if (!found && target != none && code.event(id, target).op == Op::attribute && code.name_of(id, target) == field) found = Place{id, call.event};
    }
  }
  return found;
}

void check(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  const Program& code = program.program();
  for (const ForkSite& site : program.forks().sites()) {
    if (site.heir || !site.tested) continue;
    bool told = false;
    for (const Call& call : code.function(site.function).calls) {
      uint8_t sides = program.forks().sides_at(site, call.event);
      if (told || !(sides & side_failed) || (sides & side_before)) continue;
      if ((sides & side_child) && !(sides & side_parent)) {
        told = true;
        report.finding(code.site(site.function, call.event), "The parent runs the code of the child when fork() fails")
            .under(StartMethod::fork, "wrong")
            .label(site.origin, "gives -1 when it fails; only 0 is the child")
            .confidence(Confidence::likely)
            .launch_at(site.origin);
      }
      EventId target = call.api && call.api->kills ? code.argument(site.function, call.event, *call.api->kills) : none;
      if (target == none || program.forks().value(site, target, 0) != -1) continue;
      told = true;
      report.finding(code.site(site.function, call.event), "When fork() failed, this signals every process that it may")
          .under(StartMethod::fork, "wrong")
          .label(site.origin, "gives -1 when it fails, and nothing tests for that")
          .confidence(Confidence::likely)
          .launch_at(site.origin);
    }
    if (told) continue;
    if (std::optional<Place> signal = signalled_elsewhere(program, site))
      report.finding(program.site(*signal), "When fork() failed, this signals every process that it may")
          .under(StartMethod::fork, "wrong")
          .label(site.origin, "gives -1 when it fails, and nothing tests for that")
          .confidence(Confidence::likely)
          .launch_at(site.origin);
  }
}

}  // namespace

extern const engine::Rule fork_result_misused = {
    .code = "PSM611", .name = "fork-result-misused", .family = "child_code",
    .summary = "The failure of a fork is taken for something else", .severity = engine::Severity::error, .languages = "c", .check = check};

}  // namespace forklint::rules
