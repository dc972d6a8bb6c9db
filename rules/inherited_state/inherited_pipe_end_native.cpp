// The part of inherited-pipe-end for C and C++: a process that reads a pipe to its end and has its other end open itself never
// comes to the end.
#include <algorithm>

#include "rules/inherited_state/native.h"
#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

// The end of a pipe that an expression is: fds[0] or fds[1], -1 for neither.
int end_of(const Program& code, FunctionId id, EventId event, const std::string& pipe) {
  if (event == none || code.event(id, event).op != Op::subscript || code.object(id, event).key != pipe) return -1;
  std::optional<int64_t> number = code.constant(id, code.operand(id, event, 1));
  return number && (*number == 0 || *number == 1) ? int(*number) : -1;
}

// Whether the loop around a read waits elsewhere, and no longer than a time: it need not see the end of the pipe.
bool waits_for_a_time(const Program& code, FunctionId id, EventId read) {
  const FileFacts& facts = code.facts(id);
  const facts::RegionId region = loop_around(code, id, read);
  if (region == none) return false;
  return std::ranges::any_of(code.function(id).calls, [&](const Call& call) {
    if (!call.api || !call.api->timeout || call.event < facts.regions[region].events.begin || call.event >= facts.regions[region].events.end) return false;
    const EventId given = code.argument(id, call.event, *call.api->timeout);
    return given != none && code.event(id, given).op != Op::null && code.constant(id, given).value_or(0) >= 0;
  });
}

}  // namespace

void inherited_pipe_end_native(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  const Program& code = program.program();
  if (program.forks().sites().empty()) return;
  auto closing = [&](FunctionId id, const Call& call) { return call.api && call.targets.empty() && call.api->closes ? code.argument(id, call.event, *call.api->closes) : none; };
  const Handed handed = handed_parameters(code, closing);
  // The end of a pipe that a call closes, by itself or by what it hands it to.
  auto end_closed = [&](FunctionId id, const Call& call, const std::string& pipe) {
    int end = end_of(code, id, closing(id, call), pipe);
    for (EventId given : handed_by(code, handed, id, call)) end = std::max(end, end_of(code, id, given, pipe));
    return end;
  };
  for (const ForkSite& site : program.forks().sites()) {
    if (site.heir) continue;
    FunctionId id = site.function;
    for (const Call& made : code.function(id).calls) {
      if (!made.api || !made.api->pipe || made.event > site.event) continue;
      EventId pair = code.argument(id, made.event, *made.api->pipe);
      Object pipe = pair == none ? Object{} : code.object(id, pair);
      if (pipe.empty() || !pipe.local) continue;
      for (uint8_t side : {uint8_t(side_child), uint8_t(side_parent)}) {
        // The end that this side reads in a loop, and whether it has closed the other one by then.
        for (const Call& read : code.function(id).calls) {
          if (!read.api || !read.api->reads || loop_around(code, id, read.event) == none || waits_for_a_time(code, id, read.event)) continue;
          uint8_t here = program.forks().sides_at(site, read.event);
          if (!(here & side) || (here & side_before)) continue;
          int end = end_of(code, id, code.argument(id, read.event, *read.api->reads), pipe.key);
          if (end < 0) continue;
          bool closed = false;
          for (const Call& close : code.function(id).calls) {
            if (close.event < made.event || close.event > read.event) continue;
            bool its_own = close.event < site.event || (program.forks().sides_at(site, close.event) & side);
            closed |= its_own && end_closed(id, close, pipe.key) == 1 - end;
          }
          bool written = false;  // by the other side: else the pipe is for something else
          for (const Call& other : code.function(id).calls)
            for (uint32_t i = 1; i < code.event(id, other.event).operands_count; ++i)
              written |= other.event > made.event && end_closed(id, other, pipe.key) < 0 && end_of(code, id, code.operand(id, other.event, i), pipe.key) == 1 - end;
          if (closed || !written) continue;
          report.finding(code.site(id, read.event), "Reads a pipe to its end with the writing end still open in this process: the end never comes")
              .under(StartMethod::fork, "hangs")
              .label(code.site(id, made.event), "the pipe is made here")
              .label(site.origin, "the fork gives both processes both ends; close the one that is not used")
              .confidence(Confidence::likely)
              .launch_at(site.origin);
          break;
        }
      }
    }
  }
}

}  // namespace forklint::rules
