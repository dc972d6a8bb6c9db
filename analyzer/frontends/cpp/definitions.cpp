// Functions and variables, and the order in which their bodies are lowered.
#include <clang/AST/Attr.h>
#include <clang/AST/DeclFriend.h>

#include "analyzer/frontends/cpp/lowering.h"

namespace forklint::frontends::cpp {

using namespace clang;

namespace {

constexpr size_t most_problems = 20;


// The first instantiation with a body; the pattern where there is none.
const FunctionDecl* stands_for(const FunctionTemplateDecl* declaration) {
  for (const FunctionDecl* special : declaration->specializations())
    if (special->getTemplateSpecializationKind() == TSK_ImplicitInstantiation && special->getBody()) return special;
  return declaration->getTemplatedDecl();
}

// The same for a member that is defined outside of its class template.
const FunctionDecl* stands_for(const FunctionDecl* function) {
  const auto* method = dyn_cast<CXXMethodDecl>(function);
  if (!method || !method->isDependentContext()) return function;
  const ClassTemplateDecl* owner = method->getParent()->getDescribedClassTemplate();
  if (!owner) return function;
  for (const ClassTemplateSpecializationDecl* special : owner->specializations())
    for (const CXXMethodDecl* member : special->methods())
      if (member->getInstantiatedFromMemberFunction() && pattern_of(member)->getCanonicalDecl() == method->getCanonicalDecl() && member->getBody()) return member;
  return function;
}

}  // namespace

void Lowering::problem(SourceRange range, std::string_view message) {
  auto& problems = builder().facts().problems;
  if (problems.size() < most_problems) problems.push_back({span(range), std::string(message)});
}

bool Lowering::enter(SourceLocation location) {
  const FileEntry* entry = places_.file_of(location);
  if (!entry) return false;
  File*& file = by_entry_[entry];
  if (!file) {
    const facts::Language language = context_.getLangOpts().CPlusPlus ? facts::Language::cpp : facts::Language::c;
    files_.push_back(std::make_unique<File>(File{entry, places_.sources().getFileID(places_.sources().getExpansionLoc(location)), places_.path_of(location), Builder(language), 0, {}, false}));
    file = files_.back().get();
    file->builder.open(file->builder.add_scope(ScopeKind::module, facts::none, facts::name_positional, {}));
  }
  file_ = file;
  return true;
}

void Lowering::top_level(const Decl* declaration) {
  if (const auto* space = dyn_cast<NamespaceDecl>(declaration)) {
    if (places_.in_system(space->getLocation())) return;
    for (const Decl* inner : space->decls()) top_level(inner);
  } else if (isa<LinkageSpecDecl, ExportDecl>(declaration)) {
    for (const Decl* inner : cast<DeclContext>(declaration)->decls()) top_level(inner);
  } else if (enter(declaration->getLocation())) {
    this->declaration(declaration);
  }
}

void Lowering::declaration(const Decl* declaration) {
  if (declaration->isImplicit() && !isa<FunctionDecl>(declaration)) return;
  if (const auto* template_ = dyn_cast<FunctionTemplateDecl>(declaration)) return function(stands_for(template_));
  if (const auto* one = dyn_cast<FunctionDecl>(declaration)) return function(stands_for(one));
  if (const auto* one = dyn_cast<FriendDecl>(declaration)) {
    if (const NamedDecl* named = one->getFriendDecl()) {
      if (const auto* inside = dyn_cast<FunctionDecl>(named); inside && inside->isThisDeclarationADefinition()) function(inside);
    }
    return;
  }
  if (const auto* template_ = dyn_cast<ClassTemplateDecl>(declaration)) {
    for (const ClassTemplateSpecializationDecl* special : template_->specializations())
      if (special->getTemplateSpecializationKind() == TSK_ImplicitInstantiation && special->isCompleteDefinition()) return record(special);
    return record(template_->getTemplatedDecl());
  }
  if (const auto* one = dyn_cast<RecordDecl>(declaration)) return record(one);
  if (const auto* one = dyn_cast<VarDecl>(declaration)) return variable(one);
}

std::vector<facts::Parameter> Lowering::parameters(const FunctionDecl* function, Locals& locals) {
  std::vector<facts::Parameter> result;
  std::swap(*locals_, locals);
  for (const ParmVarDecl* parameter : function->parameters()) {
    const NameId named = parameter->getName().empty() ? facts::name_positional : local(parameter);
    const EventId annotation = type(parameter->getType(), parameter->getSourceRange());
    result.push_back({named, facts::ParameterKind::positional, facts::none, annotation, span(parameter->getSourceRange())});
  }
  if (function->isVariadic()) result.push_back({name("..."), facts::ParameterKind::variadic, facts::none, facts::none, {}});
  std::swap(*locals_, locals);
  return result;
}

EventId Lowering::decorated(EventId value, const FunctionDecl* function) {
  const SourceLocation where = function->getLocation();
  auto decorate = [&](std::string_view text) {
    value = emit(Op::decorate, where, {}, {emit(Op::read, where, text), value});
  };
  if (function->hasAttr<ConstructorAttr>()) decorate("constructor");
  if (function->hasAttr<DestructorAttr>()) decorate("destructor");
  if (function->isNoReturn()) decorate("noreturn");
  for (const auto* attribute : function->specific_attrs<AnnotateAttr>()) decorate("annotate:" + attribute->getAnnotation().str());
  if (const auto* method = dyn_cast<CXXMethodDecl>(function); method && method->isVirtual()) decorate("virtual");
  return value;
}

// So that it is known that calls of it are dispatched.
void Lowering::declared_method(const CXXMethodDecl* method) {
  const SourceLocation where = method->getLocation();
  emit(Op::declare, where, symbols_.function(method), {emit(Op::read, where, "virtual")});
}

void Lowering::function(const FunctionDecl* function) {
  // A member that nobody uses is not instantiated.
  if (const FunctionDecl* pattern = pattern_of(function); !function->getBody() && pattern->isThisDeclarationADefinition()) function = pattern;
  if (!function->getBody() || (!function->isThisDeclarationADefinition() && !function->isTemplateInstantiation())) {
    if (const auto* method = dyn_cast<CXXMethodDecl>(function); method && method->isVirtual() && method->isFirstDecl() && !method->isImplicit()) declared_method(method);
    return;
  }
  if (!done_.insert(pattern_of(function)->getCanonicalDecl()).second) return;
  file_->defines = true;
  const std::string symbol = symbols_.function(function);
  auto locals = std::make_shared<Locals>();
  if (!locals_) locals_ = std::make_shared<Locals>();
  std::vector<facts::Parameter> list = parameters(function, *locals);
  const ScopeId scope = builder().add_scope(ScopeKind::function, file_->scope, name(symbol), span(function->getSourceRange()));
  builder().set_parameters(scope, list);
  const Span head = places_.token(file_->entry, function->getLocation());
  const EventId value = builder().emit(Op::function, head, name(symbol), {}, scope);
  builder().define(scope, value);
  file_->pending.push_back({scope, function, std::move(locals)});
  builder().emit(Op::bind, head, name(symbol), {decorated(value, function)});
}

// A variable of a module, a class or a function.
void Lowering::variable(const VarDecl* variable) {
  if (variable->hasExternalStorage() && !variable->getInit()) return;
  const bool automatic = is_local(variable);
  const NameId named = automatic ? local(variable) : name(symbols_.variable(variable));
  if (!automatic) file_->defines = true;
  const SourceRange head = variable->getLocation();
  std::vector<Operand> operands(1);
  operands[0] = {type(variable->getType(), head, &operands), facts::name_positional};
  builder().emit(Op::declare, span(head), named, operands);
  const Expr* initialiser = variable->getInit();
  if (initialiser && !initialiser->containsErrors() && isa<CXXConstructExpr>(initialiser->IgnoreImplicit())) {
    const auto* made = cast<CXXConstructExpr>(initialiser->IgnoreImplicit());
    if (made->getConstructor()->isTrivial() && made->getNumArgs() == 0) initialiser = nullptr;
  }
  if (initialiser) {
    const EventId value = value_of(initialiser);
    builder().emit(Op::bind, span(head), named, {value});
    if (const auto* parts = dyn_cast<DecompositionDecl>(variable)) {
      uint32_t position = 0;
      for (const BindingDecl* part : parts->bindings()) {
        const Span where = places_.token(file_->entry, part->getLocation());
        const EventId element = builder().emit(Op::unpack, where, facts::name_positional, {value}, position++);
        builder().emit(Op::bind, where, local(part), {element});
      }
    }
  }
  if (automatic) push_cleanup(variable, variable->getType());
}

std::vector<UnitFile> Lowering::finish() {
  for (auto& file : files_) file->builder.close();
  std::vector<UnitFile> result;
  for (size_t i = 0; i < files_.size(); ++i) {
    file_ = files_[i].get();
    run_pending();
    if (file_->defines) result.push_back({file_->id, file_->path, file_->builder.take()});
  }
  return result;
}

void Lowering::run_pending() {
  while (!file_->pending.empty()) {
    Pending next = std::move(file_->pending.front());
    file_->pending.pop_front();
    file_->scope = next.scope;
    locals_ = next.locals ? next.locals : std::make_shared<Locals>();
    cleanups_.clear();
    targets_.clear();
    temporaries_.clear();
    owned_.clear();
    destroyed_ = 0;
    builder().open(next.scope);
    if (const auto* tag = dyn_cast<RecordDecl>(next.owner)) record_body(tag);
    else function_body(cast<FunctionDecl>(next.owner));
    builder().close();
  }
}

void Lowering::function_body(const FunctionDecl* function) {
  if (const auto* constructor = dyn_cast<CXXConstructorDecl>(function)) constructor_initialisers(constructor);
  const Stmt* body = function->getBody();
  guarded(body);
  if (const auto* destructor = dyn_cast<CXXDestructorDecl>(function)) destroy_members(destructor->getParent(), places_.token(file_->entry, body->getEndLoc()));
}

void Lowering::constructor_initialisers(const CXXConstructorDecl* constructor) {
  for (const CXXCtorInitializer* part : constructor->inits()) {
    const Expr* value = part->getInit();
    if (const auto* standing = dyn_cast<CXXDefaultInitExpr>(value)) value = standing->getExpr();
    const SourceRange where = part->isWritten() ? SourceRange(part->getSourceLocation()) : SourceRange(constructor->getLocation());
    const auto* made = dyn_cast<CXXConstructExpr>(value->IgnoreImplicit());
    if (part->isAnyMemberInitializer()) {
      if (!part->isWritten() && made && made->getConstructor()->isTrivial()) continue;
      const EventId object = emit(Op::read, where, "this");
      const EventId it = value_of(value);
      emit(Op::set_attribute, where, symbols_.field(part->getAnyMember()), {object, it});
    } else if (made && !made->getConstructor()->isTrivial()) {
      const EventId object = emit(Op::read, where, "this");
      std::vector<Operand> operands{{emit(Op::attribute, where, symbols_.function(made->getConstructor()), {object}), facts::name_positional}};
      arguments({made->getArgs(), made->getNumArgs()}, operands);
      emit(Op::call, where, {}, operands);
    }
  }
}

void Lowering::destroy_members(const CXXRecordDecl* record, Span where) {
  if (record->isDependentContext() || record->isUnion()) return;
  auto destroy_part = [&](const std::string& part, const CXXRecordDecl* type) {
    EventId object = builder().emit(Op::read, where, name("this"));
    if (!part.empty()) object = builder().emit(Op::attribute, where, name(part), {object});
    const EventId method = builder().emit(Op::attribute, where, name(symbols_.destructor(type)), {object});
    builder().emit(Op::call, where, facts::name_positional, {method});
  };
  std::vector<const FieldDecl*> fields(record->field_begin(), record->field_end());
  for (size_t i = fields.size(); i-- > 0;)
    if (const CXXRecordDecl* type = destroyed(fields[i]->getType())) destroy_part(symbols_.field(fields[i]), type);
  std::vector<const CXXRecordDecl*> bases;
  for (const CXXBaseSpecifier& base : record->bases())
    if (const CXXRecordDecl* type = destroyed(base.getType())) bases.push_back(type);
  for (size_t i = bases.size(); i-- > 0;) destroy_part({}, bases[i]);
}

}  // namespace forklint::frontends::cpp
