#include "analyzer/units/outline.h"

#include <algorithm>
#include <array>
#include <string>

#include "analyzer/units/scan.h"

namespace forklint::units {
namespace {

constexpr std::array<bool, 256> make_word_table() {
  std::array<bool, 256> table{};
  for (int c = 0; c < 256; ++c) table[size_t(c)] = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' || c >= 0x80;
  return table;
}
constexpr std::array<bool, 256> word_byte = make_word_table();

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Words whose braces hold declarations.
bool opens_container(std::string_view word) {
  return word == "namespace" || word == "class" || word == "struct" || word == "union" || word == "extern" || word == "enum";
}

// Has parentheses, but is never what a function is called: `std::function<void(int)>`.
bool says_nothing(std::string_view word) {
  static constexpr std::string_view types[] = {"void", "bool", "char", "int", "long", "short", "unsigned", "signed", "float", "double", "auto", "const"};
  return std::ranges::find(types, word) != std::end(types) || word.starts_with("__attribute") || word == "__declspec" || word == "alignas" || word == "_Alignas" || word == "decltype" || word == "noexcept" || word == "throw" || word == "requires" || word == "static_assert";
}

// May stand before a name that is used, not declared: `return fork;`
bool introduces_use(std::string_view word) {
  static constexpr std::string_view words[] = {"return", "else", "do", "case", "throw", "goto", "delete", "new", "sizeof", "typeof", "and", "or", "not", "in",
                                               "co_return", "co_await", "co_yield", "typename", "using", "namespace", "typedef", "struct", "class", "enum", "union"};
  return std::ranges::find(words, word) != std::end(words);
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  Outline run() {
    pieces_.emplace_back();  // what stands outside
    bool line_start = true;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\n') {
        line_start = true;
        ++at_;
      } else if (is_blank(c)) {
        ++at_;
      } else if (c == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') {
        at_ += 2;
      } else if (c == '#' && line_start) {
        directive();
      } else if (!skip_comment()) {
        line_start = false;
        token(c);
      }
    }
    return finish();
  }

 private:
  bool skip_comment() {
    const size_t before = at_;
    at_ = after_comment(text_, at_);
    return at_ != before;
  }

  // Of the logical line.
  size_t end_of_line() const { return units::end_of_line(text_, at_); }

