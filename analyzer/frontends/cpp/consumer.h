// What Clang calls while it reads a unit.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <clang/AST/ASTConsumer.h>
#include <clang/Frontend/CompilerInstance.h>

#include "analyzer/frontends/cpp/lowering.h"
#include "analyzer/frontends/cpp/places.h"
#include "analyzer/frontends/cpp/protocol.h"

namespace forklint::frontends::cpp {

// Counts errors, and keeps the first ones with their places.
class Errors : public clang::DiagnosticConsumer {
 public:
  void HandleDiagnostic(clang::DiagnosticsEngine::Level level, const clang::Diagnostic& info) override;

  unsigned count = 0;
  std::string missing_header, first;
  std::vector<std::pair<clang::SourceLocation, std::string>> messages;
};

// Lowers what a unit declares to `unit`, and notes the files that it is made of.
class Consumer : public clang::ASTConsumer {
 public:
  // `text`: the main file's, where Clang was given something else; it must stay.
  Consumer(clang::CompilerInstance& compiler, const Command& command, const Errors& errors, llvm::StringRef text, Unit& unit);

  bool HandleTopLevelDecl(clang::DeclGroupRef group) override;
  // Of a preamble that was parsed before.
  void HandleInterestingDecl(clang::DeclGroupRef) override {}
  // What functions of system headers do is data.
  bool shouldSkipFunctionBody(clang::Decl* declaration) override { return places_.in_system(declaration->getLocation()); }
  void HandleTranslationUnit(clang::ASTContext& context) override;

 private:
  void instantiate();
  void add_text(UnitFile& file);
  void note_files();

  clang::CompilerInstance& compiler_;
  Places places_;
  const Errors& errors_;
  llvm::StringRef text_;
  Unit& unit_;
  std::vector<const clang::Decl*> declarations_;
};

}  // namespace forklint::frontends::cpp
