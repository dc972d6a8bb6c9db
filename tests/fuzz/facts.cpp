// The text of facts: what can be read prints and can be read again.
#include "analyzer/facts/text.h"
#include "tests/fuzz/fuzz.h"

using namespace forklint;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto facts = facts::parse(fuzz::text_of(data, size));
  if (!facts) {
    fuzz::require(!facts.error().empty(), "what is wrong is said");
    return 0;
  }
  std::string printed = facts::print(*facts);
  auto again = facts::parse(printed);
  fuzz::require(again.has_value(), "printed facts can be read");
  fuzz::require(facts::print(*again) == printed, "facts that were read print as before");
  return 0;
}