  void skip_quoted(char quote) {
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\') ++at_;
      else if (text_[at_] == quote) break;
      else if (text_[at_] == '\n') return;
    }
    ++at_;
  }

  // R"x( … )x"
  void skip_raw() {
    const size_t open = text_.find('(', at_);
    if (open == std::string_view::npos || open - at_ > 20) return skip_quoted('"');
    const std::string close = ")" + std::string(text_.substr(at_ + 1, open - at_ - 1)) + "\"";
    const size_t end = text_.find(close, open);
    at_ = end == std::string_view::npos ? text_.size() : end + close.size();
  }

  std::string_view take_word() {
    const size_t begin = at_;
    while (at_ < text_.size() && word_byte[uint8_t(text_[at_])]) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  Piece& current() { return pieces_[body_ ? pieces_.size() - 1 : 0]; }

  void directive() {
    ++at_;
    const size_t end = end_of_line();
    while (at_ < end && is_blank(text_[at_])) ++at_;
    const std::string_view word = take_word();
    if (word == "include" || word == "include_next" || word == "import") {
      while (at_ < end && is_blank(text_[at_])) ++at_;
      const bool quoted = at_ < end && text_[at_] == '"';
      const size_t close = at_ < end ? text_.find(quoted ? '"' : '>', at_ + 1) : std::string_view::npos;
      if (close < end && (quoted || text_[at_] == '<')) includes_.push_back({text_.substr(at_ + 1, close - at_ - 1), quoted, conditions_.size() == size_t(guarded_)});
    } else if (word == "define") {
      define(end);
    } else if (word == "pragma") {
      words_until(end, current().words);
    } else if (word.starts_with("if")) {
      guarded_ |= first_directive_ && word == "ifndef";
      conditions_.push_back({depth_, body_});
    } else if (word.starts_with("el") && !conditions_.empty()) {
      // The other arm begins where the first one did: braces in both count once.
      if (conditions_.back().body == body_) depth_ = conditions_.back().depth;
    } else if (word == "endif" && !conditions_.empty()) {
      conditions_.pop_back();
    }
    first_directive_ = false;
    at_ = std::max(at_, end);
  }

  // Inside of a function the macro is part of what stands around: a piece of its own would end the function's.
  void define(size_t end) {
    while (at_ < end && is_blank(text_[at_])) ++at_;
    Piece macro;
    if (std::string_view name = take_word(); !name.empty()) macro.names.push_back(name);
    words_until(end, macro.words);
    if (!macro.names.empty() && !macro.words.empty()) macros_.push_back(std::move(macro));
  }

  void words_until(size_t end, std::vector<Word>& words) {
    before_ = {};
    while (at_ < end) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') skip_quoted(c);
      else if (!word_byte[uint8_t(c)]) saw(c), ++at_;
      else if (std::string_view word = take_word(); !is_digit(word[0])) note(word, words);
      else saw('0');
    }
    before_ = {};
  }

  // The last three tokens: a word is `w`, a number `0`, the rest by its characters.
  void saw(char c) { before_ = {before_[1], before_[2], c}; }

  void note(std::string_view word, std::vector<Word>& words) {
    const std::string_view qualifier = qualifier_of_next();
    saw('w');
    last_word_ = word;
    last_word_end_ = at_;
    if (next_is("::") || is_referred_to()) return;
    words.push_back({word, qualifier});
  }

  // What stands before the word at hand.
  std::string_view qualifier_of_next() const {
    if (before_[2] == ':' && before_[1] == ':') return before_[0] == 'w' ? last_word_ : before_[0] == '>' ? "." : "";
    const bool member = (before_[2] == '.' && before_[1] != '.') || (before_[2] == '>' && before_[1] == '-');
    return member ? "." : "";
  }

  // `T& x`, `T *x`: a type of which nothing is made; but not `a * b`.
  bool is_referred_to() const {
    const size_t next = next_token();
    if (next >= text_.size() || (text_[next] != '&' && text_[next] != '*')) return false;
    return next == at_ || (next + 1 < text_.size() && word_byte[uint8_t(text_[next + 1])]);
  }

  size_t next_token() const {
    size_t next = at_;
    while (next < text_.size() && (is_blank(text_[next]) || text_[next] == '\n')) ++next;
    return next;
  }

  bool next_is(std::string_view token) const { return text_.substr(next_token(), token.size()) == token; }

  // `int x;`, `T& x)`, `T* x =`, `list<T> x{` — but not `a * x;` or `a > x)`: what declares stands close to the type or to the name.
  bool declares(size_t begin) const {
    const size_t next = next_token();
    if (next == text_.size() || std::string_view(";=,):{[").find(text_[next]) == std::string_view::npos) return false;
    if (const std::string_view two = text_.substr(next, 2); two == "==" || two == "::") return false;
    if (before_[2] == 'w') return !introduces_use(last_word_);
    if (before_[2] != '&' && before_[2] != '*' && before_[2] != '>') return false;
    if (before_[1] != 'w' && before_[1] != '>' && before_[1] != before_[2]) return false;
    size_t mark = begin;
    while (mark > 0 && (is_blank(text_[mark - 1]) || text_[mark - 1] == '\n')) --mark;
    const bool at_name = mark == begin, at_type = mark > 1 && !is_blank(text_[mark - 2]);
    return before_[2] == '>' ? at_type : at_name || at_type;
  }

  void token(char c) {
    if (word_byte[uint8_t(c)]) return identifier();
    if (c == '"') {
      if (last_word_end_ == at_ && last_word_.ends_with('R')) skip_raw();
      else skip_quoted('"');
      return saw('"');
    }
    if (c == '\'') return skip_quoted('\''), saw('"');
    saw(c);
    ++at_;
    if (body_) {
      depth_ += c == '{' ? 1 : c == '}' ? -1 : 0;
      if (depth_ <= 0) end_body();
      return;
    }
    outside(c);
  }

  void identifier() {
    const size_t begin = at_;
    const std::string_view word = take_word();
    if (is_digit(word[0])) {
      saw('0');
      // 1'000'000
      while (at_ + 1 < text_.size() && text_[at_] == '\'' && word_byte[uint8_t(text_[at_ + 1])]) ++at_, take_word();
      return;
    }
    if (enumerators_) return;
    if (declares(begin)) {
      variables_.push_back(word);
      if (parentheses_ == 0) objects_.push_back(word);
    }
    const bool standard = qualifier_of_next() == "std";
    note(word, body_ ? pieces_.back().words : pending_);
    if (body_) return;
    if (parentheses_ == 0 && !says_nothing(word)) {
      if (!assigned_) last_declared_ = word;
      container_ = container_ || opens_container(word);
      enum_ = enum_ || word == "enum";
      assigned_ = assigned_ || word == "operator";
      if (next_is("(") && !standard && !initialisers_) candidates_.push_back(word);
      if (word == "operator") candidates_.push_back(word), assigned_ = false;
    }
  }

  // Between functions: what has parentheses and then a brace is one.
  void outside(char c) {
    if (c == '(' || (c == '{' && starts_initialiser())) ++parentheses_;
    else if (c == ')' || (c == '}' && initialisers_ && parentheses_ > 0)) parentheses_ = std::max(0, parentheses_ - 1);
    else if (parentheses_ > 0) return;
    else if (c == '=') assigned_ = candidates_.empty() || std::ranges::find(candidates_, "operator") == candidates_.end();
    else if (c == ':') initialisers_ = initialisers_ || (!candidates_.empty() && !container_ && before_[1] != ':' && !text_.substr(at_).starts_with(':'));
    else if (c == ';') old_ = candidates_, reset();
    else if (c == '}') old_.clear(), reset();
    else if (c == '{') {
      if (candidates_.empty() && !container_ && !assigned_) candidates_.swap(old_);  // parameters declared as in 1978
      if (candidates_.empty() && container_ && !assigned_) {
        const bool enumerators = enum_;
        reset();
        enumerators_ = enumerators;
        return;
      }
      if (candidates_.empty() && assigned_ && !last_declared_.empty()) candidates_.push_back(last_declared_);  // a table
      pieces_.push_back({std::move(candidates_), std::move(pending_), {}, {}});
      candidates_.clear();
      pending_.clear();
      initialisers_ = false;
      body_ = true;
      depth_ = 1;
    }
  }

  // `X::X() : a_{1}, b_(2) {`: not the body yet.
  bool starts_initialiser() const { return initialisers_ && (parentheses_ > 0 || before_[1] == 'w' || before_[1] == '>'); }

  void end_body() {
    body_ = false;
    depth_ = 0;
    pieces_.back().variables = std::move(variables_);
    variables_.clear();
    old_.clear();
    reset();
  }

  // A declaration ends: it is a piece of its own, by the name of what it gives a value.
  void reset() {
    if (!pending_.empty()) {
      const bool shared = std::ranges::any_of(pending_, [](const Word& word) { return word.name == "extern" || word.name == "static"; });
      if (shared) candidates_.insert(candidates_.end(), objects_.begin(), objects_.end());
      pieces_.push_back({{}, std::move(pending_), std::move(variables_), std::move(candidates_)});
      if (assigned_ && !last_declared_.empty()) pieces_.back().names.push_back(last_declared_);
    }
    candidates_.clear();
    pending_.clear();
    variables_.clear();
    objects_.clear();
    last_declared_ = {};
    container_ = assigned_ = enum_ = enumerators_ = initialisers_ = false;
    parentheses_ = 0;
  }

  Outline finish() {
    for (Piece& macro : macros_) pieces_.push_back(std::move(macro));
    if (body_) pieces_.back().variables = std::move(variables_);
    for (Piece& piece : pieces_) {
      make_set(piece.words);
      make_set(piece.variables);
      std::erase_if(piece.words, [&](const Word& word) { return word.before.empty() && std::ranges::binary_search(piece.variables, word.name); });
    }
    return {std::move(pieces_), std::move(includes_)};
  }

  template <class T>
  static void make_set(std::vector<T>& list) {
    std::ranges::sort(list);
    const auto rest = std::ranges::unique(list);
    list.erase(rest.begin(), rest.end());
  }

  struct Condition {
    int depth;
    bool body;
  };

  std::string_view text_;
  size_t at_ = 0;
  std::vector<Piece> pieces_, macros_;
  std::vector<Include> includes_;
  std::vector<Condition> conditions_;
  bool first_directive_ = true, guarded_ = false;
  std::vector<std::string_view> candidates_;  // names before a parenthesis, of the declaration at hand
  std::vector<std::string_view> old_;         // of the one before
  std::vector<Word> pending_;                 // all words of the declaration at hand
  std::vector<std::string_view> variables_;   // that it declares
  std::vector<std::string_view> objects_;     // of these, those that are no parameters
  std::array<char, 3> before_{};              // see saw()
  std::string_view last_declared_;
  std::string_view last_word_;
  size_t last_word_end_ = 0;
  int depth_ = 0, parentheses_ = 0;
  bool body_ = false, container_ = false, assigned_ = false, enum_ = false, enumerators_ = false, initialisers_ = false;
};

}  // namespace

Outline outline_of(std::string_view text) { return Scanner(text).run(); }

}  // namespace forklint::units
