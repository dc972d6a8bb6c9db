#include "analyzer/frontends/cpp/consumer.h"

#include <clang/Basic/DiagnosticLex.h>
#include <clang/Basic/FileManager.h>
#include <clang/Sema/Scope.h>
#include <clang/Sema/Sema.h>

#include "analyzer/frontends/cpp/comments.h"

namespace forklint::frontends::cpp {

using namespace clang;

namespace {

constexpr size_t most_messages = 200;
constexpr size_t most_problems = 20;  // of one file
constexpr size_t most_instances = 20'000;

}  // namespace

void Errors::HandleDiagnostic(DiagnosticsEngine::Level level, const Diagnostic& info) {
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

Consumer::Consumer(CompilerInstance& compiler, const Command& command, const Errors& errors, llvm::StringRef text, Unit& unit)
    : compiler_(compiler), places_(compiler.getSourceManager(), compiler.getLangOpts(), command.root), errors_(errors), text_(text), unit_(unit) {}

bool Consumer::HandleTopLevelDecl(DeclGroupRef group) {
  for (const Decl* declaration : group) {
    const auto* function = dyn_cast<FunctionDecl>(declaration);
    if (!function || !function->isTemplateInstantiation()) declarations_.push_back(declaration);  // the template is there
  }
  return true;
}

// Instances of the user's function templates. Those of the library's are most of the work at the end of a unit, and are not looked at.
void Consumer::instantiate() {
  Sema& sema = compiler_.getSema();
  std::deque<Sema::PendingImplicitInstantiation> left;
  for (size_t made = 0; !sema.PendingInstantiations.empty();) {
    const Sema::PendingImplicitInstantiation next = sema.PendingInstantiations.front();
    sema.PendingInstantiations.pop_front();
    auto* function = dyn_cast<FunctionDecl>(next.first);
    if (function && !places_.in_system(function->getLocation()) && made++ < most_instances) sema.InstantiateFunctionDefinition(next.second, function, false, false, true);
    else left.push_back(next);
  }
  sema.PendingInstantiations = std::move(left);
}

void Consumer::HandleTranslationUnit(ASTContext& context) {
  Sema& sema = compiler_.getSema();
  // The parser's own is gone, and what instances bring with them may be declared in it: a builtin memcpy() for an assignment of arrays.
  Scope global(nullptr, Scope::DeclScope, compiler_.getDiagnostics());
  global.setEntity(context.getTranslationUnitDecl());
  sema.TUScope = &global;
  instantiate();
  Lowering lowering(sema, places_);
  for (const Decl* declaration : declarations_) lowering.top_level(declaration);
  for (UnitFile& file : lowering.finish()) {
    add_text(file);
    unit_.files.push_back({std::move(file.path), std::move(file.facts)});
  }
  note_files();
  sema.TUScope = nullptr;
}

// What the text says beside the code: comments, and errors of the parser.
void Consumer::add_text(UnitFile& file) {
  const SourceManager& sources = compiler_.getSourceManager();
  llvm::StringRef text = file.id == sources.getMainFileID() && !text_.empty() ? text_ : sources.getBufferData(file.id);
  if (text.starts_with("\xef\xbb\xbf")) text = text.drop_front(3);
  file.facts.comments = suppression_comments({text.data(), text.size()});
  const FileEntry* entry = places_.file_of(sources.getLocForStartOfFile(file.id));
  for (const auto& [where, message] : errors_.messages)
    if (places_.file_of(where) == entry && file.facts.problems.size() < most_problems) file.facts.problems.push_back({places_.token(entry, where), message});
}

void Consumer::note_files() {
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

}  // namespace forklint::frontends::cpp
