// Whether a value survives pickling, and why not.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/evaluator.h"

namespace forklint::model {

struct Trace;
struct MemberWrite;

enum class Obstacle : uint8_t {
  lambda,
  nested_function,
  local_class,      // a class defined in a function, or an instance of one
  object,           // an object that cannot be pickled by its nature: lock, file, generator, module …
  primitive,        // lock, queue, value … of multiprocessing: only while a process is being started
  process_or_pool,  // a started process, a pool, an executor
  extension_type,   // an object of a type in C or C++ that has no pickle support; the culprit is where it is bound
  unfindable,       // a function or class that its name does not lead back to
};

struct PathPart {
  Site site;
  std::string text;
};

struct PickleProblem {
  Obstacle obstacle = Obstacle::object;
  std::string what;      // "a lambda", "a threading.Lock"
  std::string outcome;   // "raises:PicklingError"
  Site culprit;          // where it is made
  bool through_self = false;       // reached through an attribute of an instance: `attribute`
  std::string attribute;
  Site attribute_write;
  bool certain = true;
  bool only_fresh = false;         // found in the parent, missing in a fresh child: defined under the guard
  bool in_child = false;           // pickled all right; it is the child that fails
  bool of_receiver = false;        // dragged along by a bound method
  bool of_called_object = false;   // the value itself is an object, and this is in an attribute of it
  std::vector<PathPart> path;
};

struct PickleContext {
  knowledge::Pickler pickler = knowledge::Pickler::pickle;
  bool process_start = false;  // while starting a process: primitives may cross
  int oldest_python = 6, newest_python = 14;  // 3.x: messages differ
  const Trace* trace = nullptr;  // when it is pickled: attributes hold what was written before this step
  uint32_t step = none;
  Expression made;  // where the process that it is sent to was made: what another arm of the same branch does was not done
  std::vector<Site> told;  // attribute writes whose obstacle is known already

  // Functions and classes are sent as code, not by their name.
  bool by_value() const { return pickler == knowledge::Pickler::dill || pickler == knowledge::Pickler::cloudpickle; }
};

class Pickling {
 public:
  explicit Pickling(Evaluator& evaluator) : evaluator_(evaluator) {}

  // The first obstacle, looking into containers, partials, attributes of instances; empty when there is none known.
  std::optional<PickleProblem> problem(ValueId value, const PickleContext& context);
  // The function that functools.wraps made a wrapper look like; unknown_value when there is none.
  ValueId wrapped_by(ValueId function);

 private:
  using Found = std::optional<PickleProblem>;

  // pickling.cpp
  Found find(ValueId value, const PickleContext& context, int depth);
  Found of_elements(const Values& values, const PickleContext& context, int depth);

  // pickling_names.cpp
  Found of_function(ValueId value, const PickleContext& context);
  Found of_class(ValueId value, const PickleContext& context);
  Found of_method(ValueId value, const PickleContext& context, int depth);
  Found by_name(ValueId value, bool is_class);
  Site decorated_at(FrameId frame) const;
  bool hidden_by_decorator(const Value& method);

  // pickling_objects.cpp
  Found of_object(ValueId value, const PickleContext& context, int depth);
  Found of_arguments_kept(ValueId value, const PickleContext& context, int depth);
  Found of_object_of_made_class(ValueId value, const PickleContext& context, int depth);
  Found of_made_class(ValueId value, const knowledge::Api& row, const PickleContext& context);
  Found of_row(const knowledge::Api& row, const std::string& name, Site culprit, const PickleContext& context);
  Found of_extension(Found found, std::string_view type);
  bool registered(ValueId class_value);
  bool started(ValueId process, const PickleContext& context) const;

  // pickling_instances.cpp
  Found of_instance(ValueId value, const PickleContext& context, int depth);
  Found of_attributes(ValueId instance, const PickleContext& context, int depth);
  bool passed_by(const MemberWrite& write, const PickleContext& context);
  bool clears_for_sure(const MemberWrite& write, const Trace& trace);
  Found of_attribute(ValueId instance, std::string_view name, const PickleContext& context, int depth);
  bool customised(ValueId class_value);
  std::optional<std::vector<std::string>> left_behind(ValueId class_value);
  bool one_of_several_makers(const Values& values);

  // pickling_fields.cpp
  Found of_fields(ValueId instance, const PickleContext& context, int depth);
  bool of_class_only(Site annotation);
  bool keeps_defaults(ValueId class_value);
  Values standard_of(Site site);

  Evaluator& evaluator_;
  std::vector<ValueId> open_;  // instances being looked into
  int containers_ = 0;         // containers being looked into
  std::optional<std::vector<ValueId>> registered_;
};

}  // namespace forklint::model
