#include "analyzer/source/notebook.h"

#include <catch2/catch_test_macros.hpp>

#include "analyzer/source/file.h"

using namespace forklint::source;

namespace {

constexpr std::string_view head = R"({
 "cells": [
)";
constexpr std::string_view tail = R"(
 ],
 "metadata": {"kernelspec": {"language": "python", "name": "python3"}, "language_info": {"name": "python"}},
 "nbformat": 4,
 "nbformat_minor": 5
}
)";

std::string notebook(std::string_view cells) { return std::string(head) + std::string(cells) + std::string(tail); }

File decoded(std::string bytes) {
  const auto file = decode("a.ipynb", Kind::notebook, std::move(bytes));
  INFO((file ? "" : file.error()));
  REQUIRE(file);
  return *file;
}

std::string error_of(std::string bytes) {
  const auto file = decode("a.ipynb", Kind::notebook, std::move(bytes));
  return file ? "no error" : file.error();
}

Position position_of(const File& file, std::string_view text) {
  const size_t at = file.text.find(text);
  REQUIRE(at != std::string::npos);
  return file.position(static_cast<uint32_t>(at));
}

// Where `text` stands in `bytes`, counted by hand: what position() must give.
Position physical(const std::string& bytes, std::string_view text) {
  Position position;
  const size_t at = bytes.find(text);
  REQUIRE(at != std::string::npos);
  for (size_t i = 0; i < at; ++i) {
    if (bytes[i] == '\n') {
      position = {position.line + 1, 1};
    } else if ((static_cast<unsigned char>(bytes[i]) & 0xC0) != 0x80) {
      ++position.column;
    }
  }
  return position;
}

}  // namespace

TEST_CASE("code cells are joined, and every line points into the file") {
  const std::string bytes = notebook(R"(  {
   "cell_type": "markdown", "metadata": {}, "source": ["import nothing\n"]
  },
  {
   "cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [{"text": ["noise\n"]}],
   "source": [
    "import os\n",
    "first = 1"
   ]
  },
  {
   "cell_type": "code", "metadata": {}, "outputs": [], "source": "second = 2\nthird = 3"
  })");
  const File file = decoded(bytes);
  CHECK(file.text == "import os\nfirst = 1\nsecond = 2\nthird = 3\n");
  CHECK(file.line_starts.size() == 5);
  CHECK(file.origins.size() == 5);
  CHECK_FALSE(file.verbatim);
  for (const std::string_view word : {"os", "first", "second", "= 2", "third", "= 3"}) {
    CHECK(position_of(file, word) == physical(bytes, word));
  }
  CHECK(file.line(12) == "first = 1");
}

TEST_CASE("columns count characters of the file, however they are written") {
  const std::string bytes = notebook("{\"cell_type\": \"code\", \"source\": [\"a = \\\"q\\\"; b\\n\", "
                                     "\"\\u00e9 = '\\ud83d\\udc0d\u00e9\\t'; last\"]}");
  const File file = decoded(bytes);
  CHECK(file.text == "a = \"q\"; b\n\u00e9 = '\U0001F40D\u00e9\t'; last\n");
  CHECK(position_of(file, "b\n") == physical(bytes, "b\\n"));
  CHECK(position_of(file, "last") == physical(bytes, "last"));
}

TEST_CASE("a string that begins in the middle of a line continues it") {
  const File file = decoded(notebook(R"({"cell_type": "code", "source": ["a", " = 1\n", "b"]})"));
  CHECK(file.text == "a = 1\nb\n");
  CHECK(file.line_starts.size() == 3);
}

TEST_CASE("minified and CR LF notebooks") {
  const std::string minified = R"({"cells":[{"cell_type":"code","source":["x\n","y"]}],"nbformat":4,"metadata":{}})";
  CHECK(position_of(decoded(minified), "y") == physical(minified, "y\"]"));
  const std::string windows = "{\"cells\": [{\"cell_type\": \"code\",\r\n\"source\": [\"x\\r\\n\",\r\n\"y\"]}], \"nbformat\": 4}\r\n";
  const File file = decoded(windows);
  CHECK(file.text == "x\r\ny\n");
  CHECK(position_of(file, "y") == Position{3, 2});
}

TEST_CASE("line ends inside strings are Python's") {
  CHECK(decoded(notebook(R"({"cell_type": "code", "source": "a\rb\r\nc"})")).text == "a\nb\r\nc\n");
}

TEST_CASE("magics are blanked and foreign cells left out") {
  const std::string bytes = notebook(R"(
  {"cell_type": "code", "source": ["%matplotlib inline\n", "x = !ls\n", "keep"]},
  {"cell_type": "code", "source": ["%%bash\n", "rm -rf /\n"]},
  {"cell_type": "code", "metadata": {"vscode": {"languageId": "sql"}}, "source": ["select 1"]},
  {"cell_type": "code", "metadata": {"vscode": {"languageId": "python"}}, "source": ["%%time\n", "after"]})");
  const File file = decoded(bytes);
  CHECK(file.text == "0                 \nx = 0  \nkeep\n0     \nafter\n");
  CHECK(position_of(file, "keep") == physical(bytes, "keep"));
  CHECK(position_of(file, "after") == physical(bytes, "after"));
  CHECK(file.line_starts.size() == file.origins.size());
}

