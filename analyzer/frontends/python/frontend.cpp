#include "analyzer/frontends/python/frontend.h"

#include "analyzer/frontends/python/comments.h"
#include "analyzer/frontends/python/lowering.h"
#include "analyzer/frontends/python/nesting.h"
#include "analyzer/frontends/python/syntax.h"

namespace forklint::frontends::python {
namespace {

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
  TreeMemory memory;
  auto syntax = parse_syntax(text, memory);
  if (!syntax) {
    leave_unread(builder, {syntax.error(), syntax.error()}, "what comes here takes too much time to parse, so the file is not read");
    return builder.take();
  }
  Tree tree(*syntax, text);
  auto error = first_error(tree);
  if (error) builder.facts().problems.push_back({*error, "syntax error"});
  Lowering lowering(tree, builder);
  lowering.module();
  if (auto old = lowering.python_2()) {
    facts::Builder empty(facts::Language::python);
    leave_unread(empty, *old, "a statement of Python 2, which Python 3 refuses, so the file is not read");
    return empty.take();
  }
  if (auto where = error ? std::nullopt : lowering.misindented()) {
    facts::Builder empty(facts::Language::python);
    leave_unread(empty, *where, "this is not indented as its block is, which Python refuses, so the file is not read");
    return empty.take();
  }
  builder.facts().comments = suppression_comments(tree);
  return builder.take();
}

}  // namespace forklint::frontends::python
