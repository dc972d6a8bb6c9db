#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "analyzer/engine/suppressions.h"

using namespace forklint::engine;
namespace facts = forklint::facts;

namespace {

// The lines (from 1) on which a finding of PSM603 is kept away. Comments begin with // or are /* … */; each is taken to end
// the code before it on its line.
std::string lines(std::string_view text, std::string_view code = "PSM603") {
  std::vector<facts::Comment> comments;
  for (size_t at = text.find('/'); at != text.npos; at = text.find('/', comments.back().span.end)) {
    const bool block = text.substr(at, 2) == "/*";
    const size_t end = block ? text.find("*/", at) + 2 : std::min(text.find('\n', at), text.size());
    const size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;  // npos + 1 is 0
    const facts::Span span{uint32_t(at), uint32_t(end)};
    const bool alone = text.substr(begin, at - begin).find_first_not_of(' ') == text.npos;
    comments.push_back({span, alone ? span : facts::Span{uint32_t(begin), uint32_t(at)}});
  }
  const auto found = read_suppressions(0, text, comments);
  std::string result;
  unsigned number = 1;
  for (size_t at = 0; at < text.size(); ++number) {
    const bool covered = std::ranges::any_of(found, [&](const Suppression& it) {
      const bool names = it.everything || std::ranges::any_of(it.names, [&](const SuppressedName& name) { return selects(name.selector, code, "unsafe-call-after-fork"); });
      return names && it.lines.begin <= at && at <= it.lines.end;
    });
    if (covered) result += std::to_string(number) + " ";
    at = std::min(text.find('\n', at), text.size() - 1) + 1;
  }
  return result;
}

}  // namespace

TEST_CASE("NOLINT speaks for its line, NOLINTNEXTLINE for the next") {
  CHECK(lines("a();\nb();  // NOLINT\nc();\n") == "2 ");
  CHECK(lines("b();  // NOLINT(PSM603)\n") == "1 ");
  CHECK(lines("b();  // NOLINT(cert-err34-c, PSM603): why\n") == "1 ");
  CHECK(lines("b();  /* NOLINT(PSM6*) */\n") == "1 ");
  CHECK(lines("b();  // NOLINT(*)\n") == "1 ");
  CHECK(lines("b();  // NOLINT(unsafe-call-after-fork)\n") == "1 ");
  CHECK(lines("b();  // NOLINT(PSM601)\n") == "");
  CHECK(lines("b();  // NOLINT(cert-*)\n") == "");
  CHECK(lines("b();  // NOLINT()\n") == "");
  CHECK(lines("// NOLINTNEXTLINE(PSM603)\nb();\nc();\n") == "2 ");
  CHECK(lines("// NOLINTNEXTLINE\n\nc();\n") == "2 ");
}

TEST_CASE("NOLINTBEGIN and NOLINTEND speak for what is between, with the same list") {
  CHECK(lines("// NOLINTBEGIN(PSM603)\nb();\n// NOLINTEND(PSM603)\nc();\n") == "1 2 3 ");
  CHECK(lines("// NOLINTBEGIN\n// NOLINTBEGIN(PSM601)\nb();\n// NOLINTEND(PSM601)\n// NOLINTEND\nc();\n") == "1 2 3 4 5 ");
  CHECK(lines("// NOLINTBEGIN(PSM603)\nb();\n// NOLINTEND(PSM601)\n") == "");
  CHECK(lines("// NOLINTBEGIN(PSM603)\nb();\n") == "");
  CHECK(lines("// NOLINTEND\nb();\n") == "");
}

TEST_CASE("forklint's own comments are those of Python behind slashes") {
  CHECK(lines("b();  // forklint: ignore[PSM603] why\nc();\n") == "1 ");
  CHECK(lines("// forklint: ignore\n\n// more\nb(1,\n  2);\nc();\n") == "4 5 ");
  CHECK(lines("a();\n// forklint: ignore-file[PSM603]\nb();\n") == "1 2 3 ");
  CHECK(lines("b();  // forklint: ignore[PSM601]\n") == "");
}

TEST_CASE("words that only begin like ours suppress nothing, and what follows them is read") {
  CHECK(lines("a();  // forklint-clang says so\nb();  // forklint_x forklint NOLINT\nc();\n") == "2 ");
  CHECK(lines("a();  // see forklint-clang; // forklint: ignore[PSM603]\nb();  // like `# forklint: ignore`\n") == "1 ");
  CHECK(read_suppressions(0, "}  // namespace forklint::runtime\n", std::vector<facts::Comment>{{{3, 33}, {0, 1}}}).empty());
}
