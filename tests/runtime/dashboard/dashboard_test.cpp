#include "forklint/runtime/dashboard.h"

#include <httplib.h>

#include <catch2/catch_session.hpp>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <csignal>

#include "shown_support.h"

using namespace forklint::runtime;

int main(int argc, char** argv) { return Catch::Session().run(argc, argv); }

namespace {

DashboardState some_state() {
  DashboardState state{.title = "a \"title\"", .bars = progress_bars()};
  state.pools.push_back({"pool </script>", {.method = StartMethod::spawn, .wall = 2, .workers = {{.worker = 0, .pid = 7, .tasks = 3}}}});
  state.failures.push_back({.id = 12, .pool = "pool", .task = 4, .worker = 1, .message = "<b>bad\n\xff", .trace = "line 1\nline 2 \x01\"", .at = 1.5});
  return state;
}

Dashboard started(DashboardOptions options = {}) {
  Result<Dashboard> dashboard = Dashboard::start(std::move(options), some_state);
  REQUIRE(dashboard);
  return std::move(*dashboard);
}

int status_of(int port, const char* path, httplib::Headers headers = {}) {
  httplib::Result result = httplib::Client("127.0.0.1", port).Get(path, headers);
  return result ? result->status : -1;
}

}  // namespace

TEST_CASE("a free port is found and told; the page brings all it needs") {
  Dashboard dashboard = started();
  REQUIRE(dashboard.port() > 0);
  CHECK(dashboard.url() == "http://127.0.0.1:" + std::to_string(dashboard.port()) + "/");
  httplib::Result page = httplib::Client("127.0.0.1", dashboard.port()).Get("/");
  REQUIRE(page);
  CHECK(page->status == 200);
  CHECK(page->body.find("{{nonce}}") == std::string::npos);
  CHECK(page->body.find("http://") == std::string::npos);
  CHECK(page->body.find("https://") == std::string::npos);
  CHECK(page->body.find("innerHTML") == std::string::npos);
  std::string policy = page->get_header_value("Content-Security-Policy");
  CHECK(policy.starts_with("default-src 'none'"));
  size_t nonce = policy.find("'nonce-");
  REQUIRE(nonce != std::string::npos);
  CHECK(page->body.find("<script nonce=\"" + policy.substr(nonce + 7, 32) + "\">") != std::string::npos);
  CHECK(page->get_header_value("X-Content-Type-Options") == "nosniff");
}

TEST_CASE("the state is JSON whatever texts are in it; traces come one by one") {
  ProgressBar bar("b\"ar", 8);
  bar.add(3);
  Dashboard dashboard = started();
  httplib::Client client("127.0.0.1", dashboard.port());
  httplib::Result state = client.Get("/api/state");
  REQUIRE(state);
  CHECK(python_json(state->body, "data['title'], data['bars'][0]['label'], data['bars'][0]['done'], data['bars'][0]['total']") ==
        "('a \"title\"', 'b\"ar', 3, 8)");
  CHECK(python_json(state->body, "data['pools'][0]['name'], data['pools'][0]['insights']['method']") == "('pool </script>', 'spawn')");
  CHECK(python_json(state->body, "[worker['tasks'] for worker in data['pools'][0]['insights']['workers']]") == "[3]");
  CHECK(python_json(state->body, "data['failures'][0]['message'] == '<b>bad\\n\\ufffd' and 'trace' not in data['failures'][0]") == "True");
  httplib::Result failure = client.Get("/api/failures/12");
  REQUIRE(failure);
  CHECK(failure->get_header_value("Content-Type") == "application/json");
  CHECK(python_json(failure->body, "data['trace'] == 'line 1\\nline 2 \\x01\\\"'") == "True");
  CHECK(status_of(dashboard.port(), "/api/failures/13") == 404);
  CHECK(status_of(dashboard.port(), "/api/failures/x") == 404);
  CHECK(status_of(dashboard.port(), "/api/failures/99999999999999999999") == 404);
}

TEST_CASE("an address that others reach needs a token") {
  Result<Dashboard> open = Dashboard::start({.address = "0.0.0.0"}, some_state);
  REQUIRE_FALSE(open);
  CHECK(open.error().what == "dashboard on 0.0.0.0: an address that others can reach needs a token");
  Dashboard dashboard = started({.address = "0.0.0.0", .token = "a b&c"});
  int port = dashboard.port();
  CHECK(dashboard.url().ends_with("/?token=a%20b%26c"));
  for (const char* path : {"/", "/api/state", "/api/failures/12", "/none"}) {
    CHECK(status_of(port, path) == 401);
    CHECK(status_of(port, path, {{"Authorization", "Bearer wrong"}}) == 401);
    CHECK(status_of(port, path, {{"Authorization", "Bearer a b&"}}) == 401);
    CHECK(status_of(port, path, {{"Authorization", "Bearer a b&cd"}}) == 401);
  }
  CHECK(status_of(port, "/api/state", {{"Authorization", "Bearer a b&c"}}) == 200);
  CHECK(status_of(port, "/?token=a%20b%26c") == 200);
}

TEST_CASE("a site that points its own name here is refused") {
  Dashboard dashboard = started();
  for (const char* name : {"evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::2]:80", "["})
    CHECK(status_of(dashboard.port(), "/api/state", {{"Host", name}}) == 403);
  for (const char* name : {"localhost", "localhost:1234", "127.0.0.1:9", "[::1]:9", "[::1]"})
    CHECK(status_of(dashboard.port(), "/api/state", {{"Host", name}}) == 200);
}

TEST_CASE("a port in use is an error, and a dashboard that has gone gives its port back") {
  int port = 0;
  {
    Dashboard first = started();
    port = first.port();
    CHECK_FALSE(Dashboard::start({.port = port}, some_state));
    CHECK(status_of(port, "/") == 200);
  }
  CHECK(status_of(port, "/") == -1);
  Dashboard again = started({.port = port});
  CHECK(again.port() == port);
}

TEST_CASE("it ends soon though a client holds a connection, and leaves SIGPIPE as it was") {
  struct sigaction now;
  auto began = std::chrono::steady_clock::now();
  {
    Dashboard dashboard = started();
    httplib::Client client("127.0.0.1", dashboard.port());
    client.set_keep_alive(true);
    REQUIRE(client.Get("/"));
    ::sigaction(SIGPIPE, nullptr, &now);
    CHECK(now.sa_handler == SIG_DFL);
  }
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(3));
}
