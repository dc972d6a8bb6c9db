#include "rules/support.h"

namespace forklint::rules {

using namespace model;

uint32_t outermost(const Trace& trace, uint32_t step) {
  uint32_t result = step;
  for (uint32_t up = trace.steps[step].parent; up != none; up = trace.steps[up].parent) {
    if (trace.steps[up].kind == StepKind::import_module) break;
    result = up;
  }
  return result;
}

bool in_import(const Trace& trace, uint32_t step) {
  for (uint32_t up = trace.steps[step].parent; up != none; up = trace.steps[up].parent)
    if (trace.steps[up].kind == StepKind::import_module) return true;
  return false;
}

bool precedes(const Model& model, const Trace& trace, uint32_t earlier, uint32_t later) {
  if (earlier >= later) return false;
  // Where the two paths part, the steps are siblings of one scope: they exclude each other only by their regions.
  std::vector<uint32_t> a{earlier}, b{later};
  for (uint32_t up = trace.steps[earlier].parent; up != none; up = trace.steps[up].parent) a.push_back(up);
  for (uint32_t up = trace.steps[later].parent; up != none; up = trace.steps[up].parent) b.push_back(up);
  while (!a.empty() && !b.empty() && a.back() == b.back()) {
    a.pop_back();
    b.pop_back();
  }
  if (a.empty() || b.empty()) return true;
  Site first = trace.steps[a.back()].site, second = trace.steps[b.back()].site;
  if (first.file != second.file) return true;
  const facts::FileFacts& f = model.file(first.file).facts;
  for (RegionId x = f.events[first.event].region; x != none; x = f.regions[x].parent)
    for (RegionId y = f.events[second.event].region; y != none; y = f.regions[y].parent) {
      if (x == y) return true;
      bool arms = f.regions[x].kind == facts::RegionKind::then_arm || f.regions[x].kind == facts::RegionKind::else_arm;
      if (arms && f.regions[x].statement == f.regions[y].statement && f.regions[x].kind != f.regions[y].kind) return false;
    }
  return true;
}

}  // namespace forklint::rules
