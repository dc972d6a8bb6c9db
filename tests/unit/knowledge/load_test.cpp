// The TOML loader: what it reads, and the place and words of every kind of error.
#include <catch2/catch_test_macros.hpp>

#include "analyzer/knowledge/load.h"
#include "analyzer/knowledge/toml_guard.h"

using namespace forklint::knowledge;

namespace {

std::string error_of(std::string_view toml, Source source = Source::optional) {
  auto rows = load(toml, "mine.toml", source);
  return rows ? "no error" : rows.error();
}

// The error of a row whose keys are `keys`.
std::string row_error(const std::string& keys) { return error_of("[[api]]\nnames = [\"a.b\"]\n" + keys); }

Api row(const std::string& keys) {
  auto rows = load("[[api]]\nnames = [\"a.b\"]\n" + keys, "mine.toml", Source::optional);
  REQUIRE(rows);
  REQUIRE(rows->apis.size() == 1);
  return rows->apis[0];
}

}  // namespace

TEST_CASE("a row says what its keys say") {
  Api api = row(R"(source = "here"
returns = "tuple[a.C]"
picklable = "process-only"
pickle-error = "raises:RuntimeError"
handle = "connection"
lock = true
method-effect = "reads-and-fixes"
fixes-unless = "0:allow_none"
queue-put = true
queue-item = "0:obj"
[api.launch]
starts = "first-task"
chosen = "own-default"
methods = ["fork", "loky"]
target = "1:target"
payload = ["3:args", "**"]
workers = "0:n"
no-process-when = ["0", "None"]
pickler = "cloudpickle"
crosses = "always"
reimports-main = false
pool = true
fails-at-import = "storms"
[api.task]
function = "0"
payload = ["1*:"]
lazy-result = true
)");
  CHECK(api.source == "here");
  CHECK(api.returns == "tuple[a.C]");
  CHECK(api.picklable == Picklable::process_only);
  CHECK(api.handle == Handle::connection);
  CHECK(api.lock);
  CHECK_FALSE(api.acquires);
  CHECK(api.method_effect == MethodEffect::reads_and_fixes);
  CHECK(api.fixes_unless == Argument{0, "allow_none"});
  REQUIRE(api.launch);
  CHECK(api.launch->starts == Starts::first_task);
  CHECK(api.launch->chosen == Chosen::own_default);
  CHECK(api.launch->methods == (StartMethod::fork | StartMethod::loky));
  CHECK(api.launch->target == Argument{1, "target"});
  CHECK(api.launch->payload == std::vector<Argument>{{3, "args"}, {-1, "", true}});
  CHECK(api.launch->no_process_when == std::vector<std::string>{"0", "None"});
  CHECK(api.launch->pickler == Pickler::cloudpickle);
  CHECK(api.launch->crosses == Crosses::always);
  CHECK_FALSE(api.launch->reimports_main);
  CHECK(api.launch->pool);
  REQUIRE(api.task);
  CHECK(api.task->function == Argument{0, ""});
  CHECK(api.task->payload == std::vector<Argument>{{1, "", true}});
  CHECK(api.task->lazy_result);
}

TEST_CASE("what a row leaves out is as by default") {
  Api api = row("[api.launch]\n");
  CHECK(api.picklable == Picklable::unknown);
  CHECK_FALSE(api.task);
  CHECK(api.launch == Launch{});
  CHECK(api.launch->reimports_main);
}

TEST_CASE("an alias has a from, a to and exceptions") {
  auto rows = load("[[alias]]\nfrom = \"a.b\"\nto = \"c\"\nexcept = [\"d\"]\n", "mine.toml", Source::optional);
  REQUIRE(rows);
  CHECK(rows->aliases == std::vector<Alias>{{"a.b", "c", {"d"}}});
}

TEST_CASE("an argument is a position, a keyword, both, or a rest") {
  CHECK(parse_argument("0:target") == Argument{0, "target", false});
  CHECK(parse_argument("12") == Argument{12, "", false});
  CHECK(parse_argument("target_2") == Argument{-1, "target_2", false});
  CHECK(parse_argument("1*:") == Argument{1, "", true});
  CHECK(parse_argument("**") == Argument{-1, "", true});
  for (std::string_view text : {"0:target", "12", "target_2", "1*:", "**"}) CHECK(to_string(*parse_argument(text)) == text);
  for (std::string_view text : {"", ":", "0:", "0:1", "-1", "1*", "*:", "1*:args", "***", "a b", "0 :x", "100", "99999999999999", "a.b"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_argument(text));
  }
  CHECK(parse_argument("1*").error() == "'1*' is not an argument: write \"0\", \"name\", \"0:name\", \"1*:\" or \"**\"");
}

