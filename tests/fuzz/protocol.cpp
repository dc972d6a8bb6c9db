// Requests and answers of forklint-clang, as the cache keeps them: refused, or written again as they were read.
#include "analyzer/frontends/cpp/protocol.h"
#include "tests/fuzz/fuzz.h"

using namespace forklint;

namespace {

template <class Message>
void again(const Message& message, auto&& read) {
  const std::string bytes = frontends::cpp::to_bytes(message);
  auto second = read(bytes);
  fuzz::require(second.has_value() && frontends::cpp::to_bytes(*second) == bytes, "what was written is read");
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes = fuzz::text_of(data, size);
  if (auto command = frontends::cpp::command_from(bytes)) again(*command, frontends::cpp::command_from);
  if (auto unit = frontends::cpp::unit_from(bytes)) again(*unit, frontends::cpp::unit_from);
  return 0;
}
