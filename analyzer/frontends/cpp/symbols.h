// The names that declarations have in the facts, the same in every unit: see README.md, "Symbols". Everything is cached;
// one object for each unit.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <clang/AST/ASTContext.h>
#include <clang/AST/DeclCXX.h>
#include <clang/AST/DeclTemplate.h>
#include <clang/AST/PrettyPrinter.h>
#include <llvm/ADT/DenseMap.h>

#include "analyzer/frontends/cpp/places.h"

namespace forklint::frontends::cpp {

class Symbols {
 public:
  Symbols(const clang::ASTContext& context, Places& places);

  const std::string& function(const clang::FunctionDecl* function);
  // Not for variables that are local and automatic.
  const std::string& variable(const clang::VarDecl* variable);
  const std::string& field(const clang::FieldDecl* field);
  const std::string& record(const clang::TagDecl* tag);
  std::string destructor(const clang::CXXRecordDecl* record);
  // Of a type that is neither pointer, reference nor array.
  std::string type(clang::QualType type);
  // Without sugar down to what is worth a name: typedefs of the user are followed, those of system headers stay.
  clang::QualType plain(clang::QualType type) const;

 private:
  using Function = const clang::FunctionDecl*;
  std::string qualifier(const clang::DeclContext* context);
  std::string make_function(Function function, bool with_file);
  std::string parameters(Function function) const;
  std::string with_file(std::string name, const clang::NamedDecl* declaration);
  bool in_system(const clang::Decl* declaration) const;
  std::string own_name(const clang::NamedDecl* declaration) const;

  const clang::ASTContext& context_;
  Places& places_;
  clang::PrintingPolicy policy_;
  llvm::DenseMap<const clang::Decl*, std::string> names_;
};

// What an instantiation was made from; the function itself where it was not.
const clang::FunctionDecl* pattern_of(const clang::FunctionDecl* function);

// The one name of libc's variants of a function: open64 and __open_2 are open.
std::string_view libc_name(std::string_view name);

}  // namespace forklint::frontends::cpp
