#include "src/task_stream.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace forklint::runtime {
namespace {

constexpr size_t most_read = 4 << 20;  // bytes at a time, while a mark is looked for: somebody else may write for ever

// How many bytes at the end may be the first ones of a mark.
size_t begun(std::string_view text, std::string_view mark) {
  for (size_t size = std::min(text.size(), mark.size() - 1); size > 0; --size)
    if (text.ends_with(mark.substr(0, size))) return size;
  return 0;
}

}  // namespace

void TaskStream::open(Fd pipe, std::string mark, size_t limit) {
  pipe_ = std::move(pipe);
  mark_ = std::move(mark);
  limit_ = limit;
  pending_.clear();
  current_ = {};
  done_.clear();
}

void TaskStream::close() { pipe_.reset(); }

bool TaskStream::read_some(const Seen& seen) {
  if (!pipe_.open()) return false;
  char buffer[65536];
  ssize_t got;
  do got = ::read(pipe_.get(), buffer, sizeof buffer);
  while (got < 0 && errno == EINTR);
  if (got == 0 || (got < 0 && errno != EAGAIN)) pipe_.reset();
  if (got <= 0) return false;
  if (mark_.empty()) {
    seen({buffer, size_t(got)}, false);
  } else {
    pending_.append(buffer, size_t(got));
    cut(seen);
  }
  return true;
}

void TaskStream::add(std::string_view text, const Seen& seen) {
  if (text.empty()) return;
  current_.append(text, limit_);
  seen(text, false);
}

void TaskStream::cut(const Seen& seen) {
  std::string_view text = pending_;
  while (true) {
    size_t at = text.find(mark_);
    if (at == text.npos || text.size() - at < mark_.size() + sizeof(uint64_t)) {
      size_t held = at == text.npos ? begun(text, mark_) : text.size() - at;
      add(text.substr(0, text.size() - held), seen);
      pending_.erase(0, pending_.size() - held);
      return;
    }
    add(text.substr(0, at), seen);
    uint64_t id;
    std::memcpy(&id, text.data() + at + mark_.size(), sizeof id);
    done_.push_back({id, current_.text(limit_)});
    current_ = {};
    seen({}, true);
    text.remove_prefix(at + mark_.size() + sizeof id);
  }
}

std::string TaskStream::take(uint64_t id, const Seen& seen) {
  for (size_t reads = 0; reads * 65536 < most_read; ++reads) {
    while (!done_.empty()) {
      Text first = std::move(done_.front());
      done_.pop_front();
      if (first.id == id) return std::move(first.text);  // what came before it belongs to a task that was given up
    }
    if (!read_some(seen)) break;
  }
  return take_rest(seen);
}

std::string TaskStream::take_rest(const Seen& seen) {
  for (size_t reads = 0; reads * 65536 < most_read && read_some(seen);) ++reads;
  while (!done_.empty()) {  // marked, but its result never came: as good as not marked
    current_.bytes.insert(0, done_.back().text);
    done_.pop_back();
  }
  add(std::exchange(pending_, {}), seen);
  std::string text = current_.text(limit_);
  current_ = {};
  seen({}, true);
  return text;
}

}  // namespace forklint::runtime
