// Text -> facts. A line is a list of words; the first says what it is.
#include <charconv>
#include <optional>
#include <unordered_map>

#include "analyzer/facts/builder.h"
#include "analyzer/facts/check.h"
#include "analyzer/facts/text.h"

namespace forklint::facts {
namespace {

struct Word {
  std::string text;
  bool quoted = false;
};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::optional<std::vector<Word>> words_of(std::string_view line) {
  std::vector<Word> words;
  for (size_t i = 0; i < line.size();) {
    if (line[i] == ' ') {
      ++i;
      continue;
    }
    Word word;
    if (line[i] == '"') {
      word.quoted = true;
      for (++i; i < line.size() && line[i] != '"'; ++i) {
        if (line[i] != '\\') {
          word.text += line[i];
          continue;
        }
        if (++i == line.size()) return {};
        if (line[i] == 'n') {
          word.text += '\n';
        } else if (line[i] == 'x') {
          if (i + 2 >= line.size() || hex_digit(line[i + 1]) < 0 || hex_digit(line[i + 2]) < 0) return {};
          word.text += char(hex_digit(line[i + 1]) * 16 + hex_digit(line[i + 2]));
          i += 2;
        } else {
          word.text += line[i];
        }
      }
      if (i++ == line.size()) return {};
    } else {
      size_t end = std::min(line.find(' ', i), line.size());
      word.text = line.substr(i, end - i);
      i = end;
    }
    words.push_back(std::move(word));
  }
  return words;
}

std::optional<uint32_t> number_of(std::string_view text) {
  uint32_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

// %7, or %- for none.
std::optional<EventId> event_of(std::string_view text) {
  if (!text.starts_with('%')) return {};
  if (text == "%-") return none;
  return number_of(text.substr(1));
}

std::optional<Span> span_of(const Word& word) {
  size_t dash = word.text.find('-');
  if (word.quoted || dash == std::string::npos) return {};
  auto begin = number_of(std::string_view(word.text).substr(0, dash)), end = number_of(std::string_view(word.text).substr(dash + 1));
  if (!begin || !end) return {};
  return Span{*begin, *end};
}

template <typename Enum, size_t count>
std::unordered_map<std::string_view, Enum> table_of() {
  std::unordered_map<std::string_view, Enum> table;
  for (size_t i = 0; i < count; ++i) table.emplace(to_string(Enum(i)), Enum(i));
  return table;
}

constexpr size_t op_count = 0
#define OP(...) +1
#include "analyzer/facts/ops.def"
    ;
constexpr size_t region_count = 0
#define REGION(...) +1
#include "analyzer/facts/ops.def"
    ;

class Parser {
 public:
  std::expected<FileFacts, std::string> run(std::string_view text) {
    uint32_t number = 0;
    while (!text.empty()) {
      size_t end = std::min(text.find('\n'), text.size());
      std::string_view line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      ++number;
      auto words = words_of(line);
      if (!words) return std::unexpected("line " + std::to_string(number) + ": unclosed quote");
      if (words->empty() || words->front().text.starts_with("//")) continue;
      if (std::string error = take(*words); !error.empty()) return std::unexpected("line " + std::to_string(number) + ": " + error);
    }
    if (depth_ != 0) return std::unexpected(std::string("the last region is not closed"));
    finish_scope();
    FileFacts facts = builder_.take();
    if (std::string fault = fault_in(facts); !fault.empty()) return std::unexpected(fault);  // a bug report's text may not crash the tool
    return facts;
  }

 private:
  std::string take(std::vector<Word>& words) {
    const std::string& first = words[0].text;
    Span span;
    bool has_span = words.size() > 1 && span_of(words.back());
    if (has_span) span = *span_of(words.back());
    size_t end = words.size() - has_span;
    if (first == "language") return take_language(words);
    if (first == "scope") return take_scope(words, end, span);
    if (first == "parameter") return take_parameter(words, end, span);
    if (first == "comment") return take_comment(words, end, span);
    if (first == "problem") {
      if (end != 2) return "a problem is a message and a span";
      builder_.facts().problems.push_back({span, words[1].text});
      return {};
    }
    if (first == "}") {
      if (depth_ == 0) return "no region is open";
      --depth_;
      builder_.end();
      return {};
    }
    if (regions_.contains(first)) return take_region(words);
    return take_event(words, end, span);
  }

  std::string take_language(const std::vector<Word>& words) {
    if (words.size() != 2) return "which language?";
    if (words[1].text == "c") builder_.facts().language = Language::c;
    else if (words[1].text == "cpp") builder_.facts().language = Language::cpp;
    else if (words[1].text != "python") return "unknown language '" + words[1].text + "'";
    return {};
  }

  void finish_scope() {
    if (!open_) return;
    if (!parameters_.empty()) builder_.set_parameters(scope_, parameters_);
    parameters_.clear();
    builder_.close();
    open_ = false;
  }

  std::string take_scope(const std::vector<Word>& words, size_t end, Span span) {
    if (depth_ != 0) return "a region is still open";
    if (end < 4) return "scope ID KIND \"NAME\" …";
    auto kind = scopes_.find(words[2].text);
    if (kind == scopes_.end()) return "unknown kind of scope '" + words[2].text + "'";
    finish_scope();
    scope_ = builder_.add_scope(kind->second, none, builder_.name(words[3].text), span);
    if (number_of(words[1].text) != scope_) return "scopes are numbered from 0 in order";
    for (size_t i = 4; i < end; ++i) {
      if (words[i].text == "async") builder_.mark(scope_, scope_async);
      else if (words[i].text == "generator") builder_.mark(scope_, scope_generator);
      else if (words[i].text == "parent" && i + 1 < end) builder_.facts().scopes[scope_].parent = number_of(words[++i].text).value_or(none);
      else if (words[i].text == "by" && i + 1 < end) builder_.define(scope_, event_of(words[++i].text).value_or(none));
      else return "unexpected '" + words[i].text + "'";
    }
    builder_.open(scope_);
    open_ = true;
    return {};
  }

  std::string take_parameter(const std::vector<Word>& words, size_t end, Span span) {
    if (!open_ || end < 3) return "parameter \"NAME\" KIND …, inside a scope";
    Parameter parameter{.name = builder_.name(words[1].text), .span = span};
    auto kind = parameter_kinds_.find(words[2].text);
    if (kind == parameter_kinds_.end()) return "unknown kind of parameter '" + words[2].text + "'";
    parameter.kind = kind->second;
    for (size_t i = 3; i + 1 < end; i += 2) {
      auto event = event_of(words[i + 1].text);
      if (!event) return "expected an event after '" + words[i].text + "'";
      (words[i].text == "=" ? parameter.default_value : parameter.annotation) = *event;
    }
    parameters_.push_back(parameter);
    return {};
  }

  std::string take_comment(const std::vector<Word>& words, size_t end, Span span) {
    auto first = end == 2 ? span_of(words[1]) : std::nullopt;
    if (!first) return "a comment is two spans";
    builder_.facts().comments.push_back({*first, span});
    return {};
  }

  std::string take_region(const std::vector<Word>& words) {
    if (!open_ || words.size() != 4 || !words[1].text.starts_with('#') || words[3].text != "{") return "KIND #STATEMENT %SUBJECT {, inside a scope";
    auto statement = number_of(std::string_view(words[1].text).substr(1));
    auto subject = event_of(words[2].text);
    if (!statement || !subject) return "KIND #STATEMENT %SUBJECT {";
    builder_.begin(regions_.at(words[0].text), *subject, *statement);
    ++depth_;
    return {};
  }

  std::string take_event(const std::vector<Word>& words, size_t end, Span span) {
    size_t at = 0;
    EventId next = EventId(builder_.facts().events.size());
    if (auto id = event_of(words[0].text)) {
      if (*id != next) return "events are numbered in order; this is %" + std::to_string(next);
      ++at;
    }
    if (!open_ || at == end) return "an event belongs to a scope";
    auto op = ops_.find(words[at].text);
    if (op == ops_.end()) return "unknown event '" + words[at].text + "'";
    bool is_async = false;
    NameId name = name_positional;
    uint32_t extra = none;
    std::vector<Operand> operands;
    for (++at; at < end; ++at) {
      const Word& word = words[at];
      if (word.quoted) name = builder_.name(word.text);
      else if (word.text == "async") is_async = true;
      else if (word.text == "extra" && at + 1 < end) extra = number_of(words[++at].text).value_or(none);
      else if (auto operand = operand_of(word.text)) operands.push_back(*operand);
      else return "unexpected '" + word.text + "'";
    }
    EventId id = builder_.emit(op->second, span, name, operands, extra);
    if (is_async) builder_.flag(id, flag_async);
    return {};
  }

  std::optional<Operand> operand_of(std::string_view text) {
    size_t percent = text.find('%');
    if (percent == std::string_view::npos) return {};
    auto event = event_of(text.substr(percent));
    if (!event) return {};
    std::string_view role = text.substr(0, percent);
    if (role.ends_with('=')) role.remove_suffix(1);
    return Operand{*event, builder_.name(role)};
  }

  Builder builder_{Language::python};
  std::unordered_map<std::string_view, Op> ops_ = table_of<Op, op_count>();
  std::unordered_map<std::string_view, RegionKind> regions_ = table_of<RegionKind, region_count>();
  std::unordered_map<std::string_view, ScopeKind> scopes_ = table_of<ScopeKind, 5>();
  std::unordered_map<std::string_view, ParameterKind> parameter_kinds_ = table_of<ParameterKind, 5>();
  std::vector<Parameter> parameters_;
  ScopeId scope_ = none;
  bool open_ = false;
  size_t depth_ = 0;
};

}  // namespace

std::expected<FileFacts, std::string> parse(std::string_view text) { return Parser().run(text); }

}  // namespace forklint::facts
