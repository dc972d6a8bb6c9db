#include "analyzer/model/control.h"

#include <algorithm>

namespace forklint::model {
namespace {

using facts::RegionKind;

// How a piece of code may end; nothing at all: it never does.
enum : unsigned { falls = 1, returns = 2, breaks = 4, exits = 8, exits_now = 16, raises = 32 };
constexpr int deepest = 24;

struct Place {
  FileId file = none;
  ScopeId scope = none;
  FrameId frame = any_frame;
};

class Follower {
 public:
  Follower(Evaluator& evaluator, Site fork, Side side) : evaluator_(evaluator), fork_(fork), side_(side) {}

  ForkSide run(const Trace& trace, uint32_t step) {
    Site at = trace.steps[step].site;
    FrameId frame = trace.steps[step].frame;
    uint32_t up = trace.steps[step].parent;
    while (true) {
      const File& file = evaluator_.program().file(at.file);
      unsigned end = rest({at.file, file.scope_of(at.event), frame}, at.event);
      if (!(end & (falls | returns))) {
        result_.exits = end & exits;
        return result_;
      }
      if (up == none || trace.steps[up].kind != StepKind::enter_function) break;
      at = trace.steps[up].site;
      frame = trace.steps[up].frame;
      up = trace.steps[up].parent;
      own_ = false;  // what called it was written for both
    }
    result_.runs_on = true;
    return result_;
  }

 private:
  const File& file(FileId id) const { return evaluator_.program().file(id); }

  // From behind an event to the end of its scope.
  unsigned rest(const Place& place, EventId event) {
    const facts::FileFacts& f = file(place.file).facts;
    RegionId region = f.events[event].region;
    EventId from = event + 1;
    unsigned all = 0;
    while (true) {
      EventId to = region == none ? f.scopes[place.scope].events.end : f.regions[region].events.end;
      unsigned end = block(place, region, from, to, 0);
      all |= end & ~unsigned(falls);
      if (region == none) return all | (end & falls);
      const facts::Region& it = f.regions[region];
      bool on = end & falls;
      if (end == falls && goes_round(place, region) && !result_.shared) {  // in the next round it does what the parent does
        result_.shared = true;
        result_.first_shared = {place.file, event};
      }
      if (it.kind == RegionKind::loop && (end & breaks)) on = true;
      all &= ~unsigned(breaks);
      if (!on && !(end & returns)) {
        if (it.kind == RegionKind::try_body && caught(place, region)) on = end & (exits | raises);
        if (!on) return all;
      }
      if (it.kind == RegionKind::with) {
        result_.left.push_back({place.file, it.subject});
        if (unsigned closing = closes(place, it.subject); !(closing & falls)) return (all & ~unsigned(returns)) | closing;
      }
      from = group_end(place, region);
      if (it.kind == RegionKind::try_body || it.kind == RegionKind::except_arm || it.kind == RegionKind::try_else)
        if (RegionId last = finally_of(place, region); last != none) {
          unsigned closing = block(place, last, f.regions[last].events.begin, f.regions[last].events.end, 0);
          if (!(closing & falls)) return closing;
        }
      if (!on) return all;
      region = it.parent;
    }
  }

  // A loop that nothing in it ends: `for`, `while True`.
  bool goes_round(const Place& place, RegionId region) const {
    const facts::FileFacts& f = file(place.file).facts;
    const facts::Region& it = f.regions[region];
    if (it.kind != RegionKind::loop || it.subject == none) return false;
    return !it.events.contains(it.subject) || f.events[it.subject].op == Op::boolean;
  }

  EventId group_end(const Place& place, RegionId region) const {
    const facts::FileFacts& f = file(place.file).facts;
    EventId end = 0;
    for (RegionId other = f.scopes[place.scope].regions.begin; other < f.scopes[place.scope].regions.end; ++other)
      if (f.regions[other].statement == f.regions[region].statement && f.regions[other].parent == f.regions[region].parent) end = std::max(end, f.regions[other].events.end);
    return end;
  }

  RegionId finally_of(const Place& place, RegionId region) const {
    const facts::FileFacts& f = file(place.file).facts;
    for (RegionId other = f.scopes[place.scope].regions.begin; other < f.scopes[place.scope].regions.end; ++other)
      if (f.regions[other].statement == f.regions[region].statement && f.regions[other].kind == RegionKind::finally) return other;
    return none;
  }

  bool caught(const Place& place, RegionId body) const {
    const facts::FileFacts& f = file(place.file).facts;
    for (RegionId other = body + 1; other < f.scopes[place.scope].regions.end; ++other)
      if (f.regions[other].statement == f.regions[body].statement && f.regions[other].kind == RegionKind::except_arm && f.regions[other].subject == none) return true;
    return false;
  }

