// Scripts that tell their language by their first line.
#pragma once

#include <string_view>

namespace forklint::source {

// `#!/usr/bin/python3`, `#!/usr/bin/env -S python3.12 -u`, `#! /opt/pypy3`: does the first line ask for a Python?
bool asks_for_python(std::string_view text);

}  // namespace forklint::source
