// All facts of C and C++ linked by symbol: functions, what each calls in order, and what may be called through it. Built
// once, then read-only. What is not understood leaves no trace: a call whose callee is unknown has no target and no row.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "analyzer/facts/facts.h"
#include "analyzer/knowledge/knowledge.h"

namespace forklint::model::native {

using facts::EventId;
using facts::FileFacts;
using facts::NameId;
using facts::none;
using facts::Op;
using facts::ScopeId;
using facts::Site;
using knowledge::NativeApi;

using FunctionId = uint32_t;

// A file of the program; `facts` outlives the model.
struct Unit {
  uint32_t file = 0;  // what Site::file says
  std::string_view path;
  const FileFacts* facts = nullptr;
};

struct Call {
  EventId event = none;
  std::string_view symbol;           // without parameters; empty: through a pointer
  const NativeApi* api = nullptr;
  std::vector<FunctionId> targets;   // bodies that we have
  bool sure = true;                  // false: one of several, or only handed on to what may call it
  bool other_program = false;        // several programs of the folder have a function of this name, and none is nearer
  bool resolved() const { return api || !targets.empty(); }
};

enum FunctionFlags : uint8_t {
  function_module = 1,       // the static initialisation of a file
  function_constructor = 2,  // runs when the program or library is loaded
  function_destructor = 4,   // runs when it ends
  function_noreturn = 8,     // so declared
  function_virtual = 16,
  function_lambda = 32,
};

struct Function {
  uint32_t unit = 0;
  ScopeId scope = 0;
  std::string_view symbol;  // as in the facts; empty for lambdas
  uint8_t flags = 0;
  std::vector<Call> calls;              // in order
  std::vector<FunctionId> mentioned;    // functions whose address is taken here
  bool has(FunctionFlags flag) const { return flags & flag; }
};

// What an expression denotes, to tell whether two are the same: "counter", "net::Server::mutex_", or for a local variable
// its function and name. Two objects of one class are one: their fields have one name.
struct Object {
  std::string key;
  std::string_view name;   // for messages
  bool local = false;
  bool empty() const { return key.empty(); }
};

// "net::Server::run(int)" -> "net::Server::run", "helper@src/a.c" -> "helper".
std::string_view without_parameters(std::string_view symbol);
// The last component, without parameters: "run".
std::string_view last_name(std::string_view symbol);

class Program {
 public:
  Program(std::vector<Unit> units, const knowledge::Natives& natives);
  Program(const Program&) = delete;

  const std::vector<Unit>& units() const { return units_; }
  const std::vector<Function>& functions() const { return functions_; }
  const Function& function(FunctionId id) const { return functions_[id]; }
  const knowledge::Natives& natives() const { return natives_; }
  const FileFacts& facts(FunctionId id) const { return *units_[functions_[id].unit].facts; }
  const facts::Event& event(FunctionId id, EventId event) const { return facts(id).events[event]; }
  std::string_view name_of(FunctionId id, EventId event) const { return facts(id).name(facts(id).events[event].name); }
  Site site(FunctionId id, EventId event) const { return {units_[functions_[id].unit].file, event}; }
  // The definitions of a symbol; all of them.
  const std::vector<FunctionId>& defined(std::string_view symbol) const;
  // The definitions with a name, whatever their parameters.
  const std::vector<FunctionId>& named(std::string_view name) const;
  // Calls of this function by others: the function and the index of its call.
  struct Caller { FunctionId function; uint32_t call; };
  const std::vector<Caller>& callers(FunctionId id) const { return callers_[id]; }
  // What knowledge says of a call, also where the body of a library's header is among the facts; null: nothing.
  const NativeApi* row(const Call& call) const { return call.api || call.symbol.empty() ? call.api : natives_.find(call.symbol); }
  // The call that an event is; null when it is none.
  const Call* call_at(FunctionId id, EventId event) const;

  // An operand, none when there is none.
  EventId operand(FunctionId id, EventId event, uint32_t i) const;
  // An argument of a call, after the receiver, or a template argument: "<0>"; none when it is not given.
  EventId argument(FunctionId id, EventId call, const knowledge::Argument& wanted) const;
  // The receiver of a method call: what its attribute is taken of.
  EventId receiver(FunctionId id, EventId call) const;
  // What an argument names, or the receiver when the row says so.
  EventId subject(FunctionId id, EventId call, const NativeApi& api, const knowledge::Argument& wanted) const;

