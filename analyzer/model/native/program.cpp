#include "analyzer/model/native/program.h"

#include <algorithm>

namespace forklint::model::native {
namespace {

using facts::Event;
using facts::Scope;
using facts::ScopeKind;

bool is_header(std::string_view path) {
  std::string_view extension = path.substr(std::min(path.size(), path.rfind('.')));
  return extension.starts_with(".h") || extension == ".inl" || extension == ".ipp" || extension == ".tcc";
}

// How many folders two paths share.
size_t shared_folders(std::string_view a, std::string_view b) {
  size_t shared = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()) && a[i] == b[i]; ++i) shared += a[i] == '/';
  return shared;
}

}  // namespace

std::string_view without_parameters(std::string_view symbol) {
  if (symbol.ends_with(')')) {
    int depth = 0;
    for (size_t i = symbol.size(); i-- > 0;) {
      depth += symbol[i] == ')' ? 1 : symbol[i] == '(' ? -1 : 0;
      if (depth == 0) return symbol.substr(0, i);
    }
  }
  size_t close = symbol.rfind(')');
  size_t at = symbol.find('@', close == symbol.npos ? 0 : close);
  return at == symbol.npos || at == 0 ? symbol : without_parameters(symbol.substr(0, at));
}

std::string_view last_name(std::string_view symbol) {
  std::string_view name = without_parameters(symbol);
  size_t colons = name.rfind("::");
  return colons == name.npos ? name : name.substr(colons + 2);
}

Program::Program(std::vector<Unit> units, const knowledge::Natives& natives) : units_(std::move(units)), natives_(natives) {
  collect();
  collect_kept();
  link();
}

void Program::collect() {
  by_scope_.resize(units_.size());
  declared_.resize(units_.size());
  bound_.resize(units_.size());
  local_elements_.resize(units_.size());
  for (uint32_t unit = 0; unit < units_.size(); ++unit) {
    const FileFacts& facts = *units_[unit].facts;
    std::unordered_map<ScopeId, uint8_t> flags;
    for (EventId id = 0; id < facts.events.size(); ++id) {
      const Event& event = facts.events[id];
      if (event.op != Op::decorate || event.operands_count < 2) continue;
      const Event& word = facts.events[facts.operands_of(event)[0].value];
      EventId inner = facts.operands_of(event)[1].value;
      while (inner != none && facts.events[inner].op == Op::decorate && facts.events[inner].operands_count > 1) inner = facts.operands_of(facts.events[inner])[1].value;
      if (inner == none || facts.events[inner].op != Op::function) continue;
      std::string_view text = facts.name(word.name);
      uint8_t flag = text == "constructor" ? function_constructor : text == "destructor" ? function_destructor : text == "noreturn" ? function_noreturn : text == "virtual" ? function_virtual : 0;
      flags[facts.events[inner].extra] |= flag;
      if (flag == function_virtual) virtual_.insert(facts.name(facts.events[inner].name));
    }
    for (ScopeId scope = 0; scope < facts.scopes.size(); ++scope) {
      const Scope& it = facts.scopes[scope];
      for (uint32_t p = it.parameters.begin; p < it.parameters.end; ++p) declared_[unit][local_key(scope, facts.parameters[p].name)] = facts.parameters[p].annotation;
      for (EventId id = it.events.begin; id < it.events.end; ++id) {
        const Event& event = facts.events[id];
        if (event.op == Op::bind)
          if (auto [known, first] = bound_[unit].try_emplace(local_key(scope, event.name), Bound{id}); !first) known->second.again = true;
        if (event.op != Op::declare) continue;
        EventId type = event.operands_count ? facts.operands_of(event)[0].value : none;
        if (type != none && facts.events[type].op == Op::read && facts.name(facts.events[type].name) == "virtual") {
          virtual_.insert(facts.name(event.name));
          continue;
        }
        const bool local = it.kind == ScopeKind::function || it.kind == ScopeKind::lambda;
        for (uint32_t i = 1; i < event.operands_count; ++i) {
          const facts::Operand& argument = facts.operands_of(event)[i];
          if (facts.name(argument.keyword) != "<0>") continue;
          if (local) local_elements_[unit].emplace(local_key(scope, event.name), type_event(unit, argument.value));
          else elements_.emplace(facts.name(event.name), type_event(unit, argument.value));
        }
        if (local) declared_[unit].emplace(local_key(scope, event.name), type);
        else if (auto [known, first] = globals_.try_emplace(facts.name(event.name), unit, type); !first && known->second.first != unit) defined_again_.insert(known->first);
      }
      if (it.kind == ScopeKind::class_) {
        collect_class(unit, scope);
        continue;
      }
      Function function{.unit = unit, .scope = scope, .symbol = it.kind == ScopeKind::function ? facts.name(it.name) : std::string_view(), .flags = flags[scope]};
      if (it.kind == ScopeKind::module) function.flags |= function_module;
      if (it.kind == ScopeKind::lambda) function.flags |= function_lambda;
      // A header that several units see says the same each time.
      bool again = !function.symbol.empty() && is_header(units_[unit].path) && by_symbol_.contains(function.symbol);
      FunctionId id = FunctionId(functions_.size());
      if (again) {
        by_scope_[unit][scope] = by_symbol_[function.symbol].front();
        continue;
      }
      by_scope_[unit][scope] = id;
      if (!function.symbol.empty()) {
        by_symbol_[function.symbol].push_back(id);
        by_name_[without_parameters(function.symbol)].push_back(id);
      }
      functions_.push_back(std::move(function));
    }
  }
}

