#include "analyzer/frontends/python/syntax.h"

#include <algorithm>
#include <memory>

#include "analyzer/frontends/python/grammar.h"

namespace forklint::frontends::python {
namespace {

// Real programs take up to 111 bytes of memory for each byte of text and read it up to 5 times, broken ones more; each line
// of a long comment behind an indented block is read with all that come after it.
constexpr uint64_t memory_per_byte = 2000, least_memory = 64 << 20;
constexpr uint64_t reads_per_byte = 50, least_reads = 64 << 20;
constexpr size_t chunk = 1 << 14;  // what is read at a time: small enough to tell reading again from reading on

struct Effort {
  std::string_view text;
  const TreeMemory& memory;
  uint64_t read = 0;
  uint32_t reached = 0;

  // Asked by the parser from time to time: whether to stop.
  bool too_much(uint32_t at) {
    reached = at;
    return memory.taken() > least_memory + memory_per_byte * text.size() || read > least_reads + reads_per_byte * text.size();
  }
};

const char* read_chunk(void* payload, uint32_t at, TSPoint, uint32_t* size) {
  auto& effort = *static_cast<Effort*>(payload);
  *size = uint32_t(std::min(effort.text.size() - std::min<size_t>(at, effort.text.size()), chunk));
  effort.read += *size;
  return effort.text.data() + at;
}

}  // namespace

std::expected<const TSTree*, uint32_t> parse_syntax(std::string_view text, const TreeMemory& memory) {
  std::unique_ptr<TSParser, decltype(&ts_parser_delete)> parser(ts_parser_new(), ts_parser_delete);
  ts_parser_set_language(parser.get(), grammar());
  Effort effort{text, memory};
  TSInput input{&effort, read_chunk, TSInputEncodingUTF8, nullptr};
  TSParseOptions options{&effort, [](TSParseState* state) { return static_cast<Effort*>(state->payload)->too_much(state->current_byte_offset); }};
  const TSTree* tree = ts_parser_parse_with_options(parser.get(), nullptr, input, options);
  if (!tree) return std::unexpected(std::min(effort.reached, uint32_t(text.size())));
  return tree;
}

}  // namespace forklint::frontends::python
