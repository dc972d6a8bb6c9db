#include "analyzer/model/entries.h"

#include <algorithm>
#include <array>

#include "analyzer/source/parallel.h"

namespace forklint::model {
namespace {

// A large program is walked in two shares, each with an evaluator of its own: more of them would ask the same questions
// too often. What is large, and where it is cut, depends on the program alone, and so does every trace.
constexpr size_t large = 300;  // entries

using Visited = std::unordered_set<uint64_t>;

struct Root {
  FileId file = none;
  ScopeId scope = none;
  bool walked = false;
  Trace trace;
  std::vector<uint64_t> visited;
};

struct Share {
  std::vector<FileId> files;
  std::unique_ptr<Evaluator> evaluator;
  std::unique_ptr<Walker> walker;
  std::vector<Trace> mains;
  Visited visited;           // by the mains
  std::vector<Root> roots;   // functions, in order
};

// From how far away functions that nothing calls are followed to a launch: over so many calls. What they call is walked
// by itself where they are not. Large programs are looked at from nearer, or most of the time would go into callers.
uint8_t farthest_roots(const Program& program) {
  constexpr uint8_t nearest = 3, farthest = 6;
  constexpr size_t many = 1500;
  std::array<size_t, farthest + 1> functions{};
  for (const File& file : program.files())
    for (ScopeId scope = 1; file.walked && scope < file.launching.size(); ++scope)
      if (file.launching[scope] <= farthest && file.facts.scopes[scope].kind == facts::ScopeKind::function) ++functions[file.launching[scope]];
  size_t total = functions[1] + functions[2] + functions[3];
  uint8_t distance = nearest;
  while (distance < farthest && total + functions[distance + 1] <= many) total += functions[++distance];
  return distance;
}

bool worth_walking(const File& file, ScopeId scope, uint8_t farthest) {
  if (file.facts.scopes[scope].kind != facts::ScopeKind::function) return false;
  return file.launching.empty() || (file.launching[scope] > 0 && file.launching[scope] <= farthest);
}

size_t entries_of(const File& file, uint8_t farthest) {
  size_t entries = 1;
  for (ScopeId scope = 1; scope < file.facts.scopes.size(); ++scope) entries += worth_walking(file, scope, farthest);
  return entries;
}

std::vector<Share> divided(const Program& program, uint8_t farthest) {
  std::vector<std::pair<FileId, size_t>> files;  // and how many entries there are up to its middle
  size_t total = 0;
  for (FileId id : program.python_files()) {
    const File& file = program.file(id);
    if (!file.walked) continue;
    size_t entries = entries_of(file, farthest);
    files.push_back({id, total + entries / 2});
    total += entries;
  }
  std::vector<Share> shares(total < large ? 1 : 2);
  for (auto [id, middle] : files) shares[middle * shares.size() / total].files.push_back(id);
  return shares;
}

void walk_mains(Share& share, const Program& program) {
  share.evaluator = std::make_unique<Evaluator>(program);
  share.walker = std::make_unique<Walker>(*share.evaluator);
  for (FileId file : share.files) {
    share.mains.push_back(share.walker->walk_main(file));
    share.visited.insert(share.walker->visited().begin(), share.walker->visited().end());
  }
}

void walk(Root& root, Walker& walker) {
  root.trace = walker.walk_function(root.file, root.scope);
  root.visited = walker.visited();
  root.walked = true;
}

// All but those that were visited, by mains or by functions of this share.
void walk_functions(Share& share, const Program& program, uint8_t farthest, const Visited& by_mains) {
  Visited visited;
  for (FileId file : share.files)
    for (ScopeId scope = 1; scope < program.file(file).facts.scopes.size(); ++scope) {
      uint64_t key = Walker::key(file, scope);
      if (!worth_walking(program.file(file), scope, farthest) || by_mains.contains(key)) continue;
      Root& root = share.roots.emplace_back(Root{.file = file, .scope = scope});
      if (visited.contains(key)) continue;
      walk(root, *share.walker);
      visited.insert(root.visited.begin(), root.visited.end());
    }
}

void rename(Trace& trace, const Renamed& now) {
  for (Step& step : trace.steps) {
    step.frame = now.frames[step.frame];
    step.inner = now.frames[step.inner];
    step.subject = now.values[step.subject];
  }
  for (MemberWrite& write : trace.writes) {
    write.frame = now.frames[write.frame];
    write.subject = now.values[write.subject];
    write.position.frame = now.frames[write.position.frame];
  }
  for (ThreadBody& body : trace.threads) {
    body.frame = now.frames[body.frame];
    body.function = now.values[body.function];
  }
}

}  // namespace

Walked walk_entries(const Program& program, unsigned jobs) {
  const uint8_t farthest = farthest_roots(program);
  std::vector<Share> shares = divided(program, farthest);
  source::in_parallel(shares.size(), jobs, [&](size_t i) { walk_mains(shares[i], program); });
  Visited visited;
  for (Share& share : shares) visited.merge(share.visited);
  source::in_parallel(shares.size(), jobs, [&](size_t i) { walk_functions(shares[i], program, farthest, visited); });

  // A share did not know what functions of an earlier one visited. In order, each function is kept that nothing before it did.
  for (Share& share : shares)
    std::erase_if(share.roots, [&](Root& root) {
      if (visited.contains(Walker::key(root.file, root.scope))) return true;
      if (!root.walked) walk(root, *share.walker);
      visited.insert(root.visited.begin(), root.visited.end());
      return root.trace.steps.empty();
    });

  Walked result{std::move(shares[0].evaluator), std::move(shares[0].walker), {}};
  for (size_t i = 1; i < shares.size(); ++i) {
    Renamed now = result.evaluator->absorb(std::move(*shares[i].evaluator));
    for (Trace& main : shares[i].mains) rename(main, now);
    for (Root& root : shares[i].roots) rename(root.trace, now);
  }
  for (Share& share : shares) std::ranges::move(share.mains, std::back_inserter(result.traces));
  for (Share& share : shares)
    for (Root& root : share.roots) result.traces.push_back(std::move(root.trace));
  return result;
}

}  // namespace forklint::model
