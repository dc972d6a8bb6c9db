#include "analyzer/model/child_scopes.h"

#include <algorithm>
#include <vector>

namespace forklint::model {
namespace {

constexpr size_t most_scopes = 200;

// Named elsewhere than where it is called: handed on, to be called by somebody who is not known.
bool handed_on(const Program& program, std::string_view name) {
  for (FileId id : program.python_files()) {
    const File& file = program.file(id);
    const NameId known = file.find_name(name);
    if (known == none) continue;
    std::vector<EventId> named;
    for (EventId event = 0; event < file.facts.events.size(); ++event) {
      const facts::Event& it = file.event(event);
      if ((it.op == Op::read || it.op == Op::attribute) && it.name == known) named.push_back(event);
      if (it.op == Op::call) std::erase(named, file.operand(event, 0));
    }
    if (!named.empty()) return true;
  }
  return false;
}

// The functions that are called in a scope.
void add_callees(Evaluator& evaluator, FileId file_id, ScopeId scope, std::vector<ValueId>& callees) {
  const File& file = evaluator.program().file(file_id);
  const facts::Range events = file.facts.scopes[scope].events;
  for (EventId id = events.begin; id < events.end; ++id) {
    if (file.event(id).op != Op::call) continue;
    for (ValueId callee : Values(evaluator.evaluate({file_id, file.operand(id, 0)}, any_frame))) {
      const ValueKind kind = evaluator.value(callee).kind;
      if (kind == ValueKind::function || kind == ValueKind::bound || kind == ValueKind::class_) callees.push_back(callee);
    }
  }
}

}  // namespace

bool stands_in(const Program& program, const std::unordered_set<uint64_t>& scopes, Site site) {
  if (site.event == none) return false;
  const File& file = program.file(site.file);
  for (ScopeId scope = file.scope_of(site.event); scope != 0; scope = file.facts.scopes[scope].parent)
    if (scopes.contains(Walker::key(site.file, scope))) return true;
  return false;
}

std::unordered_set<uint64_t> child_scopes(Evaluator& evaluator, const std::vector<Worker>& workers) {
  const Program& program = evaluator.program();
  std::unordered_set<uint64_t> result;
  std::vector<std::pair<FileId, ScopeId>> open;
  auto called_here_alone = [&](const Value& function, std::string_view name) {
    return std::ranges::all_of(evaluator.calls_named(name), [&](Site call) { return stands_in(program, result, call) || stands_in(program, {Walker::key(function.file, function.index)}, call); });
  };
  auto take = [&](FileId file, ScopeId scope) {
    if (result.size() < most_scopes && result.insert(Walker::key(file, scope)).second) open.emplace_back(file, scope);
  };
  for (const Worker& worker : workers) {
    const Value it = evaluator.value(worker.function);
    if (it.kind != ValueKind::function && it.kind != ValueKind::bound) continue;
    const File& file = program.file(it.file);
    if (evaluator.calls_named(file.name(file.facts.scopes[it.index].name)).empty()) take(it.file, it.index);
  }
  for (size_t i = 0; i < open.size(); ++i) {
    std::vector<ValueId> callees;
    add_callees(evaluator, open[i].first, open[i].second, callees);
    for (ValueId callee : callees) {
      const Value it = evaluator.value(callee);
      const File& file = program.file(it.file);
      const std::string_view name = file.name(file.facts.scopes[it.index].name);
      if (!called_here_alone(it, name) || handed_on(program, name)) continue;
      if (it.kind != ValueKind::class_) take(it.file, it.index);
      else if (ValueId constructor = evaluator.method_of(callee, "__init__"); constructor != unknown_value) take(evaluator.value(constructor).file, evaluator.value(constructor).index);
    }
  }
  return result;
}

}  // namespace forklint::model
