// Bytes of a Python file -> text -> facts -> print -> parse -> the same facts.
#include "analyzer/facts/text.h"
#include "analyzer/frontends/python/frontend.h"
#include "analyzer/source/file.h"
#include "tests/fuzz/fuzz.h"

using namespace forklint;

namespace {

void check_spans(const facts::FileFacts& facts, size_t size) {
  auto inside = [&](facts::Span span) { fuzz::require(span.begin <= span.end && span.end <= size, "a span lies in the text"); };
  for (const facts::Scope& it : facts.scopes) inside(it.span);
  for (const facts::Event& it : facts.events) inside(it.span);
  for (const facts::Parameter& it : facts.parameters) inside(it.span);
  for (const facts::Comment& it : facts.comments) inside(it.span), inside(it.statement);
  for (const facts::Problem& it : facts.problems) inside(it.span);
}

// What the model relies on: operands come before their event, and regions lie inside each other.
void check_order(const facts::FileFacts& facts) {
  for (facts::EventId id = 0; id < facts.events.size(); ++id)
    for (uint32_t i = 0; i < facts.events[id].operands_count; ++i)
      fuzz::require(facts.operands_of(facts.events[id])[i].value < id, "an operand comes before its event");
  for (facts::RegionId id = 0; id < facts.regions.size(); ++id) {
    const facts::Region& it = facts.regions[id];
    if (it.parent == facts::none) continue;
    const facts::Region& outer = facts.regions[it.parent];
    fuzz::require(it.parent < id && outer.events.begin <= it.events.begin && it.events.end <= outer.events.end, "a region lies in its parent");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto file = source::decode("a.py", source::Kind::python, std::string(fuzz::text_of(data, size)));
  if (!file) return 0;
  facts::FileFacts facts = frontends::python::parse(file->text);
  check_spans(facts, file->text.size());
  check_order(facts);
  std::string printed = facts::print(facts);
  auto read = facts::parse(printed);
  fuzz::require(read.has_value(), "printed facts can be read");
  fuzz::require(facts::print(*read) == printed, "facts that were read print as before");
  return 0;
}
