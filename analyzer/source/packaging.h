// What turns programs into executables of their own, as far as files of the project say so: the spec file of PyInstaller,
// a set-up script for cx_Freeze or py2exe, a build script that calls PyInstaller, the options of Nuitka.
#pragma once

#include <vector>

#include "analyzer/source/file.h"

namespace forklint::source {

// What a text says of executables: options for Nuitka in the program itself, or calls of a tool that makes them.
// To be asked of texts that name one of them: cx_Freeze, py2exe, PyInstaller, nuitka.
Packaging packaging_in(std::string_view text);

// For each file the path of what packages it; empty: nothing does. Looks at the files given (their `packaging` filled in) and at what stands beside
// them or between them and the folder that holds them all; nothing outside that folder is read.
std::vector<std::string> packaged_by(const std::vector<File>& files);

// The scripts that such a text names: "main.py" of Analysis(["main.py"]). In order, without folders.
std::vector<std::string> scripts_named(std::string_view text);

}  // namespace forklint::source
