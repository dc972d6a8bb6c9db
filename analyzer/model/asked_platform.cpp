// Tests of the platform: what the texts that they compare are on each.
#include "analyzer/model/asked.h"

#include <algorithm>
#include <array>
#include <vector>

namespace forklint::model {
namespace {

constexpr int deepest = 6;  // sources of sources, and what is done to a text

// What a text is on Linux, macOS and Windows.
using Texts = std::array<std::string, 3>;

struct Asked {
  std::string_view name;
  std::array<std::string_view, 3> texts;
};
constexpr Asked asked[] = {
    {"sys.platform", {"linux", "darwin", "win32"}},
    {"os.name", {"posix", "posix", "nt"}},
    {"platform.system()", {"Linux", "Darwin", "Windows"}},
    {"platform.platform()", {"Linux-", "macOS-", "Windows-"}},  // as far as it is known
};

// What the module os has where there is fork, and nowhere else.
constexpr std::string_view only_posix[] = {"fork", "forkpty", "geteuid", "getpgid", "getuid", "killpg", "register_at_fork", "setpgrp", "setsid", "wait3", "wait4"};

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = char(c - 'A' + 'a');
  return text;
}

class Reader {
 public:
  Reader(Evaluator& evaluator, FrameId frame) : evaluator_(evaluator), frame_(frame) {}

  std::optional<Texts> texts(Site site, int depth = 0) {
    if (site.event == none || depth > deepest) return {};
    const File& file = evaluator_.program().file(site.file);
    const facts::Event& event = file.event(site.event);
    if (event.op == Op::subscript) {  // sys.platform[:3]
      EventId slice = file.operand(site.event, 1);
      auto base = slice != none && file.event(slice).op == Op::slice && file.event(slice).operands_count == 1 ? texts({site.file, file.operand(site.event, 0)}, depth + 1) : std::nullopt;
      auto length = base ? asked_number(file, file.operand(slice, 0)) : std::nullopt;
      if (!length) return {};
      for (std::string& text : *base) text = text.substr(0, size_t(*length));
      return base;
    }
    if (event.op != Op::read && event.op != Op::attribute && event.op != Op::call) return {};
    std::string name = asked_name(evaluator_, site, frame_);
    for (const Asked& it : asked)
      if (it.name == name) return Texts{std::string(it.texts[0]), std::string(it.texts[1]), std::string(it.texts[2])};
    if (event.op == Op::call) {  // platform.system().lower()
      EventId callee = file.operand(site.event, 0);
      bool lowers = callee != none && file.event(callee).op == Op::attribute && (file.name_of(callee) == "lower" || file.name_of(callee) == "casefold");
      auto base = lowers ? texts({site.file, file.operand(callee, 0)}, depth + 1) : std::nullopt;
      if (!base) return {};
      for (std::string& text : *base) text = lower(text);
      return base;
    }
    auto source = only_source(evaluator_, site, frame_);
    return source ? texts(*source, depth + 1) : std::nullopt;
  }

  // One text, or each of a tuple; nothing where one of them is not known.
  std::optional<std::vector<std::string>> wanted(Site site) {
    if (site.event == none) return {};
    const File& file = evaluator_.program().file(site.file);
    const facts::Event& event = file.event(site.event);
    if (event.op == Op::read || event.op == Op::attribute)
      if (auto source = only_source(evaluator_, site, frame_)) return wanted_of(*source);
    return wanted_of(site);
  }

  template <class Test>
  std::optional<uint8_t> where(Site subject, Test&& test) {
    auto known = texts(subject);
    if (!known) return {};
    constexpr uint8_t bits[] = {platform_linux, platform_macos, platform_windows};
    uint8_t result = 0;
    for (size_t i = 0; i < known->size(); ++i)
      if (test((*known)[i])) result |= bits[i];
    return result;
  }

  std::optional<uint8_t> compared(Site test) {
    const File& file = evaluator_.program().file(test.file);
    if (file.event(test.event).operands_count != 2) return {};
    std::string_view operation = file.name_of(test.event);
    Site left{test.file, file.operand(test.event, 0)}, right{test.file, file.operand(test.event, 1)};
    bool negated = operation == "!=" || operation == "is not" || operation == "not in";
    std::optional<uint8_t> result;
    if (operation == "in" || operation == "not in") {
      if (auto words = texts(left) ? wanted(right) : std::nullopt) result = where(left, [&](const std::string& text) { return std::find(words->begin(), words->end(), text) != words->end(); });
      else if (asked_name(evaluator_, right, frame_) == "multiprocessing.get_all_start_methods()" && asked_text(evaluator_, left, frame_) == "fork") result = uint8_t(platform_linux | platform_macos);
      else if (auto part = asked_text(evaluator_, left, frame_)) result = where(right, [&](const std::string& text) { return text.find(*part) != std::string::npos; });
    } else if (operation == "==" || operation == "is" || negated) {
      auto word = asked_text(evaluator_, right, frame_);
      Site subject = left;
      if (!word) {
        word = asked_text(evaluator_, left, frame_);
        subject = right;
      }
      if (word) result = where(subject, [&](const std::string& text) { return text == *word; });
    }
    return result && negated ? uint8_t(platform_all & ~*result) : result;
  }

  std::optional<uint8_t> called(Site test) {
    const File& file = evaluator_.program().file(test.file);
    EventId callee = file.operand(test.event, 0);
    if (callee == none || file.event(test.event).operands_count < 2) return {};
    if (file.event(callee).op == Op::attribute && file.name_of(callee) == "startswith") {
      Site subject{test.file, file.operand(callee, 0)};
      auto words = texts(subject) ? wanted({test.file, file.operand(test.event, 1)}) : std::nullopt;
      if (!words) return {};
      return where(subject, [&](const std::string& text) { return std::any_of(words->begin(), words->end(), [&](const std::string& word) { return text.starts_with(word); }); });
    }
    if (asked_name(evaluator_, {test.file, callee}, frame_) != "builtins.hasattr") return {};
    if (asked_name(evaluator_, {test.file, file.operand(test.event, 1)}, frame_) != "os") return {};
    auto word = asked_text(evaluator_, {test.file, file.operand(test.event, 2)}, frame_);
    if (!word || std::find(std::begin(only_posix), std::end(only_posix), *word) == std::end(only_posix)) return {};
    return uint8_t(platform_linux | platform_macos);
  }

 private:
  std::optional<std::vector<std::string>> wanted_of(Site site) {
    const File& file = evaluator_.program().file(site.file);
    const facts::Event& event = file.event(site.event);
    bool several = event.op == Op::tuple || event.op == Op::list || event.op == Op::set;
    std::vector<std::string> result;
    for (uint32_t i = 0; i < (several ? event.operands_count : 1); ++i) {
      auto text = asked_text(evaluator_, several ? Site{site.file, file.operand(site.event, i)} : site, frame_);
      if (!text) return {};
      result.push_back(*text);
    }
    return result;
  }

  Evaluator& evaluator_;
  FrameId frame_;
};

}  // namespace

std::optional<uint8_t> platforms_where(Evaluator& evaluator, Site test, FrameId frame) {
  Reader reader(evaluator, frame);
  Op op = evaluator.program().file(test.file).event(test.event).op;
  return op == Op::compare ? reader.compared(test) : op == Op::call ? reader.called(test) : std::nullopt;
}

}  // namespace forklint::model