  // The events of one region, or of the scope itself, with what is nested in them.
  unsigned block(const Place& place, RegionId region, EventId from, EventId to, int depth) {
    const facts::FileFacts& f = file(place.file).facts;
    unsigned all = 0;
    if (depth > deepest) return falls;
    for (EventId id = from; id < to;) {
      RegionId inner = f.events[id].region;
      if (inner == region) {
        unsigned end = event(place, id);
        all |= end & ~unsigned(falls);
        if (!(end & falls)) return all;
        ++id;
        continue;
      }
      while (inner != none && f.regions[inner].parent != region) inner = f.regions[inner].parent;
      if (inner == none) return all | falls;
      bool own = own_;
      unsigned end = statement(place, inner, depth);
      if (!keeps_own_) own_ = own;
      keeps_own_ = false;
      all |= end & ~unsigned(falls);
      if (!(end & falls)) return all;
      id = std::max(id + 1, group_end(place, inner));
    }
    return all | falls;
  }

  unsigned arm(const Place& place, RegionId region, int depth) {
    const facts::Region& it = file(place.file).facts.regions[region];
    return block(place, region, it.events.begin, it.events.end, depth + 1);
  }

  // All arms of one statement, found by any of them.
  unsigned statement(const Place& place, RegionId any, int depth) {
    const facts::FileFacts& f = file(place.file).facts;
    std::vector<RegionId> arms;
    for (RegionId other = f.scopes[place.scope].regions.begin; other < f.scopes[place.scope].regions.end; ++other)
      if (f.regions[other].statement == f.regions[any].statement && f.regions[other].parent == f.regions[any].parent) arms.push_back(other);
    switch (f.regions[any].kind) {
      case RegionKind::then_arm: case RegionKind::else_arm: return branch(place, arms, depth);
      case RegionKind::loop: case RegionKind::loop_else: {
        unsigned body = 0;
        for (RegionId it : arms) body |= arm(place, it, depth);
        EventId test = f.regions[any].subject;
        bool endless = test != none && ((f.events[test].op == Op::boolean && f.name(f.events[test].name) == "True") || (f.events[test].op == Op::number && f.name(f.events[test].name) == "1"));
        return (body & ~unsigned(falls | breaks)) | (!endless || (body & breaks) ? unsigned(falls) : 0u);
      }
      case RegionKind::try_body: case RegionKind::except_arm: case RegionKind::try_else: case RegionKind::finally: {
        unsigned body = falls, handlers = 0, last = falls;
        for (RegionId it : arms) {
          if (f.regions[it].kind == RegionKind::try_body) body = arm(place, it, depth);
          if (f.regions[it].kind == RegionKind::try_else && (body & falls)) body = (body & ~unsigned(falls)) | arm(place, it, depth);
          if (f.regions[it].kind == RegionKind::except_arm) handlers |= arm(place, it, depth);
          if (f.regions[it].kind == RegionKind::finally) last = arm(place, it, depth);
        }
        if (!(last & falls)) return last;
        return body | handlers | (last & ~unsigned(falls));
      }
      case RegionKind::annotation: return falls;
      default: {
        unsigned end = 0;
        for (RegionId it : arms) end |= arm(place, it, depth);
        if (f.regions[any].kind != RegionKind::with || !(end & (falls | returns))) return end;
        unsigned closing = closes(place, f.regions[any].subject);
        return closing & falls ? end : (end & ~unsigned(falls | returns)) | closing;
      }
    }
  }

  unsigned branch(const Place& place, const std::vector<RegionId>& arms, int depth) {
    const facts::FileFacts& f = file(place.file).facts;
    unsigned all = 0;
    bool has[2] = {false, false};
    EventId test = f.regions[arms[0]].subject;
    Condition conditions[2] = {implied(evaluator_, {place.file, test}, place.frame, true, Role::called), implied(evaluator_, {place.file, test}, place.frame, false, Role::called)};
    bool other_leaves = false;
    for (int which = 0; which < 2; ++which) {
      const Condition& condition = conditions[which];  // then_arm first
      Side side = condition.side_of(fork_);
      RegionId region = none;
      for (RegionId it : arms)
        if ((f.regions[it].kind == RegionKind::then_arm) == (which == 0)) region = it;
      has[which] = region != none;
      if (condition.guard == Guard::never) continue;
      if (side != Side::both) result_.tested = true;
      if (side != Side::both && side != side_) {
        // What follows is this side's alone when the other one never comes there.
        if (region != none) {
          Follower other(evaluator_, fork_, side);
          other_leaves |= !(other.arm(place, region, depth) & falls);
        }
        continue;
      }
      bool own = own_;
      own_ |= side == side_;
      unsigned end = has[which] ? arm(place, region, depth) : unsigned(falls);
      own_ = own;
      // Where nothing tells the sides apart, a branch that leaves the process may be the one for this side.
      if (side == Side::both && (end & (exits | exits_now)) && !(end & (falls | returns))) return end;
      all |= end;
    }
    if (other_leaves) own_ = keeps_own_ = true;
    return all == 0 && !has[0] && !has[1] ? unsigned(falls) : all;
  }

