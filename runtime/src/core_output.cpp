// What workers write: which task it belongs to, and who gets it.
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "forklint/runtime/task.h"
#include "src/core.h"

namespace forklint::runtime {
namespace {

constexpr size_t tail_size = 4096;

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return;  // nobody hears it
    text.remove_prefix(size_t(written));
  }
}

}  // namespace

// The ends that the worker gets; what is not captured has none for its output.
Result<Core::WriterEnds> Core::open_output(Worker& worker) {
  OutputMark& mark = worker.view.block->mark;
  mark.wanted = captures();
  if (mark.wanted && ::getrandom(mark.bytes, sizeof mark.bytes, 0) != ssize_t(sizeof mark.bytes)) return system_error("getrandom");
  mark.bytes[0] = 0;  // rare in a text
  WriterEnds ends;
  auto open = [&](TaskStream& stream, Fd& end, uint64_t event) -> Result<void> {
    auto pipe = make_pipe();
    if (!pipe) return std::unexpected(pipe.error());
    if (auto ready = make_nonblocking(pipe->read.get()); !ready) return ready;
    epoll_event words{.events = EPOLLIN, .data = {.u64 = uint64_t(worker.number) << 2 | event}};
    if (::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, pipe->read.get(), &words) != 0) return system_error("epoll_ctl");
    stream.open(std::move(pipe->read), mark.wanted ? std::string(mark.bytes, sizeof mark.bytes) : std::string(), options_.capture_limit);
    end = std::move(pipe->write);
    return {};
  };
  worker.output_line.clear();
  worker.error_line.clear();
  if (auto opened = open(worker.errors, ends.errors, event_errors); !opened) return std::unexpected(opened.error());
  if (!mark.wanted) return ends;
  if (auto opened = open(worker.output, ends.output, event_output); !opened) return std::unexpected(opened.error());
  return ends;
}

// Somebody whom a task has started may hold the other ends: the set must forget these, or it would tell of them for ever.
void Core::close_output(Worker& worker) {
  for (TaskStream* stream : {&worker.output, &worker.errors}) {
    if (stream->is_open()) ::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, stream->fd(), nullptr);
    stream->close();
  }
}

void Core::read_output(Worker& worker, TaskStream& stream) { stream.read_some(seen_by(worker, stream)); }

TaskStream::Seen Core::seen_by(Worker& worker, const TaskStream& stream) {
  bool errors = &stream == &worker.errors;
  return [this, &worker, errors](std::string_view text, bool ends) {
    int to = errors ? STDERR_FILENO : STDOUT_FILENO;
    bool passed = !(errors && options_.quiet);
    if (errors) {
      worker.error_tail.append(text.substr(text.size() - std::min(text.size(), tail_size)));
      if (worker.error_tail.size() > tail_size) worker.error_tail.erase(0, worker.error_tail.size() - tail_size);
    }
    if (options_.output == WorkerOutput::inherit && passed) write_all(to, text);
    if (options_.output != WorkerOutput::lines || !passed) return;
    std::string& begun = errors ? worker.error_line : worker.output_line;
    auto pass = [&](std::string_view line) { write_all(to, "[worker " + std::to_string(worker.number) + "] " + std::string(line) + "\n"); };
    hand_out_lines(begun, text, pass);
    if (ends && !begun.empty()) pass(std::exchange(begun, {}));
  };
}

TaskText Core::take_text(Worker& worker, uint64_t id) {
  if (!captures()) return {};
  return {worker.output.take(id, seen_by(worker, worker.output)), worker.errors.take(id, seen_by(worker, worker.errors))};
}

// What was written since the last function ended: by the one that was under way when the worker ended.
TaskText Core::take_rest(Worker& worker) {
  TaskText text;
  if (captures()) text.output = worker.output.take_rest(seen_by(worker, worker.output));
  text.errors = worker.errors.take_rest(seen_by(worker, worker.errors));
  return text;
}

void Core::deliver(const Worker& worker, uint32_t function, uint64_t index, const TaskText& text) {
  if (!captures() || (text.output.empty() && text.errors.empty())) return;
  if (options_.output == WorkerOutput::group) {
    write_all(STDOUT_FILENO, text.output);
    if (!options_.quiet) write_all(STDERR_FILENO, text.errors);
  }
  if (!options_.on_output) return;
  const TaskEntry* task = find_task(function);
  defer([this, output = TaskOutput{task ? task->name : "", index, worker.number, text.output, text.errors}] { options_.on_output(output); });
}

}  // namespace forklint::runtime
