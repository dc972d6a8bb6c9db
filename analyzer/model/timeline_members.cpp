// What the attributes of objects hold as the walk goes on.
#include "analyzer/model/order.h"
#include "analyzer/model/timeline.h"

namespace forklint::model {
namespace {

// Code that may set attributes whose names do not stand in it.
bool sets_by_name(const File& file) { return file.find_name("setattr") != none || file.find_name("__dict__") != none; }

}  // namespace

void Walker::write_member(MemberWrite write) {
  ++deeds_;
  const SymbolId name = evaluator_.intern(evaluator_.program().file(write.site.file).name_of(write.site.event));
  last_write_[{write.subject, name}] = uint32_t(trace_.writes.size());
  trace_.writes.push_back(write);
}

// What an attribute of an object was given last, where that has surely happened and nothing else can have come since.
std::optional<Expression> Walker::written_before(Position read) {
  const Program& program = evaluator_.program();
  const File& file = program.file(read.site.file);
  const Values& owners = evaluator_.evaluate({read.site.file, file.operand(read.site.event, 0)}, read.frame);
  if (owners.size() != 1) return {};
  const Value owner = evaluator_.value(owners[0]);
  // Of instances that are not told apart, the one that a function is called with is meant.
  if (owner.kind != ValueKind::instance || (owner.index == none && trace_.entry == Entry::main)) return {};
  asked_member_ = true;
  auto last = last_write_.find({owners[0], evaluator_.intern(file.name_of(read.site.event))});
  if (last == last_write_.end()) return {};
  const MemberWrite& write = trace_.writes[last->second];
  const File& home = program.file(write.site.file);
  if (!write.sure || home.event(write.site.event).op != Op::set_attribute || sets_by_name(home)) return {};
  if (!surely_before(program, trace_, write.position, read)) return {};
  return Expression{{write.site.file, home.operand(write.site.event, 1)}, write.frame};
}

}  // namespace forklint::model
