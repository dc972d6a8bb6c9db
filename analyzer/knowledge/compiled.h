// The compiled form of rows: one block of bytes with the tables that find them. The build makes it from rules/knowledge,
// so that the tool parses no TOML at start-up; rows are decoded when they are asked for. It lives only inside the
// binary that was built with it, hence carries no version.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/knowledge/api.h"

namespace forklint::knowledge {

// Of several rows with one name the last counts.
std::string compile(const Rows& rows);

// A view of what compile() made, which must outlive it. Every member may be called from any thread.
class Compiled {
 public:
  explicit Compiled(std::string_view bytes) : bytes_(bytes) {}

  // Row numbers, O(1).
  std::optional<uint32_t> find_name(std::string_view name) const;
  std::optional<uint32_t> find_alias(std::string_view from) const;
  // Whether it is a name, an alias, or a dotted prefix of one. O(1).
  bool has_module(std::string_view module) const;

  uint32_t row_count() const;
  Api row(uint32_t number) const;  // some 0.3 µs
  std::vector<Alias> aliases() const;
  std::vector<std::string> anchors() const;
  std::vector<NativeApi> natives() const;
  Rows all() const;

 private:
  std::string_view bytes_;
};

}  // namespace forklint::knowledge
