#include "analyzer/units/preambles.h"

#include <algorithm>
#include <map>

#include "analyzer/units/heads.h"
#include "analyzer/units/includes.h"

namespace forklint::units {
namespace {

using frontends::cpp::Command;

constexpr size_t fewest_units = 4;     // a preamble costs about as much as two of them
constexpr size_t fewest_askers = 3;    // of a header in it
constexpr size_t askers_of_units = 8;  // and one in so many of the group

// A header as one writes it wherever one stands; of the user's own or of the system.
struct Asked {
  std::string directive;
  bool own = false;
  Stretch at;
};

struct Candidate {
  uint32_t unit = 0;
  const PlannedUnit* planned = nullptr;
  Head head;
  std::vector<Asked> asked;
};

std::string_view extension_of(std::string_view file) {
  const size_t dot = file.rfind('.');
  return dot == file.npos || file.find('/', dot) != file.npos ? std::string_view() : file.substr(dot);
}

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

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

std::vector<Asked> asked_by(const Head& head, const PlannedUnit& unit, const SearchPath& path, Resolver& resolver) {
  std::vector<Asked> result;
  for (const HeadInclude& it : head.includes) {
    const std::string& found = resolver.resolve({it.name, it.quoted}, unit.command.file, path);
    if (it.quoted && found.empty()) continue;  // stays where it is
    result.push_back({it.quoted ? "#include \"" + found + "\"\n" : "#include <" + std::string(it.name) + ">\n", !found.empty(), it.at});
  }
  return result;
}

// How many units ask for a header, and where they do on the average, from 0 to 1.
struct Header {
  size_t askers = 0;
  double place = 0;
  bool own = false;
};
using Headers = std::map<std::string_view, Header>;

Headers shared_headers(const std::vector<Candidate*>& units) {
  Headers headers;
  for (const Candidate* unit : units)
    for (size_t i = 0; i < unit->asked.size(); ++i) {
      Header& header = headers[unit->asked[i].directive];
      ++header.askers;
      header.place += (double(i) + 0.5) / double(unit->asked.size());
      header.own = unit->asked[i].own;
    }
  const size_t fewest = std::max(fewest_askers, units.size() / askers_of_units);
  std::erase_if(headers, [&](const auto& it) { return it.second.askers < fewest; });
  for (auto& [directive, header] : headers) header.place /= double(header.askers);
  return headers;
}

// Who asks for a header of the project's own that is shared, or for any where none of them is.
bool belongs(const Candidate& unit, const Headers& headers, bool own) {
  return std::ranges::any_of(unit.asked, [&](const Asked& it) { return headers.contains(it.directive) && (it.own || !own); });
}

PreambleGroup group_of(const std::string& root, const std::vector<Candidate*>& units, const Headers& headers) {
  std::vector<std::pair<std::string_view, Header>> order(headers.begin(), headers.end());
  std::ranges::sort(order, {}, [](const auto& it) { return std::pair(it.second.place, it.first); });
  const Candidate& model = *units.front();
  const CompileCommand& command = model.planned->command;
  PreambleGroup group;
  const std::string folder = model.head.lead_quotes ? folder_of(command.file) : command.directory;
  group.prepare = {root, command.directory, folder + "/forklint-preamble" + std::string(extension_of(command.file)), shared_arguments(command), model.head.lead, {}};
  for (const auto& [directive, header] : order) group.prepare.preamble += directive;
  for (const Candidate* unit : units) {
    group.units.push_back(unit->unit);
    std::vector<Stretch>& covered = group.covered.emplace_back(unit->head.lead_at);
    for (const Asked& it : unit->asked)
      if (headers.contains(it.directive)) covered.push_back(it.at);
  }
  return group;
}

// Those that have most in common first, then those of the rest.
void add_groups(const std::string& root, std::vector<Candidate*> units, std::vector<PreambleGroup>& groups) {
  while (units.size() >= fewest_units) {
    const Headers headers = shared_headers(units);
    const bool own = std::ranges::any_of(headers, [](const auto& it) { return it.second.own; });
    std::vector<Candidate*> members, rest;
    for (Candidate* it : units) (belongs(*it, headers, own) ? members : rest).push_back(it);
    if (members.empty()) return;
    if (members.size() >= fewest_units) groups.push_back(group_of(root, members, headers));
    units = std::move(rest);
  }
}

}  // namespace

std::vector<PreambleGroup> share_preambles(const std::string& root, const std::vector<PlannedUnit>& units, const std::vector<uint32_t>& chosen, const std::vector<source::File>& files) {
  std::vector<Candidate> candidates;
  candidates.reserve(chosen.size());
  std::map<std::string, std::vector<Candidate*>> alike;
  Resolver resolver;
  for (uint32_t unit : chosen) {
    const source::File& file = files[units[unit].file];
    Head head = file.verbatim ? head_of(file.text) : Head();
    if (head.includes.empty()) continue;
    Candidate& it = candidates.emplace_back(Candidate{unit, &units[unit], std::move(head), {}});
    it.asked = asked_by(it.head, *it.planned, search_path_of(it.planned->command), resolver);
    if (!it.asked.empty()) alike[group_key(it)].push_back(&it);
  }
  std::vector<PreambleGroup> groups;
  for (auto& [key, members] : alike) add_groups(root, std::move(members), groups);
  return groups;
}

}  // namespace forklint::units
