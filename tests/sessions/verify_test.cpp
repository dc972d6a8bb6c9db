// forklint verify on small programs: what is foretold beside what is seen.
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>

#include <llvm/Support/JSON.h>

#include "tests/sessions/session.h"

namespace {

constexpr std::string_view unguarded = "import multiprocessing\n\n\ndef work():\n    pass\n\n\nprocess = multiprocessing.Process(target=work)\nprocess.start()\nprocess.join()\n";
constexpr std::string_view guarded =
    "import multiprocessing\n\n\ndef work():\n    print('worked', flush=True)\n\n\n"
    "if __name__ == '__main__':\n    process = multiprocessing.Process(target=work)\n    process.start()\n    process.join()\n";
// What the word "lost" is bound to here cannot be known without running it.
constexpr std::string_view fails_for_other_reasons = "import multiprocessing\nimport no_such_module_at_all\n\n\ndef work():\n    pass\n\n\nif __name__ == '__main__':\n    multiprocessing.Process(target=work).start()\n";

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

Ended verify(const Session& session, std::vector<std::string> arguments, std::string_view input = "") {
  arguments.insert(arguments.begin(), "verify");
  const char* home = std::getenv("HOME");
  return session.run(arguments, input, {"HOME=" + std::string(home ? home : "/root")});
}

}  // namespace

TEST_CASE("a finding is confirmed by the failure, and by the method under which there is none") {
  Session session;
  session.write("bad.py", unguarded);
  Ended ended = verify(session, {"bad.py", "--yes", "--python", "python3", "--start-method", "fork,spawn"});
  INFO(ended.out << ended.err);
  CHECK(ended.status == 0);
  CHECK(has(ended.out, "launch-at-import"));
  CHECK(has(ended.out, "CONFIRMED"));
  CHECK(has(ended.out, "RuntimeError ✓"));
  CHECK(has(ended.out, "ok ✓"));
}

TEST_CASE("the machine-readable result has the runs, their evidence and the verdicts") {
  Session session;
  session.write("bad.py", unguarded);
  Ended ended = verify(session, {"bad.py", "--yes", "--python", "python3", "--start-method", "spawn", "--output-format", "json"});
  INFO(ended.out << ended.err);
  auto parsed = llvm::json::parse(ended.out);
  REQUIRE(bool(parsed));
  const llvm::json::Object& root = *parsed->getAsObject();
  CHECK(root.getInteger("schema_version") == 1);
  const llvm::json::Array* runs = root.getArray("runs");
  REQUIRE((runs && runs->size() == 1));
  const llvm::json::Object& run = *(*runs)[0].getAsObject();
  CHECK(run.getString("outcome") == "raises:RuntimeError");
  CHECK(run.getString("start_method") == "spawn");
  CHECK(run.getObject("evidence")->getArray("processes")->size() >= 2);
  std::string cell = run.getString("python")->str() + "/spawn";
  bool confirmed = false;
  for (const auto& finding : *root.getArray("findings"))
    if (const auto* verdicts = finding.getAsObject()->getObject("verdicts")) confirmed |= verdicts->getString(cell) == "CONFIRMED";
  CHECK(confirmed);
}

TEST_CASE("a right program holds; it runs where it stands and changes nothing there") {
  Session session;
  session.write("good.py", std::string(guarded) + "    open('made', 'w').close()\n");
  Ended ended = verify(session, {"good.py", "--yes", "--python", "python3"});
  INFO(ended.out << ended.err);
  CHECK(ended.status == 0);
  CHECK(!std::filesystem::exists(session.folder() / "made"));
}

TEST_CASE("what fails whatever the method says nothing about methods") {
  Session session;
  session.write("other.py", fails_for_other_reasons);
  Ended ended = verify(session, {"other.py", "--yes", "--python", "python3"});
  INFO(ended.out << ended.err);
  CHECK(ended.status == 2);
  CHECK(has(ended.out, "ModuleNotFoundError"));
}

TEST_CASE("nothing runs without consent") {
  Session session;
  session.write("mark.py", "open('/tmp/forklint-consent', 'w')\n");
  Ended ended = verify(session, {"mark.py", "--python", "python3"});
  CHECK(ended.status == 2);
  CHECK(has(ended.err, "--yes"));
  CHECK(has(ended.err, "runs mark.py"));
  CHECK(ended.out.empty());
}

TEST_CASE("interpreters that are not there are named") {
  Session session;
  session.write("good.py", guarded);
  Ended ended = verify(session, {"good.py", "--yes", "--python", "/no/python3.99"});
  CHECK(ended.status == 2);
  CHECK(has(ended.err, "/no/python3.99"));
  ended = verify(session, {"good.py", "--yes", "--python", "/no/python3.99", "--python", "python3", "--start-method", "fork"});
  CHECK(ended.status == 0);
  CHECK(has(ended.out, "not here, and so not run: /no/python3.99"));
}

TEST_CASE("arguments after -- are the program's own, and a wrong method is refused") {
  Session session;
  session.write("echo.py", "import sys\nsys.exit(0 if sys.argv[1:] == ['-x', 'two words'] else 5)\n");
  CHECK(verify(session, {"echo.py", "--yes", "--python", "python3", "--start-method", "fork", "--", "-x", "two words"}).status == 0);
  Ended ended = verify(session, {"echo.py", "--yes", "--start-method", "frok"});
  CHECK(ended.status == 2);
  CHECK(has(ended.err, "frok"));
  CHECK(verify(session, {"none.py", "--yes"}).status == 2);
}
