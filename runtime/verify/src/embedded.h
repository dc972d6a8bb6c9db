// The files that a run needs beside the program: built with this library, carried inside of it. Internal.
#pragma once

#include <string_view>

namespace forklint::verify {

std::string_view embedded_site();      // sitecustomize.py
std::string_view embedded_observer();  // forklint_observer.py, which that imports
std::string_view embedded_shim();      // the preloaded library
std::string_view embedded_unsafe();    // the second one, for native programs
std::string_view embedded_init();      // the first process of a run

}  // namespace forklint::verify
