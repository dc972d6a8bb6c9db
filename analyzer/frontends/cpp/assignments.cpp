// What `=`, `+=`, `++` and their like change.
#include "analyzer/frontends/cpp/lowering.h"

namespace forklint::frontends::cpp {

using namespace clang;

EventId Lowering::assign(const Expr* target, EventId value, SourceRange range) {
  store(target, value, range, false);
  return value;
}

EventId Lowering::augment(const Expr* target, EventId value, SourceRange range) { return store(target, value, range, true); }

EventId Lowering::store(const Expr* target, EventId value, SourceRange range, bool augmented) {
  target = target->IgnoreParenCasts();
  if (const auto* it = dyn_cast<DeclRefExpr>(target)) {
    const auto* variable = dyn_cast<VarDecl>(it->getDecl());
    NameId named = facts::name_positional;
    if (is_local(it->getDecl())) named = local(it->getDecl());
    else if (variable) named = name(symbols_.variable(variable));
    else named = name(it->getDecl()->getNameAsString());
    return builder().emit(augmented ? Op::augment : Op::bind, span(range), named, {value});
  }
  if (const auto* it = dyn_cast<MemberExpr>(target)) {
    if (const auto* variable = dyn_cast<VarDecl>(it->getMemberDecl())) return emit(augmented ? Op::augment : Op::bind, range, symbols_.variable(variable), {value});
    const Expr* base = it->getBase();
    for (int step = 0; step < 16; ++step) {  // members of anonymous unions are those of the class around
      const auto* outer = dyn_cast<MemberExpr>(base->IgnoreParenImpCasts());
      if (!outer || outer->getMemberDecl()->getIdentifier()) break;
      base = outer->getBase();
    }
    const EventId object = expression(base);
    const auto* field = dyn_cast<FieldDecl>(it->getMemberDecl());
    return emit(augmented ? Op::augment_attribute : Op::set_attribute, range, field ? symbols_.field(field) : it->getMemberDecl()->getNameAsString(), {object, value});
  }
  const Op op = augmented ? Op::augment_subscript : Op::set_subscript;
  if (const auto* it = dyn_cast<ArraySubscriptExpr>(target)) {
    const EventId object = expression(it->getBase());
    const EventId index = expression(it->getIdx());
    return emit(op, range, {}, {object, index, value});
  }
  if (const auto* it = dyn_cast<UnaryOperator>(target); it && it->getOpcode() == UO_Deref) {
    const EventId object = expression(it->getSubExpr());
    const EventId index = emit(Op::number, it->getOperatorLoc(), "0");
    return emit(op, range, {}, {object, index, value});
  }
  const EventId object = expression(target);
  return emit(Op::unknown, range, "=", {object, value});
}

}  // namespace forklint::frontends::cpp
