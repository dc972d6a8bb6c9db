#include "analyzer/units/include_graph.h"

#include <map>

#include "analyzer/source/file.h"
#include "analyzer/units/outline.h"

namespace forklint::units {
namespace {

constexpr uint64_t largest_header = 4u << 20;

}  // namespace

bool is_standard(std::string_view name) { return name.find_first_of("./") == name.npos; }

const std::vector<IncludeGraph::Included>& IncludeGraph::includes_of(const std::string& file) {
  auto [it, is_new] = headers_.try_emplace(file);
  auto& includes = it->second;
  if (!is_new) return includes;
  auto bytes = source::read_bytes(file, largest_header);
  if (!bytes) return includes;
  for (const Include& include : outline_of(*bytes).includes) {
    if (const std::string& found = resolver_.resolve(include, file, path_); !found.empty()) includes.push_back({found, {}, include.always});
    else if (!include.quoted && is_standard(include.name)) includes.push_back({{}, std::string(include.name), include.always});
  }
  return includes;
}

ReachedHeaders IncludeGraph::from(const std::vector<std::string>& headers) {
  ReachedHeaders result;
  result.own.insert(headers.begin(), headers.end());
  std::map<std::string, bool> seen;  // and whether in any case
  std::vector<std::pair<std::string, bool>> open;
  for (const std::string& header : headers)
    if (seen.try_emplace(header, true).second) open.emplace_back(header, true);
  while (!open.empty()) {
    const auto [from, always] = std::move(open.back());
    open.pop_back();
    for (const Included& it : includes_of(from)) {
      const bool in_any_case = always && it.always;
      if (it.own.empty()) {
        if (in_any_case) result.standard.insert(it.standard);
        continue;
      }
      result.own.insert(it.own);
      auto [known, is_new] = seen.try_emplace(it.own, in_any_case);
      if (!is_new && (known->second || !in_any_case)) continue;
      known->second = in_any_case;
      open.emplace_back(it.own, in_any_case);
    }
  }
  return result;
}

}  // namespace forklint::units
