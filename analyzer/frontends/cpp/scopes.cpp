// Local names, and what is destroyed where.
#include "analyzer/frontends/cpp/lowering.h"

namespace forklint::frontends::cpp {

using namespace clang;

namespace {
// Every return destroys every variable around it: bounded, so that a body costs no more than its size.
constexpr size_t most_destroyed = 20'000;
}

bool Lowering::is_local(const ValueDecl* declaration) {
  if (const auto* variable = dyn_cast<VarDecl>(declaration)) return variable->hasLocalStorage();
  return isa<BindingDecl, NonTypeTemplateParmDecl>(declaration);
}

// The second of a name in one function is name#2.
NameId Lowering::local(const ValueDecl* declaration) {
  declaration = cast<ValueDecl>(declaration->getCanonicalDecl());
  if (auto it = locals_->names.find(declaration); it != locals_->names.end()) return it->second;
  std::string text = declaration->getNameAsString();
  const unsigned count = ++locals_->used[text];
  if (count > 1) text += "#" + std::to_string(count);
  return locals_->names[declaration] = name(text);
}

// The class whose destructor runs and does something, if there is one.
const CXXRecordDecl* Lowering::destroyed(QualType type) {
  const CXXRecordDecl* record = type->getBaseElementTypeUnsafe()->getAsCXXRecordDecl();
  if (!record || !record->hasDefinition() || type->isReferenceType()) return nullptr;
  if (record->isUnion() && !record->hasUserDeclaredDestructor()) return nullptr;  // its members are for others to destroy
  return record->hasTrivialDestructor() || record->isDependentContext() ? nullptr : record;
}

void Lowering::push_cleanup(const VarDecl* variable, QualType type) {
  if (type->isReferenceType()) {  // a temporary that lives as long as the reference
    const Expr* init = variable->getInit();
    const auto* made = init ? dyn_cast<MaterializeTemporaryExpr>(init->IgnoreImplicit()) : nullptr;
    if (!made && init)
      if (const auto* whole = dyn_cast<ExprWithCleanups>(init)) made = dyn_cast<MaterializeTemporaryExpr>(whole->getSubExpr());
    if (!made || made->getExtendingDecl() != variable) return;
    type = made->getType();
  }
  if (const CXXRecordDecl* record = destroyed(type)) cleanups_.push_back({facts::none, local(variable), variable, record});
}

void Lowering::destroy(const Cleanup& cleanup, Span where) {
  const EventId object = cleanup.object != facts::none ? cleanup.object : builder().emit(Op::read, where, cleanup.variable);
  const EventId method = builder().emit(Op::attribute, where, name(symbols_.destructor(cleanup.record)), {object});
  builder().emit(Op::call, where, facts::name_positional, {method});
}

void Lowering::destroy_down_to(size_t mark, Span where) {
  for (size_t i = cleanups_.size(); i-- > mark && ++destroyed_ < most_destroyed;) destroy(cleanups_[i], where);
}

void Lowering::leave_scope(size_t mark, const Stmt* last, Span where) {
  if (!last || !ends_flow(last)) destroy_down_to(mark, where);
  cleanups_.resize(mark);
}

// What was there before the loop (or switch) that a jump leaves.
size_t Lowering::mark_of(bool switches) const {
  for (size_t i = targets_.size(); i-- > 0;)
    if (targets_[i].kind == Leave::loop || (switches && targets_[i].kind == Leave::switch_)) return targets_[i].cleanups;
  return 0;
}

}  // namespace forklint::frontends::cpp
