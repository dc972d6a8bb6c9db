#include "analyzer/frontends/cpp/unit.h"

#include <clang/Basic/FileManager.h>
#include <clang/Driver/CreateInvocationFromArgs.h>
#include <clang/Frontend/CompilerInstance.h>
#include <clang/Frontend/CompilerInvocation.h>
#include <clang/Frontend/FrontendAction.h>
#include <clang/Frontend/MultiplexConsumer.h>
#include <clang/Lex/PreprocessorOptions.h>
#include <clang/Serialization/ASTWriter.h>
#include <llvm/Support/VirtualFileSystem.h>

#include "analyzer/frontends/cpp/absent_files.h"
#include "analyzer/frontends/cpp/arguments.h"
#include "analyzer/frontends/cpp/consumer.h"

namespace forklint::frontends::cpp {

struct Preamble {
  Command command;
  std::vector<std::string> reads, system_reads, absent;
  std::shared_ptr<clang::PCHBuffer> tree;  // what Clang knows behind it
};

void DeletePreamble::operator()(Preamble* preamble) const { delete preamble; }

namespace {

using namespace clang;
using llvm::MemoryBuffer;

constexpr const char* tree_path = "/forklint-preamble.pch";  // in memory alone

class Action : public ASTFrontendAction {
 public:
  Action(const Command& command, const Errors& errors, llvm::StringRef text, Unit& unit) : command_(command), errors_(errors), text_(text), unit_(unit) {}
  std::unique_ptr<ASTConsumer> CreateASTConsumer(CompilerInstance& compiler, llvm::StringRef) override {
    return std::make_unique<Consumer>(compiler, command_, errors_, text_, unit_);
  }
  // As if more came: what is left to the end, above all the instances of the library's function templates, is then not made.
  TranslationUnitKind getTranslationUnitKind() override { return TU_Prefix; }

 private:
  const Command& command_;
  const Errors& errors_;
  llvm::StringRef text_;
  Unit& unit_;
};

// Writes what Clang knows at the end to memory as well.
class PreambleAction : public Action {
 public:
  PreambleAction(const Command& command, const Errors& errors, Unit& unit, std::shared_ptr<PCHBuffer> tree) : Action(command, errors, {}, unit), tree_(std::move(tree)) {}
  std::unique_ptr<ASTConsumer> CreateASTConsumer(CompilerInstance& compiler, llvm::StringRef file) override {
    std::vector<std::unique_ptr<ASTConsumer>> both;
    both.push_back(Action::CreateASTConsumer(compiler, file));
    both.push_back(std::make_unique<PCHGenerator>(compiler.getPreprocessor(), compiler.getModuleCache(), tree_path, "", tree_, compiler.getCodeGenOpts(),
                                                  std::vector<std::shared_ptr<ModuleFileExtension>>()));
    return std::make_unique<MultiplexConsumer>(std::move(both));
  }
  bool BeginSourceFileAction(CompilerInstance& compiler) override {
    compiler.getLangOpts().CompilingPCH = true;
    return true;
  }
  bool hasASTFileSupport() const override { return false; }

