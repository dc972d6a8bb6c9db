// A Python file through the whole analysis and every reporter.
#include <llvm/Support/JSON.h>

#include "analyzer/engine/run.h"
#include "analyzer/reporters/reporter.h"
#include "rules/catalogue.h"
#include "tests/fuzz/fuzz.h"

using namespace forklint;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const knowledge::Knowledge knowledge = knowledge::Knowledge::built_in();
  auto file = source::decode("a.py", source::Kind::python, std::string(fuzz::text_of(data, size)));
  if (!file) return 0;
  std::vector<source::File> files;
  files.push_back(std::move(*file));
  engine::Analysis analysis = engine::run(std::move(files), {}, knowledge, rules::all(), 1);
  std::string out;
  reporters::print_full(out, analysis, {});
  reporters::print_concise(out, analysis, {});
  reporters::print_matrix(out, analysis, {});
  reporters::print_statistics(out, analysis, {});
  std::string json;
  reporters::print_json(json, analysis);
  auto parsed = llvm::json::parse(json);
  fuzz::require(bool(parsed), "the result is JSON");
  return 0;
}
