// A child ends only when the thread of its queue has pushed everything into the pipe, and a pipe holds 64 KiB. A parent
// that joins before it reads waits for a child that waits for the parent.
#include <algorithm>

#include "analyzer/model/size.h"
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

constexpr double pipe_holds = 65536;

// What goes with the item on its way: one put among many in a loop.
double times(const Model& model, const Trace& trace, uint32_t step) {
  double result = 1;
  for (; step != none; step = trace.steps[step].parent) {
    const File& file = model.file(trace.steps[step].site.file);
    for (RegionId region = file.event(trace.steps[step].site.event).region; region != none; region = file.facts.regions[region].parent) {
      const facts::Region& it = file.facts.regions[region];
      if (it.kind != facts::RegionKind::loop) continue;
      bool is_while = it.subject == none || it.events.contains(it.subject);
      result *= is_while ? endless : rounds(model.evaluator(), {trace.steps[step].site.file, it.subject}, trace.steps[step].frame);
    }
  }
  return result;
}

// A loop over what a function of the program gives, the words of a text or the lines of a file: as many as there are.
bool open_ended(const Model& model, Site iterable, FrameId frame) {
  Evaluator& evaluator = model.evaluator();
  const File& file = model.file(iterable.file);
  auto is_file = [&](ValueId value) {
    const knowledge::Api* row = evaluator.maker(value);
    return row && row->handle == knowledge::Handle::file;
  };
  Values held = evaluator.evaluate(iterable, frame);
  if (std::any_of(held.begin(), held.end(), is_file)) return true;
  if (file.event(iterable.event).op != Op::call || rounds(evaluator, iterable, frame) < endless) return false;
  EventId callee = file.operand(iterable.event, 0);
  static constexpr std::string_view parts[] = {"split", "splitlines", "readlines"};
  if (file.event(callee).op == Op::attribute && std::find(std::begin(parts), std::end(parts), file.name_of(callee)) != std::end(parts)) return true;
  Values callees = evaluator.evaluate({iterable.file, callee}, frame);
  return std::any_of(callees.begin(), callees.end(), [&](ValueId value) {
    ValueKind kind = evaluator.value(value).kind;
    return kind == ValueKind::function || kind == ValueKind::bound;
  });
}

// Whether a put stands in such a loop, and in none that goes on until something ends it.
bool in_open_ended_loop(const Model& model, const Trace& trace, uint32_t step) {
  bool found = false;
  for (; step != none; step = trace.steps[step].parent) {
    Site site = trace.steps[step].site;
    const File& file = model.file(site.file);
    for (RegionId region = file.event(site.event).region; region != none; region = file.facts.regions[region].parent) {
      const facts::Region& it = file.facts.regions[region];
      if (it.kind != facts::RegionKind::loop) continue;
      if (it.subject == none || it.events.contains(it.subject)) return false;
      found |= open_ended(model, {site.file, it.subject}, trace.steps[step].frame);
    }
  }
  return found;
}

// Whether the items of one put fill the pipe: surely, perhaps, or not as far as is known.
std::optional<Confidence> fills(const Model& model, const Trace& trace, uint32_t index) {
  const Step& step = trace.steps[index];
  Evaluator& evaluator = model.evaluator();
  auto item = evaluator.argument(evaluator.arguments_of(step.site, step.frame), *step.row->queue_item);
  if (!item || item->site.event == none) return {};
  Size size = pickled_size(evaluator, item->site, item->frame);
  double count = times(model, trace, index);
  if (count < endless && size.bytes < endless && size.bytes * count >= pipe_holds) return Confidence::certain;
  if (size.bytes >= endless) return Confidence::likely;                    // as many elements as nobody knows
  if (count >= endless && size.bytes >= 1024) return Confidence::likely;   // big items, nobody knows how many
  if (count >= 1000 && count < endless && !size.known) return Confidence::likely;
  if (in_open_ended_loop(model, trace, index)) return Confidence::possible;
  return {};
}

class Judge {
 public:
  Judge(const Model& model, engine::Report& report, size_t id) : model_(model), evaluator_(model.evaluator()), report_(report), id_(id), launch_(model.launches()[id]), trace_(model.trace_of(launch_)) {}

  void run() {
    if (launch_.row->launch->starts != knowledge::Starts::start || launch_.site.event == none) return;
    for (const WorkerTrace& worker : model_.workers(id_))
      for (uint32_t i = 0; i < worker.trace.steps.size(); ++i) {
        const Step& put = worker.trace.steps[i];
        if (put.kind != StepKind::api || !put.row->queue_put || !put.row->queue_item) continue;
        ValueId queue = evaluator_.value(put.subject).base;
        const knowledge::Api* maker = evaluator_.maker(queue);
        // A manager keeps the items in its own process.
        if (!maker || (!maker->mp_primitive && maker->handle == knowledge::Handle::none) || made(queue).event == none) continue;
        auto confidence = fills(model_, worker.trace, i);
        if (confidence && follow(queue, put.site, put.condition.certain() ? *confidence : std::min(*confidence, Confidence::likely))) return;
      }
  }

 private:
  Site made(ValueId value) const {
    const Value& it = evaluator_.value(value);
    return it.kind == ValueKind::object ? it.site() : it.kind == ValueKind::instance ? it.site() : Site{};
  }

  // The first join of the child, when nothing has been read before it and something is read after it.
  bool follow(ValueId queue, Site put, Confidence confidence) {
    uint32_t join = none;
    for (uint32_t i = launch_.step + 1; i < trace_.steps.size(); ++i) {
      const Step& step = trace_.steps[i];
      if (step.kind != StepKind::api) continue;
      ValueId receiver = evaluator_.value(step.subject).base;
      bool reads = step.row->queue_get && made(receiver) == made(queue);
      if (reads && join == none) return false;
      bool reads_all = confidence != Confidence::possible || step.condition.repeated;  // one item read says that few are expected
      if (reads && step.thread == none) return reads_all && tell(join, i, put, confidence);
      bool joins = step.row->joins && step.thread == none && (receiver == launch_.object || (made(launch_.object).event != none && made(receiver) == made(launch_.object)));
      if (joins && join == none && evaluator_.arguments_of(step.site, step.frame).empty()) join = i;
    }
    return false;
  }

  bool tell(uint32_t join, uint32_t read, Site put, Confidence confidence) {
    const Step& step = trace_.steps[join];
    auto draft = report_.finding(step.site, "the child is joined before its items are read: it cannot end while they do not fit into the pipe");
    draft.under(launch_.method.methods - StartMethod::threading, "hangs").launch(id_);
    draft.confidence(step.condition.certain() ? confidence : std::min(confidence, Confidence::likely));
    draft.label(put, "the child sends more than a pipe holds");
    draft.path(trace_, join).label(trace_.steps[read].site, "read here; read first, then join");
    return true;
  }

  const Model& model_;
  Evaluator& evaluator_;
  engine::Report& report_;
  size_t id_;
  const Launch& launch_;
  const Trace& trace_;
};

void check(const Model& model, engine::Report& report) {
  for (size_t i = 0; i < model.launches().size(); ++i) Judge(model, report, i).run();
}

}  // namespace

extern const engine::Rule join_before_drain = {
    .code = "PSM701", .name = "join-before-drain", .family = "protocol",
    .summary = "A child is joined before what it sends is read", .severity = engine::Severity::error, .check = check};

}  // namespace forklint::rules
