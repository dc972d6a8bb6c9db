// Conditions, loops and switches become regions.
#include "analyzer/frontends/cpp/lowering.h"

namespace forklint::frontends::cpp {

using namespace clang;

// Chains of `else if` are walked in a loop and closed together.
void Lowering::if_statement(const IfStmt* it) {
  const size_t mark = cleanups_.size();
  size_t open_arms = 0;
  const Stmt* otherwise = nullptr;
  for (;;) {
    guarded(it->getInit());
    if (it->getConditionVariableDeclStmt()) declarations(it->getConditionVariableDeclStmt());
    const EventId condition = it->getCond() ? expression(it->getCond()) : emit(Op::unknown, it->getSourceRange());
    const uint32_t number = builder().new_statement();
    builder().begin(RegionKind::then_arm, condition, number);
    guarded(it->getThen());
    builder().end();
    otherwise = it->getElse();
    if (!otherwise) break;
    builder().begin(RegionKind::else_arm, condition, number);
    ++open_arms;
    it = dyn_cast<IfStmt>(otherwise);
    if (!it) break;
    otherwise = nullptr;
  }
  guarded(otherwise);
  while (open_arms-- > 0) builder().end();
  if (cleanups_.size() > mark) leave_scope(mark, nullptr, {});
}

void Lowering::while_statement(const WhileStmt* it) {
  const size_t mark = cleanups_.size();
  const facts::RegionId region = builder().begin(RegionKind::loop, facts::none, builder().new_statement());
  targets_.push_back({Leave::loop, mark});
  if (it->getConditionVariableDeclStmt()) declarations(it->getConditionVariableDeclStmt());
  builder().set_subject(region, expression(it->getCond()));
  guarded(it->getBody());
  leave_scope(mark, nullptr, places_.token(file_->entry, it->getEndLoc()));
  targets_.pop_back();
  builder().end();
}

namespace {

// Whether something in a body leaves it by `break` or `continue`. Bounded: what is larger may.
bool may_jump(const Stmt* body) {
  std::vector<const Stmt*> open{body};
  for (unsigned seen = 0; !open.empty(); ++seen) {
    const Stmt* it = open.back();
    open.pop_back();
    if (!it || isa<Expr>(it)) continue;
    if (seen > 256 || isa<BreakStmt, ContinueStmt>(it)) return true;
    open.insert(open.end(), it->child_begin(), it->child_end());
  }
  return false;
}

}  // namespace

// `do { … } while (0)` around the body of a macro is no loop.
void Lowering::do_statement(const DoStmt* it) {
  if (constant(it->getCond()) == "0" && !may_jump(it->getBody())) return guarded(it->getBody());
  const facts::RegionId region = builder().begin(RegionKind::loop, facts::none, builder().new_statement());
  targets_.push_back({Leave::loop, cleanups_.size()});
  guarded(it->getBody());
  targets_.pop_back();
  builder().set_subject(region, expression(it->getCond()));
  builder().end();
}

void Lowering::for_statement(const ForStmt* it) {
  const size_t mark = cleanups_.size();
  guarded(it->getInit());
  const facts::RegionId region = builder().begin(RegionKind::loop, facts::none, builder().new_statement());
  const size_t inner = cleanups_.size();
  targets_.push_back({Leave::loop, inner});
  if (it->getConditionVariableDeclStmt()) declarations(it->getConditionVariableDeclStmt());
  if (it->getCond()) builder().set_subject(region, expression(it->getCond()));
  guarded(it->getBody());
  if (it->getInc()) expression(it->getInc());
  const Span where = places_.token(file_->entry, it->getEndLoc());
  leave_scope(inner, nullptr, where);
  targets_.pop_back();
  builder().end();
  leave_scope(mark, nullptr, where);
}

void Lowering::range_for(const CXXForRangeStmt* it) {
  const size_t mark = cleanups_.size();
  guarded(it->getInit());
  const Expr* range = it->getRangeInit();
  const EventId iterable = range ? value_of(range) : emit(Op::unknown, it->getSourceRange());
  builder().begin(RegionKind::loop, iterable, builder().new_statement());
  const size_t inner = cleanups_.size();
  targets_.push_back({Leave::loop, inner});
  if (const VarDecl* variable = it->getLoopVariable()) {
    const EventId element = emit(Op::iterate, variable->getLocation(), {}, {iterable});
    if (const auto* parts = dyn_cast<DecompositionDecl>(variable)) {
      uint32_t position = 0;
      for (const BindingDecl* part : parts->bindings()) {
        const Span where = span(part->getLocation());
        builder().emit(Op::bind, where, local(part), {builder().emit(Op::unpack, where, facts::name_positional, {element}, position++)});
      }
    } else {
      std::vector<Operand> operands(1);
      operands[0] = {type(variable->getType(), variable->getLocation(), &operands), facts::name_positional};
      builder().emit(Op::declare, span(variable->getLocation()), local(variable), operands);
      builder().emit(Op::bind, span(variable->getLocation()), local(variable), {element});
      push_cleanup(variable, variable->getType());
    }
  }
  guarded(it->getBody());
  const Span where = places_.token(file_->entry, it->getEndLoc());
  leave_scope(inner, nullptr, where);
  targets_.pop_back();
  builder().end();
  leave_scope(mark, nullptr, where);
}

namespace {

// What stands between two groups of labels.
struct Run {
  std::vector<const SwitchCase*> labels;  // without `default`
  bool is_default = false;
  std::vector<const Stmt*> body;
};

// Labels are nested: `case 1: case 2: f();` is one statement.
const Stmt* take_labels(const Stmt* it, Run& run) {
  while (const auto* label = dyn_cast<SwitchCase>(it)) {
    if (isa<DefaultStmt>(label)) run.is_default = true;
    else run.labels.push_back(label);
    it = label->getSubStmt();
  }
  return it;
}

std::vector<Run> runs_of(const Stmt* body) {
  std::vector<Run> runs;
  auto add = [&](const Stmt* it) {
    if (isa<SwitchCase>(it)) {
      // Labels that follow labels, with nothing between, are of one run.
      if (runs.empty() || !runs.back().body.empty()) runs.emplace_back();
      it = take_labels(it, runs.back());
    }
    if (runs.empty()) runs.emplace_back();
    if (!isa<NullStmt>(it)) runs.back().body.push_back(it);
  };
  if (const auto* block = dyn_cast<CompoundStmt>(body)) for (const Stmt* it : block->body()) add(it);
  else add(body);
  return runs;
}

// The last statement that runs; that of a block where the run is one.
const Stmt* last_of(const Run& run) {
  const Stmt* last = run.body.empty() ? nullptr : run.body.back();
  for (int step = 0; step < 64; ++step) {
    const auto* block = dyn_cast_or_null<CompoundStmt>(last);
    if (!block) return last;
    last = block->body_empty() ? nullptr : block->body_back();
  }
  return last;
}

bool never_returns(const Stmt* it) {
  const auto* value = dyn_cast<Expr>(it);
  const auto* call = value ? dyn_cast<CallExpr>(value->IgnoreParenImpCasts()) : nullptr;
  return call && call->getDirectCallee() && call->getDirectCallee()->isNoReturn();
}

}  // namespace

EventId Lowering::case_condition(const std::vector<const SwitchCase*>& labels, EventId subject) {
  std::vector<Operand> tests;
  for (const SwitchCase* label : labels) {
    const auto* it = cast<CaseStmt>(label);
    const SourceRange where(it->getKeywordLoc(), it->getColonLoc());
    const EventId low = expression(it->getLHS());
    EventId test = it->getRHS() ? emit(Op::compare, where, "<= <=", {low, subject, expression(it->getRHS())}) : emit(Op::compare, where, "==", {subject, low});
    tests.push_back({test, facts::name_positional});
  }
  if (tests.size() == 1) return tests[0].value;
  return emit(Op::boolean_operation, labels.front()->getKeywordLoc(), "or", tests);
}

void Lowering::switch_statement(const SwitchStmt* it) {
  const size_t mark = cleanups_.size();
  guarded(it->getInit());
  if (it->getConditionVariableDeclStmt()) declarations(it->getConditionVariableDeclStmt());
  const EventId subject = expression(it->getCond());
  const uint32_t number = builder().new_statement();
  targets_.push_back({Leave::switch_, cleanups_.size(), number});
  const size_t inner = cleanups_.size();
  auto body_of = [&](const Run& run) {
    const Stmt* last = last_of(run);
    const bool breaks = isa_and_nonnull<BreakStmt>(last);
    for (const Stmt* one : run.body) {
      if (one == run.body.back() && breaks) {
        if (const auto* block = dyn_cast<CompoundStmt>(one)) {  // { … break; }
          const size_t before = cleanups_.size();
          for (const Stmt* part : block->body())
            if (part != last) guarded(part);
          leave_scope(before, nullptr, places_.token(file_->entry, block->getRBracLoc()));
        }
        break;
      }
      guarded(one);
    }
    leave_scope(inner, nullptr, places_.token(file_->entry, it->getEndLoc()));
  };
  std::vector<Run> runs = runs_of(it->getBody());
  const auto falls = [&](const Run& run) {
    const Stmt* last = last_of(run);
    return !(last && (ends_flow(last) || never_returns(last))) && &run != &runs.back();
  };
  // The default one, and those into which it falls: they stand last, in the arm of what no other label asks for.
  std::vector<const Run*> standing;
  EventId otherwise = facts::none;             // the condition of the last run that does not fall into it
  std::vector<const SwitchCase*> fallen;       // labels from above
  for (const Run& run : runs) {
    std::vector<const SwitchCase*> labels = std::move(fallen);
    labels.insert(labels.end(), run.labels.begin(), run.labels.end());
    fallen = falls(run) && labels.size() < 256 ? labels : std::vector<const SwitchCase*>();
    if (run.is_default || (!standing.empty() && standing.back() + 1 == &run && falls(*standing.back()))) {
      standing.push_back(&run);
      fallen.clear();
      continue;
    }
    if (labels.empty()) continue;  // not reached
    const EventId condition = case_condition(labels, subject);
    const bool into_default = falls(run) && (&run)[1].is_default;
    if (!into_default) otherwise = condition;
    builder().begin(RegionKind::then_arm, condition, number);
    body_of(run);
    builder().end();
  }
  if (otherwise != facts::none) builder().begin(RegionKind::else_arm, otherwise, number);
  else if (standing.size() > 1) builder().begin(RegionKind::then_arm, emit(Op::number, it->getSwitchLoc(), "1"), number);  // for what breaks out of it
  for (size_t i = 0; i < standing.size(); ++i) {
    std::vector<const SwitchCase*> later;  // labels behind which this one is not run
    for (size_t j = i + 1; j < standing.size(); ++j) later.insert(later.end(), standing[j]->labels.begin(), standing[j]->labels.end());
    if (!later.empty()) builder().begin(RegionKind::else_arm, case_condition(later, subject), builder().new_statement());
    body_of(*standing[i]);
    if (!later.empty()) builder().end();
  }
  if (otherwise != facts::none || standing.size() > 1) builder().end();
  targets_.pop_back();
  leave_scope(mark, nullptr, places_.token(file_->entry, it->getEndLoc()));
}

}  // namespace forklint::frontends::cpp
