// What types cannot say about a row: words of closed lists that are kept as text, and keys that need each other.
#include <algorithm>
#include <array>

#include "analyzer/knowledge/load.h"

namespace forklint::knowledge {
namespace {

bool is_name_character(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// "multiprocessing.pool.Pool", "std::thread".
bool is_qualified_name(std::string_view text) {
  bool component = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (is_name_character(text[i])) {
      component = true;
      continue;
    }
    if (!component) return false;
    component = false;
    if (text[i] == '.') continue;
    if (text.substr(i, 2) != "::") return false;
    ++i;
  }
  return component;
}

bool is_type(std::string_view text) {
  if (text.starts_with("tuple[") && text.ends_with("]")) text = text.substr(6, text.size() - 7);
  if (text.starts_with("list[") && text.ends_with("]")) text = text.substr(5, text.size() - 6);
  return is_qualified_name(text);
}

// "3.14"
bool is_version(std::string_view text) {
  if (!text.starts_with("3.") || text.size() > 4) return false;
  return text.size() > 2 && std::ranges::all_of(text.substr(2), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_outcome(std::string_view text) {
  constexpr std::array<std::string_view, 6> words{"ok", "hangs", "storms", "wrong", "slow", "unavailable"};
  if (text.starts_with("raises:")) return is_qualified_name(text.substr(7));
  if (text.starts_with("crashes:")) return is_qualified_name(text.substr(8));
  return std::ranges::find(words, text) != words.end();
}

template <size_t n>
bool is_one_of(std::string_view text, const std::array<std::string_view, n>& words) {
  return std::ranges::find(words, text) != words.end();
}

constexpr std::array<std::string_view, 2> able_picklers{"dill", "cloudpickle"};

bool are_picklers(std::string_view text) {
  while (true) {
    size_t comma = text.find(',');
    if (!is_one_of(text.substr(0, comma), able_picklers)) return false;
    if (comma == text.npos) return true;
    text.remove_prefix(comma + 1);
  }
}

std::string contradiction(const Launch& launch, std::string_view& field) {
  auto blame = [&](std::string_view key, std::string why) { field = key; return why; };
  if (!launch.fails_at_import.empty() && !is_outcome(launch.fails_at_import))
    return blame("fails-at-import", "'" + launch.fails_at_import + "' is not an outcome");
  if (launch.chosen == Chosen::standard && !launch.methods.empty())
    return blame("methods", "needs `chosen`: \"fixed\" or \"own-default\"");
  if (launch.chosen != Chosen::standard && launch.methods.empty() && !launch.executes) return blame("chosen", "needs `methods`");
  if (launch.chosen == Chosen::fixed && launch.method) return blame("method", "a fixed method has no argument that selects it");
  if (!launch.no_process_when.empty() && !launch.workers) return blame("no-process-when", "needs `workers`");
  if (launch.serial_by_default && !launch.workers) return blame("serial-by-default", "needs `workers`");
  if (launch.task_limit && !launch.pool) return blame("task-limit", "needs `pool`");
  if (!launch.initializer_payload.empty() && !launch.initializer) return blame("initializer-payload", "needs `initializer`");
  return {};
}

}  // namespace

std::string contradiction(const Api& api, std::string_view& field) {
  auto blame = [&](std::string_view key, std::string why) { field = key; return why; };
  if (api.names.empty()) return blame("names", "needs a name at least");
  for (const std::string& name : api.names)
    if (!is_qualified_name(name)) return blame("names", "'" + name + "' is not a qualified name");
  if (!api.returns.empty() && !is_type(api.returns)) return blame("returns", "'" + api.returns + "' is not a type");
  if (!api.since.empty() && !is_version(api.since)) return blame("since", "'" + api.since + "' is not a version such as \"3.8\"");
  if (!api.until.empty() && !is_version(api.until)) return blame("until", "'" + api.until + "' is not a version such as \"3.8\"");

  constexpr std::array<std::string_view, 3> thread_words{"import", "construct", "call"};
  if (!api.thread.empty() && !is_one_of(api.thread, thread_words))
    return blame("thread", "'" + api.thread + "' is none of \"import\", \"construct\", \"call\"");
  if (api.thread_target && api.thread.empty() && !api.thread_object) return blame("thread-target", "needs `thread` or `thread-object`");

  constexpr std::array<std::string_view, 3> frozen_words{"environment", "umask", "limits"};
  if (!api.frozen_setting.empty() && !is_one_of(api.frozen_setting, frozen_words))
    return blame("frozen-setting", "'" + api.frozen_setting + "' is none of \"environment\", \"umask\", \"limits\"");
  if (!api.reads_setting.empty() && !is_one_of(api.reads_setting, frozen_words))
    return blame("reads-setting", "'" + api.reads_setting + "' is none of \"environment\", \"umask\", \"limits\"");

  if (!api.unset.empty() && (!is_outcome(api.unset) || api.process_setting.empty())) return blame("unset", "is an outcome, and needs `process-setting`");
  if (!api.fails_again.empty() && !is_outcome(api.fails_again)) return blame("fails-again", "'" + api.fails_again + "' is not an outcome");
  if ((api.exclusive || api.repeatable) && api.fails_again.empty()) return blame("fails-again", "is needed by `exclusive` and `repeatable`");
  if (!api.pickle_error.empty() && !is_outcome(api.pickle_error))
    return blame("pickle-error", "'" + api.pickle_error + "' is not an outcome");
  if (!api.pickle_error.empty() && api.picklable != Picklable::no && api.picklable != Picklable::process_only)
    return blame("pickle-error", "needs `picklable`: \"no\" or \"process-only\"");
  if (!api.picklable_with.empty() && !are_picklers(api.picklable_with))
    return blame("picklable-with", "'" + api.picklable_with + "' is not \"dill\", \"cloudpickle\" or both with a comma");

  if (api.queue_item && !api.queue_put) return blame("queue-item", "needs `queue-put`");
  if (api.fixes_unless && api.method_effect != MethodEffect::reads_and_fixes)
    return blame("fixes-unless", "needs `method-effect`: \"reads-and-fixes\"");
  if (api.force && api.method_effect != MethodEffect::sets) return blame("force", "needs `method-effect`: \"sets\"");
  if (!api.context_methods.empty() && !api.makes_context) return blame("context-methods", "needs `makes-context`");
  return api.launch ? contradiction(*api.launch, field) : std::string();
}

std::string contradiction(const NativeApi& api, std::string_view& field) {
  auto blame = [&](std::string_view key, std::string why) { field = key; return why; };
  if (api.names.empty()) return blame("names", "needs a name at least");
  for (const std::string& name : api.names)
    if (name.empty() || (name.find('(') != name.npos && !name.ends_with("operator()")) || name.front() == ':') return blame("names", "'" + name + "' is not the name of a function or type");
  bool reasons = api.after_fork != AfterFork::unknown && api.after_fork != AfterFork::safe;
  if (reasons && api.reason.empty()) return blame("after-fork", "needs `reason`");
  if (!api.selected.empty() && !api.selects) return blame("selected", "needs `selects`");
  if (api.unless_bit && api.bit == 0) return blame("unless-bit", "needs `bit`");
  if (api.selects && api.forks == Forks::none && !api.reaps && !api.python_exec && !api.python_pickle && !api.unbuffers && !api.process_pool && !api.may_end)
    return blame("selects", "needs `forks`, `reaps`, `may-end`, `unbuffers`, `process-pool`, `python-exec` or `python-pickle`");
  if ((api.cloexec || api.opens_cloexec) && !api.opens) return blame("cloexec", "needs `opens`");
  if (api.cloexec_bit && (!api.cloexec || api.cloexec_name.empty())) return blame("cloexec-bit", "needs `cloexec` and `cloexec-name`");
  if (api.entry && !api.starts_thread) return blame("entry", "needs `starts-thread`");
  if (!api.handler_fields.empty() && !api.handler) return blame("handler-fields", "needs `handler`");
  if (api.headers.empty() != api.header_folders.empty()) return blame("header-folders", "and `headers` need each other");
  if (api.process_pool != api.task.has_value()) return api.task ? blame("task", "needs `process-pool`") : blame("process-pool", "needs `task`");
  if (api.python_size && (!api.python_type || !api.python_name)) return blame("python-size", "needs `python-type` and `python-name`");
  return {};
}

}  // namespace forklint::knowledge
