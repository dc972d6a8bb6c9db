// All facts linked: files, the modules they are, and who imports whom. Built once, then read-only.
#pragma once

#include <llvm/ADT/SmallVector.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analyzer/facts/facts.h"
#include "analyzer/knowledge/knowledge.h"

namespace forklint::model::native {
class Native;            // native/native.h
struct ExtensionModule;  // native/extensions.h
struct BoundType;
}  // namespace forklint::model::native

namespace forklint::model {

using facts::EventId;
using facts::NameId;
using facts::none;
using facts::Op;
using facts::RegionId;
using facts::ScopeId;
using facts::Site;
using facts::Span;

using FileId = uint32_t;

// What happens to one name in one scope, in order.
struct Bindings {
  std::vector<EventId> events;  // bind, bind_module, augment, declare …
};

struct ScopeIndex {
  std::unordered_map<NameId, Bindings> names;
  std::unordered_map<NameId, Op> declared;   // global and nonlocal
  std::vector<EventId> star_imports;
  std::vector<EventId> returns;
  std::vector<EventId> yields;
  std::vector<ScopeId> children;
};

// An in-place change: x.append(v), x[k] = v, x.attribute = v, where x is a name or self.name.
struct Change {
  EventId event;
  EventId base;    // the event that yields what is changed
  NameId name;     // the name or attribute that holds it
  EventId value;   // what is put in; none when nothing is (clear, pop)
};

struct File {
  std::string path;
  std::string module;       // dotted; "" when the path gives no name
  bool package = false;     // __init__.py
  bool walked = true;       // an entry of its own
  std::vector<uint8_t> launching;  // by scope: 1 where a launch may stand, 2 for what may call that …, 0: neither; empty: nothing is known
  std::string packaged_by;  // what makes an executable of it: main.spec
  facts::FileFacts facts;

  // Indexes over the facts.
  std::vector<ScopeId> scope_of_event;
  std::vector<ScopeIndex> scopes;
  std::unordered_map<NameId, std::vector<Change>> changes;              // by the name that holds the changed object
  std::unordered_map<NameId, std::vector<EventId>> attribute_writes;    // set_attribute events by attribute name
  std::unordered_map<NameId, std::vector<ScopeId>> global_writers;      // scopes that declare the name global and bind it
  std::unordered_map<EventId, EventId> decorated_by;                    // what is decorated, and the decorate event
  std::vector<bool> same_everywhere;  // by event: its value is the same in every frame, as that of constants, globals, and what is made of them without a call

  const facts::Event& event(EventId id) const { return facts.events[id]; }
  std::string_view name(NameId id) const { return facts.name(id); }
  std::string_view name_of(EventId id) const { return facts.name(facts.events[id].name); }
  EventId operand(EventId id, uint32_t i) const {
    const facts::Event& it = facts.events[id];
    return i < it.operands_count ? facts.operands[it.operands_begin + i].value : none;
  }
  ScopeId scope_of(EventId id) const { return scope_of_event[id]; }
  // The decorate events of a function or class, the lowest decorator first.
  llvm::SmallVector<EventId, 2> decorations(ScopeId scope) const;
  NameId find_name(std::string_view text) const;
  bool has_name(ScopeId scope, NameId name) const;
  // The scope whose variable a name read in `scope` means; none for builtins.
  ScopeId binding_scope(ScopeId scope, NameId name) const;

 private:
  friend class Program;
  void index();
  void index_names();
  void index_constants();
  size_t slot_of(std::string_view text) const;

  std::vector<NameId> slots_;  // names by the hash of their text; a power of two of them
};

// The value that an assignment shortly before a read of an item has put there: `x[k] = value`, and then `x[k]`. none: not
// known to be the last one.
EventId just_stored(const File& file, EventId read);

struct ParsedFile {
  std::string path;
  facts::FileFacts facts;
  bool walked = true;       // false: nothing in it can launch, it is there for those that import it
  std::vector<uint8_t> launching;  // by scope, see File
  std::string packaged_by;  // what makes an executable of it; empty: nothing known
};

class Program {
 public:
  // On up to `jobs` threads (0: one per processor).
  Program(std::vector<ParsedFile> files, const knowledge::Knowledge& knowledge, unsigned jobs = 0);
  ~Program();
  Program(const Program&) = delete;

  const std::vector<File>& files() const { return files_; }
  const File& file(FileId id) const { return files_[id]; }
  // Those in Python; the others are linked in native().
  const std::vector<FileId>& python_files() const { return python_files_; }
  // With a row for each thing that a module in C or C++ gives to Python.
  const knowledge::Knowledge& knowledge() const { return knowledge_; }

  // The files in C and C++, linked; empty where there are none.
  const native::Native& native() const { return *native_; }
  // What an absolute dotted name means when imported from `from` and a file in C or C++ defines it: the name of its rows.
  // Empty: no such module, or several that may be meant.
  std::string_view find_extension(std::string_view module, FileId from) const;
  const std::vector<native::ExtensionModule>& extensions() const { return extensions_; }
  // By the name of its rows; null when it is none.
  const native::ExtensionModule* extension(std::string_view name) const;
  const native::BoundType* extension_type(std::string_view name) const;

  // The file that an absolute dotted module name means when imported from `from`; none when it is not ours.
  FileId find_module(std::string_view module, FileId from) const;
  // The dotted name that a relative import of `level` dots and `module` means in `from`; empty when it leaves the root.
  std::string absolute(FileId from, uint32_t level, std::string_view module) const;
  // A module below a package file: pkg/__init__.py and "sub".
  FileId submodule(FileId package, std::string_view name) const;

 private:
  std::vector<File> files_;
  std::vector<FileId> python_files_;
  void link_extensions(const knowledge::Knowledge& knowledge);

  knowledge::Knowledge knowledge_;
  std::unordered_map<std::string, std::vector<FileId>> by_suffix_;  // "pkg.mod" -> files whose path ends so
  std::unordered_map<std::string, FileId> by_path_;
  std::unique_ptr<native::Native> native_;
  std::vector<native::ExtensionModule> extensions_;
  std::vector<std::string> extension_names_;  // of their rows
};

}  // namespace forklint::model
