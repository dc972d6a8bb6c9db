#include "analyzer/units/outline.h"

#include <algorithm>
#include <array>
#include <string>

namespace forklint::units {
namespace {

constexpr std::array<bool, 256> make_word_table() {
  std::array<bool, 256> table{};
  for (int c = 0; c < 256; ++c) table[size_t(c)] = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' || c >= 0x80;
  return table;
}
constexpr std::array<bool, 256> word_byte = make_word_table();

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\f' || c == '\v' || c == '\r'; }

// Words whose braces hold declarations.
bool opens_container(std::string_view word) {
  return word == "namespace" || word == "class" || word == "struct" || word == "union" || word == "extern" || word == "enum";
}

// Has parentheses, but is never what a function is called.
bool says_nothing(std::string_view word) {
  return word.starts_with("__attribute") || word == "__declspec" || word == "alignas" || word == "_Alignas" || word == "decltype" || word == "noexcept" || word == "throw" || word == "requires" || word == "static_assert";
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
    if (text_.substr(at_, 2) == "//") {
      at_ = end_of_line();
      return true;
    }
    if (text_.substr(at_, 2) != "/*") return false;
    const size_t end = text_.find("*/", at_ + 2);
    at_ = end == std::string_view::npos ? text_.size() : end + 2;
    return true;
  }

  // Of the logical line: backslashes carry it on.
  size_t end_of_line() const {
    for (size_t i = at_;;) {
      i = std::min(text_.find('\n', i), text_.size());
      size_t last = i;
      if (last > at_ && text_[last - 1] == '\r') --last;
      if (i == text_.size() || last == at_ || text_[last - 1] != '\\') return i;
      ++i;
    }
  }

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
      if (close < end && (quoted || text_[at_] == '<')) includes_.push_back({text_.substr(at_ + 1, close - at_ - 1), quoted});
    } else if (word == "define") {
      define(end);
    } else if (word == "pragma") {
      words_until(end, current().words);
    } else if (word.starts_with("if")) {
      conditions_.push_back({depth_, body_});
    } else if (word.starts_with("el") && !conditions_.empty()) {
      // The other arm begins where the first one did: braces in both count once.
      if (conditions_.back().body == body_) depth_ = conditions_.back().depth;
    } else if (word == "endif" && !conditions_.empty()) {
      conditions_.pop_back();
    }
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

  void words_until(size_t end, std::vector<std::string_view>& words) {
    while (at_ < end) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') skip_quoted(c);
      else if (!word_byte[uint8_t(c)]) ++at_;
      else if (std::string_view word = take_word(); !is_digit(word[0])) words.push_back(word);
    }
  }

  void token(char c) {
    if (word_byte[uint8_t(c)]) return identifier();
    if (c == '"') {
      if (last_word_end_ == at_ && last_word_.ends_with('R')) skip_raw();
      else skip_quoted('"');
      return;
    }
    if (c == '\'') return skip_quoted('\'');
    ++at_;
    if (body_) {
      depth_ += c == '{' ? 1 : c == '}' ? -1 : 0;
      if (depth_ <= 0) end_body();
      return;
    }
    outside(c);
  }

  void identifier() {
    const std::string_view word = take_word();
    if (is_digit(word[0])) {
      // 1'000'000
      while (at_ + 1 < text_.size() && text_[at_] == '\'' && word_byte[uint8_t(text_[at_ + 1])]) ++at_, take_word();
      return;
    }
    last_word_ = word;
    last_word_end_ = at_;
    if (body_) return pieces_.back().words.push_back(word);
    pending_.push_back(word);
    if (parentheses_ == 0 && !says_nothing(word)) {
      if (!assigned_) last_declared_ = word;
      container_ = container_ || opens_container(word);
      assigned_ = assigned_ || word == "operator";
      size_t next = at_;
      while (next < text_.size() && (is_blank(text_[next]) || text_[next] == '\n')) ++next;
      if (next < text_.size() && text_[next] == '(') candidates_.push_back(word);
      if (word == "operator") candidates_.push_back(word), assigned_ = false;
    }
  }

  // Between functions: what has parentheses and then a brace is one.
  void outside(char c) {
    if (c == '(') ++parentheses_;
    else if (c == ')') parentheses_ = std::max(0, parentheses_ - 1);
    else if (parentheses_ > 0) return;
    else if (c == '=') assigned_ = candidates_.empty() || std::ranges::find(candidates_, "operator") == candidates_.end();
    else if (c == ';') old_.swap(candidates_), reset();
    else if (c == '}') old_.clear(), reset();
    else if (c == '{') {
      if (candidates_.empty() && !container_ && !assigned_) candidates_.swap(old_);  // parameters declared as in 1978
      if (candidates_.empty() && container_ && !assigned_) return reset();
      if (candidates_.empty() && assigned_ && !last_declared_.empty()) candidates_.push_back(last_declared_);  // a table
      pieces_.push_back({std::move(candidates_), std::move(pending_)});
      candidates_.clear();
      pending_.clear();
      body_ = true;
      depth_ = 1;
    }
  }

  void end_body() {
    body_ = false;
    depth_ = 0;
    old_.clear();
    reset();
  }

  // A declaration ends: it is a piece of its own, by the name of what it gives a value.
  void reset() {
    if (!pending_.empty()) {
      pieces_.push_back({{}, std::move(pending_)});
      if (assigned_ && !last_declared_.empty()) pieces_.back().names.push_back(last_declared_);
    }
    candidates_.clear();
    pending_.clear();
    last_declared_ = {};
    container_ = assigned_ = false;
    parentheses_ = 0;
  }

  Outline finish() {
    for (Piece& macro : macros_) pieces_.push_back(std::move(macro));
    for (Piece& piece : pieces_) {
      std::ranges::sort(piece.words);
      const auto rest = std::ranges::unique(piece.words);
      piece.words.erase(rest.begin(), rest.end());
    }
    return {std::move(pieces_), std::move(includes_)};
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
  std::vector<std::string_view> candidates_;  // names before a parenthesis, of the declaration at hand
  std::vector<std::string_view> old_;         // of the one before
  std::vector<std::string_view> pending_;     // all words of the declaration at hand
  std::string_view last_declared_;
  std::string_view last_word_;
  size_t last_word_end_ = 0;
  int depth_ = 0, parentheses_ = 0;
  bool body_ = false, container_ = false, assigned_ = false;
};

}  // namespace

Outline outline_of(std::string_view text) { return Scanner(text).run(); }

}  // namespace forklint::units
