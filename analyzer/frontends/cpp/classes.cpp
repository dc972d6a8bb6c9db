// Classes and types.
#include <llvm/ADT/StringExtras.h>

#include "analyzer/frontends/cpp/lowering.h"

namespace forklint::frontends::cpp {

using namespace clang;

namespace {
constexpr uint32_t most_template_arguments = 8;
}

void Lowering::record(const RecordDecl* record) {
  if (!record->isCompleteDefinition() || (!record->isThisDeclarationADefinition() && !isa<ClassTemplateSpecializationDecl>(record))) return;
  if (record->isLambda() || !done_.insert(record).second) return;
  file_->defines = true;
  const SourceRange head = record->getLocation();
  std::vector<Operand> bases;
  if (const auto* tag = dyn_cast<CXXRecordDecl>(record))
    for (const CXXBaseSpecifier& base : tag->bases()) bases.push_back({type(base.getType(), base.getSourceRange()), facts::name_positional});
  const NameId named = name(symbols_.record(record));
  const ScopeId scope = builder().add_scope(ScopeKind::class_, file_->scope, named, span(record->getSourceRange()));
  const EventId value = builder().emit(Op::class_, span(head), named, bases, scope);
  builder().define(scope, value);
  builder().emit(Op::bind, span(head), named, {value});
  file_->pending.push_back({scope, record, nullptr});
}

void Lowering::record_body(const RecordDecl* record) {
  for (const Decl* inner : record->decls()) {
    if (const auto* field = dyn_cast<FieldDecl>(inner)) {
      if (field->isAnonymousStructOrUnion() || !field->getIdentifier()) continue;
      std::vector<Operand> operands(1);
      operands[0] = {type(field->getType(), field->getLocation(), &operands), facts::name_positional};
      builder().emit(Op::declare, span(field->getLocation()), name(symbols_.field(field)), operands);
    } else if (const auto* tag = dyn_cast<RecordDecl>(inner); tag && tag->isAnonymousStructOrUnion() && tag->isCompleteDefinition()) {
      record_body(tag);  // its fields are those of the class around it
    } else if (const auto* method = dyn_cast<FunctionDecl>(inner); method && pattern_of(method)->getDefinition() && pattern_of(method)->getDefinition()->isOutOfLine() && method->isTemplateInstantiation()) {
      continue;  // stands where it is defined
    } else if (!inner->isImplicit()) {
      declaration(inner);
    }
  }
  if (const auto* tag = dyn_cast<CXXRecordDecl>(record)) implicit_members(const_cast<CXXRecordDecl*>(tag));  // Sema may add to it
}

// Constructors and destructors that nobody wrote and that run code all the same, whether this unit uses them or not: others may.
void Lowering::implicit_members(CXXRecordDecl* record) {
  if (record->isDependentContext() || record->isInvalidDecl()) return;
  sema_.ForceDeclarationOfImplicitMembers(record);
  for (CXXConstructorDecl* constructor : record->ctors()) {
    if (!constructor->isImplicit() || !constructor->isDefaultConstructor() || constructor->isTrivial() || constructor->isDeleted()) continue;
    if (!constructor->hasBody()) sema_.DefineImplicitDefaultConstructor(constructor->getLocation(), constructor);
    if (constructor->hasBody()) function(constructor);
  }
  CXXDestructorDecl* destructor = record->getDestructor();
  if (!destructor || !destructor->isImplicit() || destructor->isTrivial() || destructor->isDeleted()) return;
  if (!destructor->getBody()) sema_.DefineImplicitDestructor(destructor->getLocation(), destructor);
  if (destructor->getBody()) function(destructor);
}

// The type of something, as events: `*` and `&` over the symbol. Type arguments go to `arguments`.
EventId Lowering::type(QualType written, SourceRange range, std::vector<Operand>* arguments) {
  std::vector<std::string_view> around;
  QualType inner = symbols_.plain(written);
  while (around.size() < 8) {
    if (inner->isReferenceType()) around.push_back("&"), inner = inner.getNonReferenceType();
    else if (inner->isPointerType() && !isa<TypedefType>(inner.getTypePtr())) around.push_back("*"), inner = inner->getPointeeType();
    else if (const ArrayType* array = isa<TypedefType>(inner.getTypePtr()) ? nullptr : context_.getAsArrayType(inner)) around.push_back("[]"), inner = array->getElementType();
    else break;
    inner = symbols_.plain(inner);
  }
  EventId value = emit(Op::read, range, symbols_.type(inner));
  for (size_t i = around.size(); i-- > 0;) value = emit(Op::unary, range, around[i], {value});
  if (arguments) template_arguments(inner->getAsCXXRecordDecl(), range, *arguments);
  return value;
}

// Those that are written or deduced, types and numbers; what the template has by itself (allocators, deleters) says nothing.
void Lowering::template_arguments(const CXXRecordDecl* record, SourceRange range, std::vector<Operand>& operands) {
  const auto* special = dyn_cast_or_null<ClassTemplateSpecializationDecl>(record);
  if (!special) return;
  const TemplateParameterList* parameters = special->getSpecializedTemplate()->getTemplateParameters();
  uint32_t position = 0;
  auto add = [&](const TemplateArgument& argument) {
    if (position >= most_template_arguments) return;
    EventId value = facts::none;
    if (argument.getKind() == TemplateArgument::Type) value = type(argument.getAsType(), range);
    else if (argument.getKind() == TemplateArgument::Integral) value = emit(Op::number, range, llvm::toString(argument.getAsIntegral(), 10));
    if (value == facts::none) return;
    operands.push_back({value, name("<" + std::to_string(position) + ">")});
    ++position;
  };
  for (unsigned i = 0; i < special->getTemplateArgs().size() && i < parameters->size(); ++i) {
    const NamedDecl* parameter = parameters->getParam(i);
    const auto* of_type = dyn_cast<TemplateTypeParmDecl>(parameter);
    const auto* of_value = dyn_cast<NonTypeTemplateParmDecl>(parameter);
    if (of_type ? of_type->hasDefaultArgument() : !of_value || of_value->hasDefaultArgument()) continue;
    const TemplateArgument& argument = special->getTemplateArgs()[i];
    if (argument.getKind() != TemplateArgument::Pack) add(argument);
    else for (const TemplateArgument& one : argument.pack_elements()) add(one);
  }
}

}  // namespace forklint::frontends::cpp
