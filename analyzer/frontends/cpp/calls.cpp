// Calls in all their forms: of functions, methods, operators, constructors, and lambdas that wait to be called.
#include <clang/Basic/Builtins.h>

#include "analyzer/frontends/cpp/lowering.h"

namespace forklint::frontends::cpp {

using namespace clang;

void Lowering::arguments(llvm::ArrayRef<const Expr*> list, std::vector<Operand>& operands) {
  for (const Expr* argument : list)
    if (!isa<CXXDefaultArgExpr>(argument)) operands.push_back({expression(argument), facts::name_positional});
}

EventId Lowering::call(const CallExpr* it) {
  if (const FunctionDecl* function = it->getDirectCallee(); function && it->getNumArgs() > 0) {
    switch (function->getBuiltinID()) {  // hints to the compiler
      case Builtin::BI__builtin_expect: case Builtin::BI__builtin_expect_with_probability: case Builtin::BI__builtin_assume_aligned:
        return expression(it->getArg(0));
      default: break;
    }
  }
  std::vector<Operand> operands{{callee(it->getCallee()), facts::name_positional}};
  arguments({it->getArgs(), it->getNumArgs()}, operands);
  if (const auto* method = dyn_cast_or_null<CXXMethodDecl>(it->getDirectCallee()); method && method->isStatic()) template_arguments(method->getParent(), it->getExprLoc(), operands);
  else if (it->getDirectCallee()) written_types(it->getCallee(), operands);
  const EventId value = emit(Op::call, it->getSourceRange(), {}, operands);
  // Where its body is, no declaration is needed; exit() and its like are known.
  if (const FunctionDecl* function = it->getDirectCallee(); function && function->isNoReturn() && !function->isDefined() && !function->getBuiltinID()) emit(Op::unknown, it->getSourceRange(), "noreturn");
  return value;
}

// The types that a call of a function template names: what std::make_unique<T>() makes.
void Lowering::written_types(const Expr* callee, std::vector<Operand>& operands) {
  const auto* named = dyn_cast<DeclRefExpr>(callee->IgnoreParenImpCasts());
  if (!named || !named->hasExplicitTemplateArgs()) return;
  uint32_t position = 0;
  for (const TemplateArgumentLoc& written : named->template_arguments())
    if (written.getArgument().getKind() == TemplateArgument::Type) operands.push_back({type(written.getArgument().getAsType(), written.getSourceRange()), name("<" + std::to_string(position++) + ">")});
}

// What is called: a function and its address are one.
EventId Lowering::callee(const Expr* it) {
  for (int step = 0; step < 64; ++step) {
    it = it->IgnoreParenImpCasts();
    const auto* around = dyn_cast<UnaryOperator>(it);
    if (!around || (around->getOpcode() != UO_Deref && around->getOpcode() != UO_AddrOf)) break;
    if (around->getOpcode() == UO_AddrOf && !around->getSubExpr()->getType()->isFunctionType()) break;
    if (around->getOpcode() == UO_Deref && !around->getType()->isFunctionType()) break;
    it = around->getSubExpr();
  }
  return expression(it);
}

EventId Lowering::operator_call(const CXXOperatorCallExpr* it) {
  const auto* method = dyn_cast_or_null<CXXMethodDecl>(it->getCalleeDecl());
  const SourceRange range = it->getSourceRange();
  if (method && it->getOperator() == OO_Equal && method->isTrivial()) return assign(it->getArg(0), value_of(it->getArg(1)), range);
  std::vector<Operand> operands(1);
  unsigned first = 0;
  if (method && !method->isStatic() && it->getNumArgs() > 0) {
    const EventId object = expression(it->getArg(0));
    operands[0] = {emit(Op::attribute, it->getOperatorLoc(), symbols_.function(method), {object}), facts::name_positional};
    first = 1;
  } else {
    operands[0] = {expression(it->getCallee()), facts::name_positional};
  }
  arguments({it->getArgs() + first, it->getNumArgs() - first}, operands);
  return emit(Op::call, range, {}, operands);
}

EventId Lowering::construct(const CXXConstructExpr* it) {
  const CXXConstructorDecl* constructor = it->getConstructor();
  const bool copies = constructor->isCopyOrMoveConstructor() && it->getNumArgs() >= 1;
  if (copies && (it->isElidable() || constructor->isTrivial())) return value_of(it->getArg(0));
  SourceRange range = it->getSourceRange();
  std::vector<Operand> operands{{emit(Op::read, SourceRange(it->getLocation()), symbols_.record(constructor->getParent())), facts::name_positional}};
  arguments({it->getArgs(), it->getNumArgs()}, operands);
  template_arguments(constructor->getParent(), it->getLocation(), operands);
  return emit(Op::call, range, {}, operands);
}

// The outermost temporary of an initialiser is the variable itself: it is not destroyed at the end of the expression.
EventId Lowering::value_of(const Expr* it) {
  const Expr* inner = it;
  for (int step = 0; step < 64; ++step) {
    if (const auto* whole = dyn_cast<FullExpr>(inner)) inner = whole->getSubExpr();
    else if (const auto* made = dyn_cast<MaterializeTemporaryExpr>(inner)) inner = made->getExtendingDecl() || step == 0 || !made->getType()->isRecordType() ? made->getSubExpr() : nullptr;
    else if (const auto* changed = dyn_cast<CastExpr>(inner)) inner = changed->getSubExpr();
    else if (const auto* copy = dyn_cast<CXXConstructExpr>(inner); copy && copy->isElidable() && copy->getNumArgs() == 1) inner = copy->getArg(0);
    else break;
    if (!inner) break;
  }
  if (inner && isa<CXXBindTemporaryExpr>(inner)) owned_.insert(inner);
  return expression(it);
}

EventId Lowering::new_object(const CXXNewExpr* it) {
  const SourceRange range = it->getSourceRange();
  const FunctionDecl* allocate = it->getOperatorNew();
  std::vector<Operand> operands{{emit(Op::read, it->getBeginLoc(), allocate ? symbols_.function(allocate) : "operator new"), facts::name_positional}};
  for (const Expr* argument : it->placement_arguments())
    if (!isa<CXXDefaultArgExpr>(argument)) operands.push_back({expression(argument), facts::name_positional});
  const EventId memory = emit(Op::call, range, {}, operands);
  const Expr* value = it->getInitializer();
  const auto* made = dyn_cast_or_null<CXXConstructExpr>(value);
  if (value && !made) return isa<InitListExpr>(value) && it->getAllocatedType()->isRecordType() ? expression(value) : (expression(value), memory);
  if (!made || (made->getConstructor()->isTrivial() && made->getNumArgs() == 0)) return memory;
  return construct(made);
}

EventId Lowering::delete_object(const CXXDeleteExpr* it) {
  const SourceRange range = it->getSourceRange();
  const EventId object = expression(it->getArgument());
  const QualType type = it->getDestroyedType();
  if (const CXXRecordDecl* record = type.isNull() ? nullptr : destroyed(type)) {
    emit(Op::call, range, {}, {emit(Op::attribute, range, symbols_.destructor(record), {object})});
  }
  const FunctionDecl* release = it->getOperatorDelete();
  const EventId function = emit(Op::read, range, release ? symbols_.function(release) : "operator delete");
  return emit(Op::call, range, {}, {function, object});
}

EventId Lowering::lambda(const LambdaExpr* it) {
  std::vector<Operand> captured;
  auto initialiser = it->capture_init_begin();
  for (const LambdaCapture& capture : it->captures()) {
    const Expr* value = *initialiser++;
    const SourceLocation where = capture.getLocation();
    if (capture.capturesThis()) {
      EventId object = emit(Op::read, where, "this");
      if (capture.getCaptureKind() == LCK_StarThis) object = emit(Op::unary, where, "*", {object});
      captured.push_back({object, name("this")});
    } else if (capture.capturesVariable()) {
      const auto* variable = cast<ValueDecl>(capture.getCapturedVar());
      const auto* own = dyn_cast<VarDecl>(variable);
      EventId read = facts::none;
      if (own && own->isInitCapture() && own->getInit()) read = value_of(own->getInit());
      else if (is_local(variable)) read = builder().emit(Op::read, span(where), local(variable));
      else if (value) read = expression(value);
      if (read == facts::none) continue;
      if (capture.getCaptureKind() == LCK_ByRef) read = emit(Op::unary, where, "&", {read});
      captured.push_back({read, is_local(variable) ? local(variable) : name(variable->getNameAsString())});
    }
  }
  const CXXMethodDecl* body = it->getCallOperator();
  if (it->isGenericLambda()) {
    if (const FunctionTemplateDecl* generic = it->getLambdaClass()->getDependentLambdaCallOperator() ? it->getLambdaClass()->getDependentLambdaCallOperator()->getAsFunction()->getDescribedFunctionTemplate() : nullptr)
      for (const FunctionDecl* special : generic->specializations())
        if (special->getBody()) {
          body = cast<CXXMethodDecl>(special);
          break;
        }
  }
  std::vector<facts::Parameter> list;
  for (const ParmVarDecl* parameter : body->parameters()) {
    const NameId named = parameter->getName().empty() ? facts::name_positional : local(parameter);
    const EventId annotation = type(parameter->getType(), parameter->getSourceRange());
    list.push_back({named, facts::ParameterKind::positional, facts::none, annotation, span(parameter->getSourceRange())});
  }
  const ScopeId scope = builder().add_scope(ScopeKind::lambda, file_->scope, name("<lambda>"), span(it->getSourceRange()));
  builder().set_parameters(scope, list);
  const EventId value = builder().emit(Op::lambda, span(it->getSourceRange()), facts::name_positional, captured, scope);
  builder().define(scope, value);
  file_->pending.push_back({scope, body, locals_});
  return value;
}

}  // namespace forklint::frontends::cpp
