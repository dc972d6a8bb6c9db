#include "analyzer/frontends/cpp/comments.h"

#include <clang/Basic/LangOptions.h>
#include <clang/Lex/Lexer.h>

namespace forklint::frontends::cpp {
namespace {

bool is_ours(std::string_view text) { return text.find("NOLINT") != text.npos || text.find("forklint") != text.npos; }

}  // namespace

// One pass of the raw lexer, over files that hold one of the words at all. Follows where statements begin, so that a
// comment at the end of a statement of several lines speaks for all of it.
std::vector<facts::Comment> suppression_comments(std::string_view text) {
  std::vector<facts::Comment> result;
  if (!is_ours(text)) return result;
  clang::LangOptions language;
  language.CPlusPlus = language.CPlusPlus11 = language.LineComment = true;
  const std::string copy(text);  // the lexer wants a zero at the end
  clang::Lexer lexer(clang::SourceLocation(), language, copy.data(), copy.data(), copy.data() + copy.size());
  lexer.SetCommentRetentionState(true);
  uint32_t begin = 0, last_end = 0;  // of the statement, and of the last token
  bool ended = true;
  int brackets = 0;
  clang::Token token;
  for (bool more = true; more;) {
    more = !lexer.LexFromRawLexer(token);
    if (token.is(clang::tok::eof)) break;
    const uint32_t end = uint32_t(lexer.getBufferLocation() - copy.data());
    const uint32_t at = end - token.getLength();
    if (token.is(clang::tok::comment)) {
      const std::string_view words = std::string_view(copy).substr(at, token.getLength());
      if (!is_ours(words)) continue;
      const bool alone = copy.substr(last_end, at - last_end).find('\n') != std::string::npos || last_end == 0;
      result.push_back({{at, end}, alone ? facts::Span{at, end} : facts::Span{begin, at}});
      continue;
    }
    if (ended) begin = at, ended = false;
    last_end = end;
    if (token.isOneOf(clang::tok::l_paren, clang::tok::l_square)) ++brackets;
    if (token.isOneOf(clang::tok::r_paren, clang::tok::r_square) && brackets > 0) --brackets;
    if (token.isOneOf(clang::tok::l_brace, clang::tok::r_brace) || (token.is(clang::tok::semi) && brackets == 0)) ended = true, brackets = 0;
  }
  return result;
}

}  // namespace forklint::frontends::cpp
