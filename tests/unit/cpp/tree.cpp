#include "tests/unit/cpp/tree.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "analyzer/facts/text.h"
#include "forklint/runtime/process.h"

namespace forklint::tests {
namespace {

namespace fs = std::filesystem;
using facts::EventId;
using facts::FileFacts;

struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "forklint-cpp-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()));
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
};

// Each part of the text into its file.
void write(const Source& source, const fs::path& folder) {
  std::ofstream out(folder / source.name);
  constexpr std::string_view mark = "// file ";
  for (size_t at = 0; at < source.text.size();) {
    const size_t end = std::min(source.text.find('\n', at), source.text.size());
    const std::string_view line = std::string_view(source.text).substr(at, end - at);
    if (line.starts_with(mark)) out = std::ofstream(folder / line.substr(mark.size()));
    else out << line << '\n';
    at = end + 1;
  }
}

class Printer {
 public:
  Printer(const FileFacts& facts, const facts::Scope& scope, bool with_types) : facts_(facts), scope_(scope), with_types_(with_types) {
    for (EventId id = scope.events.begin; id < scope.events.end; ++id) note(id);
    for (const facts::Region& region : facts.regions)
      if (is_arm(region)) used_.insert(region.subject);
    for (const facts::Parameter& parameter : facts.parameters) used_.insert(parameter.annotation);
  }

  std::string run() {
    facts::RegionId current = facts::none, next = scope_.regions.begin;
    for (EventId id = scope_.events.begin;;) {
      if (next < scope_.regions.end && facts_.regions[next].parent == current && facts_.regions[next].events.begin == id) {
        const facts::Region& region = facts_.regions[next];
        line(std::string(to_string(region.kind)) + (is_arm(region) ? " (" + event(region.subject) + ")" : "") + " {");
        current = next++;
        ++depth_;
      } else if (current != facts::none && facts_.regions[current].events.end == id) {
        --depth_;
        line("}");
        current = facts_.regions[current].parent;
      } else if (id < scope_.events.end) {
        if (!used_.contains(id)) line(event(id));
        ++id;
      } else {
        return out_;
      }
    }
  }

 private:
  static bool is_arm(const facts::Region& region) {
    return region.subject != facts::none && (region.kind == facts::RegionKind::then_arm || region.kind == facts::RegionKind::else_arm);
  }

  void note(EventId id) {
    const facts::Event& it = facts_.events[id];
    const bool type_only = it.op == facts::Op::declare && !with_types_;
    if (type_only) used_.insert(id);
    for (uint32_t i = 0; i < it.operands_count; ++i) used_.insert(facts_.operands_of(it)[i].value);
  }

  void line(const std::string& text) { out_ += std::string(depth_ * 2, ' ') + text + '\n'; }

  std::string event(EventId id) const {
    const facts::Event& it = facts_.events[id];
    std::string text(to_string(it.op));
    if (it.name != facts::name_positional) text += " \"" + std::string(facts_.name(it.name)) + "\"";
    for (uint32_t i = 0; i < it.operands_count; ++i) {
      const facts::Operand& operand = facts_.operands_of(it)[i];
      text += ' ';
      if (operand.keyword != facts::name_positional) text += std::string(facts_.name(operand.keyword)) + "=";
      text += "(" + event(operand.value) + ")";
    }
    return text;
  }

  const FileFacts& facts_;
  const facts::Scope& scope_;
  bool with_types_;
  std::set<EventId> used_;
  std::string out_;
  size_t depth_ = 0;
};

}  // namespace

std::vector<FileFacts> facts_of(const Source& source) {
  const Folder folder;
  write(source, folder.path);
  runtime::Command command{.argv = {FORKLINT_CLANG_BINARY, source.name, "--"}, .directory = folder.path.string(), .capture_limit = 1 << 24};
  command.argv.insert(command.argv.end(), source.flags.begin(), source.flags.end());
  auto done = runtime::run(command, std::chrono::seconds(60));
  REQUIRE(done);
  INFO(done->errors);
  REQUIRE(done->exit.ok());
  std::vector<FileFacts> result;
  for (size_t at = done->output.find("file "); at < done->output.size();) {
    const size_t begin = done->output.find('\n', at) + 1;
    size_t end = done->output.find("\nfile ", begin);
    end = end == std::string::npos ? done->output.size() : end + 1;
    auto facts = facts::parse(std::string_view(done->output).substr(begin, end - begin));
    INFO((facts ? std::string() : facts.error()));
    REQUIRE(facts);
    result.push_back(std::move(*facts));
    at = end;
  }
  return result;
}

std::string tree(const FileFacts& facts, std::string_view name, bool with_types) {
  for (const facts::Scope& scope : facts.scopes)
    if (facts.name(scope.name) == name) return Printer(facts, scope, with_types).run();
  return "there is no " + std::string(name);
}

std::string tree_of_c(std::string_view text, std::string_view scope) {
  const auto all = facts_of({.name = "a.c", .text = std::string(text), .flags = {}});
  REQUIRE_FALSE(all.empty());
  return tree(all[0], scope);
}

std::string tree_of_cpp(std::string_view text, std::string_view scope) {
  const auto all = facts_of({.name = "a.cpp", .text = std::string(text), .flags = {"-std=c++20"}});
  REQUIRE_FALSE(all.empty());
  return tree(all[0], scope);
}

}  // namespace forklint::tests
