#include "forklint/runtime/error.h"

#include <cerrno>
#include <cstring>

namespace forklint::runtime {

std::unexpected<Error> system_error(std::string action, int number) {
  if (number == 0) number = errno;
  return std::unexpected(Error{number, std::move(action) + ": " + std::strerror(number)});
}

}  // namespace forklint::runtime
