#include "analyzer/frontends/python/symbols.h"

#include <string_view>
#include <unordered_map>
#include <utility>

#include "analyzer/frontends/python/grammar.h"

namespace forklint::frontends::python {

Symbols::Symbols() {
  const TSLanguage* language = tree_sitter_python();
  const std::unordered_map<std::string_view, Kind> kind_names = {
#define KIND(name) {#name, Kind::name##_},
#include "analyzer/frontends/python/node_kinds.def"
  };
  symbols_.resize(ts_language_symbol_count(language));
  for (TSSymbol number = 0; number < symbols_.size(); ++number) {
    Symbol& symbol = symbols_[number];
    const std::string_view name = ts_language_symbol_name(language, number);
    symbol.named = ts_language_symbol_type(language, number) == TSSymbolTypeRegular;
    symbol.async = !symbol.named && name == "async";
    if (auto it = kind_names.find(name); symbol.named && it != kind_names.end()) symbol.kind = it->second;
  }
  static constexpr std::pair<std::string_view, Field> field_names[] = {
      {"alias", Field::alias}, {"alternative", Field::alternative}, {"argument", Field::argument}, {"arguments", Field::arguments},
      {"attribute", Field::attribute}, {"body", Field::body}, {"cause", Field::cause}, {"condition", Field::condition},
      {"consequence", Field::consequence}, {"definition", Field::definition}, {"function", Field::function}, {"guard", Field::guard},
      {"key", Field::key}, {"left", Field::left}, {"module_name", Field::module_name}, {"name", Field::name}, {"object", Field::object},
      {"operator", Field::operator_}, {"operators", Field::operators}, {"parameters", Field::parameters}, {"right", Field::right},
      {"subject", Field::subject}, {"subscript", Field::subscript}, {"superclasses", Field::superclasses}, {"type", Field::type},
      {"value", Field::value}, {"expression", Field::expression}};
  fields_.resize(ts_language_field_count(language) + 1, Field::no_field);
  for (auto [name, field] : field_names) fields_[ts_language_field_id_for_name(language, name.data(), uint32_t(name.size()))] = field;
  fields_[0] = Field::no_field;
}

const Symbols& Symbols::table() {
  static const Symbols it;
  return it;
}

}  // namespace forklint::frontends::python
