#include "outcome.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "forklint/runtime/exit_info.h"

namespace forklint::verify {
namespace {

constexpr unsigned storm_size = 5;     // children that failed in the same way
constexpr unsigned replaced_size = 2;  // of these, started in place of others

// What a process raises because another one ended; the other's exception says more.
bool is_consequence(const std::string& type) {
  constexpr std::array words = {"EOFError", "BrokenProcessPool", "BrokenPipeError", "ConnectionResetError", "ConnectionRefusedError", "UnpicklingError"};
  return std::ranges::count(words, type) > 0;
}

bool name_byte(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.'; }

bool looks_like_exception(std::string_view name, bool colon) {
  constexpr std::array<std::string_view, 9> ends = {"Error", "Exception", "Exit", "Empty", "Interrupt", "Pool", "Full", "Timeout", "Group"};
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0]))) return false;
  if (std::ranges::any_of(ends, [&](std::string_view end) { return name.ends_with(end); })) return true;
  return colon && name.ends_with("Warning");
}

void add(std::vector<std::string>& to, const std::string& type) {
  if (!type.empty() && std::ranges::count(to, type) == 0) to.push_back(type);
}

std::string_view trimmed(std::string_view text) {
  auto blank = [](char c) { return std::isspace(static_cast<unsigned char>(c)); };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

std::vector<std::string> printed_exceptions(std::string_view text) {
  std::vector<std::string> found;
  if (text.find("Traceback (most recent call last)") == text.npos) return found;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    size_t length = 0;
    while (length < line.size() && name_byte(line[length])) length++;
    bool colon = length < line.size() && line[length] == ':';
    std::string_view name = line.substr(0, length);
    if (length == 0 || (length < line.size() && !colon) || !looks_like_exception(name, colon)) continue;
    add(found, std::string(name.substr(name.rfind('.') + 1)));
  }
  return found;
}

std::vector<std::string> all_exceptions(const Record& record, std::string_view errors) {
  std::vector<std::string> types;
  const int main = record.main.value_or(0);
  auto add_those = [&](auto wanted) {
    for (const ExceptionSeen& seen : record.exceptions)
      if (seen.how != "printed" && wanted(seen)) add(types, seen.type);
  };
  add_those([&](const ExceptionSeen& seen) { return seen.pid == main && !is_consequence(seen.type); });
  add_those([&](const ExceptionSeen& seen) { return seen.pid != main && !is_consequence(seen.type); });
  std::vector<std::string> printed = printed_exceptions(errors);
  for (const std::string& type : printed)
    if (!is_consequence(type)) add(types, type);
  add_those([](const ExceptionSeen&) { return true; });
  for (const std::string& type : printed) add(types, type);
  return types;
}

std::string storm(const Record& record) {
  // Some of them were started by a thread that does nothing but replace: a loop of the program itself has an end.
  struct Failures {
    unsigned all = 0, replaced = 0;
  };
  std::map<std::pair<int, std::string>, Failures> failures;
  for (const Start& start : record.starts) {
    auto at = record.processes.find(start.child);
    if (start.child == 0 || at == record.processes.end()) continue;
    const ProcessSeen& child = at->second;
    std::string how = child.exception;
    if (how.empty() && child.signal != 0) how = runtime::signal_name(child.signal);
    if (how.empty() && child.code.value_or(0) != 0) how = "exit status " + std::to_string(*child.code);
    if (how.empty()) continue;
    Failures& count = failures[{start.parent, how}];
    count.all++;
    count.replaced += !start.main_thread;
    if (count.all >= storm_size && count.replaced >= replaced_size) return how;
  }
  return "";
}

std::string missing_helper(std::string_view stack, std::string_view errors) {
  struct Helper {
    std::string_view file, waits_in, ended_in, words;
  };
  constexpr Helper helpers[] = {
      {"multiprocessing/pool.py\"", " in wait", ", in _handle_results\n", "a result of the pool, and the thread that takes results has ended with an exception"},
      {"multiprocessing/pool.py\"", " in next", ", in _handle_results\n", "a result of the pool, and the thread that takes results has ended with an exception"},
  };
  // The innermost frame that is not of `threading` says what is waited for.
  size_t at = stack.find("  File \"");
  auto line = [&] { return stack.substr(at, stack.find('\n', at) - at); };
  while (at != stack.npos && line().contains("/threading.py\"")) at = stack.find("  File \"", at + 1);
  size_t thread = errors.find("Exception in thread ");
  if (at == stack.npos || thread == errors.npos) return "";
  for (const Helper& helper : helpers)
    if (line().contains(helper.file) && line().ends_with(helper.waits_in) && errors.find(helper.ended_in, thread) != errors.npos) return std::string(helper.words);
  return "";
}

void decide(Observation& seen, const std::optional<std::string>& prints) {
  if (seen.signal != 0) {
    seen.outcome = "crashes:" + runtime::signal_name(seen.signal);
    seen.proof = "exit";
  } else if (!seen.exceptions.empty()) {
    seen.outcome = "raises:" + seen.exceptions.front();
    seen.proof = "exception";
  } else if (seen.code != 0) {
    seen.outcome = "exits:" + std::to_string(seen.code.value_or(-1));
    seen.proof = "exit";
  } else if (prints && trimmed(seen.out) != trimmed(*prints)) {
    seen.outcome = "wrong";
    seen.proof = "output";
  } else {
    seen.outcome = "ok";
    seen.proof = "exit";
  }
}

}  // namespace forklint::verify
