// A configuration file, under both names; what is wrong with it names its line.
#include "analyzer/engine/load_config.h"
#include "rules/catalogue.h"
#include "tests/fuzz/fuzz.h"

using namespace forklint;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  for (const char* name : {"forklint.toml", "pyproject.toml"}) {
    auto settings = engine::parse_config(fuzz::text_of(data, size), name, rules::all());
    if (settings) continue;
    fuzz::require(!settings.error().empty(), "what is wrong is said");
    for (const std::string& error : settings.error()) fuzz::require(error.starts_with(std::string(name) + ":"), "an error names its file");
  }
  return 0;
}
