// What can go wrong with the system, as a value.
#pragma once

#include <expected>
#include <string>

namespace forklint::runtime {

struct Error {
  int number = 0;    // errno; 0 when the kernel had no part in it
  std::string what;  // "execve /no/such: No such file or directory"
};

template <class T>
using Result = std::expected<T, Error>;

// An error for the call named `action`, from errno or from `number`.
std::unexpected<Error> system_error(std::string action, int number = 0);

}  // namespace forklint::runtime
