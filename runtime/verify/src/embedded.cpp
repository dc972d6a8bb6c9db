#include "embedded.h"

// FORKLINT_EMBED_* are the paths of the files as built; CMake makes this file depend on them.
#define EMBED(name, path)                                    \
  asm(".pushsection .rodata\n"                               \
      ".balign 16\n"                                         \
      "forklint_" #name "_begin:\n"                          \
      ".incbin \"" path "\"\n"                               \
      "forklint_" #name "_end:\n"                            \
      ".popsection\n");                                      \
  extern "C" const char forklint_##name##_begin[];           \
  extern "C" const char forklint_##name##_end[];             \
  namespace forklint::verify {                               \
  std::string_view embedded_##name() { return {forklint_##name##_begin, size_t(forklint_##name##_end - forklint_##name##_begin)}; } \
  }

EMBED(site, FORKLINT_EMBED_SITE)
EMBED(observer, FORKLINT_EMBED_OBSERVER)
EMBED(shim, FORKLINT_EMBED_SHIM)
EMBED(unsafe, FORKLINT_EMBED_UNSAFE)
EMBED(init, FORKLINT_EMBED_INIT)
