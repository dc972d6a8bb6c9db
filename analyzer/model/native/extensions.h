// What the modules written in C and C++ are to Python: the threads that importing one starts, and the types that it has.
// A plain value; what is not understood is not in it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/model/native/native.h"

namespace forklint::model::native {

// A type that a module gives to Python.
struct BoundType {
  std::string name;   // in the module
  Place place;        // where it is bound
  bool refused = false;  // pickle refuses its objects; false too where that is not known
  std::string_view symbol;                // of the class in C++; empty: a table of C
  std::vector<std::string_view> related;  // what else its binding names: bases, holders
};

struct ExtensionModule {
  std::string name;             // as it is imported, without packages
  std::string_view path;        // of the file that defines it
  FunctionId init = none;       // the function that Python calls
  std::vector<Place> thread;    // the shortest way from what an import runs to the start of a thread; empty: none is known
  bool sure = true;             // that way is certainly taken
  std::vector<BoundType> types; // each name once
};

// In the order of their files. Linear in the code that the imports run.
std::vector<ExtensionModule> extension_modules(const Native& native);

}  // namespace forklint::model::native
