#include "analyzer/source/reasons.h"

#include <sys/stat.h>
#include <system_error>

namespace forklint::source {
namespace {

std::string with_separators(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

}  // namespace

std::string over_limit(uint64_t size, uint64_t limit) {
  return with_separators(size) + " bytes, over the limit of " + with_separators(limit) + " bytes";
}

std::string_view irregular(uint32_t mode) {
  if (S_ISREG(mode)) return {};
  if (S_ISDIR(mode)) return "is a folder";
  if (S_ISFIFO(mode)) return "is a pipe";
  if (S_ISSOCK(mode)) return "is a socket";
  return "is a device";
}

std::string system_error(int error) { return std::generic_category().message(error); }

}  // namespace forklint::source
