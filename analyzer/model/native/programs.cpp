// Which functions belong to which program of the folder, and what is known of its threads.
#include <algorithm>

#include "analyzer/model/native/native.h"
#include "analyzer/model/native/origin.h"

namespace forklint::model::native {
namespace {

constexpr size_t most_visits = 4'000'000;  // for all programs of a folder

}  // namespace

// What may run in a program, from main() on: by what is called, what is handed around, and what its files do when they are loaded.
class Native::ProgramWalk {
 public:
  explicit ProgramWalk(const Native& native) : native_(native), program_(native.program_), modules_(program_.units().size()), main_of_(program_.units().size(), none) {
    for (FunctionId id = 0; id < program_.functions().size(); ++id)
      if (const Function& function = program_.function(id); function.has(function_module) || function.has(function_constructor) || function.has(function_destructor)) modules_[function.unit].push_back(id);
    for (FunctionId main : native.mains_) main_of_[program_.function(main).unit] = main;
  }

  struct Members {
    std::vector<bool> has;  // by function
    std::vector<FunctionId> functions;
    bool threads = false;   // something starts them
  };
  // `first_process`: without what only the child of a fork runs.
  Members from(FunctionId main, bool first_process) {
    Members members{.has = std::vector<bool>(program_.functions().size()), .functions = {main}};
    members.has[main] = true;
    for (size_t i = 0; i < members.functions.size() && visits_ < most_visits; ++i, ++visits_) step(members, members.functions[i], main, first_process);
    return members;
  }

 private:
  void step(Members& members, FunctionId id, FunctionId main, bool first_process) const {
    auto visit = [&](FunctionId next) {
      const FunctionId its_main = main_of_[program_.function(next).unit];
      if (its_main != none && its_main != main) return;  // of another program
      if (!members.has[next]) members.has[next] = true, members.functions.push_back(next);
    };
    const Function& function = program_.function(id);
    for (const Call& call : function.calls) {
      if (call.other_program || (first_process && native_.forks_.only_child(id, call.event))) continue;
      members.threads |= native_.effects_.does(id, call, Effect::starts_thread) || native_.effects_.does(id, call, Effect::uses_pool);
      for (FunctionId target : call.targets) visit(target);
    }
    for (FunctionId mentioned : function.mentioned) visit(mentioned);
    // A table in another file, by which its functions are called.
    const FileFacts& facts = program_.facts(id);
    const facts::Range events = facts.scopes[function.scope].events;
    for (EventId at = events.begin; at < events.end; ++at)
      if (facts.events[at].op == Op::read && !is_of_another_type(id, at))
        if (auto unit = program_.unit_of_global(facts.name(facts.events[at].name)); unit && *unit != function.unit && !program_.object(id, at).local)
          for (FunctionId module : modules_[*unit]) visit(module);
    for (FunctionId module : modules_[function.unit]) visit(module);
  }

  // Whether a field is taken of a global variable, next to it, that a variable of this name in another file does not have: then that is of another
  // program. In C++ a base class may have it.
  bool is_of_another_type(FunctionId id, EventId read) const {
    if (program_.facts(id).language != facts::Language::c || read + 1 >= program_.facts(id).events.size()) return false;
    const facts::Event& next = program_.event(id, read + 1);
    if (next.op != Op::attribute || program_.operand(id, read + 1, 0) != read) return false;
    const std::string_view owner = class_of(program_.name_of(id, read + 1)), type = program_.type_of(id, read);
    return !owner.empty() && !type.empty() && owner != type;
  }

  const Native& native_;
  const Program& program_;
  std::vector<std::vector<FunctionId>> modules_;  // by unit: what runs when it is loaded, and unloaded
  std::vector<FunctionId> main_of_;               // by unit
  size_t visits_ = 0;
};

void Native::find_programs() {
  threads_.assign(program_.functions().size(), uint8_t(Threads::unknown));
  ProgramWalk walk(*this);
  for (FunctionId main : mains_) {
    ProgramWalk::Members all = walk.from(main, false);
    ProgramWalk::Members first;
    if (all.threads) first = walk.from(main, true);
    for (FunctionId id : all.functions) {
      // A server may start threads in its children alone: where it forks these it has none.
      const bool threads = all.threads && (first.threads || !first.has[id]);
      if (threads) threads_[id] = uint8_t(Threads::some);
      else if (Threads(threads_[id]) == Threads::unknown) threads_[id] = uint8_t(Threads::none);
    }
    members_.push_back(std::move(all.has));
  }
  // Where nothing starts a thread or takes a lock, what no main() is seen to come to belongs to these programs, too, or to none: it is no
  // library for programs with threads.
  if (mains_.empty() || knows_threads()) return;
  for (uint8_t& known : threads_)
    if (known == uint8_t(Threads::unknown)) known = uint8_t(Threads::none);
}

// Whether something here starts a thread or takes a lock.
bool Native::knows_threads() const {
  auto knows = [](const Call& call) { return call.api && (call.api->starts_thread || !call.api->pool.empty() || call.api->locks || call.api->guard); };
  return std::ranges::any_of(program_.functions(), [&](const Function& function) { return std::ranges::any_of(function.calls, knows); });
}

bool Native::in_program(FunctionId function) const {
  return std::ranges::any_of(members_, [&](const std::vector<bool>& members) { return members[function]; });
}

std::vector<bool> Native::programs_of(FunctionId function) const {
  std::vector<bool> programs(members_.size());
  for (size_t i = 0; i < members_.size(); ++i) programs[i] = members_[i][function];
  return programs;
}

bool Native::share_program(FunctionId one, FunctionId other) const {
  bool one_has = false, other_has = false;
  for (const std::vector<bool>& members : members_) {
    if (members[one] && members[other]) return true;
    one_has |= members[one];
    other_has |= members[other];
  }
  return !one_has || !other_has;
}

bool Native::joins_program(FunctionId one, FunctionId other) const {
  return !in_program(other) || std::ranges::any_of(members_, [&](const std::vector<bool>& members) { return members[one] && members[other]; });
}

// By calls alone.
void Native::find_called_from_main() {
  from_main_.resize(program_.functions().size());
  std::vector<FunctionId> queue = mains_;
  for (FunctionId main : mains_) from_main_[main] = true;
  for (size_t i = 0; i < queue.size(); ++i)
    for (const Call& call : program_.function(queue[i]).calls)
      for (FunctionId target : call.other_program ? std::vector<FunctionId>{} : call.targets)
        if (!from_main_[target]) from_main_[target] = true, queue.push_back(target);
}

Threads Native::threads_of(FunctionId function) const { return Threads(threads_[function]); }

}  // namespace forklint::model::native
