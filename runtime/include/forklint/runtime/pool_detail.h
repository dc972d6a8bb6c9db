// Between the typed pool and its engine, which knows bytes alone. For pool.h and outcome_stream.h; nothing here is for programs.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "forklint/runtime/failure.h"
#include "forklint/runtime/task.h"

namespace forklint::runtime {

namespace pool_detail {

class Engine;  // of one pool

// Thrown by Feed::next in place of one element that cannot be written; what it throws else ends the feed.
struct Unwritable {
  std::string message;
};

// What gives the arguments of one map or call, and takes the outcomes. Called under the engine's lock.
struct Feed {
  std::function<bool(std::string& arguments, bool& exhausted)> next;
  std::function<void(uint64_t index, bool ok, std::string& bytes, Failure& failure)> finished;
};
class Ticket;  // of a feed that was added
std::shared_ptr<Ticket> add(Engine& engine, const void* function, Feed feed);
bool is_complete(const Ticket& ticket);  // under the lock
void wait(Engine& engine, const Ticket& ticket, const std::function<bool()>& done);
void defer(Engine& engine, std::function<void()> callback);  // under the lock: runs without it
void locked(Engine& engine, const std::function<void()>& f);
void drive_in_background(Engine& engine);
void rethrow(const Ticket& ticket);

// The bar of one map, where the pool's options ask for one. A lazy map's is beside others that have given nothing yet: only what is made
// after its first outcome was taken is inside of it.
class MapProgress {
 public:
  MapProgress(Engine& engine, const std::string& label, std::optional<uint64_t> total, bool lazy = false);
  ~MapProgress();
  void finished(bool ok);
  void set_total(uint64_t total);
  void taken();

 private:
  struct Shown;
  Engine& engine_;
  std::unique_ptr<Shown> shown_;
};

template <class R>
using Value = std::conditional_t<std::is_void_v<R>, std::monostate, R>;

template <class R>
Outcome<R> outcome_of(bool ok, std::string& bytes, Failure& failure) {
  if (!ok) return std::unexpected(std::move(failure));
  if constexpr (std::is_void_v<R>) {
    return {};
  } else {
    if (auto value = from_bytes<R>(bytes)) return std::move(*value);
    return std::unexpected(Failure{.kind = FailureKind::not_serialisable, .message = "the result cannot be read: it is no such value", .index = failure.index});
  }
}

// An element of the input as the arguments of a task: a tuple is all of them, anything else the only one.
template <class Arguments, class Element>
concept OnlyArgument = std::tuple_size_v<Arguments> == 1 && requires { requires std::convertible_to<Element, std::tuple_element_t<0, Arguments>>; };

template <class Arguments, class Element>
std::optional<Unwritable> encode_element(std::string& out, Element&& element) {
  try {
    Writer writer(out);
    if constexpr (OnlyArgument<Arguments, Element>) {
      write(writer, std::tuple_element_t<0, Arguments>(std::forward<Element>(element)));
    } else {
      static_assert(std::convertible_to<Element, Arguments>, "the elements of the input are no arguments of the task");
      write(writer, Arguments(std::forward<Element>(element)));
    }
    return {};
  } catch (const std::exception& error) {
    return Unwritable{error.what()};
  } catch (...) {
    return Unwritable{"an exception that is no std::exception"};
  }
}

// The element there, and on to the next. What the input itself throws is not caught.
template <class Arguments, class Iterator>
void encode_next(std::string& out, Iterator& at) {
  auto failed = encode_element<Arguments>(out, *at);
  ++at;
  if (failed) throw std::move(*failed);
}

}  // namespace pool_detail

}  // namespace forklint::runtime
