// Whose memory an expression means: a variable of this function or of one around it, a global one, an object's, what a parameter refers to.
// Pointers and references are followed to where they get their value. Where that is not seen nothing is guessed: what is behind a
// pointer may be memory that processes share.
#pragma once

#include "analyzer/model/native/program.h"

namespace forklint::model::native {

struct Origin {
  enum class Kind : uint8_t { unknown, variable, parameter, object };
  Kind kind = Kind::unknown;
  FunctionId function = none;  // whose variable or parameter it is; none: a global variable
  std::string key;             // of a variable as in Object; of an object its field: "net::Server::jobs_"
  std::string_view name;       // for messages
  uint32_t parameter = none;   // its position
  uint32_t behind = 0;         // behind how many pointers of that parameter; 0: it is a reference
  bool known() const { return kind != Kind::unknown; }
  friend bool operator==(const Origin&, const Origin&) = default;
};

// Of a variable, field or element that is read or changed; `behind` as many pointers as said.
Origin origin(const Program& program, FunctionId function, EventId place, uint32_t behind = 0);
// Of the object that a field or method is taken of, be it given as an object or as a pointer to one.
Origin origin_of_object(const Program& program, FunctionId function, EventId object);
// Whether an argument means a thing itself and not a copy, wherever it is handed on: std::ref(x).
bool is_reference(const Program& program, FunctionId function, EventId argument);
// The class of a method: "std::vector" of "std::vector::at(size_type)".
std::string_view class_of(std::string_view method);

}  // namespace forklint::model::native
