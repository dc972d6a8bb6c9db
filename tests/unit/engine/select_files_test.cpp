// Which files are parsed, and which of their scopes may lead to a launch.
#include <catch2/catch_test_macros.hpp>

#include "analyzer/engine/prefilter.h"
#include "analyzer/engine/reach.h"
#include "analyzer/engine/select_files.h"
#include "analyzer/frontends/python/frontend.h"

using namespace forklint::engine;
namespace facts = forklint::facts;

namespace {

using Texts = std::vector<std::pair<std::string, std::string>>;

// "a.py b.py*": the files parsed, in order; a star behind those that may launch.
std::string selected(const Texts& texts, unsigned jobs = 1) {
  std::vector<forklint::source::File> files;
  for (const auto& [path, text] : texts) {
    forklint::source::File file;
    file.path = path;
    file.text = text;
    files.push_back(std::move(file));
  }
  std::string result;
  for (const Parsed& parsed : parse_what_matters(files, forklint::knowledge::Knowledge::built_in(), jobs).parsed)
    result += (result.empty() ? "" : " ") + texts[parsed.file].first + (parsed.launching.empty() ? "" : "*");
  return result;
}

// The names of the functions and classes through which a launch may be reached, when `words` launch.
std::string reached(std::string_view text, std::string_view word) {
  facts::FileFacts parsed = forklint::frontends::python::parse(text);
  Reach reach = reach_of(parsed, {{std::string(word), 0}});
  std::string result;
  for (facts::ScopeId scope = 1; scope < parsed.scopes.size(); ++scope)
    if (reach.scopes[scope] && parsed.scopes[scope].kind != facts::ScopeKind::comprehension) result += (result.empty() ? "" : " ") + parsed.names[parsed.scopes[scope].name];
  return result;
}

}  // namespace

TEST_CASE("a file that names a launcher of a module that it imports is parsed") {
  CHECK(selected({{"a.py", "import multiprocessing as mp\nmp.Process()\n"}, {"b.py", "print(1)\n"}}) == "a.py*");
  CHECK(selected({{"a.py", "from concurrent import futures\nfutures.ProcessPoolExecutor()\n"}}) == "a.py*");
  CHECK(selected({{"a.py", "import os\nif x:\n    os.fork()\n"}}) == "a.py*");
  CHECK(selected({{"a.py", "def f():\n    import torch.multiprocessing as mp\n    mp.Process()\n"}}) == "a.py*");
  CHECK(selected({{"a.py", "import importlib\nmp = importlib.import_module('multiprocessing')\nmp.Pool()\n"}}) == "a.py*");
}

TEST_CASE("the word without the module, or the module without a word, is nothing") {
  CHECK(selected({{"a.py", "class Process: pass\nProcess()\n"}}).empty());
  CHECK(selected({{"a.py", "import multiprocessing\nprint(multiprocessing.cpu_count())\n"}}).empty());
  CHECK(selected({{"a.py", "import subprocess\nsubprocess.run(['ls'])\n"}}).empty());
}

TEST_CASE("the word in prose is nothing, unless it is imported") {
  CHECK(selected({{"a.py", "import os\nx = 1  # the fork of a project, after fork() in the child\n"}}).empty());
  CHECK(selected({{"a.py", "from os import fork as f\nf()\n"}}) == "a.py*");
  CHECK(selected({{"a.py", "from os import *\nfork()\n"}}) == "a.py*");
  CHECK(selected({{"a.py", "import os\nf = getattr(os, 'fork')\n"}}) == "a.py*");
  CHECK(selected({{"a.py", "from subprocess import *\ncall('x', preexec_fn = f)\n"}}) == "a.py*");
}

TEST_CASE("who uses what launches is parsed, through any number of files") {
  Texts texts{{"low.py", "import multiprocessing as mp\ndef go(f):\n    mp.Process(target=f).start()\ndef quiet(): pass\n"},
              {"middle.py", "import low\ndef work(f):\n    low.go(f)\n"},
              {"high.py", "from middle import work\nwork(print)\n"},
              {"other.py", "import low\nlow.quiet()\n"},
              {"third.py", "from low import quiet\ngo = quiet\n"}};
  CHECK(selected(texts) == "low.py* middle.py* high.py*");
  CHECK(selected(texts, 4) == "low.py* middle.py* high.py*");
}

TEST_CASE("a module taken from another file counts as imported") {
  CHECK(selected({{"compat.py", "try:\n    import billiard as mp\nexcept ImportError:\n    import multiprocessing as mp\n"}, {"main.py", "from compat import mp\nmp.Process()\n"}}) == "compat.py main.py*");
}

TEST_CASE("contexts, pools and names handed on lead to launches as well") {
  CHECK(selected({{"ctx.py", "import multiprocessing\nCTX = multiprocessing.get_context('spawn')\n"}, {"main.py", "import ctx\nctx.CTX.Thing()\n"}}) == "ctx.py* main.py*");
  CHECK(selected({{"a.py", "from multiprocessing import Process\n"}, {"b.py", "from a import Process as P\n"}, {"c.py", "from b import P\nP()\n"}}) == "a.py* b.py* c.py*");
}

