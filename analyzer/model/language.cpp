#include "analyzer/model/language.h"

#include <algorithm>
#include <array>

namespace forklint::model {
namespace {

struct Builtin {
  std::string_view name;
  unsigned traits;
};

constexpr unsigned operator|(BuiltinTrait a, BuiltinTrait b) { return unsigned(a) | unsigned(b); }
constexpr unsigned operator|(unsigned a, BuiltinTrait b) { return a | unsigned(b); }

using enum BuiltinTrait;

constexpr unsigned one(BuiltinTrait trait) { return unsigned(trait); }
constexpr unsigned container = takes_all | same_elements | keeps_elements | same_length | sequence;

constexpr std::array builtins = std::to_array<Builtin>({
    {"abs", one(scalar)},
    {"all", takes_all | scalar},
    {"any", takes_all | scalar},
    {"bool", one(scalar)},
    {"bytearray", one(sequence)},
    {"bytes", one(sequence)},
    {"chr", one(scalar)},
    {"dict", takes_all | keeps_elements | sequence},
    {"enumerate", one(same_length)},
    {"filter", one(same_elements)},
    {"float", one(scalar)},
    {"frozenset", one(takes_all)},
    {"hash", one(scalar)},
    {"id", one(scalar)},
    {"int", one(scalar)},
    {"iter", one(same_elements)},
    {"len", one(scalar)},
    {"list", container},
    {"max", one(takes_all)},
    {"min", one(takes_all)},
    {"ord", one(scalar)},
    {"pow", one(scalar)},
    {"range", one(scalar)},
    {"repr", one(scalar)},
    {"reversed", same_elements | same_length},
    {"round", one(scalar)},
    {"set", container},
    {"sorted", takes_all | same_elements | same_length | sequence},
    {"str", one(scalar)},
    {"sum", takes_all | scalar},
    {"tuple", container},
});
static_assert(std::ranges::is_sorted(builtins, {}, &Builtin::name));

}  // namespace

bool builtin_has(std::string_view name, BuiltinTrait trait) {
  constexpr std::string_view module = "builtins.";
  if (!name.starts_with(module)) return false;
  name.remove_prefix(module.size());
  auto found = std::ranges::lower_bound(builtins, name, {}, &Builtin::name);
  return found != builtins.end() && found->name == name && (found->traits & unsigned(trait));
}

}  // namespace forklint::model
