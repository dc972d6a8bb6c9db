#include "analyzer/engine/reach.h"

#include <algorithm>
#include <array>
#include <unordered_set>

namespace forklint::engine {
namespace {

using facts::Event;
using facts::EventId;
using facts::FileFacts;
using facts::NameId;
using facts::none;
using facts::Op;
using facts::ScopeId;
using facts::ScopeKind;

bool mentions(Op op) { return op == Op::read || op == Op::attribute || op == Op::import || op == Op::import_from; }

// Methods that keep what they are given in the object they are called on.
bool stores(std::string_view method) {
  static constexpr std::array<std::string_view, 9> names{"append", "add", "appendleft", "extend", "update", "insert", "setdefault", "put", "put_nowait"};
  return std::find(names.begin(), names.end(), method) != names.end();
}

constexpr uint8_t farthest = 64;

class Spread {
 public:
  explicit Spread(const FileFacts& facts)
      : f_(facts), scope_of_(facts.events.size()), user_of_(facts.events.size(), none), seen_(facts.events.size()), hot_(facts.names.size()), children_(facts.scopes.size()), mentions_(facts.names.size()) {
    for (ScopeId scope = 0; scope < f_.scopes.size(); ++scope) {
      if (scope != 0) children_[f_.scopes[scope].parent].push_back(scope);
      for (EventId id = f_.scopes[scope].events.begin; id < f_.scopes[scope].events.end; ++id) {
        scope_of_[id] = scope;
        const Event& event = f_.events[id];
        if (mentions(event.op)) mentions_[event.name].push_back(id);
        if (event.op == Op::global) globals_.insert(key(scope, event.name));
        for (uint32_t i = 0; i < event.operands_count; ++i)
          if (EventId operand = f_.operands_of(event)[i].value; operand != none) user_of_[operand] = id;
      }
    }
    result_.scopes.resize(f_.scopes.size());
  }

  Reach run(const Distances& launching) {
    for (NameId name = 0; name < f_.names.size(); ++name)
      if (auto it = launching.find(f_.names[name]); it != launching.end()) heat(name, it->second);
    for (EventId id = 0; id < f_.events.size(); ++id)
      if (const Event& event = f_.events[id]; event.op == Op::string && hot_[event.name] && is_attribute_name(id)) mentions_[event.name].push_back(id);
    for (distance_ = 0; distance_ < farthest; ++distance_)
      for (size_t i = 0; i < names_[distance_].size(); ++i)  // grows on the way
        for (EventId id : mentions_[names_[distance_][i]]) touch(id);
    for (EventId id = f_.scopes[0].events.begin; id < f_.scopes[0].events.end; ++id) {
      const Event& event = f_.events[id];
      if (event.op == Op::bind || event.op == Op::bind_module) tell(event.name);
    }
    for (uint64_t global : globals_) tell(NameId(global));
    return std::move(result_);
  }

 private:
  static uint64_t key(ScopeId scope, NameId name) { return uint64_t(scope) << 32 | name; }

  void heat(NameId name, uint8_t distance) {
    if (hot_[name]) return;
    distance = std::min(distance, uint8_t(farthest - 1));
    hot_[name] = uint8_t(distance + 1);
    names_[distance].push_back(name);
  }
  void heat(NameId name) { heat(name, uint8_t(distance_ + 1)); }

  void tell(NameId name) {
    if (hot_[name]) result_.names.emplace(f_.names[name], uint8_t(hot_[name] - 1));
  }

  // getattr(multiprocessing, "Process")
  bool is_attribute_name(EventId id) const {
    EventId user = user_of_[id];
    if (user == none || f_.events[user].op != Op::call) return false;
    EventId callee = f_.operands_of(f_.events[user])[0].value;
    return callee != none && f_.events[callee].op == Op::read && f_.names[f_.events[callee].name] == "getattr";
  }

  // A launching name stands here: its scope leads to a launch, and so does what its value goes into.
  void touch(EventId id) {
    enter(scope_of_[id]);
    for (; id != none && !seen_[id]; id = user_of_[id]) {
      seen_[id] = true;
      EventId user = user_of_[id];
      if (user != none) flow(id, user);
    }
  }

  void flow(EventId value, EventId user) {
    const Event& event = f_.events[user];
    auto operand = [&](const Event& of, uint32_t i) { return i < of.operands_count ? f_.operands_of(of)[i].value : none; };
    switch (event.op) {
      case Op::bind: case Op::bind_module: case Op::augment:
        if (outlives(scope_of_[user], event.name)) heat(event.name);
        return;
      case Op::set_attribute: case Op::augment_attribute:
        if (operand(event, 0) != value) heat(event.name);
        return;
      case Op::set_subscript: case Op::augment_subscript: return holder(operand(event, 0));
      case Op::class_: return whole(event.extra);  // derives from it
      case Op::call: {
        EventId callee = operand(event, 0);
        if (callee != none && callee != value && f_.events[callee].op == Op::attribute && stores(f_.names[f_.events[callee].name])) holder(operand(f_.events[callee], 0));
        return;
      }
      default: return;
    }
  }

  void holder(EventId base) {
    if (base == none || !mentions(f_.events[base].op)) return;
    if (f_.events[base].op != Op::read || outlives(scope_of_[base], f_.events[base].name)) heat(f_.events[base].name);
  }

  // Whether other functions see what is bound here: locals reach only scopes inside, which are taken along anyway.
  bool outlives(ScopeId scope, NameId name) const {
    ScopeKind kind = f_.scopes[scope].kind;
    return kind == ScopeKind::module || kind == ScopeKind::class_ || globals_.contains(key(scope, name));
  }

  void enter(ScopeId scope) {
    for (; scope != none && !result_.scopes[scope]; scope = f_.scopes[scope].parent) {
      result_.scopes[scope] = uint8_t(distance_ + 1);
      if (scope == 0) return;
      named(scope);
      if (f_.scopes[scope].kind != ScopeKind::class_) inside(scope);
    }
  }

  void named(ScopeId scope) {
    ScopeKind kind = f_.scopes[scope].kind;
    if (kind == ScopeKind::function || kind == ScopeKind::class_) heat(f_.scopes[scope].name);
  }

  void whole(ScopeId scope) {
    enter(scope);
    inside(scope);
  }

  void inside(ScopeId scope) {
    std::vector<ScopeId> open = children_[scope];
    while (!open.empty()) {
      ScopeId next = open.back();
      open.pop_back();
      if (result_.scopes[next]) continue;
      result_.scopes[next] = uint8_t(distance_ + 1);
      named(next);
      open.insert(open.end(), children_[next].begin(), children_[next].end());
    }
  }

  const FileFacts& f_;
  std::vector<ScopeId> scope_of_;
  std::vector<EventId> user_of_;  // the event that a value goes into
  std::vector<char> seen_;
  std::vector<uint8_t> hot_;      // by name: its distance and 1, or 0
  std::vector<std::vector<ScopeId>> children_;
  std::vector<std::vector<EventId>> mentions_;  // by name
  std::unordered_set<uint64_t> globals_;        // scopes and the names that they declare global
  std::array<std::vector<NameId>, farthest> names_;  // hot ones, by distance
  uint8_t distance_ = 0;          // of what is being followed
  Reach result_;
};

}  // namespace

Reach reach_of(const FileFacts& facts, const Distances& launching) { return Spread(facts).run(launching); }

}  // namespace forklint::engine