TEST_CASE("a module reached through its package leads where it leads") {
  Texts texts{{"pkg/__init__.py", "from pkg import inner\n"}, {"pkg/inner.py", "import os\ndef go(): os.fork()\n"}, {"main.py", "import pkg\npkg.inner.go()\n"}};
  CHECK(selected(texts) == "pkg/__init__.py* pkg/inner.py* main.py*");
}

TEST_CASE("what a launching file imports is parsed for its values") {
  CHECK(selected({{"main.py", "import tools\nimport multiprocessing as mp\nmp.Process(target=tools.f)\n"}, {"tools.py", "def f(): pass\n"}, {"unused.py", "x = 1\n"}}) == "main.py* tools.py");
}

TEST_CASE("imports are followed through files that launch nothing") {
  Texts texts{{"main.py", "import a\nimport os\nos.fork()\n"}};
  for (char name = 'a'; name < 'h'; ++name) texts.push_back({std::string(1, name) + ".py", "import " + std::string(1, char(name + 1)) + "\n"});
  CHECK(selected(texts) == "main.py* a.py b.py c.py d.py e.py f.py g.py");
}

TEST_CASE("comments that speak to forklint are read wherever they stand") {
  CHECK(selected({{"a.py", "x = 1  # forklint: ignore[PSM101]\n"}}) == "a.py*");
}

TEST_CASE("callers, in a file, lead to what they call") {
  CHECK(reached("def a(): launch()\ndef b(): a()\ndef c(): pass\n", "launch") == "a b");
  CHECK(reached("def b(): a()\ndef a(): launch()\n", "launch") == "b a");
  CHECK(reached("def outer():\n    launch()\n    def inner(): pass\n    return inner\n", "launch") == "outer inner");
}

TEST_CASE("what is made of a launching name leads to it") {
  CHECK(reached("pool = Pool()\ndef f(): pool.map()\ndef g(): pass\n", "Pool") == "f");
  CHECK(reached("class A:\n    def __init__(self): self.pool = Pool()\n    def f(self): self.pool.map()\n    def g(self): pass\n", "Pool") == "A __init__ f");
  CHECK(reached("class A:\n    def f(self): self.all.append(Pool())\n    def g(self): self.all[0].map()\n", "Pool") == "A f g");
  CHECK(reached("class W(Process):\n    def go(self): self.start()\n", "Process") == "W go");
  CHECK(reached("def init():\n    global pool\n    pool = Pool()\ndef f(): pool.map()\ndef g():\n    x = 1\n", "Pool") == "init f");
  CHECK(reached("def f():\n    x = Pool()\ndef g(x): return x\n", "Pool") == "f");
  CHECK(reached("def f(): getattr(m, 'Pool')()\n", "Pool") == "f");
}

TEST_CASE("the distance counts calls and variables in between") {
  facts::FileFacts parsed = forklint::frontends::python::parse("def a(): launch()\ndef b(): a()\nheld = b\ndef c(): held()\n");
  Reach reach = reach_of(parsed, {{"launch", 0}});
  CHECK(reach.names == Distances{{"a", 1}, {"b", 2}, {"held", 3}, {"c", 4}});
  CHECK(reach.scopes == std::vector<uint8_t>{1, 1, 2, 4});
}

TEST_CASE("long chains of callers take one pass") {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "def f" + std::to_string(i) + "(): f" + std::to_string(i + 1) + "()\n";
  facts::FileFacts parsed = forklint::frontends::python::parse(text);
  Reach reach = reach_of(parsed, {{"f20000", 0}});
  CHECK(reach.names.size() == 20000);
}

TEST_CASE("import statements in every form") {
  auto names = [](std::string_view text) {
    std::string result;
    for (const ImportName& import : imported_names(text)) result += std::string(import.module) + (import.whole ? "!" : "") + ":" + std::string(import.member) + " ";
    return result;
  };
  CHECK(names("import a.b, c as d\n") == "a.b!: c!: ");
  CHECK(names("from a import b as c, d\n") == "a: a:b a:d ");
  CHECK(names("from . import (b,\n    c)\n") == ".: .:b .:c ");
  CHECK(names("from a import \\\n    b, \\\n    c\nx = 1\n") == "a: a:b a:c ");
  CHECK(names("try: import a\nexcept ImportError: import b\n") == "a!: b!: ");
  CHECK(names("from a import *\n") == "a: a:* ");
}

TEST_CASE("words are found whole") {
  WordSet words;
  words.add("Pool");
  words.add("fork");
  CHECK(words.all_in("x = mp.Pool()") == std::vector<uint32_t>{0});
  CHECK(words.all_in("Pools, prefork, fork_it").empty());
  CHECK(words.all_in("fork Pool fork") == std::vector<uint32_t>{1, 0});
}
