#include "analyzer/frontends/python/frontend.h"

#include <memory>

#include "analyzer/frontends/python/comments.h"
#include "analyzer/frontends/python/lowering.h"
#include "analyzer/frontends/python/nesting.h"

namespace forklint::frontends::python {
namespace {

struct DeleteParser {
  void operator()(TSParser* parser) const { ts_parser_delete(parser); }
};
struct DeleteTree {
  void operator()(TSTree* tree) const { ts_tree_delete(tree); }
};

// A module without anything in it, and why.
void leave_unread(facts::Builder& builder, facts::Span where, std::string why) {
  builder.open(builder.add_scope(facts::ScopeKind::module, facts::none, facts::name_positional, {}));
  builder.close();
  builder.facts().problems.push_back({where, std::move(why)});
}

}  // namespace

facts::FileFacts parse(std::string_view text) {
  facts::Builder builder(facts::Language::python);
  if (auto bracket = bracket_beyond(text, deepest)) {
    leave_unread(builder, {*bracket, *bracket + 1}, "more than " + std::to_string(deepest) + " brackets are open here, so the file is not read");
    return builder.take();
  }
  thread_local std::unique_ptr<TSParser, DeleteParser> parser = [] {
    std::unique_ptr<TSParser, DeleteParser> it(ts_parser_new());
    ts_parser_set_language(it.get(), tree_sitter_python());
    return it;
  }();
  std::unique_ptr<TSTree, DeleteTree> syntax(ts_parser_parse_string(parser.get(), nullptr, text.data(), uint32_t(text.size())));
  if (!syntax) {
    leave_unread(builder, {}, "cannot be parsed");
    return builder.take();
  }
  Tree tree(syntax.get(), text);
  Lowering(tree, builder).module();
  builder.facts().comments = suppression_comments(tree);
  return builder.take();
}

}  // namespace forklint::frontends::python
