// Evaluates events to abstract values, on demand and memoised. Follows assignments, attributes across methods and
// bases, containers, partial, closures, factories, parameters (through the frame) and imports across files.
// Total: what it cannot follow is unknown_value. Work per question is bounded by depth and by most_values.
#pragma once

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/STLFunctionalExtras.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "analyzer/model/value.h"

namespace forklint::model {

// What another evaluator's ids are called here, by id.
struct Renamed {
  std::vector<ValueId> values;
  std::vector<FrameId> frames;
};

class Fixtures;  // test_setup.h

class Evaluator {
 public:
  explicit Evaluator(const Program& program);
  ~Evaluator();

  // Takes over what another evaluator of the same program knows. What both know stays as it is here.
  Renamed absorb(Evaluator&& other);

  const Program& program() const { return program_; }
  const Value& value(ValueId id) const { return values_[id]; }
  const Frame& frame(FrameId id) const { return frames_[id]; }
  const std::string& symbol(SymbolId id) const { return symbols_[id]; }
  SymbolId intern(std::string_view text);

  // What an event yields in a frame of its scope. The reference lives as long as the evaluator.
  const Values& evaluate(Site site, FrameId frame);
  // What calling `callee` at `call` gives.
  Values call_result(ValueId callee, Site call, FrameId frame);
  // value.name
  Values attribute(ValueId base, std::string_view name);
  // Elements of a container, generator or iterator; `index` restricts to one position of a known sequence.
  Values elements(ValueId value, std::optional<uint32_t> index = {});
  // Whether a value is what enumerate or zip give in one round.
  bool is_pair(ValueId value) const;
  // What `with manager as name` gives the name.
  Values entered(ValueId manager, Site site, FrameId frame);
  // The value of a dict display under a constant key.
  Values item(ValueId container, std::string_view key);
  // What a name of a module holds once the module is complete (functions that rebind it included).
  Values module_member(FileId file, std::string_view name);
  Values module_variable(FileId file, NameId name);

  // The API row of a callee: of an external function or class, or a method of an external type, or, for a class of
  // the program, of the external class it derives from.
  const knowledge::Api* api(ValueId callee);
  // The row that made an object (or that an instance's external base names).
  const knowledge::Api* maker(ValueId object);
  // The value that a class derives from outside the program, e.g. ctx.Process; unknown_value when there is none.
  ValueId external_base(ValueId class_value);

  std::optional<std::string_view> constant_string(const Values& values) const;
  const std::string& type_name(ValueId id) const { return symbols_[values_[id].symbol]; }

  // Classes: the program's own bases, nearest first, the class itself included.
  llvm::SmallVector<ValueId, 4> linearised(ValueId class_value);
  // The method of a class as a function value; unknown_value when it has none of that name.
  ValueId method_of(ValueId class_value, std::string_view name);
  // Whether a decorator makes the constructor of a class from its annotated fields: @dataclass(frozen=True).
  bool generates_fields(const Value& class_value);
  // The method, bound to a receiver.
  ValueId bound(ValueId method, ValueId receiver);
  // The class of an instance; none for others.
  ValueId class_of(ValueId instance) const { return values_[instance].kind == ValueKind::instance ? values_[instance].base : unknown_value; }
  // Whether some class has a property of that name, and whether this one has.
  bool names_property(std::string_view name);
  bool is_property(ValueId class_value, std::string_view name);
  // What a member of an enumeration was made from; nothing for anything else.
  Values member_value(ValueId member);
  // Values written to an attribute of instances of a class, in any method: the set_attribute events.
  llvm::SmallVector<Site, 4> attribute_writes(ValueId class_value, std::string_view name);
  // What one of these writes puts there.
  Values written(Site write, ValueId instance);

  // The frame for calling a function, bound method or lambda with the arguments of an event.
  FrameId enter(ValueId function, Site call, FrameId caller);
  FrameId enter(ValueId function, llvm::SmallVector<ArgumentRef, 4> arguments, Site call, FrameId caller);
  // The frame of a scope whose caller is not known: parameters are what annotations and defaults say.
  FrameId enter_unknown(FileId file, ScopeId scope, ValueId receiver, FrameId closure = any_frame);
  // The frame of a class body or comprehension inside `frame`.
  FrameId enter_inner(FileId file, ScopeId scope, FrameId frame);