void Program::collect_class(uint32_t unit, ScopeId scope) {
  const FileFacts& facts = *units_[unit].facts;
  EventId definition = facts.scopes[scope].definition;
  if (definition == none || facts.events[definition].op != Op::class_) return;
  const Event& event = facts.events[definition];
  std::string_view name = facts.name(facts.scopes[scope].name);
  for (uint32_t i = 0; i < event.operands_count; ++i) {
    const facts::Operand& base = facts.operands_of(event)[i];
    std::vector<std::string_view>& known = derived_[type_event(unit, base.value)];
    if (std::find(known.begin(), known.end(), name) == known.end()) known.push_back(name);
  }
}

const std::vector<FunctionId>& Program::defined(std::string_view symbol) const {
  static const std::vector<FunctionId> nothing;
  auto it = by_symbol_.find(symbol);
  return it == by_symbol_.end() ? nothing : it->second;
}

const std::vector<FunctionId>& Program::named(std::string_view name) const {
  static const std::vector<FunctionId> nothing;
  auto it = by_name_.find(name);
  return it == by_name_.end() ? nothing : it->second;
}

std::vector<FunctionId> Program::pick(std::string_view symbol, uint32_t unit, bool* equal) const {
  const std::vector<FunctionId>& all = defined(symbol);
  if (all.size() <= 1) return all;
  // Several programs in one folder may each have theirs: the nearest.
  FunctionId best = all.front();
  size_t nearest = 0;
  for (FunctionId id : all) {
    size_t near = functions_[id].unit == unit ? SIZE_MAX : shared_folders(units_[functions_[id].unit].path, units_[unit].path);
    if (equal && near >= nearest) *equal = near == nearest;
    if (near > nearest) nearest = near, best = id;
  }
  return {best};
}

// Whether a function of the C library's name asks the linker for the library's own, by that name: a library to be loaded before others
// defines it for them, and the code beside it calls the library's.
bool Program::interposes(FunctionId id) const {
  const std::string_view name = without_parameters(functions_[id].symbol);
  if (name.empty() || !natives_.find(name)) return false;
  const facts::Range events = facts(id).scopes[functions_[id].scope].events;
  for (EventId at = events.begin; at < events.end; ++at)
    if (event(id, at).op == Op::string && name_of(id, at) == name) return true;
  return false;
}

std::vector<FunctionId> Program::resolve(FunctionId caller, std::string_view symbol, EventId event, Call& call) const {
  uint32_t unit = functions_[caller].unit;
  std::vector<FunctionId> found = pick(symbol, unit, &call.other_program);
  std::erase_if(found, [&](FunctionId id) { return interposes(id); });
  std::string_view name = without_parameters(symbol);
  std::string_view rest = symbol.substr(name.size());
  bool method = name.size() < symbol.size() && name.find("::") != name.npos;
  bool dispatches = method && virtual_.contains(symbol) && facts(caller).events[operand(caller, event, 0)].op == Op::attribute;
  if (dispatches) {  // the overriders
    std::string_view owner = name.substr(0, name.rfind("::"));
    std::vector<std::string_view> classes{owner};
    for (size_t i = 0; i < classes.size() && i < 64; ++i)
      if (auto it = derived_.find(classes[i]); it != derived_.end()) classes.insert(classes.end(), it->second.begin(), it->second.end());
    for (size_t i = 1; i < classes.size(); ++i) {
      std::string method_name = std::string(classes[i]) + "::" + std::string(last_name(name)) + std::string(rest);
      for (FunctionId id : pick(method_name, unit))
        if (std::find(found.begin(), found.end(), id) == found.end()) found.push_back(id);
    }
    call.sure = found.size() <= 1 && classes.size() == 1;
  }
  const bool own = rest.starts_with('@');  // a type of one file
  if (!found.empty() || (!rest.empty() && !own)) return found;
  // A type: its constructors with as many parameters.
  std::string constructor = std::string(name) + "::" + std::string(last_name(name));
  const std::vector<FunctionId>& constructors = named(constructor);
  if (constructors.empty()) return found;
  uint32_t given = this->event(caller, event).operands_count - 1;
  for (FunctionId id : constructors)
    if (facts(id).scopes[functions_[id].scope].parameters.size() >= given && (!own || functions_[id].symbol.ends_with(rest))) found.push_back(id);
  call.sure = found.size() == 1;
  return found;
}

const Call* Program::call_at(FunctionId id, EventId event) const {
  const std::vector<Call>& calls = functions_[id].calls;
  auto it = std::lower_bound(calls.begin(), calls.end(), event, [](const Call& call, EventId at) { return call.event < at; });
  return it != calls.end() && it->event == event ? &*it : nullptr;
}

}  // namespace forklint::model::native
