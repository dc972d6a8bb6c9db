// What of a compile command Clang gets to see.
#pragma once

#include <string>
#include <vector>

namespace forklint::frontends::cpp {

// Arguments for Clang's driver, its own name first, without the source file. Only flags that say how the source reads
// are taken over (include paths, macros, language, ABI); everything else, such as outputs, plugins, response files not read yet, and
// flags of GCC that Clang refuses, is left out. Nothing in it can start a program or write a file.
std::vector<std::string> sanitised(const std::vector<std::string>& command, const std::string& file);

// The folder of Clang's own headers (stddef.h and the like): beside the program, where Clang was when it was linked, or
// of the newest Clang that is installed. Empty when there is none.
std::string resource_folder();

}  // namespace forklint::frontends::cpp
