#include "analyzer/model/asked.h"

#include <charconv>

namespace forklint::model {
namespace {

constexpr int deepest = 6;  // a flag that was set from a flag

}  // namespace

std::optional<long> asked_number(const File& file, EventId event) {
  if (event == none || file.event(event).op != Op::number) return {};
  std::string_view text = file.name_of(event);
  bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  if (hexadecimal) text.remove_prefix(2);
  long value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, hexadecimal ? 16 : 10);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::string asked_name(Evaluator& evaluator, Site site, FrameId frame) {
  if (site.event == none) return {};
  const File& file = evaluator.program().file(site.file);
  bool call = file.event(site.event).op == Op::call;
  Site callee = call ? Site{site.file, file.operand(site.event, 0)} : site;
  auto made_by_call = [&](const Value& object) { return object.index != none && evaluator.program().file(object.file).event(object.index).op == Op::call; };
  for (ValueId value : Values(evaluator.evaluate(callee, frame))) {
    const Value& it = evaluator.value(value);
    if (it.kind == ValueKind::external || it.kind == ValueKind::method) return evaluator.symbol(it.symbol) + (call ? "()" : "");
    // a variable or attribute that holds what a call gave: method = get_start_method()
    if (it.kind == ValueKind::object && !call && (file.event(site.event).op == Op::read || made_by_call(it))) return evaluator.symbol(it.symbol) + "()";
  }
  return {};
}

std::optional<std::string> asked_text(Evaluator& evaluator, Site site, FrameId frame) {
  if (site.event == none) return {};
  auto text = evaluator.constant_string(evaluator.evaluate(site, frame));
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

std::optional<Site> only_source(Evaluator& evaluator, Site read, FrameId frame) {
  const Program& program = evaluator.program();
  auto bound = [&](FileId file_id, ScopeId scope, NameId name, EventId at) -> std::optional<Site> {
    const File& file = program.file(file_id);
    if (scope == 0 && file.global_writers.contains(name)) return {};
    auto bindings = evaluator.reaching(file_id, scope, name, at);
    if (bindings.size() != 1 || file.event(bindings[0]).op != Op::bind) return {};
    return Site{file_id, file.operand(bindings[0], 0)};
  };
  auto member = [&](Site module_site, std::string_view name) -> std::optional<Site> {
    Values modules = evaluator.evaluate(module_site, frame);
    if (modules.size() != 1 || evaluator.value(modules[0]).kind != ValueKind::module) return {};
    FileId home = evaluator.value(modules[0]).file;
    NameId id = program.file(home).find_name(name);
    return id == none ? std::nullopt : bound(home, 0, id, none);
  };
  for (int step = 0; step < deepest; ++step) {
    const File& file = program.file(read.file);
    if (read.event == none) return {};
    const facts::Event& event = file.event(read.event);
    std::optional<Site> next;
    if (event.op == Op::read) {
      ScopeId here = file.scope_of(read.event), owner = evaluator.binding_scope(read.file, here, event.name);
      if (owner == none) return {};
      next = bound(read.file, owner, event.name, owner == here ? read.event : none);
    } else if (event.op == Op::attribute || event.op == Op::import_from) {
      next = member({read.file, file.operand(read.event, 0)}, file.name(event.name));
    } else {
      return step == 0 ? std::nullopt : std::optional(read);
    }
    if (!next) return step == 0 ? std::nullopt : std::optional(read);
    read = *next;
  }
  return {};
}

}  // namespace forklint::model
