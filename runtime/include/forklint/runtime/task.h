// Tasks: functions that a pool can call in another process, registered by name.
//   int square(int n) { return n * n; }
//   FORKLINT_TASK(square)
// Registration happens before main(), in every process of the program alike; a hash of all names and signatures is
// compared when a worker starts. Parameters and result are Sendable values; the first parameter may be WorkerContext&.
#pragma once

#include <any>
#include <functional>
#include <span>
#include <typeinfo>

#include "forklint/runtime/clock.h"
#include "forklint/runtime/wire.h"

namespace forklint::runtime {

// What a worker has besides the task's arguments. Belongs to one worker: one thread of one process.
struct WorkerContext {
  unsigned worker = 0;                               // its number in the pool, from 0
  std::any state;                                    // the worker's own, from one task to the next; empty at first
  std::vector<std::span<const std::byte>> shared;    // the pool's shared objects, in order; read-only
};

// How a call of a task went, before its result is looked at.
enum class Called : uint8_t { done, bad_arguments };
// now_nanoseconds() when its arguments had been read, and when the function had returned; 0: it did not come to that.
struct CallTimes {
  uint64_t decoded = 0, returned = 0;
};

struct TaskEntry {
  std::string name;
  std::string signature;
  const void* address = nullptr;  // of the function; of a closure, something that is its own
  bool closure = false;           // made while the program runs: not every process has it, and no hash counts it
  // Decodes, calls, encodes. Exceptions of the task come through, and after its return those of the encoding.
  std::function<Called(WorkerContext&, std::string_view arguments, std::string& result, CallTimes& times)> call;
  std::function<std::string(std::string_view arguments)> preview;
};

// All tasks of the program, by number; the numbers are the same in every process of it. Thread-safe after main() began.
const TaskEntry* find_task(uint32_t number);
std::optional<uint32_t> task_number(const void* address);
uint64_t tasks_hash();

namespace task_detail {

bool add(TaskEntry entry);
// Of a closure: its number is free for another.
void remove(const void* address);

// A value for people, cut where it gets long.
void preview_text(std::string& out, std::string_view text);
template <class T>
void preview(std::string& out, const T& value) {
  constexpr size_t longest = 160;
  using namespace wire_detail;
  if (out.size() > longest) return;
  if constexpr (std::same_as<T, bool>) out += value ? "true" : "false";
  else if constexpr (std::is_enum_v<T>) preview(out, std::underlying_type_t<T>(value));
  else if constexpr (std::same_as<T, std::byte>) preview(out, unsigned(value));
  else if constexpr (std::is_arithmetic_v<T>) out += std::to_string(value);
  else if constexpr (std::same_as<T, std::string>) preview_text(out, value);
  else if constexpr (is_instance<T, std::optional>) {
    if (value) preview(out, *value);
    else out += "nothing";
  } else if constexpr (Growing<T> || is_array<T>) {
    out += '[';
    bool first = true;
    for (const auto& element : value) {
      if (!std::exchange(first, false)) out += ", ";
      if (out.size() > longest) {
        out += "…";
        break;
      }
      preview(out, element);
    }
    out += ']';
  } else if constexpr (is_instance<T, std::pair> || is_instance<T, std::tuple>) {
    out += '(';
    std::apply([&](const auto&... parts) { size_t i = 0; ((i++ ? out += ", " : out, preview(out, parts)), ...); }, value);
    out += ')';
  } else if constexpr (std::is_aggregate_v<T> && !HasTrait<T> && !std::is_empty_v<T>) {
    out += '{';
    with_members(value, [&](const auto&... members) { size_t i = 0; ((i++ ? out += ", " : out, preview(out, members)), ...); });
    out += '}';
  } else {
    out += "…";
  }
}

template <class T>
consteval void check_sendable() {
  static_assert(!std::is_pointer_v<T>, "PSM212: a pointer means nothing in another process; send the value it points to");
  static_assert(!std::is_reference_v<T>, "PSM212: a task takes and returns values; a reference means nothing in another process");
  static_assert(Sendable<T>, "PSM212: this type cannot be sent to another process: no pointers, views, lambdas or classes without Wire<T>");
}

template <class R, class... A>
struct Signature {
  using Result = R;
  using Arguments = std::tuple<A...>;
  static consteval bool check() {
    if constexpr (!std::is_void_v<R>) {
      check_sendable<R>();
      static_assert(!Sendable<R> || wire_detail::sendable<R, true>(), "PSM212: a result must own its bytes; a span is good for parameters");
    }
    (check_sendable<A>(), ...);
    return true;
  }
};

template <class F>
struct TaskTraits;
template <class R, class... A>
struct TaskTraits<R (*)(A...)> : Signature<R, A...> {
  static constexpr bool takes_context = false;
};
template <class F, class R, class... A>
struct TaskTraits<R (F::*)(A...) const> : TaskTraits<R (*)(A...)> {};
template <class R, class... A>
struct TaskTraits<R (*)(WorkerContext&, A...)> : Signature<R, A...> {
  static constexpr bool takes_context = true;
};

template <class Traits, class Function>
Called call(Function& function, WorkerContext& context, std::string_view bytes, std::string& result, CallTimes& times) {
  auto arguments = from_bytes<typename Traits::Arguments>(bytes);
  times.decoded = now_nanoseconds();
  if (!arguments) return Called::bad_arguments;
  auto run = [&](auto&&... values) -> typename Traits::Result {
    if constexpr (Traits::takes_context) return function(context, std::forward<decltype(values)>(values)...);
    else return function(std::forward<decltype(values)>(values)...);
  };
  if constexpr (std::is_void_v<typename Traits::Result>) {
    std::apply(run, std::move(*arguments));
    times.returned = now_nanoseconds();
  } else {
    typename Traits::Result value = std::apply(run, std::move(*arguments));
    times.returned = now_nanoseconds();
    Writer out(result);
    write(out, value);
  }
  return Called::done;
}

template <class Traits>
std::string preview_of(std::string_view bytes) {
  auto arguments = from_bytes<typename Traits::Arguments>(bytes);
  std::string out;
  if (arguments) preview(out, *arguments);
  return out;
}

template <auto function>
bool register_task(const char* name) {
  using Traits = TaskTraits<decltype(function)>;
  static_assert(Traits::check());
  return add({.name = name, .signature = typeid(function).name(), .address = reinterpret_cast<const void*>(function),
              .call = [](WorkerContext& context, std::string_view bytes, std::string& result, CallTimes& times) { return call<Traits>(*function, context, bytes, result, times); },
              .preview = preview_of<Traits>});
}

}  // namespace task_detail

#define FORKLINT_JOIN_(a, b) a##b
#define FORKLINT_JOIN(a, b) FORKLINT_JOIN_(a, b)
// At namespace scope, once for each function, in one source file.
#define FORKLINT_TASK(function) [[maybe_unused]] static const bool FORKLINT_JOIN(forklint_task_, __LINE__) = ::forklint::runtime::task_detail::register_task<&function>(#function);

}  // namespace forklint::runtime
