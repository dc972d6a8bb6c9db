#include "analyzer/frontends/python/tree.h"

#include <string>
#include <unordered_map>

#include "analyzer/frontends/python/grammar.h"

namespace forklint::frontends::python {
namespace {

struct Tables {
  std::vector<Kind> kinds;         // by TSSymbol
  std::vector<bool> named;         // the same
  std::vector<Field> fields;       // by TSFieldId
  TSSymbol async = 0;

  Tables() {
    const TSLanguage* language = tree_sitter_python();
    const std::unordered_map<std::string_view, Kind> kind_names = {
#define KIND(name) {#name, Kind::name##_},
#include "analyzer/frontends/python/node_kinds.def"
    };
    kinds.resize(ts_language_symbol_count(language), Kind::other);
    named.resize(kinds.size());
    for (TSSymbol symbol = 0; symbol < kinds.size(); ++symbol) {
      const char* name = ts_language_symbol_name(language, symbol);
      named[symbol] = ts_language_symbol_type(language, symbol) == TSSymbolTypeRegular;
      if (!named[symbol] && std::string_view(name) == "async") async = symbol;
      auto it = kind_names.find(name);
      if (named[symbol] && it != kind_names.end()) kinds[symbol] = it->second;
    }
    static constexpr std::pair<std::string_view, Field> field_names[] = {
        {"alias", Field::alias}, {"alternative", Field::alternative}, {"argument", Field::argument}, {"arguments", Field::arguments},
        {"attribute", Field::attribute}, {"body", Field::body}, {"cause", Field::cause}, {"condition", Field::condition},
        {"consequence", Field::consequence}, {"definition", Field::definition}, {"function", Field::function}, {"guard", Field::guard},
        {"key", Field::key}, {"left", Field::left}, {"module_name", Field::module_name}, {"name", Field::name}, {"object", Field::object},
        {"operator", Field::operator_}, {"operators", Field::operators}, {"parameters", Field::parameters}, {"right", Field::right},
        {"subject", Field::subject}, {"subscript", Field::subscript}, {"superclasses", Field::superclasses}, {"type", Field::type},
        {"value", Field::value}, {"expression", Field::expression}};
    fields.resize(ts_language_field_count(language) + 1, Field::no_field);
    for (auto [name, field] : field_names) fields[ts_language_field_id_for_name(language, name.data(), uint32_t(name.size()))] = field;
    fields[0] = Field::no_field;
  }
};

const Tables& tables() {
  static const Tables it;
  return it;
}

}  // namespace

Kind kind_of(TSNode node) {
  TSSymbol symbol = ts_node_symbol(node);
  const Tables& it = tables();
  return symbol < it.kinds.size() ? it.kinds[symbol] : Kind::ERROR_;
}

facts::Span span_of(TSNode node) { return {ts_node_start_byte(node), ts_node_end_byte(node)}; }

Tree::Tree(const TSTree* tree, std::string_view text) : tree_(tree), text_(text), cursor_(ts_tree_cursor_new(ts_tree_root_node(tree))) {}
Tree::~Tree() { ts_tree_cursor_delete(&cursor_); }

std::string_view Tree::text(TSNode node) const {
  facts::Span span = span_of(node);
  return text_.substr(span.begin, span.end - span.begin);
}

std::optional<facts::Span> first_error(const Tree& tree) {
  TSNode node = tree.root();
  if (!ts_node_has_error(node)) return std::nullopt;
  TSTreeCursor cursor = ts_tree_cursor_new(node);
  // When nothing fits, the whole text is an error around others.
  bool found = false;
  while (!found && ts_tree_cursor_goto_first_child(&cursor)) {
    bool inside;
    do {
      inside = ts_node_has_error(ts_tree_cursor_current_node(&cursor));
    } while (!inside && ts_tree_cursor_goto_next_sibling(&cursor));
    if (!inside) break;
    node = ts_tree_cursor_current_node(&cursor);
    found = ts_node_is_error(node) || ts_node_is_missing(node);
  }
  ts_tree_cursor_delete(&cursor);
  return span_of(node);
}

Children::Children(Tree& tree, TSNode node) : tree_(tree), begin_(tree.stack_.size()) {
  const Tables& table = tables();
  ts_tree_cursor_reset(&tree.cursor_, node);
  if (ts_tree_cursor_goto_first_child(&tree.cursor_)) {
    do {
      TSNode child = ts_tree_cursor_current_node(&tree.cursor_);
      const TSSymbol symbol = ts_node_symbol(child);
      const bool error = symbol >= table.kinds.size();
      const bool named = error || table.named[symbol];
      const Kind kind = error ? Kind::ERROR_ : table.kinds[symbol];
      if (kind == Kind::comment_ || kind == Kind::line_continuation_) continue;
      const Field field = table.fields[ts_tree_cursor_current_field_id(&tree.cursor_)];
      if (!named && field == Field::no_field) {
        if (symbol == table.async) async_ = true;
        continue;
      }
      tree.stack_.push_back({child, kind, field, named});
    } while (ts_tree_cursor_goto_next_sibling(&tree.cursor_));
  }
  end_ = tree.stack_.size();
}

TSNode Children::field(Field wanted) const {
  for (size_t i = begin_; i < end_; ++i)
    if (tree_.stack_[i].field == wanted) return tree_.stack_[i].node;
  return TSNode{};
}

}  // namespace forklint::frontends::python
