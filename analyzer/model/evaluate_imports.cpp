// Modules: what imports give, and what a name of a module holds.
#include "analyzer/model/evaluator.h"

namespace forklint::model {

Values Evaluator::import_module(Site site) {
  const File& file = program_.file(site.file);
  const facts::Event& event = file.event(site.event);
  std::string name = program_.absolute(site.file, event.extra == none ? 0 : event.extra, file.name(event.name));
  if (event.extra != none && event.extra > 0) {
    FileId found = program_.find_module(name, site.file);
    if (found != none) return {make({.kind = ValueKind::module, .file = found})};
    return name.empty() ? Values{} : Values{outside(site.file, name)};
  }
  return module_or_external(site.file, name);
}

// A module that no Python file is: one in C or C++ of the program, by the name of its rows, or something from elsewhere.
ValueId Evaluator::outside(FileId from, const std::string& name) {
  const std::string_view extension = program_.knowledge().knows_module(name) ? std::string_view() : program_.find_extension(name, from);
  return external(extension.empty() ? std::string_view(name) : extension);
}

Values Evaluator::module_or_external(FileId from, const std::string& name) {
  if (name.empty()) return {};
  if (!program_.knowledge().knows_module(name))
    if (FileId found = program_.find_module(name, from); found != none && found != from) return {make({.kind = ValueKind::module, .file = found})};
  return {outside(from, name)};
}

Values Evaluator::import_member(Site site, FrameId frame) {
  const File& file = program_.file(site.file);
  std::string_view member = file.name_of(site.event);
  Values result;
  Site module_site{site.file, file.operand(site.event, 0)};
  for (ValueId module : Values(evaluate(module_site, frame))) {
    const Value it = values_[module];
    if (it.kind == ValueKind::module) {
      Values found = module_member(it.file, member);
      add(result, found.empty() ? Values{unknown_value} : found);
    } else if (it.kind == ValueKind::external) {
      std::string qualified = symbols_[it.symbol] + "." + std::string(member);
      // `from package import module`, where only the module is ours
      FileId ours = program_.knowledge().knows_module(qualified) || program_.knowledge().find(qualified) ? none : program_.find_module(qualified, site.file);
      add(result, ours != none ? make({.kind = ValueKind::module, .file = ours}) : outside(site.file, qualified));
    }
  }
  return result;
}

Values Evaluator::module_variable(FileId file_id, NameId name) {
  // Inside another question the answer may lack what is being asked.
  const uint64_t key = uint64_t(file_id) << 32 | name;
  const bool lasting = depth_ == 0;
  if (auto known = module_variables_.find(key); known != module_variables_.end()) return known->second;
  const File& file = program_.file(file_id);
  Values result = bound_values(file_id, reaching(file_id, 0, name, none), any_frame);
  if (auto it = file.global_writers.find(name); it != file.global_writers.end())
    for (ScopeId writer : it->second) add(result, bound_values(file_id, reaching(file_id, writer, name, none), any_frame));
  if (lasting) module_variables_.emplace(key, result);
  return result;
}

Values Evaluator::module_member(FileId file_id, std::string_view name) {
  const File& file = program_.file(file_id);
  NameId id = file.find_name(name);
  if (id != none && (file.scopes[0].names.contains(id) || file.global_writers.contains(id))) return module_variable(file_id, id);
  if (FileId sub = program_.submodule(file_id, name); sub != none) return {make({.kind = ValueKind::module, .file = sub})};
  if (std::string_view extension = program_.find_extension(file.module + "." + std::string(name), file_id); !extension.empty()) return {external(extension)};
  return star_imported(file_id, 0, name);
}

Values Evaluator::star_imported(FileId file_id, ScopeId scope, std::string_view name) {
  const File& file = program_.file(file_id);
  if (name.starts_with('_') || depth_ >= deepest) return {};
  ++depth_;
  Values result;
  for (EventId star : file.scopes[scope].star_imports) {
    for (ValueId module : Values(evaluate({file_id, file.operand(star, 0)}, any_frame))) {
      const Value it = values_[module];
      if (it.kind == ValueKind::module) {
        add(result, module_member(it.file, name));
      } else if (it.kind == ValueKind::external) {
        std::string qualified = symbols_[it.symbol] + "." + std::string(name);
        if (program_.knowledge().find(qualified)) add(result, external(qualified));
      }
    }
  }
  --depth_;
  return result;
}

}  // namespace forklint::model
