#include "analyzer/frontends/python/frontend.h"

#include <memory>

#include "analyzer/frontends/python/comments.h"
#include "analyzer/frontends/python/lowering.h"

namespace forklint::frontends::python {
namespace {

struct DeleteParser {
  void operator()(TSParser* parser) const { ts_parser_delete(parser); }
};
struct DeleteTree {
  void operator()(TSTree* tree) const { ts_tree_delete(tree); }
};

}  // namespace

facts::FileFacts parse(std::string_view text) {
  thread_local std::unique_ptr<TSParser, DeleteParser> parser = [] {
    std::unique_ptr<TSParser, DeleteParser> it(ts_parser_new());
    ts_parser_set_language(it.get(), tree_sitter_python());
    return it;
  }();
  std::unique_ptr<TSTree, DeleteTree> syntax(ts_parser_parse_string(parser.get(), nullptr, text.data(), uint32_t(text.size())));
  facts::Builder builder(facts::Language::python);
  if (!syntax) {
    builder.open(builder.add_scope(facts::ScopeKind::module, facts::none, facts::name_positional, {}));
    builder.close();
    builder.facts().problems.push_back({{}, "cannot be parsed"});
    return builder.take();
  }
  Tree tree(syntax.get(), text);
  Lowering(tree, builder).module();
  builder.facts().comments = suppression_comments(tree);
  return builder.take();
}

}  // namespace forklint::frontends::python
