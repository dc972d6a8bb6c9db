// What is seen when a fresh child's import of the main module fails.
#pragma once

#include <string>

#include "analyzer/model/model.h"

namespace forklint::rules {

// The import ends with `error` ("raises:TYPE"), and `launch` is what main starts: a pool that replaces its workers repeats it
// without end. A forkserver of Python 3.14 imports main itself, before any child, and dies of `error`; older ones did not import
// main (3.13.8 and later do), newer ones go on without it.
inline std::string failed_import(const model::Model& model, const model::Launch& launch, std::string error, knowledge::StartMethod method) {
  if (method == knowledge::StartMethod::forkserver && model.options().newest_python == 14) return error;
  const std::string& repeated = launch.row->launch->fails_at_import;
  return launch.row->launch->pool && !repeated.empty() && !repeated.starts_with("raises:") ? repeated : error;
}

// Whether among the versions of Python in scope there is one whose forkserver dies when the import of main fails.
inline bool server_may_die(const model::Model& model) {
  return model.options().oldest_python <= 14 && model.options().newest_python >= 13;
}

}  // namespace forklint::rules
