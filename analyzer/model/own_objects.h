// Methods as they are written: which of them a place stands in, and what their own object is called there.
#pragma once

#include <optional>

#include "analyzer/model/program.h"

namespace forklint::model {

// The method of a class that, directly or through nested functions, holds a scope; none when there is none.
ScopeId enclosing_method(const File& file, ScopeId scope);
// Whether an event reads the first parameter of a method: self.
bool is_own_object(const File& file, EventId base, ScopeId method);
// The class method whose own code makes a write: cls.pool = Pool()
std::optional<ScopeId> writing_class_method(const File& file, EventId write);

}  // namespace forklint::model