TEST_CASE("an unknown key is an error with a guess") {
  CHECK(row_error("lunch = true\n") == "mine.toml:3:1: unknown key 'lunch', did you mean 'launch'?");
  CHECK(row_error("  pickleable = \"no\"\n") == "mine.toml:3:3: unknown key 'pickleable', did you mean 'picklable'?");
  CHECK(row_error("zzzzzzzzzzzz = 1\n") == "mine.toml:3:1: unknown key 'zzzzzzzzzzzz'");
  CHECK(row_error("[api.launch]\nstart = \"call\"\n") == "mine.toml:4:1: unknown key 'start', did you mean 'starts'?");
  CHECK(row_error("[api.task]\nfunktion = \"0\"\n") == "mine.toml:4:1: unknown key 'funktion', did you mean 'function'?");
  CHECK(error_of("[[apis]]\n") == "mine.toml:1:3: unknown key 'apis', did you mean 'api'?");
  CHECK(error_of("[[alias]]\nfrom = \"a\"\nto = \"b\"\nexcepted = []\n") ==
        "mine.toml:4:1: unknown key 'excepted', did you mean 'except'?");
}

TEST_CASE("a word outside its list is an error with a guess") {
  CHECK(row_error("picklable = \"nope\"\n") == "mine.toml:3:13: unknown picklable 'nope', did you mean 'no'?");
  CHECK(row_error("[api.launch]\nstarts = \"first_task\"\n") ==
        "mine.toml:4:10: unknown starts 'first_task', did you mean 'first-task'?");
  CHECK(row_error("[api.launch]\nchosen = \"fixed\"\nmethods = [\"fork\", \"spwan\"]\n") ==
        "mine.toml:5:20: unknown methods 'spwan', did you mean 'spawn'?");
  CHECK(row_error("thread = \"sometimes\"\n") == "mine.toml:3:10: 'thread': 'sometimes' is none of \"import\", \"construct\", \"call\"");
  CHECK(row_error("frozen-setting = \"env\"\n") ==
        "mine.toml:3:18: 'frozen-setting': 'env' is none of \"environment\", \"umask\", \"limits\"");
  CHECK(row_error("picklable = \"no\"\npickle-error = \"TypeError\"\n") ==
        "mine.toml:4:16: 'pickle-error': 'TypeError' is not an outcome");
  CHECK(row_error("picklable-with = \"dill, cloudpickle\"\n") ==
        "mine.toml:3:18: 'picklable-with': 'dill, cloudpickle' is not \"dill\", \"cloudpickle\" or both with a comma");
  CHECK(row_error("since = \"3\"\n") == "mine.toml:3:9: 'since': '3' is not a version such as \"3.8\"");
  CHECK(row_error("[api.launch]\nfails-at-import = \"stormy\"\n") == "mine.toml:4:19: 'fails-at-import': 'stormy' is not an outcome");
}

TEST_CASE("a value of another type is an error") {
  CHECK(row_error("lock = \"yes\"\n") == "mine.toml:3:8: 'lock' must be true or false");
  CHECK(row_error("returns = 1\n") == "mine.toml:3:11: 'returns' must be a string");
  CHECK(row_error("returns = \"\"\n") == "mine.toml:3:11: 'returns' is empty");
  CHECK(row_error("picklable = false\n") == "mine.toml:3:13: 'picklable' must be a string");
  CHECK(row_error("launch = true\n") == "mine.toml:3:10: 'launch' must be a table");
  CHECK(row_error("preload = 0\n") == "mine.toml:3:11: 'preload' must be an argument such as \"0:target\"");
  CHECK(row_error("preload = \"0:\"\n").starts_with("mine.toml:3:11: '0:' is not an argument"));
  CHECK(row_error("[api.launch]\npayload = \"3:args\"\n") == "mine.toml:4:11: 'payload' must be an array");
  CHECK(error_of("[api]\nnames = [\"a\"]\n") == "mine.toml:1:1: 'api' must be an array of tables: [[api]]");
}