  unsigned event(const Place& place, EventId id) {
    const File& it = file(place.file);
    switch (it.event(id).op) {
      case Op::return_: return returns;
      case Op::break_: case Op::continue_: return breaks;
      case Op::raise: {
        EventId value = it.operand(id, 0);
        for (ValueId raised : value == none ? Values{} : Values(evaluator_.evaluate({place.file, value}, place.frame))) {
          const knowledge::Api* row = evaluator_.value(raised).kind == ValueKind::object ? evaluator_.maker(raised) : evaluator_.api(raised);
          if (row && row->exits) return leaves({place.file, id});
        }
        return raises;
      }
      case Op::call: return call(place, id);
      default: return falls;
    }
  }

  unsigned leaves(Site site) {
    if (result_.exit.event == none) result_.exit = site;
    return exits;
  }

  unsigned call(const Place& place, EventId id) {
    const File& it = file(place.file);
    if (!own_ && !result_.shared) {
      result_.shared = true;
      result_.first_shared = {place.file, id};
    }
    Values callees = evaluator_.evaluate({place.file, it.operand(id, 0)}, place.frame);
    if (callees.size() != 1) return falls;
    const Value callee = evaluator_.value(callees[0]);
    if (const knowledge::Api* row = evaluator_.api(callees[0])) {
      if (row->exits_now) return exits_now;
      if (row->exits) return leaves({place.file, id});
      return falls;
    }
    if (callee.kind != ValueKind::function && callee.kind != ValueKind::bound) return falls;
    return body(callees[0], evaluator_.enter(callees[0], {place.file, id}, place.frame));
  }

  // What a `with` does at its end: the __exit__ of its manager.
  unsigned closes(const Place& place, EventId enter) {
    EventId manager = enter == none ? none : file(place.file).operand(enter, 0);
    if (manager == none) return falls;
    Values managers = evaluator_.evaluate({place.file, manager}, place.frame);
    ValueId method = managers.size() == 1 && evaluator_.class_of(managers[0]) != unknown_value ? evaluator_.method_of(evaluator_.class_of(managers[0]), "__exit__") : unknown_value;
    if (method == unknown_value) return falls;
    const Value it = evaluator_.value(method);
    return body(evaluator_.bound(method, managers[0]), evaluator_.enter_unknown(it.file, it.index, managers[0]));
  }

  unsigned body(ValueId function, FrameId frame) {
    const Value callee = evaluator_.value(function);
    if (open_.size() >= 8 || std::find(open_.begin(), open_.end(), function) != open_.end() || --budget_ < 0) return falls;
    const facts::Scope& scope = file(callee.file).facts.scopes[callee.index];
    if (scope.flags & (facts::scope_generator | facts::scope_async)) return falls;
    open_.push_back(function);
    Site known = result_.exit;
    bool own = own_;
    own_ = true;  // what a called function calls in its turn is no further evidence
    unsigned end = block({callee.file, callee.index, frame}, none, scope.events.begin, scope.events.end, 0);
    own_ = own;
    open_.pop_back();
    if (end & (falls | returns)) {
      result_.exit = known;
      return falls;
    }
    return end & (exits | exits_now | raises);
  }

  Evaluator& evaluator_;
  Site fork_;
  Side side_;
  ForkSide result_;
  bool own_ = false;        // in a branch of this side alone
  bool keeps_own_ = false;
  int budget_ = 200;
  std::vector<ValueId> open_;
};

}  // namespace

ForkSide follow(Evaluator& evaluator, const Trace& trace, const Launch& launch, Side side) { return Follower(evaluator, launch.site, side).run(trace, launch.step); }

std::vector<Around> around(Evaluator& evaluator, const Trace& trace, uint32_t step) {
  std::vector<Around> result;
  for (uint32_t at = step; at != none; at = trace.steps[at].parent) {
    const Step& it = trace.steps[at];
    if (it.kind == StepKind::import_module) break;
    const facts::FileFacts& f = evaluator.program().file(it.site.file).facts;
    const facts::Scope& scope = f.scopes[evaluator.program().file(it.site.file).scope_of(it.site.event)];
    for (RegionId region = f.events[it.site.event].region; region != none; region = f.regions[region].parent) {
      if (f.regions[region].kind == RegionKind::with) result.push_back({{it.site.file, f.regions[region].subject}, it.frame, true});
      if (f.regions[region].kind != RegionKind::try_body) continue;
      for (RegionId other = scope.regions.begin; other < scope.regions.end; ++other) {
        if (f.regions[other].statement != f.regions[region].statement || f.regions[other].kind != RegionKind::finally) continue;
        for (EventId id = f.regions[other].events.begin; id < f.regions[other].events.end; ++id)
          if (f.events[id].op == Op::call) {
            result.push_back({{it.site.file, id}, it.frame, false});
            break;
          }
      }
    }
  }
  return result;
}

}  // namespace forklint::model
