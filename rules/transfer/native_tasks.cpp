#include "rules/transfer/native_tasks.h"

namespace forklint::rules {
namespace {

using namespace native;

constexpr int most_callers = 200;  // that are asked
constexpr int most_wrappers = 8;

std::vector<EventId> arguments_from(const Program& program, FunctionId function, EventId call, int position) {
  std::vector<EventId> result;
  for (EventId given; (given = program.argument(function, call, {.position = position})) != facts::none; ++position) result.push_back(given);
  return result;
}

void find(const Program& program, EventId task, NativeTask so_far, int& asked, std::vector<NativeTask>& result) {
  const FunctionId function = so_far.given_at.function;
  for (int step = 0; task != facts::none && step < most_wrappers; ++step) {
    const std::vector<FunctionId> functions = program.function_values(function, task);
    if (functions.size() == 1) {
      so_far.function = functions.front();
      result.push_back(std::move(so_far));
      return;
    }
    const facts::Event& event = program.event(function, task);
    if (event.op == Op::call) {  // std::move(f), std::function(f), std::bind(f, x)
      const Call* wrapper = program.call_at(function, task);
      if (!wrapper || !wrapper->targets.empty()) return;
      if (std::vector<EventId> bound = arguments_from(program, function, task, 1); !bound.empty()) so_far.arguments = std::move(bound);
      task = program.argument(function, task, {.position = 0});
      continue;
    }
    const std::optional<Program::Local> local = event.op == Op::read ? program.local(function, event.name) : std::nullopt;
    if (!local || local->function != function) return;
    if (local->parameter == facts::none) {
      task = local->value;
      continue;
    }
    for (const Program::Caller& caller : program.callers(function)) {
      if (asked++ >= most_callers) return;
      const Call& call = program.function(caller.function).calls[caller.call];
      if (call.sure) find(program, program.argument(caller.function, call.event, {.position = int(local->parameter)}), {.given_at = {caller.function, call.event}, .arguments = {}}, asked, result);
    }
    return;
  }
}

}  // namespace

std::vector<NativeTask> native_tasks(const Program& program, Place launch, const knowledge::NativeApi& pool) {
  std::vector<NativeTask> result;
  const EventId task = program.argument(launch.function, launch.event, *pool.task);
  int asked = 0;
  find(program, task, {.given_at = launch, .arguments = arguments_from(program, launch.function, launch.event, pool.task->position + 1)}, asked, result);
  return result;
}

}  // namespace forklint::rules
