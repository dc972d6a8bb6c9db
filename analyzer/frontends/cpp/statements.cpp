// Statements without conditions; see branches.cpp for the others.
#include <clang/AST/StmtOpenMP.h>

#include "analyzer/frontends/cpp/lowering.h"

namespace forklint::frontends::cpp {

using namespace clang;

void Lowering::guarded(const Stmt* it) {
  if (!it) return;
  if (depth_ >= deepest) return problem(it->getSourceRange(), "nested too deeply, so this part is not read");
  ++depth_;
  statement(it);
  --depth_;
}

void Lowering::statement(const Stmt* it) {
  if (const auto* value = dyn_cast<Expr>(it)) {
    expression(value);
    return;
  }
  if (isa<OMPExecutableDirective>(it)) return parallel(it);
  switch (it->getStmtClass()) {
    case Stmt::CompoundStmtClass: return compound(cast<CompoundStmt>(it));
    case Stmt::DeclStmtClass: return declarations(cast<DeclStmt>(it));
    case Stmt::IfStmtClass: return if_statement(cast<IfStmt>(it));
    case Stmt::WhileStmtClass: return while_statement(cast<WhileStmt>(it));
    case Stmt::DoStmtClass: return do_statement(cast<DoStmt>(it));
    case Stmt::ForStmtClass: return for_statement(cast<ForStmt>(it));
    case Stmt::CXXForRangeStmtClass: return range_for(cast<CXXForRangeStmt>(it));
    case Stmt::SwitchStmtClass: return switch_statement(cast<SwitchStmt>(it));
    case Stmt::ReturnStmtClass: return return_statement(cast<ReturnStmt>(it));
    case Stmt::BreakStmtClass: return jump(it, Op::break_, true);
    case Stmt::ContinueStmtClass: return jump(it, Op::continue_, false);
    case Stmt::CXXTryStmtClass: return try_statement(cast<CXXTryStmt>(it));
    case Stmt::GotoStmtClass: emit(Op::unknown, it->getSourceRange(), "goto " + cast<GotoStmt>(it)->getLabel()->getNameAsString()); return;
    case Stmt::IndirectGotoStmtClass: emit(Op::unknown, it->getSourceRange(), "goto"); return;
    case Stmt::LabelStmtClass: {
      const auto* label = cast<LabelStmt>(it);
      emit(Op::unknown, label->getIdentLoc(), std::string("label ") + label->getName());
      return guarded(label->getSubStmt());
    }
    case Stmt::AttributedStmtClass: return guarded(cast<AttributedStmt>(it)->getSubStmt());
    case Stmt::CaseStmtClass: case Stmt::DefaultStmtClass: {  // not where a switch has its cases
      emit(Op::unknown, cast<SwitchCase>(it)->getKeywordLoc(), "label case");
      return guarded(cast<SwitchCase>(it)->getSubStmt());
    }
    case Stmt::CoroutineBodyStmtClass: return guarded(cast<CoroutineBodyStmt>(it)->getBody());
    case Stmt::CoreturnStmtClass: {
      const Expr* operand = cast<CoreturnStmt>(it)->getOperand();
      const EventId value = operand ? expression(operand) : facts::none;
      if (value == facts::none) emit(Op::return_, it->getSourceRange());
      else emit(Op::return_, it->getSourceRange(), {}, {value});
      return;
    }
    case Stmt::NullStmtClass: return;
    default: unknown(it); return;
  }
}

// Whether what comes after it is not reached from it.
bool Lowering::ends_flow(const Stmt* it) {
  if (const auto* value = dyn_cast<Expr>(it)) return isa<CXXThrowExpr>(value->IgnoreImplicit());
  return isa<ReturnStmt, BreakStmt, ContinueStmt, GotoStmt, IndirectGotoStmt, CoreturnStmt>(it);
}

void Lowering::compound(const CompoundStmt* block) {
  const size_t mark = cleanups_.size();
  for (const Stmt* inner : block->body()) guarded(inner);
  leave_scope(mark, block->body_empty() ? nullptr : block->body_back(), places_.token(file_->entry, block->getRBracLoc()));
}

void Lowering::declarations(const DeclStmt* it) {
  for (const Decl* one : it->decls()) declaration(one);
}

void Lowering::return_statement(const ReturnStmt* it) {
  const VarDecl* moved = it->getNRVOCandidate();
  EventId value = facts::none;
  if (moved && is_local(moved)) value = builder().emit(Op::read, span(it->getRetValue()->getSourceRange()), local(moved));
  else if (it->getRetValue()) value = value_of(it->getRetValue());
  const Span where = span(it->getSourceRange());
  for (size_t i = cleanups_.size(); i-- > 0 && ++destroyed_ < 20'000;)
    if (cleanups_[i].declaration != moved || !moved) destroy(cleanups_[i], where);
  if (value == facts::none) builder().emit(Op::return_, where);
  else builder().emit(Op::return_, where, facts::name_positional, {value});
}

void Lowering::jump(const Stmt* it, Op op, bool switches) {
  const Span where = span(it->getSourceRange());
  destroy_down_to(mark_of(switches), where);
  uint32_t left = facts::none;  // the switch
  for (size_t i = targets_.size(); switches && i-- > 0;) {
    if (targets_[i].kind == Leave::try_) continue;
    left = targets_[i].statement;
    break;
  }
  builder().emit(op, where, name(left != facts::none ? "switch" : ""), {}, left);
}

void Lowering::raise(const CXXThrowExpr* it) {
  EventId value = it->getSubExpr() ? value_of(it->getSubExpr()) : facts::none;
  size_t mark = 0;
  for (const Target& target : targets_)
    if (target.kind == Leave::try_) mark = target.cleanups;
  const Span where = span(it->getSourceRange());
  destroy_down_to(mark, where);
  if (value == facts::none) builder().emit(Op::raise, where);
  else builder().emit(Op::raise, where, facts::name_positional, {value});
}

void Lowering::try_statement(const CXXTryStmt* it) {
  const uint32_t number = builder().new_statement();
  builder().begin(RegionKind::try_body, facts::none, number);
  targets_.push_back({Leave::try_, cleanups_.size()});
  guarded(it->getTryBlock());
  targets_.pop_back();
  builder().end();
  for (unsigned i = 0; i < it->getNumHandlers(); ++i) {
    const CXXCatchStmt* handler = it->getHandler(i);
    const facts::RegionId region = builder().begin(RegionKind::except_arm, facts::none, number);
    if (const VarDecl* caught = handler->getExceptionDecl()) {
      const EventId kind = type(caught->getType().getNonReferenceType(), caught->getLocation());
      builder().set_subject(region, kind);
      if (caught->getIdentifier()) {
        const EventId value = emit(Op::caught, caught->getLocation(), {}, {kind});
        builder().emit(Op::bind, span(caught->getLocation()), local(caught), {value});
      }
    }
    guarded(handler->getHandlerBlock());
    builder().end();
  }
}

// A directive of OpenMP: its body runs in the threads of a team.
void Lowering::parallel(const Stmt* it) {
  const auto* directive = cast<OMPExecutableDirective>(it);
  const std::string text = "omp " + llvm::omp::getOpenMPDirectiveName(directive->getDirectiveKind(), 52).str();
  const EventId call = emit(Op::call, directive->getBeginLoc(), {}, {emit(Op::read, directive->getBeginLoc(), text)});
  if (!directive->hasAssociatedStmt() || !directive->getAssociatedStmt()) return;
  const Stmt* body = directive->getAssociatedStmt();
  for (int step = 0; step < 16; ++step) {
    if (const auto* captured = dyn_cast<CapturedStmt>(body)) body = captured->getCapturedStmt();
    else break;
  }
  const EventId entered = emit(Op::enter, directive->getBeginLoc(), {}, {call});
  builder().begin(RegionKind::with, entered, builder().new_statement());
  guarded(body);
  builder().end();
}

}  // namespace forklint::frontends::cpp
