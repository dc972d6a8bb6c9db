// Which files a script brings along.
#pragma once

#include <string>
#include <vector>

namespace forklint::app {

// The script and the files that its import statements lead to, as far as they lie beside it or below; each once, the script
// first. Reads text only; at most 2000 files.
std::vector<std::string> files_of_script(const std::string& script);

}  // namespace forklint::app
