// forklint-compile-knowledge OUTPUT.cpp FILE.toml...: checks the rows of rules/knowledge and writes their compiled form
// as an array. Run by the build; an error in a row fails the build and names its place.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <unordered_map>

#include "analyzer/knowledge/compiled.h"
#include "analyzer/knowledge/load.h"

namespace {

using namespace forklint::knowledge;

bool read_file(const char* path, std::string& text) {
  std::ifstream file(path, std::ios::binary);
  text.assign(std::istreambuf_iterator<char>(file), {});
  return bool(file);
}

// Two rows of one name would hide each other.
bool names_are_unique(const Rows& rows) {
  std::unordered_map<std::string_view, const Api*> seen;
  for (const Api& api : rows.apis)
    for (const std::string& name : api.names)
      if (!seen.emplace(name, &api).second) return std::fprintf(stderr, "'%s' has two rows\n", name.c_str()), false;
  seen.clear();
  for (const NativeApi& api : rows.natives)
    for (const std::string& name : api.names)
      if (!seen.emplace(name, nullptr).second) return std::fprintf(stderr, "'%s' has two rows\n", name.c_str()), false;
  return true;
}

bool write_array(const char* path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << "#include \"analyzer/knowledge/built_in.h\"\n"
          "namespace forklint::knowledge {\n"
          "const size_t built_in_size = " << bytes.size() << ";\n"
          "const unsigned char built_in_bytes[] = {";
  for (size_t i = 0; i < bytes.size(); ++i) file << (i % 32 ? "" : "\n") << unsigned(static_cast<unsigned char>(bytes[i])) << ',';
  file << "};\n}  // namespace forklint::knowledge\n";
  return bool(file.flush());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return std::fprintf(stderr, "usage: %s OUTPUT.cpp FILE.toml...\n", argv[0]), 2;
  Rows all;
  for (int i = 2; i < argc; ++i) {
    std::string text;
    if (!read_file(argv[i], text)) return std::fprintf(stderr, "%s: cannot be read\n", argv[i]), 2;
    auto rows = load(text, argv[i], Source::mandatory);
    if (!rows) return std::fprintf(stderr, "%s\n", rows.error().c_str()), 1;
    std::move(rows->apis.begin(), rows->apis.end(), std::back_inserter(all.apis));
    std::move(rows->aliases.begin(), rows->aliases.end(), std::back_inserter(all.aliases));
    std::move(rows->natives.begin(), rows->natives.end(), std::back_inserter(all.natives));
  }
  if (!names_are_unique(all)) return 1;
  if (!write_array(argv[1], compile(all))) return std::fprintf(stderr, "%s: cannot be written\n", argv[1]), 2;
}