 private:
  std::shared_ptr<PCHBuffer> tree_;
};

using Files = IntrusiveRefCntPtr<llvm::vfs::FileSystem>;

std::shared_ptr<CompilerInvocation> invocation_of(const Command& command, Files files, IntrusiveRefCntPtr<DiagnosticsEngine> diagnostics) {
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

// The disk, and before it what is only in memory.
Files files_with(const Command& command, const Preamble* kept) {
  Files disk(llvm::vfs::createPhysicalFileSystem().release());
  const Command* preamble = command.prepares ? &command : kept ? &kept->command : nullptr;
  if (!preamble) return disk;
  auto memory = llvm::makeIntrusiveRefCnt<llvm::vfs::InMemoryFileSystem>();
  memory->addFileNoOwn(preamble->file, 0, llvm::MemoryBufferRef(preamble->preamble, preamble->file));
  if (kept) memory->addFileNoOwn(tree_path, 0, llvm::MemoryBufferRef({kept->tree->Data.data(), kept->tree->Data.size()}, tree_path));
  auto both = llvm::makeIntrusiveRefCnt<llvm::vfs::OverlayFileSystem>(disk);
  both->pushOverlay(memory);
  return both;
}

// The file with blanks where the preamble stands for it; none when it is not as it was when that was said.
std::unique_ptr<MemoryBuffer> without(const std::vector<Stretch>& covered, llvm::StringRef text) {
  auto result = llvm::WritableMemoryBuffer::getNewUninitMemBuffer(text.size());
  llvm::copy(text, result->getBufferStart());
  const size_t mark = text.starts_with("\xef\xbb\xbf") ? 3 : 0;
  for (const Stretch& it : covered) {
    if (it.begin >= it.end || mark + it.end > result->getBufferSize() || result->getBufferStart()[mark + it.begin] != '#') return nullptr;
    for (char& c : llvm::MutableArrayRef(result->getBufferStart() + mark + it.begin, it.end - it.begin))
      if (c != '\n') c = ' ';
  }
  return result;
}

// One run of Clang. With `made`, of a preamble.
Unit run(const Command& command, const Preamble* kept, std::shared_ptr<PCHBuffer> made) {
  Unit unit;
  Files files = files_with(command, kept);
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
  std::unique_ptr<MemoryBuffer> whole;
  if (kept) {
    if (auto read = files->getBufferForFile(command.file)) whole = std::move(*read);
    auto rest = whole ? without(command.covered, whole->getBuffer()) : nullptr;
    if (!rest) {
      unit.failure = "the file has changed";
      return unit;
    }
    PreprocessorOptions& preprocessor = invocation->getPreprocessorOpts();
    preprocessor.ImplicitPCHInclude = tree_path;
    preprocessor.DisablePCHOrModuleValidation = DisableValidationForModuleKind::PCH;
    preprocessor.addRemappedFile(command.file, rest.release());
  }
  CompilerInstance compiler(invocation);
  auto looked = llvm::makeIntrusiveRefCnt<AbsentFiles>(files);
  compiler.setVirtualFileSystem(looked);
  compiler.createDiagnostics(&errors, false);
  compiler.getDiagnostics().setFatalsAsError(true);
  compiler.createFileManager();
  compiler.createSourceManager();
  if (made) {
    PreambleAction action(command, errors, unit, made);
    compiler.ExecuteAction(action);
  } else {
    Action action(command, errors, whole ? whole->getBuffer() : llvm::StringRef(), unit);
    compiler.ExecuteAction(action);
  }
  unit.errors = errors.count;
  unit.first_error = errors.first;
  unit.missing_header = errors.missing_header;
  unit.absent.assign(looked->seen().begin(), looked->seen().end());
  return unit;
}

}  // namespace

Unit prepare(const Command& command, PreamblePtr& kept) {
  kept.reset();
  auto tree = std::make_shared<PCHBuffer>();
  Unit unit = run(command, nullptr, tree);
  if (!unit.failure.empty() || unit.errors > 0 || !tree->IsComplete) {
    if (unit.failure.empty()) unit.failure = unit.errors > 0 ? unit.first_error : "it cannot be kept";
    return unit;
  }
  std::erase_if(unit.reads, [&](const std::string& path) { return llvm::StringRef(command.file).ends_with(path); });
  kept = PreamblePtr(new Preamble{command, unit.reads, unit.system_reads, unit.absent, std::move(tree)});
  return unit;
}

Unit analyse(const Command& command, const Preamble* kept) {
  if (command.preamble.empty() || !kept || kept->command.preamble != command.preamble) return run(command, nullptr, nullptr);
  Unit unit = run(command, kept, nullptr);
  if (!unit.failure.empty() || unit.errors > 0) return run(command, nullptr, nullptr);
  unit.reads.insert(unit.reads.end(), kept->reads.begin(), kept->reads.end());
  unit.system_reads.insert(unit.system_reads.end(), kept->system_reads.begin(), kept->system_reads.end());
  unit.absent.insert(unit.absent.end(), kept->absent.begin(), kept->absent.end());
  unit.preamble = to_bytes(kept->command);
  return unit;
}

}  // namespace forklint::frontends::cpp
