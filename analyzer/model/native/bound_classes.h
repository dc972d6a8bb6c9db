// Classes of C++ that a function binds to Python by a binding library: an object that stands for the class, and calls of
// its methods, one for each thing that the class has in Python.
#pragma once

#include "analyzer/model/native/extensions.h"

namespace forklint::model::native {

// Whether a type with a method of this name says how its objects are pickled.
bool is_pickle_method(std::string_view name);

// Those of the module itself, not of other classes or of submodules. Linear in the function for each class.
std::vector<BoundType> bound_classes(const Program& program, FunctionId function);

}  // namespace forklint::model::native
