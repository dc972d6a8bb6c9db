// Constant data of C: what global variables are initialised with, structures within structures. A type or a module of the
// C interface of Python is such data.
#pragma once

#include <functional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analyzer/model/native/effects.h"

namespace forklint::model::native {

class Tables {
 public:
  explicit Tables(const Program& program);

  // Visits an event and all that it is made of, through the variables that it names. Each once, at most some thousands.
  void each(Place start, const std::function<void(Place)>& visit) const;
  // The value of a field of an initialiser, or of a call's argument: by keyword, else by position. none: not given.
  EventId field(Place call, const knowledge::Argument& wanted) const;
  // The text of a string, also through a variable; empty: it is none.
  std::string_view text(Place place) const;
  // The row of what an event constructs or calls; null when there is none.
  const NativeApi* row(Place place) const;

 private:
  const std::vector<Place>* values_of(Place read) const;

  const Program& program_;
  std::unordered_map<std::string_view, std::vector<Place>> values_;  // by variable: what it and its fields are set to
};

}  // namespace forklint::model::native
