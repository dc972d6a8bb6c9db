// What the language's own builtins do with what they are given. Their meaning is the evaluator's business, as that of
// operators is: a row of the knowledge base says what an API does, and these do nothing but make values.
#pragma once

#include <cstdint>
#include <string_view>

namespace forklint::model {

enum class BuiltinTrait : uint8_t {
  takes_all = 1,       // reads its argument to the end
  same_elements = 2,   // iterating its result gives the elements of its first argument; of filter, the second
  keeps_elements = 4,  // a container: its result holds what iterating the argument gives
  same_length = 8,     // its result has as many elements as its argument
  scalar = 16,         // its result is small, whatever its argument
  sequence = 32,       // its result is as large as its argument, or as the number that it is given
};

// By qualified name: "builtins.list". O(log n); false for anything that is no builtin.
bool builtin_has(std::string_view qualified_name, BuiltinTrait trait);

}  // namespace forklint::model
