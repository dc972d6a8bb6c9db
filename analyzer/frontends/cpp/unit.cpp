#include "analyzer/frontends/cpp/unit.h"

#include <clang/AST/ASTConsumer.h>
#include <clang/Basic/DiagnosticLex.h>
#include <clang/Basic/FileManager.h>
#include <clang/Driver/CreateInvocationFromArgs.h>
#include <clang/Frontend/CompilerInstance.h>
#include <clang/Frontend/CompilerInvocation.h>
#include <clang/Frontend/FrontendAction.h>
#include <clang/Lex/PreprocessorOptions.h>
#include <llvm/Support/VirtualFileSystem.h>

#include "analyzer/frontends/cpp/arguments.h"
#include "analyzer/frontends/cpp/comments.h"
#include "analyzer/frontends/cpp/lowering.h"

namespace forklint::frontends::cpp {
namespace {

using namespace clang;

constexpr size_t most_messages = 200;

// Counts errors, and keeps the first ones with their places.
class Errors : public DiagnosticConsumer {
 public:
  void HandleDiagnostic(DiagnosticsEngine::Level level, const Diagnostic& info) override {
    DiagnosticConsumer::HandleDiagnostic(level, info);
    if (level < DiagnosticsEngine::Error) return;
    ++count;
    if (info.getID() == diag::err_pp_file_not_found && missing_header.empty()) missing_header = info.getArgStdStr(0);
    if (messages.size() >= most_messages && !(info.getID() == diag::err_pp_file_not_found)) return;
    llvm::SmallString<128> text;
    info.FormatDiagnostic(text);
    if (first.empty()) first = text.str().str();
    messages.emplace_back(info.getLocation(), text.str().str());
  }

  unsigned count = 0;
  std::string missing_header, first;
  std::vector<std::pair<SourceLocation, std::string>> messages;
};

class Consumer : public ASTConsumer {
 public:
  Consumer(CompilerInstance& compiler, const Command& command, const Errors& errors, Unit& unit)
      : compiler_(compiler), places_(compiler.getSourceManager(), compiler.getLangOpts(), command.root), errors_(errors), unit_(unit) {}

  bool HandleTopLevelDecl(DeclGroupRef group) override {
    for (const Decl* declaration : group) {
      const auto* function = dyn_cast<FunctionDecl>(declaration);
      if (!function || !function->isTemplateInstantiation()) declarations_.push_back(declaration);  // the template is there
    }
    return true;
  }

  // What functions of system headers do is data.
  bool shouldSkipFunctionBody(Decl* declaration) override { return places_.in_system(declaration->getLocation()); }

  void HandleTranslationUnit(ASTContext& context) override {
    Lowering lowering(context, places_);
    for (const Decl* declaration : declarations_) lowering.top_level(declaration);
    for (UnitFile& file : lowering.finish()) {
      add_text(file);
      unit_.files.push_back({std::move(file.path), std::move(file.facts)});
    }
    note_files();
  }

 private:
  // What the text says beside the code: comments, and errors of the parser.
  void add_text(UnitFile& file) {
    const SourceManager& sources = compiler_.getSourceManager();
    llvm::StringRef text = sources.getBufferData(file.id);
    if (text.starts_with("\xef\xbb\xbf")) text = text.drop_front(3);
    file.facts.comments = suppression_comments({text.data(), text.size()});
    const FileEntry* entry = places_.file_of(sources.getLocForStartOfFile(file.id));
    for (const auto& [where, message] : errors_.messages)
      if (places_.file_of(where) == entry && file.facts.problems.size() < 20) file.facts.problems.push_back({places_.token(entry, where), message});
  }

