// What a name, attribute, parameter or result may hold: a small set of abstract values, by allocation site.
#pragma once

#include <llvm/ADT/SmallVector.h>

#include <cstdint>

#include "analyzer/model/program.h"

namespace forklint::model {

using ValueId = uint32_t;
using FrameId = uint32_t;
using SymbolId = uint32_t;

inline constexpr ValueId unknown_value = 0;
inline constexpr FrameId any_frame = 0;  // "some call": parameters are not known

enum class ValueKind : uint8_t {
  unknown,
  constant,   // index: the Op of the literal; symbol: its text
  external,   // symbol: qualified name of something outside the program
  object,     // made by an external call: symbol is its type; site and frame are the call; base: the receiver it was made from
  module,     // file
  function,   // file, index = scope; frame = the frame of its definition
  class_,     // file, index = scope; frame = the frame of its definition
  instance,   // base: its class; site and frame are the call (no event: some instance); symbol: the name of a member of an enumeration
  bound,      // a method of the program: base = receiver; file, index, frame as function
  method,     // a method of an external type: base = receiver; symbol = TYPE.method
  container,  // a display or comprehension: site and frame
  generator,  // file, index = scope of the generator function; frame = its frame
  coroutine,  // the same for async functions
  parameter,  // file, index = parameter; frame
  packed,     // *args or **kwargs of a frame: file, index = parameter; frame
  super_,     // base: the receiver; file, index = scope of the class whose bases are asked
};

struct Value {
  ValueKind kind = ValueKind::unknown;
  FileId file = none;
  uint32_t index = none;  // event, scope or parameter: see above
  FrameId frame = any_frame;
  SymbolId symbol = 0;
  ValueId base = unknown_value;
  friend bool operator==(const Value&, const Value&) = default;

  Site site() const { return {file, index}; }
};

// At most `most_values` of them; unknown_value among them says that it may be something else too.
using Values = llvm::SmallVector<ValueId, 2>;
inline constexpr size_t most_values = 8;

// What an event yields in one activation of its scope.
struct Expression {
  Site site;
  FrameId frame = any_frame;
};

// One argument of a call, evaluated where it is written.
struct ArgumentRef {
  Site site;          // the event of the value; event none: `value` says it
  FrameId frame = any_frame;
  SymbolId keyword = 0;  // 0: positional
  bool star = false;         // *value
  bool double_star = false;  // **value
  ValueId value = unknown_value;
};

// One activation of a scope: who called it with what. Frames are interned; chains are cut at a fixed depth.
struct Frame {
  FileId file = none;
  ScopeId scope = none;
  FrameId closure = any_frame;  // the frame of the enclosing scope
  FrameId caller = any_frame;
  Site call;                    // in the caller
  ValueId receiver = unknown_value;
  bool arguments_known = false;
  uint16_t depth = 0;
  llvm::SmallVector<ArgumentRef, 4> arguments;
};

}  // namespace forklint::model