TEST_CASE("a notebook of another kernel has no Python text") {
  for (const std::string_view language : {"R", "julia", "c++"}) {
    const std::string bytes = R"({"metadata": {"language_info": {"name": ")" + std::string(language) +
                              R"("}}, "nbformat": 4, "cells": [{"cell_type": "code", "source": "x <- 1"}]})";
    const File file = decoded(bytes);
    CHECK(file.text.empty());
    CHECK(file.position(0) == Position{1, 1});
  }
}

TEST_CASE("a kernel that is not named is taken for Python") {
  for (const std::string_view metadata : {"{}", R"({"kernelspec": null})", R"({"language_info": {"name": 3}})",
                                          R"({"kernelspec": {"language": "ipython"}})"}) {
    const std::string bytes = R"({"cells": [{"source": ["x"], "cell_type": "code"}], "metadata": )" + std::string(metadata) + R"(, "nbformat": 4})";
    CHECK(decoded(bytes).text == "x\n");
  }
}

TEST_CASE("no cells, no text") {
  CHECK(decoded(notebook("")).text.empty());
  CHECK(decoded(R"({"nbformat": 4})").text.empty());
  CHECK(decoded(notebook(R"({"cell_type": "code", "source": []})")).text.empty());
}

TEST_CASE("other formats are named") {
  CHECK(error_of(R"({"nbformat": 3, "worksheets": []})").starts_with("line 1: nbformat 3 is not supported"));
  CHECK(error_of(R"({"nbformat": 5, "cells": []})").starts_with("line 1: nbformat 5 is not supported"));
  CHECK(error_of(R"({"cells": []})") == "line 1: not a notebook: there is no nbformat");
  CHECK(error_of("[1, 2]").starts_with("line 1: not a notebook"));
  CHECK(error_of("{\n\"cells\": 3, \"nbformat\": 4}").starts_with("line 2: not a notebook"));
  CHECK(error_of("{\"cells\": [{\"cell_type\": \"code\",\n \"source\": [3]}], \"nbformat\": 4}").starts_with("line 2: not a notebook"));
}

TEST_CASE("broken notebooks name a line") {
  CHECK(error_of("") == "line 1: truncated or broken notebook: the file is empty");
  CHECK(error_of(" \n\n") == "line 1: truncated or broken notebook: the file is empty");
  CHECK(error_of("{\n\"cells\": [\n<<<<<<< HEAD\n]}\n") == "line 3: truncated or broken notebook: not valid JSON here");
  CHECK(error_of("{\n\"cells\": [\n<<<<<<< HEAD\n") == "line 3: truncated or broken notebook: the file ends too early");
  CHECK(error_of("{\n\"cells\": [{\"source\": [\n\"a\nb\"]}]}") == "line 3: truncated or broken notebook: a string is not closed");
  CHECK(error_of(notebook(R"({"cell_type": "code", "source": "\q"})")).starts_with("line 3: truncated or broken notebook"));
  CHECK(error_of(notebook(R"({"cell_type": "code", "source": "\u12"})")).starts_with("line 3: truncated or broken notebook"));
  CHECK(error_of(notebook(R"({"cell_type": "code", "source": "\u0000"})")) == "line 3: NUL byte");
  CHECK(error_of("{\n\"cells\": \"\xFF\"}") == "line 2: not valid utf-8, which a notebook must be");
  CHECK(error_of("version https://git-lfs.github.com/spec/v1\n").starts_with("line 1: "));
}

TEST_CASE("half a surrogate pair is replaced") {
  CHECK(decoded(notebook(R"({"cell_type": "code", "source": "'\ud83d' '\udc0d\ud83d'"})")).text ==
        "'\uFFFD' '\uFFFD\uFFFD'\n");
}

TEST_CASE("a notebook cut anywhere is an error with a line, or nothing but its end is missing") {
  const std::string bytes = notebook(R"(  {"cell_type": "code", "source": ["x = \"\u00e9\"\n", "y"], "outputs": [[{"a": [1, -2.5e3, null]}]]})");
  const size_t last_brace = bytes.rfind('}');
  for (size_t length = 0; length < bytes.size(); ++length) {
    const std::string error = error_of(bytes.substr(0, length));
    INFO(length << ": " << error);
    if (length <= last_brace) {
      CHECK(error.starts_with("line "));
    } else {
      CHECK(error == "no error");
    }
  }
}

TEST_CASE("deep nesting in what is skipped does no harm") {
  const std::string deep = std::string(200000, '[') + std::string(200000, ']');
  const auto file = decode("a.ipynb", Kind::notebook, notebook(R"({"outputs": )" + deep + R"(, "cell_type": "code", "source": "x"})"));
  if (file) {
    CHECK(file->text == "x\n");
  } else {
    CHECK(file.error().starts_with("line "));
  }
}