  std::optional<int64_t> constant(FunctionId id, EventId event) const;
  // The variable or field that an expression names; & and * and [] are looked through.
  Object object(FunctionId id, EventId event) const;
  // The functions that an expression may be; of a parameter, what callers give.
  std::vector<FunctionId> function_values(FunctionId id, EventId event) const { return function_values(id, event, furthest_callers); }
  // A local variable as its declaration and its value are seen from a function; lambdas see those around them.
  struct Local {
    FunctionId function = none;   // whose it is
    uint32_t parameter = none;    // its position, of a parameter
    EventId value = none;         // what it is, where it gets a value once; of a reference, what it is bound to
    EventId initialised = none;   // where it gets its first value; a parameter, another one
  };
  std::optional<Local> local(FunctionId id, NameId name) const;
  // The pointers, references and arrays of the declared type of a variable, field or element, outermost first: "*", "&", "[*"; none
  // when it is unknown.
  std::optional<std::string> indirection(FunctionId id, EventId event) const;
  // The function that makes a lambda; none of what is no lambda.
  FunctionId maker(FunctionId lambda) const;
  // What a lambda keeps under a name, an operand of the event that makes it; none when it keeps nothing so called.
  EventId captured(FunctionId lambda, NameId name) const;
  // The unit that defines a global variable; none where several do, each for a program of its own.
  std::optional<uint32_t> unit_of_global(std::string_view symbol) const;
  // The type that a variable, parameter or field is declared with, without pointer; empty when unknown.
  std::string_view type_of(FunctionId id, EventId event) const;

 private:
  void collect();
  void collect_class(uint32_t unit, ScopeId scope);
  void link();
  void link_calls(FunctionId id);
  bool makes_structure(FunctionId id, EventId call) const;
  const NativeApi* emplaced(FunctionId id, EventId callee) const;
  void link_callers();
  void give_parameters(FunctionId id);
  std::vector<FunctionId> function_values(FunctionId id, EventId event, int callers) const;
  std::vector<FunctionId> given_by_callers(FunctionId id, NameId name, int callers) const;
  void collect_kept();
  void mark_table(FunctionId id, EventId element);
  void call_kept(FunctionId id);
  bool keeps_functions(std::string_view name) const;
  std::string kept_key(FunctionId id, std::string_view name, bool field) const;
  std::vector<FunctionId> kept_functions(FunctionId id, std::string_view name, bool field, int callers) const;
  EventId converted(FunctionId id, EventId call) const;
  bool interposes(FunctionId id) const;
  bool ends_when_told(FunctionId id, const Call& call) const;
  void find_called_parameters(FunctionId id);
  void hand_on(FunctionId id);
  std::vector<FunctionId> resolve(FunctionId caller, std::string_view symbol, EventId event, Call& call) const;
  // `equal`: set when others are as near as the one picked.
  std::vector<FunctionId> pick(std::string_view symbol, uint32_t unit, bool* equal = nullptr) const;
  ScopeId owner_of(uint32_t unit, ScopeId scope, NameId name) const;
  std::string_view type_event(uint32_t unit, EventId type) const;

  static constexpr int furthest_callers = 3;  // through which a parameter is followed
  static uint64_t local_key(ScopeId scope, NameId name) { return uint64_t(scope) << 32 | name; }

  std::vector<Unit> units_;
  const knowledge::Natives& natives_;
  std::vector<Function> functions_;
  std::unordered_map<std::string_view, std::vector<FunctionId>> by_symbol_;
  std::unordered_map<std::string_view, std::vector<FunctionId>> by_name_;  // without parameters
  std::vector<std::unordered_map<ScopeId, FunctionId>> by_scope_;
  std::vector<std::unordered_map<uint64_t, EventId>> declared_;            // (scope, name) -> declare or parameter's annotation
  std::unordered_map<std::string_view, std::pair<uint32_t, EventId>> globals_;  // symbol -> its type
  std::unordered_map<std::string_view, std::string_view> elements_;        // field or global container -> the type of its elements
  std::vector<std::unordered_map<uint64_t, std::string_view>> local_elements_;
  std::unordered_set<std::string_view> defined_again_;  // global variables
  std::unordered_map<std::string_view, std::vector<std::string_view>> derived_;  // class -> its direct subclasses
  std::unordered_set<std::string_view> virtual_;  // methods that dispatch
  struct Bound {
    EventId event = none;
    bool again = false;  // more than once
  };
  std::vector<std::unordered_map<uint64_t, Bound>> bound_;  // (scope, name) -> where it gets its value
  struct Kept {
    std::vector<std::pair<FunctionId, EventId>> values;
    bool open = false;  // what else it is set to is not seen
    bool table = false;  // an element of a table, one of many
  };
  std::unordered_map<std::string, Kept> kept_;  // fields and global variables that are pointers to functions
  std::vector<std::vector<uint32_t>> called_parameters_;
  std::vector<std::vector<Caller>> callers_;
};

}  // namespace forklint::model::native
