#include "analyzer/units/analyse.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include <unistd.h>

#include "analyzer/units/ask.h"
#include "analyzer/units/plan.h"
#include "analyzer/units/relevance.h"
#include "analyzer/units/worker.h"

namespace forklint::units {
namespace {

using frontends::cpp::Unit;

void keep(std::vector<PlannedUnit>& units, const std::vector<char>& wanted) {
  std::vector<PlannedUnit> kept;
  for (size_t i = 0; i < units.size(); ++i)
    if (wanted[i]) kept.push_back(std::move(units[i]));
  units = std::move(kept);
}

// What the units say of each file.
class Gathered {
 public:
  Gathered(const std::vector<source::File>& files, const Plan& plan) : files_(files), plan_(plan) {
    for (uint32_t i = 0; i < plan.real.size(); ++i)
      if (!plan.real[i].empty()) given_.try_emplace(plan.real[i], i);
  }

  void add(Unit unit, Natives& result) {
    ++units_;
    if (unit.errors > 0) {
      ++with_errors_;
      if (missing_.empty()) missing_ = unit.missing_header;
      if (first_error_.empty()) first_error_ = unit.first_error;
    }
    add_files(std::move(unit), result);
  }

  // Of a unit, or of headers that units have in common.
  void add_files(Unit unit, Natives& result) {
    for (auto& file : unit.files) {
      const std::string& real = real_of(file.path);
      auto it = given_.find(real);
      const bool given = it != given_.end();
      auto [kept, is_new] = kept_.try_emplace(given ? files_[it->second].path : file.path, result.files.size());
      if (is_new) result.files.push_back({kept->first, given, given ? it->second : 0, std::move(file.facts)});
      else if (Native& before = result.files[kept->second]; before.facts.events.size() < file.facts.events.size()) before.facts = std::move(file.facts);
    }
    for (const std::string& path : unit.reads)
      if (auto it = given_.find(real_of(path)); it != given_.end()) seen_.insert(it->second);
  }

  bool seen(uint32_t file) const { return seen_.contains(file); }

  void summarise(Natives& result) const {
    if (with_errors_ == 0) return;
    std::string note = std::to_string(with_errors_) + " of " + std::to_string(units_) + " C and C++ units had errors and are read as far as they go";
    if (!missing_.empty()) note += ", first missing header: " + missing_;
    else if (!first_error_.empty()) note += ", the first: " + first_error_;
    result.notes.push_back(std::move(note));
  }

 private:
  // Headers come back once for each unit: their links are resolved once.
  const std::string& real_of(const std::string& told) {
    auto [it, is_new] = real_.try_emplace(told);
    if (is_new) it->second = real_path(absolute(told, plan_.root));
    return it->second;
  }

  const std::vector<source::File>& files_;
  const Plan& plan_;
  std::unordered_map<std::string, uint32_t> given_;
  std::unordered_map<std::string, std::string> real_;
  std::map<std::string, size_t> kept_;
  std::set<uint32_t> seen_;
  size_t units_ = 0, with_errors_ = 0;
  std::string missing_, first_error_;
};

}  // namespace

Natives analyse(const std::vector<source::File>& files, const UnitOptions& options, const knowledge::Knowledge* knowledge) {
  Natives result;
  const size_t natives = size_t(std::ranges::count_if(files, is_native, &source::File::kind));
  if (natives == 0) return result;
  Plan plan = plan_units(files, options, knowledge ? &knowledge->natives() : nullptr);
  result.notes = plan.notes;
  if (knowledge) {
    const Relevance relevance = relevance_of(files, plan, *knowledge, options.jobs);
    keep(plan.sources, relevance.sources);
    keep(plan.headers, relevance.headers);
  }
  if (plan.sources.empty() && plan.headers.empty()) return result;
  const std::string program = find_frontend();
  if (program.empty() || ::access(program.c_str(), X_OK) != 0) {
    result.notes.push_back(std::to_string(natives) + (natives == 1 ? " C or C++ file is" : " C and C++ files are") + " not analysed: " +
                           (program.empty() ? "there is no forklint-clang beside forklint" : "cannot run " + program));
    return result;
  }
  Gathered gathered(files, plan);
  auto run = [&](const std::vector<PlannedUnit>& units) {
    Answers answers = ask_all(program, plan.root, units, files, options);
    for (Unit& headers : answers.preambles) gathered.add_files(std::move(headers), result);
    for (size_t i = 0; i < units.size(); ++i) {
      if (answers.units[i]) gathered.add(std::move(*answers.units[i]), result);
      else result.skipped.push_back({files[units[i].file].path, answers.units[i].error()});
    }
  };
  run(plan.sources);
  // Headers that none of these includes are units of their own.
  std::erase_if(plan.headers, [&](const PlannedUnit& unit) { return gathered.seen(unit.file); });
  run(plan.headers);
  gathered.summarise(result);
  std::ranges::sort(result.files, [](const Native& a, const Native& b) { return std::tuple(!a.given, a.file, std::string_view(a.path)) < std::tuple(!b.given, b.file, std::string_view(b.path)); });
  return result;
}

}  // namespace forklint::units