  llvm::SmallVector<ArgumentRef, 4> arguments_of(Site call, FrameId frame);
  // One constructor of an instance, and what it is called with: by the call that makes the instance, by super().__init__(…).
  struct Construction {
    ValueId constructor;  // unknown_value: one outside the program
    FrameId frame;        // of its activation
    llvm::SmallVector<ArgumentRef, 4> arguments;
    Site call;
    FrameId caller;
  };
  // Visits them, the class's own first, until one stops.
  void each_construction(ValueId instance, llvm::function_ref<bool(const Construction&)> stops);
  // Picks the argument that a row names from a call, looking into *tuples and **dicts of known content and past what
  // a partial already holds. Null: not given.
  std::optional<ArgumentRef> argument(const llvm::SmallVector<ArgumentRef, 4>& arguments, const knowledge::Argument& wanted);
  Values values_of(const ArgumentRef& argument);
  // What the caller wrote for the parameter that a read names, or its default where that is wanted; null when the read is
  // of something else.
  std::optional<ArgumentRef> passed(Site read, FrameId frame, bool or_default = false);

  // What a read of a variable gives where `made` has run: no binding counts that stands in another arm than that.
  Values evaluate_beside(Site read, FrameId frame, Site made);

  // Bindings of a name that a read at `at` may see; `at` none: the end of the scope.
  llvm::SmallVector<EventId, 4> reaching(FileId file, ScopeId scope, NameId name, EventId at) const;
  // The scope whose variable a name read in `scope` means: file-local; none for builtins.
  ScopeId binding_scope(FileId file, ScopeId scope, NameId name) const { return program_.file(file).binding_scope(scope, name); }

  // The row of an object that was made of its target and launches at each call; null for anything else. Without a target
  // it is the decorator: process(timeout=1).
  const knowledge::Api* launches_when_called(ValueId object);
  // The row that both have: what stands above a function, with or without options.
  const knowledge::Api* launching_decorator(ValueId decorator);

  // Whether a test holds in a frame, where constants that its variables were given there say so: `if parallel:` in a
  // function that was called with parallel=False. Variables of modules say nothing: they are there to be changed.
  std::optional<bool> certain_truth(Site test, FrameId frame);
  // How two expressions compare, where both are certain.
  std::optional<bool> compare(Expression left, std::string_view operation, Expression right) { return certain_comparison(left, operation, right, 0); }
  // Whether a region stands in an arm that such a test rules out.
  bool never_runs(FileId file, RegionId region, FrameId frame);
  bool surely_taken(FileId file, RegionId region, FrameId frame);

  // partial(f, …): the function inside, and the arguments it holds.
  std::optional<ArgumentRef> partial_function(ValueId value);

  // Where something of that name is called or decorates, in all files.
  const std::vector<Site>& calls_named(std::string_view name);

  // What test runners hand to tests.
  Fixtures& fixtures() { return *fixtures_; }

  ValueId make(const Value& value);
  ValueId external(std::string_view qualified);
  ValueId instance_of(ValueId class_value);

 private:
  struct Key {
    FileId file;
    EventId event;
    FrameId frame;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyInfo {
    static Key getEmptyKey() { return {none, none, 0}; }
    static Key getTombstoneKey() { return {none, none, 1}; }
    static unsigned getHashValue(const Key& key);
    static bool isEqual(const Key& a, const Key& b) { return a == b; }
  };
  struct ValueInfo {
    static Value getEmptyKey() { return {.index = none, .frame = none, .symbol = none}; }
    static Value getTombstoneKey() { return {.index = none, .frame = none, .symbol = none - 1}; }
    static unsigned getHashValue(const Value& value);
    static bool isEqual(const Value& a, const Value& b) { return a == b; }
  };

  // evaluator.cpp
  FrameId intern_frame(Frame frame);
  uint16_t depth_of(ValueId value) const;
  ArgumentRef as_literal(ArgumentRef argument);
  Values compute(Site site, FrameId frame);
  bool is_true(ValueId id) const;   // certainly
  bool is_false(ValueId id) const;

  // evaluate_tests.cpp
  std::optional<bool> certain_truth(Site test, FrameId frame, int depth);
  bool is_decorated(Site read, FrameId frame);
  std::optional<ValueId> certain_value(Site site, FrameId frame, int depth);
  bool changes_by_itself(Site read) const;
  bool is_handed_over_once(const Value& display) const;
  std::optional<ValueId> certain_length(Site of, FrameId frame);
  std::optional<bool> certain_comparison(Expression left, std::string_view operation, Expression right, int depth);
  std::optional<ValueId> certain_conversion(std::string_view type, Site of, FrameId frame, int depth);
  std::optional<bool> type_test(Site call, FrameId frame, int depth);

  // evaluate_names.cpp
  Values read_name(Site site, FrameId frame);
  Values lookup(FileId file, ScopeId scope, NameId name, EventId at, FrameId frame);
  Values bound_values(FileId file, const llvm::SmallVector<EventId, 4>& bindings, FrameId frame);
  Values builtin(std::string_view name);

