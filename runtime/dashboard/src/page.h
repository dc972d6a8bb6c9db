// The whole page. "{{nonce}}" stands where the word must come that lets its script and style run.
#pragma once

#include <string_view>

namespace forklint::runtime {

extern const std::string_view dashboard_page;

}  // namespace forklint::runtime
