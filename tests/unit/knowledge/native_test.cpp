// What is known of C and C++.
#include <catch2/catch_test_macros.hpp>

#include "analyzer/knowledge/knowledge.h"
#include "analyzer/knowledge/load.h"

using namespace forklint::knowledge;

TEST_CASE("every native row is sound, says something and has a source") {
  const Knowledge knowledge = Knowledge::built_in();
  CHECK(knowledge.natives().rows().size() > 80);
  for (const NativeApi& row : knowledge.natives().rows()) {
    REQUIRE_FALSE(row.names.empty());
    CAPTURE(row.names[0]);
    std::string_view field;
    CHECK(contradiction(row, field) == "");
    NativeApi silent;
    silent.names = row.names, silent.source = row.source;
    bool blocks = row.source.find("pthread_cond_wait") != std::string::npos;  // neither allowed nor known to hang
    CHECK((row != silent || blocks));
    bool is_address = row.source.starts_with("https://");
    bool is_file = row.source.find('/') < row.source.find(':') && row.source.find(':') + 1 < row.source.size();
    CHECK((is_address || is_file));
    for (const std::string& name : row.names)
      if (!name.ends_with('*')) CHECK(knowledge.natives().find(name) == &row);
  }
}

TEST_CASE("a native row is found by its name, else by the longest beginning") {
  Knowledge knowledge;
  REQUIRE(knowledge.add(R"(
[[native]]
names = ["std::*"]
after-fork = "repaired"
reason = "the heap's locks"
[[native]]
names = ["std::atomic*", "operator*"]
after-fork = "safe"
[[native]]
names = ["std::thread"]
starts-thread = true
entry = "0"
)", "mine.toml"));
  const Natives& natives = knowledge.natives();
  CHECK(natives.find("std::vector::push_back")->after_fork == AfterFork::repaired);
  CHECK(natives.find("std::atomic::load")->after_fork == AfterFork::safe);
  CHECK(natives.find("std::thread")->starts_thread);
  CHECK_FALSE(natives.find("operator+"));
  CHECK(natives.find("operator*")->after_fork == AfterFork::safe);
  CHECK_FALSE(natives.find("printf"));
  CHECK_FALSE(natives.find(""));
}

TEST_CASE("rows of one's own replace those of the same name") {
  Knowledge knowledge = Knowledge::built_in();
  CHECK(knowledge.natives().find("setenv")->after_fork == AfterFork::deadlocks);
  REQUIRE(knowledge.add("[[native]]\nnames = [\"setenv\"]\nafter-fork = \"safe\"\n", "mine.toml"));
  CHECK(knowledge.natives().find("setenv")->after_fork == AfterFork::safe);
  CHECK(knowledge.natives().find("unsetenv")->after_fork == AfterFork::deadlocks);
}

TEST_CASE("what a native row may not say names its key") {
  auto error = [](const char* text) { return load(text, "x", Source::optional).error(); };
  CHECK(error("[[native]]\nnames = [\"f\"]\nafter-fork = \"deadlocks\"\n") == "x:3:14: 'after-fork': needs `reason`");
  CHECK(error("[[native]]\nnames = [\"f(int)\"]\n") == "x:2:9: 'names': 'f(int)' is not the name of a function or type");
  CHECK(error("[[native]]\nnames = [\"f\"]\ncloexec-bit = -1\n") == "x:3:15: 'cloexec-bit' must be a number that is not negative");
  CHECK(error("[[native]]\nnames = [\"f\"]\nlunch = 1\n").starts_with("x:3:1: unknown key 'lunch'"));
}

TEST_CASE("what tells the time waits for the lock of the time zone, what prints it does not") {
  const Knowledge knowledge = Knowledge::built_in();
  const Natives& natives = knowledge.natives();
  for (const char* name : {"localtime", "localtime_r", "mktime", "tzset"}) {
    CAPTURE(name);
    REQUIRE(natives.find(name));
    CHECK(natives.find(name)->after_fork == AfterFork::deadlocks);
  }
  // Seen to end beside a thread in localtime_r() and tzset(); POSIX allows none of them after a fork.
  for (const char* name : {"strftime", "strftime_l", "std::strftime", "wcsftime", "std::put_time"}) {
    CAPTURE(name);
    REQUIRE(natives.find(name));
    CHECK(natives.find(name)->after_fork == AfterFork::repaired);
    CHECK(natives.find(name)->reason == "the time zone's names");
  }
}

TEST_CASE("headers of a library need the folders where they may be, and the other way round") {
  Knowledge knowledge;
  CHECK(knowledge.add("[[native]]\nnames = [\"lib::*\"]\nheaders = [\"lib/\"]\nheader-folders = [\"/usr/include/lib*\"]\n", "mine.toml"));
  CHECK_FALSE(knowledge.add("[[native]]\nnames = [\"a\"]\nheaders = [\"lib/\"]\n", "mine.toml"));
  CHECK_FALSE(knowledge.add("[[native]]\nnames = [\"a\"]\nheader-folders = [\"/lib\"]\n", "mine.toml"));
}
