#include "analyzer/engine/config.h"

namespace forklint::engine {

StartMethods Config::default_methods() const {
  if (!assumed_default.empty()) return assumed_default;
  constexpr PythonVersion forkserver_on_linux{3, 14};
  constexpr PythonVersion spawn_on_macos{3, 8};
  StartMethods methods;
  if (platforms.linux && python_from < forkserver_on_linux) methods |= StartMethod::fork;
  if (platforms.linux && python_to >= forkserver_on_linux) methods |= StartMethod::forkserver;
  if (platforms.macos && python_from < spawn_on_macos) methods |= StartMethod::fork;
  if (platforms.macos && python_to >= spawn_on_macos) methods |= StartMethod::spawn;
  if (platforms.windows) methods |= StartMethod::spawn;
  return methods;
}

}  // namespace forklint::engine
