// self.workers[n] = Process(…), and then self.workers[n].start(): what a read of an item gives is what was put there just
// before, whatever the container and the key are.
#include <algorithm>

#include "analyzer/model/program.h"

namespace forklint::model {
namespace {

constexpr EventId near = 60;
constexpr int deepest = 6;

// Whether two events are written alike: names, attributes, items and constants. Notes the names that they read.
bool alike(const File& file, EventId a, EventId b, llvm::SmallVectorImpl<NameId>& names, int depth = 0) {
  if (a == none || b == none || depth > deepest) return false;
  const facts::Event &x = file.event(a), &y = file.event(b);
  if (x.op != y.op || x.name != y.name || x.operands_count != y.operands_count) return false;
  switch (x.op) {
    case Op::read: names.push_back(x.name); return true;
    case Op::string: case Op::number: return true;
    case Op::attribute: return alike(file, file.operand(a, 0), file.operand(b, 0), names, depth + 1);
    case Op::subscript: return alike(file, file.operand(a, 0), file.operand(b, 0), names, depth + 1) && alike(file, file.operand(a, 1), file.operand(b, 1), names, depth + 1);
    default: return false;
  }
}

bool encloses(const facts::FileFacts& f, RegionId outer, RegionId inner) {
  while (inner != none && inner != outer) inner = f.regions[inner].parent;
  return inner == outer;
}

}  // namespace

EventId just_stored(const File& file, EventId read) {
  const ScopeId scope = file.scope_of(read);
  const EventId begin = std::max(file.facts.scopes[scope].events.begin, read > near ? read - near : 0);
  for (EventId id = read; id-- > begin;) {
    const facts::Event& event = file.event(id);
    if (event.op != Op::set_subscript || !encloses(file.facts, event.region, file.event(read).region)) continue;
    llvm::SmallVector<NameId, 4> names;
    if (!alike(file, file.operand(id, 0), file.operand(read, 0), names) || !alike(file, file.operand(id, 1), file.operand(read, 1), names)) continue;
    for (EventId between = id + 1; between < read; ++between)  // another key, another container
      if (const facts::Event& it = file.event(between); (it.op == Op::bind || it.op == Op::augment) && std::find(names.begin(), names.end(), it.name) != names.end()) return none;
    return file.operand(id, 2);
  }
  return none;
}

}  // namespace forklint::model
