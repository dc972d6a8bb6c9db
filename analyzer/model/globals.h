// What a fresh child does not have although its code reads it: variables of modules and attributes of classes and
// module-level objects that the parent set or changed after import.
#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "analyzer/model/model.h"

namespace forklint::model {

// Where code of a child reads something: a step of one of the launch's workers.
struct ChildRead {
  size_t worker = 0;
  uint32_t step = none;
  Site site;
};

struct LostGlobal {
  Site write;               // the last one before the launch
  Condition condition;      // under which it is written
  uint32_t step = none;     // of the launching trace; none for an attribute of an instance
  std::string name;         // as a reader would write it: FACTOR, Client.retries
  bool import = false;      // what is bound there is an import
  bool in_place = false;    // the object is the same, what it holds is not
  bool undefined = false;   // importing binds no such name
  bool patch = false;       // a function or class is replaced in its module or class
  bool none_after_import = false;  // importing leaves None there
  bool empty_dict_after_import = false, empty_list_after_import = false;  // or an empty display
  Site use;                 // the read, or what is done with it at once: .attribute, [key], a call
  ChildRead read;
};

// One for each variable. Rules ask Model::lost_globals, which remembers them.
std::vector<LostGlobal> find_lost_globals(const Model& model, size_t launch);

// Variables that workers of a launch read without having set them themselves.
struct InheritedRead {
  FileId file = none;
  NameId name = none;                 // of a module's variable
  ValueId owner = unknown_value;      // or the class or module-level object whose attribute it is
  std::string attribute;
  ChildRead read;
  bool changed = false;               // a worker changes what it holds: a memo, an account of its own
};
std::vector<InheritedRead> inherited_reads(const Model& model, size_t launch);

// What the variable holds in a fresh child after import.
Values after_import(const Model& model, const InheritedRead& read);

// The files whose bodies run in a fresh child of a launch: those of what it is sent, and what they import. One pass over their events.
std::unordered_set<FileId> child_files(const Model& model, size_t launch);

// Whether a binding or import of a module's own scope runs on every import.
bool on_import(const File& file, EventId event, Evaluator& evaluator, FileId file_id);
// Whether a child that imports the program ends at an event of its body by an exception: assert __name__ == "__main__", or the
// read of a name that only what stands under the guard binds.
bool ends_child(Evaluator& evaluator, FileId program, EventId event);
// from module import VARIABLE: a name of its own, which no later binding in that module changes, whatever the method.
bool is_copied(const Model& model, Site read, FileId variable);
// The event that takes a value as its first operand: .attribute, [key], a call; none when nothing near does.
EventId use_of(const File& file, EventId value);

}  // namespace forklint::model