  void note_files() {
    const SourceManager& sources = compiler_.getSourceManager();
    for (unsigned i = 1; i < sources.local_sloc_entry_size(); ++i) {
      const SrcMgr::SLocEntry& entry = sources.getLocalSLocEntry(i);
      if (!entry.isFile()) continue;
      OptionalFileEntryRef file = entry.getFile().getContentCache().OrigEntry;
      if (!file) continue;
      if (!SrcMgr::isSystem(entry.getFile().getFileCharacteristic())) {
        unit_.reads.push_back(places_.path_of(&file->getFileEntry(), file->getName()));
        continue;
      }
      llvm::SmallString<256> path(file->getName());
      sources.getFileManager().makeAbsolutePath(path);
      unit_.system_reads.emplace_back(path.str());
    }
    for (auto* paths : {&unit_.reads, &unit_.system_reads}) {
      std::ranges::sort(*paths);
      const auto rest = std::ranges::unique(*paths);
      paths->erase(rest.begin(), rest.end());
    }
  }

  CompilerInstance& compiler_;
  Places places_;
  const Errors& errors_;
  Unit& unit_;
  std::vector<const Decl*> declarations_;
};

class Action : public ASTFrontendAction {
 public:
  Action(const Command& command, const Errors& errors, Unit& unit) : command_(command), errors_(errors), unit_(unit) {}
  std::unique_ptr<ASTConsumer> CreateASTConsumer(CompilerInstance& compiler, llvm::StringRef) override {
    return std::make_unique<Consumer>(compiler, command_, errors_, unit_);
  }

 private:
  const Command& command_;
  const Errors& errors_;
  Unit& unit_;
};

std::shared_ptr<CompilerInvocation> invocation_of(const Command& command, IntrusiveRefCntPtr<llvm::vfs::FileSystem> files, IntrusiveRefCntPtr<DiagnosticsEngine> diagnostics) {
  std::vector<std::string> arguments = sanitised(command.arguments, command.file);
  static const std::string resources = resource_folder();
  if (!resources.empty()) arguments.insert(arguments.end(), {"-resource-dir", resources});
  arguments.insert(arguments.end(), {"--", command.file});
  std::vector<const char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(argument.c_str());
  CreateInvocationOptions options;
  options.Diags = diagnostics;
  options.VFS = files;
  options.RecoverOnError = true;
  std::shared_ptr<CompilerInvocation> invocation = createInvocation(pointers, options);
  if (!invocation) return nullptr;
  FrontendOptions& frontend = invocation->getFrontendOpts();
  frontend.DisableFree = false;
  frontend.SkipFunctionBodies = true;
  frontend.ProgramAction = frontend::ParseSyntaxOnly;
  frontend.Plugins.clear();
  frontend.AddPluginActions.clear();
  invocation->getFileSystemOpts().WorkingDir = command.directory;
  invocation->getDependencyOutputOpts() = DependencyOutputOptions();
  invocation->getPreprocessorOpts().ImplicitPCHInclude.clear();
  invocation->getLangOpts().CommentOpts.ParseAllComments = false;
  invocation->getLangOpts().RetainCommentsFromSystemHeaders = false;
  invocation->getDiagnosticOpts().DiagnosticSerializationFile.clear();
  return invocation;
}

}  // namespace

Unit analyse(const Command& command) {
  Unit unit;
  IntrusiveRefCntPtr<llvm::vfs::FileSystem> files(llvm::vfs::createPhysicalFileSystem().release());
  if (files->setCurrentWorkingDirectory(command.directory)) {
    unit.failure = "the folder " + command.directory + " is not there";
    return unit;
  }
  if (auto status = files->status(command.file); !status || !status->isRegularFile()) {
    unit.failure = "the file is not there";
    return unit;
  }
  Errors errors;
  DiagnosticOptions quiet;
  auto early = CompilerInstance::createDiagnostics(*files, quiet, &errors, false);
  std::shared_ptr<CompilerInvocation> invocation = invocation_of(command, files, early);
  if (!invocation) {
    unit.failure = errors.first.empty() ? "its compile command is not understood" : errors.first;
    return unit;
  }
  CompilerInstance compiler(invocation);
  compiler.setVirtualFileSystem(files);
  compiler.createDiagnostics(&errors, false);
  compiler.getDiagnostics().setFatalsAsError(true);
  compiler.createFileManager();
  compiler.createSourceManager();
  Action action(command, errors, unit);
  compiler.ExecuteAction(action);
  unit.errors = errors.count;
  unit.first_error = errors.first;
  unit.missing_header = errors.missing_header;
  return unit;
}

}  // namespace forklint::frontends::cpp
