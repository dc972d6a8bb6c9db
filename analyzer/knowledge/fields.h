// Every field of a row with its TOML key, once. The TOML loader, the compiled form and the tests all walk these lists,
// so a new field is one line in api.h and one line here.
//
// `visit(key, field)` is called in a fixed order; the order is part of the compiled form, which is never stored.
#pragma once

#include <array>
#include <concepts>
#include <string_view>
#include <type_traits>
#include <utility>

#include "analyzer/knowledge/api.h"

namespace forklint::knowledge {

template <class T, class Of>
concept maybe_const = std::same_as<std::remove_const_t<T>, Of>;

template <class Visit>
void each_field(maybe_const<Launch> auto& launch, Visit&& visit) {
  visit("starts", launch.starts);
  visit("chosen", launch.chosen);
  visit("methods", launch.methods);
  visit("method", launch.method);
  visit("target", launch.target);
  visit("payload", launch.payload);
  visit("initializer", launch.initializer);
  visit("initializer-payload", launch.initializer_payload);
  visit("task-limit", launch.task_limit);
  visit("daemon", launch.daemon);
  visit("before-exec", launch.before_exec);
  visit("input", launch.input);
  visit("workers", launch.workers);
  visit("no-process-when", launch.no_process_when);
  visit("unless", launch.unless);
  visit("instead", launch.instead);
  visit("serial-by-default", launch.serial_by_default);
  visit("pickler", launch.pickler);
  visit("crosses", launch.crosses);
  visit("daemonic", launch.daemonic);
  visit("reimports-main", launch.reimports_main);
  visit("pool", launch.pool);
  visit("raw-fork", launch.raw_fork);
  visit("executes", launch.executes);
  visit("starts-threads", launch.starts_threads);
  visit("ends-with-task", launch.ends_with_task);
  visit("ends-with-function", launch.ends_with_function);
  visit("unsent-error", launch.unsent_error);
  visit("fails-at-import", launch.fails_at_import);
}

template <class Visit>
void each_field(maybe_const<Task> auto& task, Visit&& visit) {
  visit("pool", task.pool);
  visit("function", task.function);
  visit("payload", task.payload);
  visit("iterables", task.iterables);
  visit("unpacks", task.unpacks);
  visit("in-parent", task.in_parent);
  visit("lazy-result", task.lazy_result);
}

template <class Visit>
void each_field(maybe_const<Api> auto& api, Visit&& visit) {
  visit("names", api.names);
  visit("source", api.source);
  visit("proof", api.proof);
  visit("since", api.since);
  visit("until", api.until);
  visit("delays", api.delays);
  visit("returns", api.returns);
  visit("launch", api.launch);
  visit("task", api.task);
  visit("starts", api.starts);
  visit("joins", api.joins);
  visit("closes", api.closes);
  visit("awaits-result", api.awaits_result);
  visit("asks-for-result", api.asks_for_result);
  visit("waits-all-children", api.waits_all_children);
  visit("waits-for", api.waits_for);
  visit("any-child", api.any_child);
  visit("thread", api.thread);
  visit("thread-object", api.thread_object);
  visit("thread-target", api.thread_target);
  visit("thread-arguments", api.thread_arguments);
  visit("executor", api.executor);
  visit("lock", api.lock);
  visit("mp-primitive", api.mp_primitive);
  visit("reentrant", api.reentrant);
  visit("acquires", api.acquires);
  visit("releases", api.releases);
  visit("lock-argument", api.lock_argument);
  visit("waits-unless", api.waits_unless);
  visit("time-limit", api.time_limit);
  visit("queue-put", api.queue_put);
  visit("queue-get", api.queue_get);
  visit("queue-item", api.queue_item);
  visit("pipe", api.pipe);
  visit("takes-over", api.takes_over);
  visit("closes-argument", api.closes_argument);
  visit("receives", api.receives);
  visit("receives-from", api.receives_from);
  visit("ends-by-exception", api.ends_by_exception);
  visit("reads-to-end", api.reads_to_end);
  visit("serves", api.serves);
  visit("feeds", api.feeds);
  visit("fixes-context", api.fixes_context);
  visit("method-effect", api.method_effect);
  visit("method-argument", api.method_argument);
  visit("fixes-unless", api.fixes_unless);
  visit("force", api.force);
  visit("sent-at-start", api.sent_at_start);
  visit("makes-context", api.makes_context);
  visit("context-methods", api.context_methods);
  visit("preload", api.preload);
  visit("is-object", api.is_object);
  visit("hands-on", api.hands_on);
  visit("enters", api.enters);
  visit("defaults-from", api.defaults_from);
  visit("makes-class", api.makes_class);
  visit("picklable", api.picklable);
  visit("pickle-error", api.pickle_error);
  visit("picklable-with", api.picklable_with);
  visit("handle", api.handle);
  visit("fork-unsafe", api.fork_unsafe);
  visit("repaired-after-fork", api.repaired_after_fork);
  visit("random-generator", api.random_generator);
  visit("seeds", api.seeds);
  visit("draws", api.draws);
  visit("reseeded-after-fork", api.reseeded_after_fork);
  visit("process-setting", api.process_setting);
  visit("unset", api.unset);
  visit("for-recursion", api.for_recursion);
  visit("uses-setting", api.uses_setting);
  visit("uses-with", api.uses_with);
  visit("survives-start", api.survives_start);
  visit("setting-path", api.setting_path);
  visit("setting-of-receiver", api.setting_of_receiver);
  visit("setting-part", api.setting_part);
  visit("partly-with", api.partly_with);
  visit("severity", api.severity);
  visit("least-severity", api.least_severity);
  visit("only-asks", api.only_asks);
  visit("sent-settings", api.sent_settings);
  visit("frozen-setting", api.frozen_setting);
  visit("reads-setting", api.reads_setting);
  visit("makes-fixture", api.makes_fixture);
  visit("runs-before", api.runs_before);
  visit("patches", api.patches);
  visit("differs-per-process", api.differs_per_process);
  visit("hash-dependent", api.hash_dependent);
  visit("shared-memory", api.shared_memory);
  visit("large", api.large);
  visit("reads-stdin", api.reads_stdin);
  visit("at-exit", api.at_exit);
  visit("at-fork", api.at_fork);
  visit("runs-command", api.runs_command);
  visit("side-effect", api.side_effect);
  visit("holds-tests", api.holds_tests);
  visit("runs-tests", api.runs_tests);
  visit("runs-tests-unless", api.runs_tests_unless);
  visit("fails-again", api.fails_again);
  visit("repeatable", api.repeatable);
  visit("truncates", api.truncates);
  visit("exclusive", api.exclusive);
  visit("suppresses", api.suppresses);
  visit("exits", api.exits);
  visit("exits-now", api.exits_now);
  visit("freeze-support", api.freeze_support);
  visit("decorator-keeps-function", api.decorator_keeps_function);
  visit("wraps", api.wraps);
  visit("makes-property", api.makes_property);
  visit("makes-fields", api.makes_fields);
  visit("class-only", api.class_only);
  visit("enumeration", api.enumeration);
  visit("keeps-arguments", api.keeps_arguments);
  visit("keeps-elements", api.keeps_elements);
  visit("yields", api.yields);
  visit("yields-elements", api.yields_elements);
  visit("makes-missing", api.makes_missing);
  visit("returns-argument", api.returns_argument);
  visit("puts-into", api.puts_into);
  visit("puts", api.puts);
  visit("returns-element", api.returns_element);
  visit("calls-argument", api.calls_argument);
  visit("calls", api.calls);
}

template <class Visit>
void each_field(maybe_const<NativeApi> auto& api, Visit&& visit) {
  visit("names", api.names);
  visit("source", api.source);
  visit("proof", api.proof);
  visit("after-fork", api.after_fork);
  visit("reason", api.reason);
  visit("hidden", api.hidden);
  visit("unless-null", api.unless_null);
  visit("forks", api.forks);
  visit("selects", api.selects);
  visit("selected", api.selected);
  visit("unless-bit", api.unless_bit);
  visit("bit", api.bit);
  visit("child", api.child);
  visit("parent-leaves", api.parent_leaves);
  visit("error-number", api.error_number);
  visit("leaves", api.leaves);
  visit("ends-unless-zero", api.ends_unless_zero);
  visit("may-end", api.may_end);
  visit("handled-exit", api.handled_exit);
  visit("opens", api.opens);
  visit("cloexec", api.cloexec);
  visit("cloexec-bit", api.cloexec_bit);
  visit("cloexec-name", api.cloexec_name);
  visit("opens-cloexec", api.opens_cloexec);
  visit("sets-cloexec", api.sets_cloexec);
  visit("closes-all", api.closes_all);
  visit("closes", api.closes);
  visit("pipe", api.pipe);
  visit("reads", api.reads);
  visit("timeout", api.timeout);
  visit("duplicates", api.duplicates);
  visit("seeks", api.seeks);
  visit("waits", api.waits);
  visit("reaps", api.reaps);
  visit("kills", api.kills);
  visit("awaits", api.awaits);
  visit("starts-thread", api.starts_thread);
  visit("entry", api.entry);
  visit("thread-object", api.thread_object);
  visit("joins", api.joins);
  visit("back-at-once", api.back_at_once);
  visit("pool", api.pool);
  visit("lock", api.lock);
  visit("guard", api.guard);
  visit("locks", api.locks);
  visit("unlocks", api.unlocks);
  visit("renews", api.renews);
  visit("tries", api.tries);
  visit("receiver", api.receiver);
  visit("writes-buffered", api.writes_buffered);
  visit("stream", api.stream);
  visit("flushes", api.flushes);
  visit("unbuffered", api.unbuffered);
  visit("unbuffers", api.unbuffers);
  visit("line-flush", api.line_flush);
  visit("random-engine", api.random_engine);
  visit("seeds", api.seeds);
  visit("draws", api.draws);
  visit("handle", api.handle);
  visit("uses", api.uses);
  visit("identity", api.identity);
  visit("outside", api.outside);
  visit("at-exit", api.at_exit);
  visit("prepare", api.prepare);
  visit("in-parent", api.in_parent);
  visit("in-child", api.in_child);
  visit("handler", api.handler);
  visit("handler-fields", api.handler_fields);
  visit("calls", api.calls);
  visit("python-hook", api.python_hook);
  visit("python", api.python);
  visit("python-module", api.python_module);
  visit("python-exec", api.python_exec);
  visit("python-type", api.python_type);
  visit("python-name", api.python_name);
  visit("python-size", api.python_size);
  visit("python-stateless", api.python_stateless);
  visit("python-open", api.python_open);
  visit("python-pickle", api.python_pickle);
  visit("python-submodule", api.python_submodule);
  visit("headers", api.headers);
  visit("header-folders", api.header_folders);
  visit("process-pool", api.process_pool);
  visit("task", api.task);
  visit("changed-by", api.changed_by);
  visit("emplaces", api.emplaces);
  visit("allocates", api.allocates);
  visit("refers", api.refers);
}

template <class Visit>
void each_field(maybe_const<Alias> auto& alias, Visit&& visit) {
  visit("from", alias.from);
  visit("to", alias.to);
  visit("except", alias.except);
}

// The spellings of each enumeration, in the order of its values.
template <class Enum>
inline constexpr std::array<std::string_view, 0> spellings;
template <>
inline constexpr std::array<std::string_view, 5> spellings<StartMethod>{"fork", "spawn", "forkserver", "threading", "loky"};
template <>
inline constexpr std::array<std::string_view, 6> spellings<Starts>{"construct", "start", "first-task", "call", "iterate", "decorated"};
template <>
inline constexpr std::array<std::string_view, 4> spellings<Pickler>{"pickle", "dill", "cloudpickle", "none"};
template <>
inline constexpr std::array<std::string_view, 3> spellings<Crosses>{"fresh", "always", "never"};
template <>
inline constexpr std::array<std::string_view, 3> spellings<Chosen>{"standard", "fixed", "own-default"};
template <>
inline constexpr std::array<std::string_view, 4> spellings<MethodEffect>{"none", "sets", "reads-and-fixes", "reads"};
template <>
inline constexpr std::array<std::string_view, 4> spellings<Picklable>{"yes", "no", "process-only", "unknown"};
template <>
inline constexpr std::array<std::string_view, 5> spellings<Handle>{"none", "file", "connection", "descriptor", "directory"};

template <>
inline constexpr std::array<std::string_view, 5> spellings<AfterFork>{"unknown", "safe", "repaired", "deadlocks", "wrong"};
template <>
inline constexpr std::array<std::string_view, 5> spellings<Forks>{"none", "fork", "raw", "vfork", "spawn"};
template <>
inline constexpr std::array<std::string_view, 6> spellings<Leaves>{"no", "exec", "now", "cleanup", "thread", "elsewhere"};
template <>
inline constexpr std::array<std::string_view, 4> spellings<PythonHook>{"none", "before", "parent", "child"};

}  // namespace forklint::knowledge
