#include "analyzer/model/test_setup.h"

#include <algorithm>

namespace forklint::model {
namespace {

constexpr std::string_view shared_file = "conftest.py";  // whose fixtures the tests of its folder see
constexpr std::string_view word = "fixture", for_all = "autouse", test_prefix = "test";
constexpr int deepest = 8;  // fixtures that need fixtures

std::string_view folder_of(std::string_view path) { return path.substr(0, path.rfind('/') + 1); }

bool is_true(const File& file, EventId event) { return event != none && file.event(event).op == Op::boolean && file.name_of(event) == "True"; }

}  // namespace

void Fixtures::find_all() {
  if (found_) return;
  found_ = true;
  const Program& program = evaluator_.program();
  for (FileId id : program.python_files()) {
    const File& file = program.file(id);
    if (file.find_name(word) == none) continue;
    for (ScopeId scope = 1; scope < file.facts.scopes.size(); ++scope) {
      if (file.facts.scopes[scope].kind != facts::ScopeKind::function) continue;
      for (EventId decoration : file.decorations(scope)) {
        const EventId decorator = file.operand(decoration, 0);
        const bool call = file.event(decorator).op == Op::call;
        const EventId callee = call ? file.operand(decorator, 0) : decorator;
        Fixture found{id, scope};
        std::string_view name = file.name(file.facts.scopes[scope].name);
        for (uint32_t i = 1; call && i < file.event(decorator).operands_count; ++i) {
          const facts::Operand& option = file.facts.operands_of(file.event(decorator))[i];
          if (option.keyword == facts::name_positional || option.keyword == facts::name_star || option.keyword == facts::name_double_star) continue;
          if (file.name(option.keyword) == for_all) found.for_all = is_true(file, option.value);
          if (file.name(option.keyword) == "name" && file.event(option.value).op == Op::string) name = file.name_of(option.value);
        }
        const Values callees = evaluator_.evaluate({id, callee}, any_frame);
        const bool makes = std::any_of(callees.begin(), callees.end(), [&](ValueId value) {
          const knowledge::Api* row = evaluator_.value(value).kind == ValueKind::external ? evaluator_.api(value) : nullptr;
          return row && row->makes_fixture;
        });
        if (makes) by_name_[name].push_back(found);
      }
    }
  }
}

bool Fixtures::sees(FileId file, const Fixture& fixture) const {
  if (fixture.file == file) return true;
  const std::string_view home = evaluator_.program().file(fixture.file).path, asker = evaluator_.program().file(file).path;
  return home.substr(folder_of(home).size()) == shared_file && asker.starts_with(folder_of(home));
}

const Fixture* Fixtures::named(FileId file, std::string_view name) {
  find_all();
  auto known = by_name_.find(name);
  if (known == by_name_.end()) return nullptr;
  const Fixture* nearest = nullptr;
  auto near = [&](const Fixture& it) { return it.file == file ? SIZE_MAX : folder_of(evaluator_.program().file(it.file).path).size(); };
  for (const Fixture& it : known->second)
    if (sees(file, it) && (!nearest || near(it) > near(*nearest))) nearest = &it;
  return nearest;
}

bool Fixtures::asks(FileId file_id, ScopeId function) {
  const File& file = evaluator_.program().file(file_id);
  if (file.facts.scopes[function].kind != facts::ScopeKind::function) return false;
  const std::string_view name = file.name(file.facts.scopes[function].name);
  if (name.starts_with(test_prefix)) return true;
  const Fixture* fixture = named(file_id, name);
  return fixture && fixture->file == file_id && fixture->scope == function;
}

void Fixtures::add_needed(FileId file_id, ScopeId function, std::vector<Fixture>& result, int depth) {
  const File& file = evaluator_.program().file(file_id);
  const facts::Scope& scope = file.facts.scopes[function];
  for (uint32_t i = scope.parameters.begin; depth < deepest && i < scope.parameters.end; ++i) {
    const Fixture* needed = named(file_id, file.name(file.facts.parameters[i].name));
    if (!needed || (needed->file == file_id && needed->scope == function)) continue;
    if (std::any_of(result.begin(), result.end(), [&](const Fixture& it) { return it.file == needed->file && it.scope == needed->scope; })) continue;
    add_needed(needed->file, needed->scope, result, depth + 1);
    result.push_back(*needed);
  }
}

std::vector<Fixture> Fixtures::before(FileId file_id, ScopeId test) {
  std::vector<Fixture> result;
  const File& file = evaluator_.program().file(file_id);
  if (!file.name(file.facts.scopes[test].name).starts_with(test_prefix)) return result;
  find_all();
  for (const auto& [name, fixtures] : by_name_)
    for (const Fixture& it : fixtures)
      if (it.for_all && sees(file_id, it)) result.push_back(it);
  std::sort(result.begin(), result.end(), [](const Fixture& a, const Fixture& b) { return std::pair(a.file, a.scope) < std::pair(b.file, b.scope); });
  add_needed(file_id, test, result, 0);
  return result;
}

}  // namespace forklint::model