  // evaluate_narrowing.cpp
  std::optional<bool> is_instance(ValueId value, ValueId type);
  std::optional<bool> passes(ValueId value, Site test, NameId name, FrameId frame);
  void narrow_by(Site test, bool holds, NameId name, FrameId frame, Values& values);
  void narrow(Site read, FrameId frame, Values& values);

  // evaluate_imports.cpp
  Values import_module(Site site);
  Values import_member(Site site, FrameId frame);
  Values module_or_external(FileId from, const std::string& name);
  ValueId outside(FileId from, const std::string& name);
  Values star_imported(FileId file, ScopeId scope, std::string_view name);

  // evaluate_arguments.cpp
  Values parameter_values(FileId file, ScopeId scope, uint32_t parameter, FrameId frame);
  Values unknown_parameter(FileId file, ScopeId scope, uint32_t parameter, FrameId frame);
  Values fixture_values(FileId file, ScopeId test, std::string_view parameter);
  Values annotated(FileId file, ScopeId scope, EventId annotation, FrameId frame);
  std::optional<ArgumentRef> bound_argument(const Frame& frame, const facts::Scope& scope, uint32_t parameter);

  // evaluate_calls.cpp
  Values returns_of(ValueId function, FrameId frame);
  Values external_result(ValueId callee, Site call, FrameId frame);
  Values decorate(Site site, FrameId frame);

  // evaluate_builtins.cpp
  std::optional<Values> special_result(const std::string& name, ValueId callee, Site call, FrameId frame);
  Values super_object(Site call, FrameId frame);

  // evaluate_containers.cpp
  bool is_dict_call(const Value& value) const;
  Values find_elements(ValueId id, std::optional<uint32_t> index);
  Values yielded_elements(const Value& iterator, const knowledge::Api* row);
  Values items(ValueId container, const Values& keys);
  Values subscript(Site site, FrameId frame);
  Values container_elements(const Value& value, std::optional<uint32_t> index);
  Values pair_elements(const Value& pair, std::optional<uint32_t> index);
  Values packed_elements(const Value& value, std::optional<uint32_t> index);

  // evaluate_changes.cpp
  Values changed_elements(const Value& value, std::optional<std::string_view> key = {});
  Values put_in(Site value, ScopeId home, FrameId frame);
  Values put_by_calls(FileId file, NameId holder, bool by_name, ScopeId home, FrameId frame);
  Values put_by_callers(Site value, FrameId frame);
  const std::vector<EventId>& calls_with(FileId file, NameId name);
  bool other_object(ValueId a, ValueId b) const;

  // evaluate_attributes.cpp
  FrameId construction(FileId file, ScopeId constructor, ValueId instance);
  Values instance_attribute(ValueId instance, std::string_view name);
  Values default_attribute(std::string_view setter, std::string_view name);
  Values class_attribute(ValueId class_value, std::string_view name, ValueId receiver);
  // `class_value` holds it; `asked` is the class that was asked for it, which may be a derived one.
  Values bind_function(ValueId function, ValueId class_value, ValueId receiver, ValueId asked);
  Values super_attribute(const Value& value, std::string_view name);
  ValueId first_class(const Values& values) const;
  bool is_enumeration(ValueId class_value);

  const Program& program_;
  std::unique_ptr<Fixtures> fixtures_;
  std::deque<Value> values_;
  llvm::DenseMap<Value, ValueId, ValueInfo> value_ids_;
  std::deque<Frame> frames_;
  std::unordered_map<uint64_t, llvm::SmallVector<FrameId, 2>> frame_ids_;
  std::deque<std::string> symbols_;
  std::unordered_map<std::string_view, SymbolId> symbol_ids_;
  llvm::DenseMap<Key, uint32_t, KeyInfo> memo_;  // into results_; none while it is being computed
  std::deque<Values> results_;
  llvm::DenseMap<uint64_t, uint32_t> elements_;  // by value and index, into results_ as well
  std::unordered_map<uint64_t, Values> module_variables_;  // by file and name
  std::unordered_map<ValueId, llvm::SmallVector<ValueId, 4>> linearised_;
  std::unordered_map<SymbolId, const knowledge::Api*> rows_;
  std::optional<std::unordered_set<std::string_view>> property_names_;
  std::optional<std::unordered_map<std::string_view, std::vector<Site>>> calls_by_name_;
  std::unordered_map<FileId, std::unordered_map<NameId, std::vector<EventId>>> calls_with_;  // by the name that holds the first of two arguments
  // Nested questions: each of evaluate, elements, item and call_result counts.
  struct Deeper {
    int& depth;
    explicit Deeper(int& d) : depth(d) { ++depth; }
    ~Deeper() { --depth; }
  };
  static constexpr int deepest = 48;

  int depth_ = 0;
};

// Adds without repeating, up to most_values; past that the set becomes open.
void add(Values& values, ValueId value);
void add(Values& values, const Values& others);

}  // namespace forklint::model
