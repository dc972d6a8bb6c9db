#include "analyzer/model/native/walk.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace forklint::model::native {
namespace {

using facts::Event;
using facts::EventId;
using facts::FileFacts;
using facts::none;
using facts::Op;
using facts::Region;
using facts::RegionId;
using facts::RegionKind;

constexpr int most_passes = 6;

// Arms that follow each other: an if with its else, the runs of a switch, a try with its handlers.
struct Statement {
  bool active = false;
  uint32_t number = 0;
  State remaining = 0;  // no condition so far was true
  State out = 0;        // behind the arms so far
  State last = 0;       // behind the last one: it may fall through to the next
  State thrown = 0;     // may have been thrown in the body of the try
  EventId subject = none;
  bool complete = false;  // one of the arms is always taken
  int arms = 0;           // with a condition
};

// A region that is being walked; the first stands for the function itself.
struct Open {
  RegionId region = none;
  uint32_t end = 0;
  size_t loop = 0, body = 0;  // the innermost loop and try that it stands in or is; 0: none
  State exits = 0;      // of a loop: where its condition is false, and its breaks
  State continues = 0;
  State thrown = 0;     // of a try
  Statement statement;  // of the regions inside
};

class Walker {
 public:
  Walker(const FileFacts& facts, facts::ScopeId scope, State start, const Steps& steps)
      : facts_(facts), scope_(facts.scopes[scope]), start_(start), steps_(steps) {
    walked_.begin = scope_.events.begin;
    walked_.before.resize(scope_.events.size());
  }

  Walked take() {
    int pass = 0;
    do {
      changed_ = false;
      walk();
    } while (changed_ && ++pass < most_passes);
    return std::move(walked_);
  }

 private:
  void walk() {
    state_ = start_;
    open_.assign(1, Open{.end = scope_.events.end});
    walked_.uncaught.clear();
    RegionId next = scope_.regions.begin;
    for (EventId event = scope_.events.begin; event <= scope_.events.end; ++event) {
      do {
        while (open_.size() > 1 && open_.back().end <= event) close();
        if (next >= scope_.regions.end || facts_.regions[next].events.begin > event) break;
        enter(next++);
      } while (true);
      if (event == scope_.events.end) break;
      // What stands between two arms of a statement is the next one's condition.
      Open& around = open_.back();
      bool between = around.statement.active && next < scope_.regions.end && facts_.regions[next].parent == around.region && facts_.regions[next].statement == around.statement.number;
      if (between) state_ = around.statement.remaining | around.statement.last;
      else settle(around);
      step(event);
    }
    settle(open_.front());
    walked_.end = state_;
  }

  State assume(EventId condition, bool taken, State state) const {
    if (condition == none || state == 0) return state;
    if (int truth = constant_truth(facts_, condition); truth >= 0) return (truth == 1) == taken ? state : 0;
    return steps_.assume ? steps_.assume(condition, taken, state) : state;
  }

  // Behind the last arm of a statement.
  void settle(Open& around) {
    Statement& it = around.statement;
    if (!it.active) return;
    state_ = it.out | it.last | (it.complete ? 0 : it.remaining);
    it.active = false;
  }

  void enter(RegionId id) {
    const Region& region = facts_.regions[id];
    Statement& statement = open_.back().statement;
    bool same = statement.active && statement.number == region.statement;
    if (!same) settle(open_.back());
    Open opened{.region = id, .end = std::max(region.events.end, region.events.begin)};
    switch (region.kind) {
      case RegionKind::then_arm:
        if (!same) statement = {.active = true, .number = region.statement, .remaining = state_};
        state_ = assume(region.subject, true, statement.remaining | statement.last);
        statement.remaining = assume(region.subject, false, statement.remaining);
        statement.out |= statement.last, statement.last = 0;
        statement.subject = region.subject;
        ++statement.arms;
        break;
      case RegionKind::else_arm:
        if (!same) statement = {.active = true, .number = region.statement, .remaining = assume(region.subject, false, state_), .out = assume(region.subject, true, state_)};
        state_ = statement.remaining;
        if (statement.arms > 1) state_ |= assume(region.subject, false, statement.last);  // of a switch; behind one arm it is an if
        statement.out |= statement.last, statement.last = 0;
        statement.complete = true;
        break;
      case RegionKind::try_body:
        statement = {.active = true, .number = region.statement, .complete = true};
        break;
      case RegionKind::except_arm:
        state_ = same ? statement.thrown : state_;
        if (!same) statement = {.active = true, .number = region.statement, .complete = true};
        statement.out |= statement.last, statement.last = 0;
        break;
      case RegionKind::loop:
        if (region.subject != none && region.subject < region.events.begin) opened.exits = state_;  // an iteration may be of nothing
        state_ |= heads_[id];
        break;
      default: break;
    }
    opened.loop = region.kind == RegionKind::loop ? open_.size() : open_.back().loop;
    opened.body = region.kind == RegionKind::try_body ? open_.size() : open_.back().body;
    open_.push_back(opened);
  }

