// Imports: each module body runs once in a trace, where it is first imported.
#include "analyzer/model/timeline.h"

#include <utility>

namespace forklint::model {

void Walker::import_module(ValueId module, Site site, uint32_t parent, const Condition& condition) {
  if (trace_.entry == Entry::function) return;  // by whoever calls it, as the imports of its own file
  const Value it = evaluator_.value(module);
  if (it.kind == ValueKind::module) import_file(it.file, site, parent, condition);
  else if (it.kind == ValueKind::external)
    if (const knowledge::Api* row = evaluator_.program().knowledge().find(evaluator_.symbol(it.symbol)); row && row->thread == "import")
      push({.kind = StepKind::api, .site = site, .parent = parent, .condition = condition, .subject = module, .row = row});
}

void Walker::import_file(FileId file, Site site, uint32_t parent, const Condition& condition) {
  ++deeds_;
  if (!replaying_ && site.file != file && importing_ > 0) modules_[site.file].imports.push_back({site.event, file});
  if (depth_ >= deepest_of_all) return void(++cuts_);
  if (is_silent(file) || !imported_.insert(file).second) return;
  const uint32_t before = notable_;
  const size_t written = trace_.writes.size();
  const uint64_t cuts = cuts_;
  uint32_t step = push({.kind = StepKind::import_module, .site = site, .parent = parent, .condition = condition, .file = file});
  if (step == none) return;
  ModuleImports& known = modules_[file];
  const int outer_import = std::exchange(import_depth_, ++depth_);
  ++importing_;
  if (known.quiet) {
    for (size_t i = 0; i < modules_[file].imports.size(); ++i) {
      auto [event, module] = modules_[file].imports[i];
      replaying_ = true;
      import_file(module, {file, event}, step, condition);
    }
    replaying_ = false;
  } else {
    uint32_t nested_before = nested_notable_;
    replaying_ = false;
    known.imports.clear();
    scope(file, 0, any_frame, step, condition);
    modules_[file].quiet = notable_ - before == nested_notable_ - nested_before && cuts_ == cuts;
  }
  --importing_;
  --depth_;
  import_depth_ = outer_import;
  nested_notable_ += notable_ - before;
  if (notable_ == before && trace_.writes.size() == written) forget(step);
}

// Whether all that a module imports, and what that imports, is known and does nothing.
bool Walker::is_silent(FileId file) {
  if (silent_.contains(file)) return true;
  if (loud_.contains(file)) return false;
  std::vector<FileId> reached{file};
  std::unordered_set<FileId> seen{file};
  for (size_t i = 0; i < reached.size(); ++i) {
    auto known = modules_.find(reached[i]);
    if (known == modules_.end()) return false;
    if (!known->second.quiet || loud_.contains(reached[i])) {
      loud_.insert(file);
      return false;
    }
    for (auto [event, module] : known->second.imports)
      if (!silent_.contains(module) && seen.insert(module).second) reached.push_back(module);
  }
  silent_.insert(reached.begin(), reached.end());
  return true;
}

}  // namespace forklint::model
