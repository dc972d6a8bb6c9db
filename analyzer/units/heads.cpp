#include "analyzer/units/heads.h"

#include <optional>

#include "analyzer/units/scan.h"

namespace forklint::units {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text.substr(0, UINT32_MAX - 1)) {}

  Head run() {
    while (skip_to_directive() && directive()) {}
    if (head_.includes.empty()) head_ = {};
    return std::move(head_);
  }

 private:
  bool at(std::string_view what) const { return text_.substr(at_, what.size()) == what; }

  bool skip_comment() {
    const size_t before = at_;
    at_ = after_comment(text_, at_);
    return at_ != before;
  }

  bool skip_to_directive() {
    while (at_ < text_.size() && (is_blank(text_[at_]) || text_[at_] == '\n' || skip_comment()))
      if (at_ < text_.size() && (is_blank(text_[at_]) || text_[at_] == '\n')) ++at_;
    return at("#");
  }

  // To the end of the logical line; its text without comments.
  std::string rest_of_line() {
    std::string line;
    while (at_ < text_.size() && text_[at_] != '\n') {
      if (at("\\\n")) at_ += 2;
      else if (at("\\\r\n")) at_ += 3;
      else if (skip_comment()) line += ' ';
      else line += text_[at_++];
    }
    while (!line.empty() && is_blank(line.back())) line.pop_back();
    return line;
  }

  // What an include names, from behind the word; nothing of one that a macro names.
  static std::optional<std::string_view> named(std::string_view line) {
    while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
    if (line.empty() || (line[0] != '<' && line[0] != '"')) return {};
    const size_t end = line.find(line[0] == '<' ? '>' : '"', 1);
    if (end == line.npos || end == 1) return {};
    return line.substr(0, end + 1);
  }

  // False where the head ends.
  bool directive() {
    const size_t begin = at_++;
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    const size_t word_begin = at_;
    while (at_ < text_.size() && is_letter(text_[at_])) ++at_;
    const std::string_view word = text_.substr(word_begin, at_ - word_begin), behind = text_.substr(at_, std::min(text_.find('\n', at_), text_.size()) - at_);
    const bool leads = head_.includes.empty();
    if (word == "include") {
      const auto what = named(behind);
      if (!what) return false;
      const uint32_t end = uint32_t(what->data() + what->size() - text_.data());
      if (depth_ == 0) head_.includes.push_back({what->substr(1, what->size() - 2), what->front() == '"', {uint32_t(begin), end}});
      else if (leads && what->front() == '"') head_.lead_quotes = true;
    } else if (word.starts_with("if")) {
      ++depth_;
    } else if (word == "endif") {
      if (depth_-- == 0) return false;
    } else if (word == "define" || word == "undef") {
      if (!leads) return false;
    } else if (!word.starts_with("el") && word != "error" && word != "warning") {
      return false;
    }
    const std::string rest = rest_of_line();
    if (head_.includes.empty()) {
      head_.lead.append("#").append(word).append(rest).append("\n");
      head_.lead_at.push_back({uint32_t(begin), uint32_t(at_)});
    }
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
  Head head_;
};

}  // namespace

Head head_of(std::string_view text) { return Reader(text).run(); }

}  // namespace forklint::units
