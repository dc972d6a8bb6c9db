#include "analyzer/units/marks.h"

#include <algorithm>

namespace forklint::units {
namespace {

using knowledge::NativeApi;

uint8_t mark_of(const NativeApi& api) {
  uint8_t mark = no_mark;
  if (api.forks == knowledge::Forks::spawn || api.leaves == knowledge::Leaves::exec) mark |= spawning;
  else if (api.forks != knowledge::Forks::none || api.python_type || api.process_pool || api.python_hook != knowledge::PythonHook::none || api.prepare || api.in_parent || api.in_child) mark |= forking;
  if (api.starts_thread || api.thread_object || !api.pool.empty()) mark |= threading;
  if (api.lock || api.guard || api.locks || api.unlocks || api.after_fork == knowledge::AfterFork::deadlocks) mark |= locking;
  if (api.waits || api.reaps || api.handler || api.at_exit || api.opens || api.pipe || !api.handle.empty() || api.seeds || api.sets_cloexec || api.closes_all) mark |= global;
  return mark;
}

std::string_view after_last(std::string_view name, std::string_view separator) {
  const size_t at = name.rfind(separator);
  return at == name.npos ? name : name.substr(at + separator.size());
}

}  // namespace

Marks::Marks(const knowledge::Natives& natives) {
  for (const NativeApi& api : natives.rows()) {
    const uint8_t mark = mark_of(api);
    if (mark == no_mark) continue;
    for (const std::string& symbol : api.names) {
      const std::string_view name = symbol;
      if (name.ends_with('*') || name.find('~') != name.npos) continue;
      if (name.starts_with("omp ")) {  // a pragma
        names_["omp"].push_back({{}, mark});
        continue;
      }
      const std::string_view last = after_last(name, "::");
      const std::string_view above = last.size() == name.size() ? std::string_view() : after_last(name.substr(0, name.size() - last.size() - 2), "::");
      names_[last].push_back({above, mark});
    }
  }
}

std::set<std::string_view> Marks::qualifiers() const {
  std::set<std::string_view> result;
  for (const auto& [last, names] : names_)
    for (const Name& name : names)
      if (!name.qualifier.empty()) result.insert(name.qualifier);
  return result;
}

// A function of C is called by its bare name. Something of a class or namespace may also be written without: the type of the object, a
// `using`, an alias of the namespace must then say the class or the namespace.
bool Marks::means(const Name& name, const Word& word, const Links& links, PieceId piece, bool cpp) {
  if (name.qualifier.empty()) return word.before.empty() || word.before == "std";
  return cpp && (word.before == name.qualifier || links.sees(links.file_of(piece), name.qualifier));
}

uint8_t Marks::of(const Links& links, PieceId piece, bool cpp) const {
  uint8_t marks = no_mark;
  for (const Word& word : links.piece(piece).words) {
    auto it = names_.find(word.name);
    if (it == names_.end()) continue;
    for (const Name& name : it->second)
      if ((marks & name.mark) != name.mark && means(name, word, links, piece, cpp)) marks |= name.mark;
  }
  return marks;
}

}  // namespace forklint::units
