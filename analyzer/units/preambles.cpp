#include "analyzer/units/preambles.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "analyzer/units/heads.h"
#include "analyzer/units/include_graph.h"

namespace forklint::units {
namespace {

constexpr size_t fewest_units = 4;     // a preamble costs about as much as two of them
constexpr size_t fewest_askers = 3;    // of a header in it,
constexpr size_t units_of_asker = 8;   // and one in so many of the units, for those that are not the project's own
constexpr size_t kept_percent = 75;    // of the units, with each header that is
constexpr size_t most_groups = 32;     // of units that are compiled alike: each looks at all that are left

// A header as one writes it wherever one stands.
struct Asked {
  std::string directive;
  std::string own;  // the real path of one of the project's own
  Stretch at;       // empty: other headers ask for it
};

struct Candidate {
  uint32_t unit = 0;
  const PlannedUnit* planned = nullptr;
  Head head;
  std::vector<Asked> asked;
  ReachedHeaders reached;
};
using Candidates = std::vector<Candidate*>;

// A file that is called so may be compiled as C++: g++, -x c++, -std=c++20.
bool is_c(const PlannedUnit& unit) {
  return unit.command.file.ends_with(".c") && std::ranges::none_of(unit.command.arguments, [](const std::string& word) { return word.contains("++"); });
}

std::string extension_of(const std::string& file) { return std::filesystem::path(file).extension().string(); }

std::string own_directive(const std::string& path) { return "#include \"" + path + "\"\n"; }

// An older compiler may not have it.
std::string standard_directive(std::string_view name) {
  const std::string quoted = "<" + std::string(name) + ">";
  return "#if __has_include(" + quoted + ")\n#include " + quoted + "\n#endif\n";
}

// The command without what differs from file to file: the file, and what is written.
std::vector<std::string> shared_arguments(const CompileCommand& command) {
  std::vector<std::string> result;
  for (size_t i = 0; i < command.arguments.size(); ++i) {
    const std::string& word = command.arguments[i];
    const bool output = word == "-o" || word == "-MF" || word == "-MT" || word == "-MQ";
    if (output) ++i;
    else if (i == 0 || absolute(word, command.directory) != command.file) result.push_back(word);
  }
  return result;
}

// What all units of a group have in common.
std::string group_key(const Candidate& it) {
  std::string key = it.planned->command.directory;
  for (const std::string& word : shared_arguments(it.planned->command)) key.append(1, '\0').append(word);
  key.append(1, '\0').append(extension_of(it.planned->command.file)).append(1, '\0').append(it.head.lead);
  if (it.head.lead_quotes) key.append(1, '\0').append(folder_of(it.planned->command.file));
  return key;
}

// What the source asks for in its head. A header of C++ that is the project's own is not shared: what its templates do is known where they
// are used.
std::vector<Asked> asked_in(const Head& head, const PlannedUnit& unit, const SearchPath& path, Resolver& resolver) {
  std::vector<Asked> result;
  for (const HeadInclude& it : head.includes) {
    const std::string& found = resolver.resolve({it.name, it.quoted}, unit.command.file, path);
    if (found.empty() && it.quoted) continue;  // stays where it is
    if (!found.empty() && it.quoted) result.push_back({own_directive(found), found, it.at});
    else if (found.empty() && !is_c(unit) && is_standard(it.name)) result.push_back({standard_directive(it.name), {}, it.at});
    else result.push_back({"#include <" + std::string(it.name) + ">\n", found, it.at});
  }
  return result;
}

ReachedHeaders reached_by(const std::vector<Asked>& asked, IncludeGraph& graph) {
  std::vector<std::string> own;
  for (const Asked& it : asked)
    if (!it.own.empty()) own.push_back(it.own);
  return graph.from(own);
}

// Of C++, what is reached in any case stands for the headers that reach it: the library's may come in any order.
void only_standard(const ReachedHeaders& reached, std::vector<Asked>& asked) {
  std::erase_if(asked, [](const Asked& it) { return !it.own.empty(); });
  std::set<std::string> known;
  for (const Asked& it : asked) known.insert(it.directive);
  for (const std::string& name : reached.standard)
    if (std::string directive = standard_directive(name); !known.contains(directive)) asked.push_back({std::move(directive), {}, {}});
}

// How many units ask for a header, and where they do on the average, from 0 to 1; what only other headers ask for comes first.
struct Header {
  size_t askers = 0;
  double place = 0;
  std::string own;
};
using Headers = std::map<std::string, Header>;  // by directive

Headers headers_of(const Candidates& units) {
  Headers headers;
  for (const Candidate* unit : units)
    for (size_t i = 0; i < unit->asked.size(); ++i) {
      const Asked& asked = unit->asked[i];
      Header& header = headers[asked.directive];
      ++header.askers;
      header.own = asked.own;
      header.place += asked.at != Stretch() ? (double(i) + 0.5) / double(unit->asked.size()) : 0;
    }
  for (auto& [directive, header] : headers) header.place /= double(header.askers);
  return headers;
}

// Leaves the headers that are worth it and the units that they are right for: of the project's own, which may define anything, a unit sees
// only what it includes anyway, by whatever way; of others also what only many of the units ask for.
void choose(Headers& headers, Candidates& units, IncludeGraph& graph) {
  std::vector<std::pair<size_t, std::string>> own;
  for (const auto& [directive, header] : headers)
    if (!header.own.empty() && header.askers >= fewest_askers) own.emplace_back(header.askers, directive);
  std::ranges::sort(own, std::greater());
  std::set<std::string> chosen, inside;
  for (const auto& [askers, directive] : own) {
    const std::string& path = headers[directive].own;
    if (inside.contains(path)) continue;
    Candidates with;
    for (Candidate* unit : units)
      if (unit->reached.own.contains(path)) with.push_back(unit);
    if (with.size() < fewest_units || (!chosen.empty() && with.size() * 100 < units.size() * kept_percent)) continue;
    units = std::move(with);
    chosen.insert(directive);
    inside.merge(graph.from({path}).own);
  }
  Headers shared = headers_of(units);
  std::erase_if(shared, [&](const auto& it) {
    return it.second.own.empty() ? it.second.askers < std::max(fewest_askers, units.size() / units_of_asker) : !chosen.contains(it.first);
  });
  headers = std::move(shared);
  std::erase_if(units, [&](const Candidate* unit) { return std::ranges::none_of(unit->asked, [&](const Asked& it) { return headers.contains(it.directive); }); });
}

PreambleGroup group_of(const std::string& root, const Candidates& units, const Headers& headers) {
  std::vector<std::pair<double, std::string>> order;
  for (const auto& [directive, header] : headers) order.emplace_back(header.place, directive);
  std::ranges::sort(order);
  const Candidate& model = *units.front();
  const CompileCommand& command = model.planned->command;
  const std::string folder = model.head.lead_quotes ? folder_of(command.file) : command.directory;
  PreambleGroup group;
  group.prepare = {root, command.directory, folder + "/forklint-preamble" + extension_of(command.file), shared_arguments(command), model.head.lead, {}, true};
  for (const auto& [place, directive] : order) group.prepare.preamble += directive;
  for (const Candidate* unit : units) {
    group.units.push_back(unit->unit);
    std::vector<Stretch>& covered = group.covered.emplace_back(unit->head.lead_at);
    for (const Asked& it : unit->asked)
      if (it.at != Stretch() && headers.contains(it.directive)) covered.push_back(it.at);
  }
  return group;
}

// Those that have most in common first, then those of the rest.
void add_groups(const std::string& root, Candidates units, IncludeGraph& graph, std::vector<PreambleGroup>& groups) {
  for (size_t made = 0; made < most_groups && units.size() >= fewest_units; ++made) {
    Headers headers = headers_of(units);
    Candidates members = units;
    choose(headers, members, graph);
    if (members.size() < fewest_units) return;
    groups.push_back(group_of(root, members, headers));
    std::erase_if(units, [&](Candidate* it) { return std::ranges::binary_search(groups.back().units, it->unit); });
  }
}

}  // namespace

std::vector<PreambleGroup> share_preambles(const std::string& root, const std::vector<PlannedUnit>& units, const std::vector<uint32_t>& chosen, const std::vector<source::File>& files) {
  std::vector<Candidate> candidates;
  candidates.reserve(chosen.size());
  std::map<std::string, Candidates> alike;
  for (uint32_t unit : chosen) {
    const source::File& file = files[units[unit].file];
    Head head = file.verbatim ? head_of(file.text) : Head();
    if (head.includes.empty()) continue;
    Candidate& it = candidates.emplace_back(Candidate{unit, &units[unit], std::move(head), {}, {}});
    alike[group_key(it)].push_back(&it);
  }
  std::vector<PreambleGroup> groups;
  Resolver resolver;
  for (auto& [key, members] : alike) {
    if (members.size() < fewest_units) continue;
    const SearchPath path = search_path_of(members.front()->planned->command);
    IncludeGraph graph(resolver, path);
    for (Candidate* it : members) {
      it->asked = asked_in(it->head, *it->planned, path, resolver);
      it->reached = reached_by(it->asked, graph);
      if (!is_c(*it->planned)) only_standard(it->reached, it->asked);
    }
    std::erase_if(members, [](const Candidate* it) { return it->asked.empty(); });
    add_groups(root, std::move(members), graph, groups);
  }
  return groups;
}

}  // namespace forklint::units
