// Expressions: each gives the event that is its value.
#include <clang/AST/ExprConcepts.h>
#include <llvm/ADT/SmallString.h>

#include "analyzer/frontends/cpp/lowering.h"

namespace forklint::frontends::cpp {

using namespace clang;

namespace {

constexpr size_t longest_string = 256;
constexpr unsigned most_plain_elements = 64;
constexpr unsigned most_elements = 4096;

// Whether an expression is made of constants alone, by a look at so many nodes at most.
bool made_of_constants(const Expr* whole, const ASTContext& context) {
  std::vector<const Expr*> open{whole};
  for (unsigned seen = 0; !open.empty(); ++seen) {
    if (seen > 64) return false;
    const Expr* it = open.back()->IgnoreParenCasts();
    open.pop_back();
    if (isa<IntegerLiteral, CharacterLiteral, CXXBoolLiteralExpr, UnaryExprOrTypeTraitExpr, OffsetOfExpr, SizeOfPackExpr, TypeTraitExpr, CXXNoexceptExpr, FloatingLiteral>(it)) continue;
    if (const auto* reference = dyn_cast<DeclRefExpr>(it)) {
      const auto* variable = dyn_cast<VarDecl>(reference->getDecl());
      if (isa<EnumConstantDecl>(reference->getDecl())) continue;
      if (variable && variable->mightBeUsableInConstantExpressions(context)) continue;
      return false;
    }
    if (const auto* constant = dyn_cast<ConstantExpr>(it)) open.push_back(constant->getSubExpr());
    else if (const auto* substituted = dyn_cast<SubstNonTypeTemplateParmExpr>(it)) open.push_back(substituted->getReplacement());
    else if (const auto* one = dyn_cast<UnaryOperator>(it); one && !one->isIncrementDecrementOp() && one->getOpcode() != UO_AddrOf && one->getOpcode() != UO_Deref) open.push_back(one->getSubExpr());
    else if (const auto* two = dyn_cast<BinaryOperator>(it); two && !two->isAssignmentOp() && two->getOpcode() != BO_Comma) open.push_back(two->getLHS()), open.push_back(two->getRHS());
    else if (const auto* three = dyn_cast<ConditionalOperator>(it)) open.push_back(three->getCond()), open.push_back(three->getTrueExpr()), open.push_back(three->getFalseExpr());
    else return false;
  }
  return true;
}

}  // namespace

// A list in parentheses in a template, `new T(a, b)`, has no type of its own.
std::optional<std::string> Lowering::constant(const Expr* it) const {
  if (it->getType().isNull() || it->isValueDependent() || it->isTypeDependent() || !it->getType()->isIntegralOrEnumerationType()) return std::nullopt;
  if (!made_of_constants(it, context_)) return std::nullopt;
  Expr::EvalResult result;
  if (!it->EvaluateAsInt(result, context_)) return std::nullopt;
  llvm::SmallString<32> text;
  result.Val.getInt().toString(text, 10);
  return text.str().str();
}

EventId Lowering::expression(const Expr* it) {
  if (depth_ >= deepest) {
    problem(it->getSourceRange(), "nested too deeply, so this part is not read");
    return emit(Op::unknown, it->getSourceRange());
  }
  ++depth_;
  const EventId value = unguarded(it);
  --depth_;
  return value;
}

EventId Lowering::unguarded(const Expr* it) {
  const SourceRange range = it->getSourceRange();
  if (const auto* truth = dyn_cast<CXXBoolLiteralExpr>(it)) return emit(Op::boolean, range, truth->getValue() ? "True" : "False");
  if (auto value = constant(it)) return emit(Op::number, range, *value);
  if (const auto* call_like = dyn_cast<CXXOperatorCallExpr>(it)) return operator_call(call_like);
  if (const auto* call_like = dyn_cast<CallExpr>(it)) return call(call_like);
  if (const auto* made = dyn_cast<CXXConstructExpr>(it)) return construct(made);
  if (const auto* changed = dyn_cast<CastExpr>(it)) return cast(changed);
  if (const auto* choice = dyn_cast<AbstractConditionalOperator>(it)) return conditional(choice);
  switch (it->getStmtClass()) {
    case Stmt::DeclRefExprClass: return reference(clang::cast<DeclRefExpr>(it));
    case Stmt::MemberExprClass: return member(clang::cast<MemberExpr>(it));
    case Stmt::UnaryOperatorClass: return unary(clang::cast<UnaryOperator>(it));
    case Stmt::BinaryOperatorClass: case Stmt::CompoundAssignOperatorClass: return binary(clang::cast<BinaryOperator>(it));
    case Stmt::ParenExprClass: return expression(clang::cast<ParenExpr>(it)->getSubExpr());
    case Stmt::ConstantExprClass: return expression(clang::cast<ConstantExpr>(it)->getSubExpr());
    case Stmt::ExprWithCleanupsClass: return with_cleanups(clang::cast<ExprWithCleanups>(it));
    case Stmt::MaterializeTemporaryExprClass: return expression(clang::cast<MaterializeTemporaryExpr>(it)->getSubExpr());
    case Stmt::CXXBindTemporaryExprClass: {
      const EventId value = expression(clang::cast<CXXBindTemporaryExpr>(it)->getSubExpr());
      const CXXRecordDecl* record = destroyed(it->getType());
      if (record && !owned_.contains(it)) temporaries_.push_back({value, facts::name_positional, nullptr, record});
      return value;
    }
    case Stmt::ArraySubscriptExprClass: {
      const auto* element = clang::cast<ArraySubscriptExpr>(it);
      const EventId object = expression(element->getBase());
      return emit(Op::subscript, range, {}, {object, expression(element->getIdx())});
    }
    case Stmt::StringLiteralClass: return string(clang::cast<StringLiteral>(it));
    case Stmt::PredefinedExprClass: return emit(Op::string, range);
    case Stmt::FloatingLiteralClass: {
      llvm::SmallString<32> text;
      clang::cast<FloatingLiteral>(it)->getValue().toString(text);
      return emit(Op::number, range, text.str().str());
    }
    case Stmt::CXXNullPtrLiteralExprClass: case Stmt::GNUNullExprClass: return emit(Op::null, range);
    case Stmt::CXXThisExprClass: return emit(Op::read, range, "this");
    case Stmt::CXXThrowExprClass: raise(clang::cast<CXXThrowExpr>(it)); return emit(Op::unknown, range);
    case Stmt::CXXNewExprClass: return new_object(clang::cast<CXXNewExpr>(it));
    case Stmt::CXXDeleteExprClass: return delete_object(clang::cast<CXXDeleteExpr>(it));
    case Stmt::LambdaExprClass: return lambda(clang::cast<LambdaExpr>(it));
    case Stmt::InitListExprClass: return initialiser_list(clang::cast<InitListExpr>(it));
    case Stmt::CXXStdInitializerListExprClass: return expression(clang::cast<CXXStdInitializerListExpr>(it)->getSubExpr());
    case Stmt::CompoundLiteralExprClass: return expression(clang::cast<CompoundLiteralExpr>(it)->getInitializer());
    case Stmt::CXXDefaultInitExprClass: return member_initialiser(clang::cast<CXXDefaultInitExpr>(it));
    case Stmt::SubstNonTypeTemplateParmExprClass: return expression(clang::cast<SubstNonTypeTemplateParmExpr>(it)->getReplacement());
    case Stmt::GenericSelectionExprClass: {
      const auto* chosen = clang::cast<GenericSelectionExpr>(it);
      return chosen->isResultDependent() ? unknown(it) : expression(chosen->getResultExpr());
    }
    case Stmt::ChooseExprClass: {
      const auto* chosen = clang::cast<ChooseExpr>(it);
      return chosen->isConditionDependent() ? unknown(it) : expression(chosen->getChosenSubExpr());
    }
    case Stmt::OpaqueValueExprClass: {
      const Expr* source = clang::cast<OpaqueValueExpr>(it)->getSourceExpr();
      return source ? expression(source) : unknown(it);
    }
    case Stmt::PseudoObjectExprClass: return expression(clang::cast<PseudoObjectExpr>(it)->getSyntacticForm());
    case Stmt::CXXRewrittenBinaryOperatorClass: return expression(clang::cast<CXXRewrittenBinaryOperator>(it)->getSemanticForm());
    case Stmt::StmtExprClass: {
      const CompoundStmt* block = clang::cast<StmtExpr>(it)->getSubStmt();
      const size_t mark = cleanups_.size();
      EventId value = facts::none;
      for (const Stmt* inner : block->body()) {
        const auto* last = inner == block->body_back() ? dyn_cast<Expr>(inner) : nullptr;
        if (last) value = expression(last);
        else guarded(inner);
      }
      leave_scope(mark, nullptr, places_.token(file_->entry, block->getRBracLoc()));
      return value != facts::none ? value : emit(Op::unknown, range);
    }
    case Stmt::CoawaitExprClass: return emit(Op::await, range, {}, {expression(clang::cast<CoawaitExpr>(it)->getOperand())});
    case Stmt::CoyieldExprClass: return emit(Op::yield, range, {}, {expression(clang::cast<CoyieldExpr>(it)->getOperand())});
    // Names that are not resolved.
    case Stmt::UnresolvedLookupExprClass: return emit(Op::read, range, clang::cast<UnresolvedLookupExpr>(it)->getName().getAsString());
    case Stmt::DependentScopeDeclRefExprClass: return emit(Op::read, range, clang::cast<DependentScopeDeclRefExpr>(it)->getDeclName().getAsString());
    case Stmt::UnresolvedMemberExprClass: {
      const auto* named = clang::cast<UnresolvedMemberExpr>(it);
      const EventId object = named->isImplicitAccess() ? emit(Op::read, range, "this") : expression(named->getBase());
      return emit(Op::attribute, range, named->getMemberName().getAsString(), {object});
    }
    case Stmt::CXXDependentScopeMemberExprClass: {
      const auto* named = clang::cast<CXXDependentScopeMemberExpr>(it);
      const EventId object = named->isImplicitAccess() ? emit(Op::read, range, "this") : expression(named->getBase());
      return emit(Op::attribute, range, named->getMember().getAsString(), {object});
    }
    case Stmt::CXXUnresolvedConstructExprClass: {
      const auto* made = clang::cast<CXXUnresolvedConstructExpr>(it);
      std::vector<Operand> operands{{type(made->getTypeAsWritten(), range), facts::name_positional}};
      for (const Expr* argument : made->arguments()) operands.push_back({expression(argument), facts::name_positional});
      return emit(Op::call, range, {}, operands);
    }
    case Stmt::ParenListExprClass: {
      const auto* list = clang::cast<ParenListExpr>(it);
      if (list->getNumExprs() == 1) return expression(list->getExpr(0));
      return unknown(it);
    }
    default: return unknown(it);
  }
}

EventId Lowering::unknown(const Stmt* it) {
  std::vector<Operand> operands;
  for (const Stmt* child : it->children()) {
    if (!child) continue;
    if (const auto* value = dyn_cast<Expr>(child)) operands.push_back({expression(value), facts::name_positional});
    else guarded(child);
  }
  return emit(Op::unknown, it->getSourceRange(), {}, operands);
}

EventId Lowering::string(const StringLiteral* literal) {
  std::string text;
  if (literal->getCharByteWidth() == 1) text = literal->getBytes().substr(0, longest_string).str();
  return emit(Op::string, literal->getSourceRange(), text);
}

EventId Lowering::reference(const DeclRefExpr* it) {
  const ValueDecl* meant = it->getDecl();
  if (is_local(meant)) return builder().emit(Op::read, span(it->getSourceRange()), local(meant));
  if (const auto* function = dyn_cast<FunctionDecl>(meant)) return emit(Op::read, it->getSourceRange(), symbols_.function(function));
  if (const auto* variable = dyn_cast<VarDecl>(meant)) return emit(Op::read, it->getSourceRange(), symbols_.variable(variable));
  if (const auto* field = dyn_cast<FieldDecl>(meant)) return emit(Op::read, it->getSourceRange(), symbols_.field(field));
  return emit(Op::read, it->getSourceRange(), meant->getNameAsString());
}

EventId Lowering::member(const MemberExpr* it) {
  const ValueDecl* meant = it->getMemberDecl();
  const SourceRange range = it->getSourceRange();
  if (const auto* variable = dyn_cast<VarDecl>(meant)) return emit(Op::read, range, symbols_.variable(variable));
  if (const auto* method = dyn_cast<CXXMethodDecl>(meant)) {
    if (method->isStatic()) return emit(Op::read, range, symbols_.function(method));
    const EventId object = expression(it->getBase());
    return emit(Op::attribute, range, symbols_.function(method), {object});
  }
  const EventId object = expression(it->getBase());
  const auto* field = dyn_cast<FieldDecl>(meant);
  if (field && !field->getIdentifier()) return object;  // a member of an anonymous union is one of the class around
  return emit(Op::attribute, range, field ? symbols_.field(field) : meant->getNameAsString(), {object});
}

EventId Lowering::member_initialiser(const CXXDefaultInitExpr* it) {
  const SourceRange before = used_;
  if (used_.isInvalid() && places_.file_of(it->getExpr()->getBeginLoc()) != file_->entry) used_ = SourceRange(it->getExprLoc());
  const EventId value = expression(it->getExpr());
  used_ = before;
  return value;
}

EventId Lowering::unary(const UnaryOperator* it) {
  const Expr* operand = it->getSubExpr();
  const SourceRange range = it->getSourceRange();
  switch (it->getOpcode()) {
    case UO_PreInc: case UO_PreDec: return augment(operand, emit(Op::number, it->getOperatorLoc(), it->isIncrementOp() ? "1" : "-1"), range);
    case UO_PostInc: case UO_PostDec: {
      const EventId before = expression(operand);
      augment(operand, emit(Op::number, it->getOperatorLoc(), it->isIncrementOp() ? "1" : "-1"), range);
      return before;
    }
    case UO_Extension: case UO_Plus: return expression(operand);
    case UO_LNot: return emit(Op::unary, range, "not", {expression(operand)});
    case UO_AddrOf: case UO_Deref: {
      const EventId value = expression(operand);
      const QualType type = it->getOpcode() == UO_AddrOf ? operand->getType() : it->getType();
      if (type->isFunctionType()) return value;  // a function and its address are one
      return emit(Op::unary, range, it->getOpcode() == UO_AddrOf ? "&" : "*", {value});
    }
    default: return emit(Op::unary, range, UnaryOperator::getOpcodeStr(it->getOpcode()), {expression(operand)});
  }
}

EventId Lowering::binary(const BinaryOperator* it) {
  const SourceRange range = it->getSourceRange();
  if (it->isLogicalOp()) return logical(it);
  if (it->getOpcode() == BO_Assign) return assign(it->getLHS(), value_of(it->getRHS()), range);
  if (it->isCompoundAssignmentOp()) return augment(it->getLHS(), expression(it->getRHS()), range);
  if (it->isPtrMemOp()) return unknown(it);
  // Chains such as a + b + c lean to the left: they are followed, not nested.
  std::vector<const BinaryOperator*> chain{it};
  while (const auto* left = dyn_cast<BinaryOperator>(chain.back()->getLHS()->IgnoreParenImpCasts())) {
    if (left->isLogicalOp() || left->isAssignmentOp() || left->isPtrMemOp() || constant(left)) break;
    chain.push_back(left);
  }
  EventId value = expression(chain.back()->getLHS());
  for (size_t i = chain.size(); i-- > 0;) {
    const BinaryOperator* link = chain[i];
    const EventId right = expression(link->getRHS());
    if (link->getOpcode() == BO_Comma) value = right;
    else value = emit(link->isComparisonOp() ? Op::compare : Op::binary, link->getSourceRange(), link->getOpcodeStr(), {value, right});
  }
  return value;
}

EventId Lowering::logical(const BinaryOperator* it) {
  std::vector<const BinaryOperator*> chain{it};
  while (const auto* left = dyn_cast<BinaryOperator>(chain.back()->getLHS()->IgnoreParenImpCasts())) {
    if (!left->isLogicalOp() || constant(left)) break;
    chain.push_back(left);
  }
  EventId value = expression(chain.back()->getLHS());
  for (size_t i = chain.size(); i-- > 0;) {
    const bool conjunction = chain[i]->getOpcode() == BO_LAnd;
    builder().begin(conjunction ? RegionKind::then_arm : RegionKind::else_arm, value, builder().new_statement());
    const EventId right = expression(chain[i]->getRHS());
    builder().end();
    value = emit(Op::boolean_operation, chain[i]->getSourceRange(), conjunction ? "and" : "or", {value, right});
  }
  return value;
}

EventId Lowering::conditional(const AbstractConditionalOperator* it) {
  const EventId condition = expression(it->getCond());
  const uint32_t number = builder().new_statement();
  builder().begin(RegionKind::then_arm, condition, number);
  const bool short_form = isa<BinaryConditionalOperator>(it);
  const EventId yes = short_form ? condition : expression(it->getTrueExpr());
  builder().end();
  builder().begin(RegionKind::else_arm, condition, number);
  const EventId no = expression(it->getFalseExpr());
  builder().end();
  return emit(Op::conditional, it->getSourceRange(), {}, {condition, yes, no});
}

// No trace, but for what makes a null pointer of a number.
EventId Lowering::cast(const CastExpr* it) {
  if (it->getCastKind() == CK_NullToPointer || it->getCastKind() == CK_NullToMemberPointer) return emit(Op::null, it->getSourceRange());
  return expression(it->getSubExpr());
}

EventId Lowering::initialiser_list(const InitListExpr* it) {
  if (it->isSyntacticForm() && it->getSemanticForm()) it = it->getSemanticForm();
  const SourceRange range = it->getSourceRange();
  // An erroneous one may have elements that are not there.
  const Expr* only = it->getNumInits() == 1 ? it->getInit(0) : nullptr;
  if (it->isTransparent()) return only ? expression(only) : unknown(it);
  const QualType of = it->getType();
  const RecordDecl* record = of.isNull() ? nullptr : of->getAsRecordDecl();
  std::vector<Operand> operands;
  if (!record) {
    if (only && !of.isNull() && of->isScalarType()) return expression(only);
    unsigned plain = 0;
    for (const Expr* element : it->inits()) {
      if (!element || isa<ImplicitValueInitExpr, NoInitExpr>(element)) continue;
      const bool says_nothing = isa<StringLiteral>(element->IgnoreParenCasts()) || constant(element);
      if ((says_nothing && ++plain > most_plain_elements) || operands.size() >= most_elements) continue;
      operands.push_back({value_of(element), facts::name_positional});
    }
    return emit(Op::list, range, {}, operands);
  }
  operands.push_back({emit(Op::read, range, symbols_.type(of)), facts::name_positional});
  unsigned position = 0;
  if (const auto* tag = dyn_cast<CXXRecordDecl>(record)) {
    for (; position < tag->getNumBases() && position < it->getNumInits(); ++position)
      if (const Expr* base = it->getInit(position)) operands.push_back({expression(base), facts::name_positional});
  }
  auto add = [&](const FieldDecl* field, const Expr* value) {
    if (!value || isa<ImplicitValueInitExpr, NoInitExpr>(value)) return;
    const EventId id = value_of(value);
    operands.push_back({id, field->getIdentifier() ? name(field->getName()) : facts::name_positional});
  };
  if (record->isUnion()) {
    if (it->getInitializedFieldInUnion() && it->getNumInits() > 0) add(it->getInitializedFieldInUnion(), it->getInit(0));
  } else {
    for (const FieldDecl* field : record->fields()) {
      if (field->isUnnamedBitField()) continue;
      if (position >= it->getNumInits()) break;
      add(field, it->getInit(position++));
    }
  }
  return emit(Op::call, range, {}, operands);
}

// Temporaries of a full expression are destroyed at its end.
EventId Lowering::with_cleanups(const ExprWithCleanups* it) {
  const size_t mark = temporaries_.size();
  const EventId value = expression(it->getSubExpr());
  const Span where = span(it->getSourceRange());
  while (temporaries_.size() > mark) {
    const Cleanup last = temporaries_.back();
    temporaries_.pop_back();
    destroy(last, where);
  }
  return value;
}

}  // namespace forklint::frontends::cpp
