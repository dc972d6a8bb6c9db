// Facts as bytes, with some of the bytes changed: refused, or as good as any. The input is the number of changes, then an
// offset and a value for each, then facts as text.
#include "analyzer/facts/binary.h"
#include "analyzer/facts/text.h"
#include "tests/fuzz/fuzz.h"

using namespace forklint;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 || size < 1 + size_t(data[0]) * 4) return 0;
  const size_t changes = data[0];
  auto facts = facts::parse(fuzz::text_of(data + 1 + changes * 4, size - 1 - changes * 4));
  if (!facts) return 0;
  std::string bytes = facts::to_bytes(*facts);
  auto same = facts::from_bytes(bytes);
  fuzz::require(same.has_value() && *same == *facts, "what was written is read");
  for (size_t i = 0; i < changes; ++i) {
    const uint8_t* change = data + 1 + i * 4;
    bytes[(change[0] | change[1] << 8 | size_t(change[2]) << 16) % bytes.size()] = char(change[3]);
  }
  if (auto changed = facts::from_bytes(bytes)) fuzz::require(!facts::print(*changed).empty(), "what is accepted prints");
  return 0;
}