TEST_CASE("keys that need each other are asked for") {
  CHECK(error_of("[[api]]\nsource = \"s\"\n") == "mine.toml:1:1: 'names': needs a name at least");
  CHECK(error_of("[[api]]\nnames = [\"a..b\"]\n") == "mine.toml:2:9: 'names': 'a..b' is not a qualified name");
  CHECK(row_error("returns = \"bag[a.b]\"\n") == "mine.toml:3:11: 'returns': 'bag[a.b]' is not a type");
  CHECK(row_error("pickle-error = \"raises:TypeError\"\n") ==
        "mine.toml:3:16: 'pickle-error': needs `picklable`: \"no\" or \"process-only\"");
  CHECK(row_error("thread-target = \"0\"\n") == "mine.toml:3:17: 'thread-target': needs `thread` or `thread-object`");
  CHECK(row_error("queue-item = \"0\"\n") == "mine.toml:3:14: 'queue-item': needs `queue-put`");
  CHECK(row_error("force = \"1:force\"\n") == "mine.toml:3:9: 'force': needs `method-effect`: \"sets\"");
  CHECK(row_error("fixes-unless = \"0\"\n") == "mine.toml:3:16: 'fixes-unless': needs `method-effect`: \"reads-and-fixes\"");
  CHECK(row_error("context-methods = [\"fork\"]\n") == "mine.toml:3:19: 'context-methods': needs `makes-context`");
  CHECK(row_error("[api.launch]\nmethods = [\"fork\"]\n") ==
        "mine.toml:4:11: 'methods': needs `chosen`: \"fixed\" or \"own-default\"");
  CHECK(row_error("[api.launch]\nchosen = \"fixed\"\n") == "mine.toml:4:10: 'chosen': needs `methods`");
  CHECK(row_error("[api.launch]\nchosen = \"fixed\"\nmethods = [\"fork\"]\nmethod = \"0\"\n") ==
        "mine.toml:6:10: 'method': a fixed method has no argument that selects it");
  CHECK(row_error("[api.launch]\nno-process-when = [\"0\"]\n") == "mine.toml:4:19: 'no-process-when': needs `workers`");
  CHECK(row_error("[api.launch]\ntask-limit = \"0\"\n") == "mine.toml:4:14: 'task-limit': needs `pool`");
  CHECK(row_error("[api.launch]\ninitializer-payload = [\"0\"]\n") == "mine.toml:4:23: 'initializer-payload': needs `initializer`");
  CHECK(error_of("[[alias]]\nfrom = \"a\"\n") == "mine.toml:1:1: an alias needs 'from' and 'to'");
}

TEST_CASE("a source is mandatory where it is asked for") {
  CHECK(error_of("\n[[api]]\nnames = [\"a.b\"]\n", Source::mandatory) == "mine.toml:2:1: 'a.b' has no source");
  CHECK(error_of("\n[[api]]\nnames = [\"a.b\"]\n", Source::optional) == "no error");
}

TEST_CASE("what is not TOML is an error with its place") {
  CHECK(error_of("[[api]]\nnames = [\n").starts_with("mine.toml:"));
  CHECK(error_of("names = \"a\nb\"").starts_with("mine.toml:1:"));
  CHECK(error_of("\xff\xfe").starts_with("mine.toml:1:"));
}

TEST_CASE("edit distance counts changes") {
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("launch", "lunch") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("same", "same") == 0);
}

TEST_CASE("what toml++ cannot bear is refused before it is read") {
  auto parts = [](int count) {
    std::string key = "a";
    for (int i = 1; i < count; ++i) key += i % 3 == 0 ? " . 'b.\"'" : i % 3 == 1 ? ".c-d" : ".\"e\\\".\"";
    return key;
  };
  auto line = [](const std::string& text) {
    auto fault = toml_fault(text);
    return fault ? fault->line : 0;
  };
  CHECK(line("x = 1\n[" + parts(100) + "]\n" + parts(100) + " = 1.5\n") == 0);
  CHECK(line("x = 1\n[" + parts(101) + "]\n") == 2);
  CHECK(line("x = '''\n'''\n\ny = [{ " + parts(101) + " = 1 }]") == 4);
  CHECK(line("# " + parts(500) + "\nx = [1.5, 07:32:00.5]\n\"a") == 0);
  CHECK(line("a = 1\n[.b]\n") == 2);
  CHECK(line("a..b = 1\n") == 1);
  CHECK(line(std::string("\tx = 1\r\n[\0]", 11)) == 2);
  CHECK(error_of("\n" + parts(100000) + " = 1\n") == "mine.toml:2:1: a key of more than 100 parts");
  CHECK(error_of(std::string("[\0t]\n", 5)) == "mine.toml:1:1: a control character");
  CHECK(error_of("x = 1\n[=\n") == "mine.toml:1:1: this is not TOML");
  CHECK(line("x = 1\n[toolґ]\n") == 2);
  CHECK(line("é = 1\n") == 1);
  CHECK(line("\xEF\xBB\xBFx = 'é' # é\ny = \"\"\"\né \\\"\"\" é\n\"\"\"\nz = '''\né\\'''\nü = 1\n") == 7);
}
