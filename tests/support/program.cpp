#include "tests/support/program.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "analyzer/facts/text.h"
#include "analyzer/frontends/python/frontend.h"
#include "analyzer/model/globals.h"

namespace forklint::tests {
namespace {

using model::Site;
using model::Value;
using model::ValueKind;

std::vector<model::ParsedFile> parsed(const std::vector<Python>& files) {
  std::vector<model::ParsedFile> result;
  for (const Python& file : files) result.push_back({.path = file.path, .facts = frontends::python::parse(file.text)});
  return result;
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string result;
  for (const std::string& part : parts) result += (result.empty() ? "" : std::string(separator)) + part;
  return result;
}

std::string_view short_name(std::string_view qualified) {
  return qualified.substr(qualified.rfind('.') + 1);  // npos + 1 is 0
}

std::string scope_name(const Modelled& it, const Value& value) {
  const facts::FileFacts& file = it.model().program().file(value.file).facts;
  return std::string(file.name(file.scopes[value.index].name));
}

std::string described(const Modelled& it, model::ValueId id) {
  model::Evaluator& evaluator = it.model().evaluator();
  const Value& value = evaluator.value(id);
  switch (value.kind) {
    case ValueKind::unknown: return "unknown";
    case ValueKind::constant: return "constant " + (model::Op(value.index) == model::Op::null ? "None" : evaluator.symbol(value.symbol));
    case ValueKind::external: return "external " + evaluator.symbol(value.symbol);
    case ValueKind::object: return "object " + evaluator.symbol(value.symbol);
    case ValueKind::module: return "module " + it.model().program().file(value.file).module;
    case ValueKind::function: return "function " + scope_name(it, value);
    case ValueKind::class_: return "class " + scope_name(it, value);
    case ValueKind::instance: return "instance " + scope_name(it, evaluator.value(value.base));
    case ValueKind::bound: return "bound " + scope_name(it, value);
    case ValueKind::method: return "method " + evaluator.symbol(value.symbol);
    case ValueKind::container: return "container";
    case ValueKind::generator: return "generator " + scope_name(it, value);
    case ValueKind::coroutine: return "coroutine " + scope_name(it, value);
    case ValueKind::parameter: return "parameter";
    case ValueKind::packed: return "packed";
    case ValueKind::super_: return "super";
  }
  return "";
}

const model::Launch& launch_of(const Modelled& it, size_t launch) {
  REQUIRE(launch < it.model().launches().size());
  return it.model().launches()[launch];
}

}  // namespace

model::ParsedFile facts_file(std::string path, std::string_view text) {
  auto facts = facts::parse(text);
  if (!facts) FAIL(path << ": " << facts.error());
  return {.path = std::move(path), .facts = std::move(*facts)};
}

Modelled::Modelled(std::vector<Python> files, const model::ModelOptions& options)
    : texts_(std::move(files)), knowledge_(knowledge::Knowledge::built_in()), program_(parsed(texts_), knowledge_), model_(program_, options) {}

Modelled::Modelled(std::string_view text, const model::ModelOptions& options) : Modelled(std::vector<Python>{{"main.py", std::string(text)}}, options) {}

Modelled::Modelled(std::vector<model::ParsedFile> files, const model::ModelOptions& options)
    : knowledge_(knowledge::Knowledge::built_in()), program_(std::move(files), knowledge_), model_(program_, options) {}

std::string Modelled::place(Site site) const {
  if (site.event == model::none) return "-";
  std::string prefix = site.file == 0 ? "" : program_.file(site.file).path + ":";
  uint32_t begin = program_.file(site.file).event(site.event).span.begin;
  if (site.file >= texts_.size()) return prefix + "%" + std::to_string(site.event);
  const std::string& text = texts_[site.file].text;
  return prefix + std::to_string(1 + std::count(text.begin(), text.begin() + begin, '\n'));
}

std::string words(knowledge::StartMethods methods) {
  static constexpr std::string_view names[] = {"fork", "spawn", "forkserver", "threading", "loky"};
  std::vector<std::string> parts;
  for (int i = 0; i < knowledge::start_method_count; ++i)
    if (methods.has(knowledge::StartMethod(i))) parts.emplace_back(names[i]);
  return joined(parts, " ");
}

std::string launches(const Modelled& it) {
  std::vector<std::pair<Site, std::string>> found;
  for (const model::Launch& launch : it.model().launches()) found.emplace_back(launch.site, it.model().launcher_name(launch));
  std::sort(found.begin(), found.end());
  std::vector<std::string> parts;
  for (const auto& [site, name] : found)
    if (std::string part = it.place(site) + ":" + std::string(short_name(name)); std::find(parts.begin(), parts.end(), part) == parts.end()) parts.push_back(part);
  return joined(parts, " ");
}

std::string method(const Modelled& it, size_t launch) {
  static constexpr std::string_view by[] = {"standard", "explicit", "library", "unknown"};
  const model::Method& method = launch_of(it, launch).method;
  return words(method.methods) + " " + std::string(by[size_t(method.by)]);
}

std::string holds(const Modelled& it, std::string_view name) {
  std::vector<std::string> parts;
  for (model::ValueId value : it.model().evaluator().module_member(0, name)) parts.push_back(described(it, value));
  std::sort(parts.begin(), parts.end());
  return joined(parts, "; ");
}

std::string workers(const Modelled& it, size_t launch) {
  launch_of(it, launch);
  std::vector<std::string> parts;
  for (const model::WorkerTrace& worker : it.model().workers(launch)) {
    std::string text = described(it, worker.worker.function);
    parts.push_back(text.substr(text.find(' ') + 1));
  }
  return joined(parts, " ");
}

std::string crossings(const Modelled& it, size_t launch) {
  launch_of(it, launch);
  std::vector<std::string> parts;
  for (const model::Crossing& crossing : it.model().crossings(launch)) parts.push_back(crossing.problem.what + " [" + words(crossing.methods) + "]");
  return joined(parts, "; ");
}

std::string lost(const Modelled& it, size_t launch) {
  launch_of(it, launch);
  std::vector<std::string> parts;
  for (const model::LostGlobal& global : it.model().lost_globals(launch))
    parts.push_back(global.name + (global.import ? " import" : "") + (global.undefined ? " undefined" : "") + (global.in_place ? " in place" : "") + (global.patch ? " patch" : ""));
  return joined(parts, "; ");
}

std::string live(const Modelled& it, size_t launch) {
  const model::Launch& at = launch_of(it, launch);
  const model::Trace& trace = it.model().trace_of(at);
  std::vector<std::string> parts;
  for (const model::LiveThread& thread : model::live_threads(it.model().evaluator(), trace, at.step))
    parts.push_back((thread.step == model::none ? "main" : it.place(trace.steps[thread.step].site)) + (thread.certain ? "" : "?"));
  return joined(parts, " ");
}

std::string held(const Modelled& it, size_t launch) {
  const model::Launch& at = launch_of(it, launch);
  const model::Trace& trace = it.model().trace_of(at);
  std::vector<std::string> parts;
  for (const model::HeldLock& lock : model::held_locks(it.model().evaluator(), trace, at.step))
    parts.push_back(it.place(trace.steps[lock.step].site) + (lock.by_other ? " other" : "") + (lock.certain ? "" : "?"));
  return joined(parts, ", ");
}

}  // namespace forklint::tests
