#include "analyzer/frontends/cpp/arguments.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <llvm/ADT/StringRef.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/Path.h>

namespace forklint::frontends::cpp {
namespace {

// Flags whose value may be the next argument.
constexpr std::string_view with_value[] = {"-I", "-D", "-U", "-include", "-imacros", "-isystem", "-iquote", "-idirafter", "-iprefix",
                                           "-iwithprefix", "-iwithprefixbefore", "-isysroot", "--sysroot", "-x", "-target", "-std", "-cxx-isystem"};
// Flags that are taken over as they stand.
constexpr std::string_view whole[] = {
    "-ansi", "-pthread", "-nostdinc", "-nostdinc++", "-nostdlibinc", "-trigraphs", "-undef", "-m32", "-m64", "-mx32", "-fexceptions", "-fno-exceptions", "-frtti", "-fno-rtti",
    "-fsigned-char", "-funsigned-char", "-fno-signed-char", "-fshort-enums", "-fshort-wchar", "-fms-extensions", "-fopenmp", "-fopenmp-simd", "-fpermissive", "-fcoroutines",
    "-fchar8_t", "-fno-char8_t", "-fblocks", "-ffreestanding", "-fno-builtin", "-fgnu89-inline", "-fPIC", "-fpic", "-fPIE", "-fpie", "-fgnu-keywords", "-fno-gnu-keywords",
    "-fsized-deallocation", "-faligned-new", "-fno-operator-names", "-fno-threadsafe-statics", "-fdollars-in-identifiers", "-fdeclspec", "-fno-asm", "-fpch-preprocess"};
// Flags that begin so, with their value.
constexpr std::string_view begins[] = {"-std=", "--std=", "--sysroot=", "--target=", "-stdlib=", "-march=", "-mcpu=", "-msse", "-mavx", "-ftemplate-depth=", "-fconstexpr-depth=", "-finput-charset="};

bool takes_next(std::string_view argument) { return std::ranges::count(with_value, argument) > 0; }

bool wanted(std::string_view argument) {
  if (std::ranges::count(whole, argument)) return true;
  if (std::ranges::any_of(begins, [&](std::string_view prefix) { return argument.starts_with(prefix); })) return true;
  // -Ifolder, -DNAME=1: joined values.
  return argument.size() > 2 && (argument.starts_with("-I") || argument.starts_with("-D") || argument.starts_with("-U")) ;
}

bool joined(std::string_view argument) {
  for (std::string_view flag : {"-isystem", "-iquote", "-idirafter", "-include", "-imacros", "-isysroot", "-x"})
    if (argument.size() > flag.size() && argument.starts_with(flag) && argument != "-include-pch" && !argument.starts_with("-isysroot=")) return true;
  return false;
}

bool is_wrapper(llvm::StringRef program) {
  for (llvm::StringRef name : {"ccache", "distcc", "sccache", "icecc", "gomacc", "buildcache"})
    if (llvm::sys::path::filename(program) == name) return true;
  return false;
}

bool names_cpp(llvm::StringRef file) {
  llvm::StringRef suffix = llvm::sys::path::extension(file);
  return suffix == ".cc" || suffix == ".cpp" || suffix == ".cxx" || suffix == ".c++" || suffix == ".C" || suffix == ".hh" || suffix == ".hpp" || suffix == ".hxx" || suffix == ".ipp" || suffix == ".tpp";
}

bool names_header(llvm::StringRef file) {
  llvm::StringRef suffix = llvm::sys::path::extension(file);
  return suffix == ".h" || suffix == ".hh" || suffix == ".hpp" || suffix == ".hxx" || suffix == ".ipp" || suffix == ".tpp" || suffix == ".inl" || suffix == ".inc";
}

std::string existing(llvm::Twine folder) {
  llvm::SmallString<256> path;
  folder.toVector(path);
  return llvm::sys::fs::exists(path + "/include/stddef.h") ? path.str().str() : std::string();
}

}  // namespace

std::vector<std::string> sanitised(const std::vector<std::string>& command, const std::string& file) {
  size_t at = 0;
  while (at + 1 < command.size() && is_wrapper(command[at]) && !command[at + 1].starts_with("-")) ++at;
  const llvm::StringRef compiler = at < command.size() ? llvm::sys::path::filename(command[at]) : llvm::StringRef();
  const bool cpp = compiler.contains("++") || compiler.starts_with("g++") || names_cpp(file);
  std::vector<std::string> result{cpp ? "clang++" : "clang"};
  bool language = false;
  for (size_t i = at + 1; i < command.size(); ++i) {
    const std::string& argument = command[i];
    if (argument == "--") break;
    if (takes_next(argument)) {
      if (i + 1 >= command.size()) break;
      if (argument == "-x" && command[i + 1] == "none") continue;
      language |= argument == "-x";
      result.push_back(argument == "-std" ? "-std=" + command[i + 1] : argument);
      if (argument != "-std") result.push_back(command[i + 1]);
      ++i;
    } else if (argument == "-include-pch" || argument == "-o" || argument == "-MF" || argument == "-MT" || argument == "-MQ" || argument == "-Xclang" || argument == "-mllvm" || argument == "-aux-info" ||
               argument == "-Xlinker" || argument == "-Xassembler" || argument == "-Xpreprocessor" || argument == "-wrapper" || argument == "-T" || argument == "-L" || argument == "-B" || argument == "-arch") {
      ++i;
    } else if (wanted(argument) || joined(argument)) {
      language |= argument.starts_with("-x");
      result.push_back(argument);
    }
  }
  if (!language && names_header(file)) result.insert(result.end(), {"-x", cpp ? "c++" : "c"});
  for (const char* own : {"-fsyntax-only", "-Wno-everything", "-Wno-implicit-function-declaration", "-Wno-implicit-int", "-Wno-int-conversion", "-Wno-incompatible-pointer-types",
                          "-Wno-incompatible-function-pointer-types", "-Wno-return-type", "-Wno-narrowing", "-Wno-reserved-user-defined-literal", "-ferror-limit=0", "-fno-spell-checking", "-Qunused-arguments", "-fno-caret-diagnostics"})
    result.push_back(own);
  return result;
}

std::string resource_folder() {
  const std::string program = llvm::sys::fs::getMainExecutable(nullptr, nullptr);
  const llvm::StringRef folder = llvm::sys::path::parent_path(program);
  for (const char* beside : {"/../lib/forklint/clang", "/../lib/clang/22", "/clang"})
    if (std::string found = existing(folder + beside); !found.empty()) return found;
#ifdef FORKLINT_CLANG_RESOURCES
  if (std::string found = existing(FORKLINT_CLANG_RESOURCES); !found.empty()) return found;
#endif
  std::string best;
  unsigned newest = 0;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator it("/usr/lib", error), end; it != end && !error; it.increment(error)) {
    llvm::StringRef name = llvm::sys::path::filename(it->path());
    unsigned version = 0;
    if (!name.consume_front("llvm-") || name.getAsInteger(10, version) || version <= newest) continue;
    if (std::string found = existing(it->path() + "/lib/clang/" + name); !found.empty()) best = found, newest = version;
  }
  return best;
}

}  // namespace forklint::frontends::cpp
