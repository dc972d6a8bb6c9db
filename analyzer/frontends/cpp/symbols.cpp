#include "analyzer/frontends/cpp/symbols.h"

#include <clang/AST/ASTContext.h>
#include <clang/AST/Type.h>
#include <clang/Basic/Builtins.h>
#include <clang/Basic/SourceManager.h>

namespace forklint::frontends::cpp {

using namespace clang;

namespace {

// Where a variant is not made of the name and a known prefix or suffix.
constexpr std::pair<std::string_view, std::string_view> libc_variants[] = {
    {"__sigsetjmp", "sigsetjmp"}, {"_setjmp", "setjmp"},         {"__xpg_basename", "basename"}, {"__xpg_strerror_r", "strerror_r"},
    {"_IO_putc", "putc"},         {"_IO_getc", "getc"},          {"__libc_fork", "fork"},        {"__vfork", "vfork"},
    {"__fork", "fork"},           {"__xpg_sigpause", "sigpause"}, {"__sigpause", "sigpause"},
};

// Names that end so by themselves.
constexpr std::string_view whole_names[] = {"lrand64"};

}  // namespace

std::string_view libc_name(std::string_view name) {
  for (auto [variant, plain] : libc_variants)
    if (name == variant) return plain;
  for (std::string_view whole : whole_names)
    if (name == whole) return name;
  for (std::string_view prefix : {"__builtin___", "__builtin_", "__isoc99_", "__isoc23_"}) {
    if (!name.starts_with(prefix)) continue;
    name.remove_prefix(prefix == "__builtin___" ? prefix.size() - 2 : prefix.size());
    break;
  }
  for (std::string_view suffix : {"_chk", "_2"}) {
    if (!name.starts_with("__") || !name.ends_with(suffix) || name.size() <= suffix.size() + 2) continue;
    name.remove_prefix(2);
    name.remove_suffix(suffix.size());
    break;
  }
  if (name.size() > 2 && name.ends_with("64") && !name.starts_with('_') && std::isalpha(uint8_t(name[name.size() - 3]))) name.remove_suffix(2);
  return name;
}

const FunctionDecl* pattern_of(const FunctionDecl* function) {
  for (int step = 0; step < 64; ++step) {
    if (const FunctionDecl* member = function->getInstantiatedFromMemberFunction()) {
      function = member;
    } else if (const FunctionTemplateDecl* primary = function->getPrimaryTemplate()) {
      while (const FunctionTemplateDecl* from = primary->getInstantiatedFromMemberTemplate()) primary = from;
      if (primary->getTemplatedDecl() == function) break;
      function = primary->getTemplatedDecl();
    } else if (const FunctionTemplateDecl* described = function->getDescribedFunctionTemplate(); described && described->getInstantiatedFromMemberTemplate()) {
      function = described->getInstantiatedFromMemberTemplate()->getTemplatedDecl();
    } else {
      break;
    }
  }
  return function;
}

Symbols::Symbols(const ASTContext& context, Places& places) : context_(context), places_(places), policy_(context.getLangOpts()) {
  policy_.SuppressTagKeyword = true;
  policy_.SuppressScope = false;
  policy_.SuppressUnwrittenScope = true;
  policy_.SuppressInlineNamespace = llvm::to_underlying(PrintingPolicy::SuppressInlineNamespaceMode::All);
  policy_.SuppressDefaultTemplateArgs = true;
  policy_.AnonymousTagLocations = false;
  policy_.Bool = true;
}

bool Symbols::in_system(const Decl* declaration) const { return places_.in_system(declaration->getLocation()); }

std::string Symbols::own_name(const NamedDecl* declaration) const {
  if (const auto* tag = dyn_cast<TagDecl>(declaration); tag && !tag->getIdentifier()) {
    const TypedefNameDecl* alias = tag->getTypedefNameForAnonDecl();
    return alias ? alias->getNameAsString() : std::string();
  }
  return declaration->getNameAsString();
}

// With "::" at its end, or empty.
std::string Symbols::qualifier(const DeclContext* context) {
  for (; context && !context->isTranslationUnit(); context = context->getParent()) {
    if (const auto* space = dyn_cast<NamespaceDecl>(context)) {
      if (space->isInline() || space->isAnonymousNamespace()) continue;
      return qualifier(space->getParent()) + space->getNameAsString() + "::";
    }
    if (const auto* tag = dyn_cast<RecordDecl>(context)) {
      if (own_name(tag).empty()) continue;
      std::string name = record(tag);
      return name.substr(0, name.rfind('@')) + "::";
    }
    if (const auto* function = dyn_cast<FunctionDecl>(context)) return make_function(function, false) + "::";
  }
  return {};
}

// Of something that other files cannot name: with the path of its file.
std::string Symbols::with_file(std::string name, const NamedDecl* declaration) {
  if (in_system(declaration)) return name;
  const NamedDecl* canonical = cast<NamedDecl>(declaration->getCanonicalDecl());
  return name + "@" + places_.path_of(canonical->getLocation());
}

std::string Symbols::parameters(const FunctionDecl* function) const {
  const bool as_written = function->isDependentContext() || function->getDescribedFunctionTemplate();
  std::string text = "(";
  for (const ParmVarDecl* parameter : function->parameters()) {
    if (text.size() > 1) text += ", ";
    QualType type = parameter->getType().getUnqualifiedType();
    text += (as_written ? type : type.getCanonicalType()).getAsString(policy_);
  }
  if (function->isVariadic()) text += text.size() > 1 ? ", ..." : "...";
  return text + ")";
}

std::string Symbols::make_function(Function function, bool in_file) {
  function = pattern_of(function)->getCanonicalDecl();
  if (function->isMain()) return "main";
  if (function->isExternC() || !context_.getLangOpts().CPlusPlus) {
    std::string name = function->getNameAsString();
    // Of the compiler's own, __builtin_printf is printf, and __builtin_unreachable is nobody else's.
    const unsigned builtin = function->getBuiltinID();
    const bool compilers = builtin && name.starts_with("__builtin_") && !function->getASTContext().BuiltinInfo.isLibFunction(builtin);
    if (!compilers && (builtin || in_system(function))) return std::string(libc_name(name));
    return in_file && !function->isExternallyVisible() ? with_file(name, function) : name;
  }
  std::string name;
  if (const auto* method = dyn_cast<CXXMethodDecl>(function)) {
    const bool named_by_class = isa<CXXConstructorDecl>(method) || isa<CXXDestructorDecl>(method);
    name = named_by_class ? (isa<CXXDestructorDecl>(method) ? "~" : "") + own_name(method->getParent()) : method->getNameAsString();
  } else {
    name = function->getNameAsString();
  }
  name = qualifier(function->getDeclContext()) + name + parameters(function);
  return in_file && !function->isExternallyVisible() ? with_file(std::move(name), function) : name;
}

const std::string& Symbols::function(Function function) {
  function = pattern_of(function)->getCanonicalDecl();
  if (auto it = names_.find(function); it != names_.end()) return it->second;
  std::string name = make_function(function, true);  // may add other names
  return names_[function] = std::move(name);
}

const std::string& Symbols::variable(const VarDecl* variable) {
  if (const VarDecl* pattern = variable->getTemplateInstantiationPattern()) variable = pattern;
  variable = variable->getCanonicalDecl();
  if (auto it = names_.find(variable); it != names_.end()) return it->second;
  std::string name = qualifier(variable->getDeclContext()) + variable->getNameAsString();
  bool visible = variable->isExternallyVisible();
  if (const auto* inside = dyn_cast<FunctionDecl>(variable->getDeclContext())) visible = inside->isExternallyVisible() || variable->hasExternalStorage();
  if (variable->isExternC() && !variable->isStaticLocal()) name = variable->getNameAsString();
  if (!visible && !in_system(variable)) name = with_file(std::move(name), variable);
  return names_[variable] = std::move(name);
}

const std::string& Symbols::field(const FieldDecl* field) {
  if (auto it = names_.find(field); it != names_.end()) return it->second;
  std::string name = qualifier(field->getParent()) + field->getNameAsString();
  return names_[field] = std::move(name);
}

const std::string& Symbols::record(const TagDecl* tag) {
  tag = tag->getCanonicalDecl();
  if (auto it = names_.find(tag); it != names_.end()) return it->second;
  std::string own = own_name(tag);
  std::string name = qualifier(tag->getDeclContext()) + (own.empty() ? "(anonymous)" : own);
  if (context_.getLangOpts().CPlusPlus && !in_system(tag) && (!tag->isExternallyVisible() || own.empty())) name = with_file(std::move(name), tag);
  return names_[tag] = std::move(name);
}

std::string Symbols::destructor(const CXXRecordDecl* tag) {
  if (const CXXDestructorDecl* declared = tag->getDestructor()) return function(declared);
  std::string name = record(tag);
  std::string file = name.find('@') == std::string::npos ? "" : name.substr(name.rfind('@'));
  return name.substr(0, name.size() - file.size()) + "::~" + own_name(tag) + "()" + file;
}

QualType Symbols::plain(QualType type) const {
  for (int step = 0; step < 100; ++step) {
    if (const auto* alias = dyn_cast<TypedefType>(type.getTypePtr())) {
      const bool of_class_template = isa_and_nonnull<ClassTemplateSpecializationDecl>(type->getAsCXXRecordDecl());
      if (in_system(alias->getDecl()) && !of_class_template && !type->isPointerType() && !type->isReferenceType()) return type;
    }
    QualType next = type.getSingleStepDesugaredType(context_);
    if (next == type) return type;
    type = next;
  }
  return type.getCanonicalType();
}

std::string Symbols::type(QualType type) {
  type = plain(type).getUnqualifiedType();
  if (const auto* alias = dyn_cast<TypedefType>(type.getTypePtr())) {
    const TypedefNameDecl* declaration = alias->getDecl();
    return qualifier(declaration->getDeclContext()) + declaration->getNameAsString();
  }
  if (const TagDecl* tag = type->getAsTagDecl()) return record(tag);
  if (const auto* special = type->getAs<TemplateSpecializationType>())
    if (const TemplateDecl* declaration = special->getTemplateName().getAsTemplateDecl())
      return qualifier(declaration->getDeclContext()) + declaration->getNameAsString();
  return type.getAsString(policy_);
}

}  // namespace forklint::frontends::cpp