  void close() {
    Open closed = open_.back();
    settle(open_.back());
    open_.pop_back();
    const Region& region = facts_.regions[closed.region];
    Statement& statement = open_.back().statement;
    switch (region.kind) {
      case RegionKind::then_arm:
      case RegionKind::else_arm:
      case RegionKind::except_arm:
        statement.last = state_;
        break;
      case RegionKind::try_body:
        statement.last = state_;
        statement.thrown = closed.thrown;
        break;
      case RegionKind::loop: {
        raise(heads_[closed.region], state_ | closed.continues);
        bool iterates = region.subject != none && region.subject < region.events.begin;
        state_ = closed.exits | (iterates ? state_ | closed.continues : 0);
        break;
      }
      default: break;
    }
  }

  void raise(State& known, State more) {
    if ((known | more) == known) return;
    known |= more;
    changed_ = true;
  }

  Open* loop() { return open_.back().loop ? &open_[open_.back().loop] : nullptr; }
  Open* body() { return open_.back().body ? &open_[open_.back().body] : nullptr; }

  // break, to the end of a loop or of the switch whose arms have that number.
  void leave(const Event& event) {
    if (facts_.name(event.name) != "switch") {
      if (Open* around = loop()) around->exits |= state_;
      return;
    }
    for (size_t i = open_.size(); i-- > 0;)
      if (Statement& it = open_[i].statement; it.active && it.number == event.extra) return void(it.out |= state_);
  }

  void jump(const Event& event) {
    std::string_view word = facts_.name(event.name);
    if (word.starts_with("label ")) state_ |= labels_[word.substr(6)];
    if (word == "noreturn") state_ = 0;
    if (!word.starts_with("goto ")) return;
    raise(labels_[word.substr(5)], state_);
    state_ = 0;
  }

  void step(EventId id) {
    const Event& event = facts_.events[id];
    if (event.op == Op::unknown) jump(event);
    walked_.before[id - walked_.begin] |= state_;
    if (state_ == 0) return;
    if (Open* around = body()) around->thrown |= state_;
    switch (event.op) {
      case Op::return_: state_ = steps_.after(id, state_), state_ = 0; return;
      case Op::raise:
        if (!body()) walked_.uncaught.push_back(id);
        state_ = 0;
        return;
      case Op::break_: leave(event), state_ = 0; return;
      case Op::continue_:
        if (Open* around = loop()) around->continues |= state_;
        state_ = 0;
        return;
      default: break;
    }
    state_ = steps_.after(id, state_);
    if (Open* around = body()) around->thrown |= state_;
    Open* around = loop();
    if (!around || facts_.regions[around->region].subject != id) return;
    around->exits |= assume(id, false, state_);
    state_ = assume(id, true, state_);
  }

  const FileFacts& facts_;
  const facts::Scope& scope_;
  State start_;
  const Steps& steps_;
  Walked walked_;
  State state_ = 0;
  bool changed_ = false;
  std::vector<Open> open_;
  std::unordered_map<RegionId, State> heads_;           // what comes around to the head of a loop
  std::unordered_map<std::string_view, State> labels_;  // what jumps there
};

}  // namespace

int constant_truth(const FileFacts& facts, EventId condition) {
  if (condition == none) return -1;
  const Event& event = facts.events[condition];
  std::string_view word = facts.name(event.name);
  if (event.op == Op::number) return word == "0" || word == "0.0" ? 0 : 1;
  if (event.op == Op::boolean) return word == "True" || word == "true" ? 1 : 0;
  if (event.op == Op::null) return 0;
  return -1;
}

Walked walk(const FileFacts& facts, facts::ScopeId scope, State start, const Steps& steps) { return Walker(facts, scope, start, steps).take(); }

}  // namespace forklint::model::native
