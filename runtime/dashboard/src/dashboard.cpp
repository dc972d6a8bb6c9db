#include "forklint/runtime/dashboard.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <httplib.h>
#include <sys/random.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <thread>

#include "dashboard/src/page.h"
#include "dashboard/src/state_json.h"

namespace forklint::runtime {
namespace {

using httplib::Request;
using httplib::Response;

bool is_loopback(const std::string& address) {
  in_addr four{};
  in6_addr six{};
  if (address == "localhost") return true;
  if (::inet_pton(AF_INET, address.c_str(), &four) == 1) return ntohl(four.s_addr) >> 24 == 127;
  return ::inet_pton(AF_INET6, address.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

// Takes as long whatever is wrong with `given`, its length apart.
bool same_secret(std::string_view given, std::string_view secret) {
  unsigned char difference = given.size() != secret.size();
  for (size_t i = 0; i < secret.size(); ++i) difference |= static_cast<unsigned char>(secret[i] ^ (i < given.size() ? given[i] : 0));
  return difference == 0;
}

std::string given_token(const Request& request) {
  constexpr std::string_view bearer = "Bearer ";
  std::string header = request.get_header_value("Authorization");
  return header.starts_with(bearer) ? header.substr(bearer.size()) : request.get_param_value("token");
}

// A page of another site may point a name of its own to 127.0.0.1 and then read what we answer; its requests carry that name.
bool is_own_name(const std::string& host) {
  std::string name = host.starts_with('[') ? host.substr(1, host.find(']') - 1) : host.substr(0, host.find(':'));
  return is_loopback(name);
}

std::string random_word() {
  unsigned char bytes[16] = {};
  if (::getrandom(bytes, sizeof bytes, 0) != ssize_t(sizeof bytes)) std::abort();  // cannot be for 16 bytes
  std::string word;
  for (unsigned char byte : bytes) (word += "0123456789abcdef"[byte >> 4]) += "0123456789abcdef"[byte & 15];
  return word;
}

std::string page_with(std::string_view nonce) {
  constexpr std::string_view place = "{{nonce}}";
  std::string page(dashboard_page);
  for (size_t at; (at = page.find(place)) != page.npos;) page.replace(at, place.size(), nonce);
  return page;
}

std::string query_escaped(std::string_view text) {
  std::string out;
  for (unsigned char c : text) {
    if (std::isalnum(c) || c == '-' || c == '_' || c == '.') out += char(c);
    else ((out += '%') += "0123456789ABCDEF"[c >> 4]) += "0123456789ABCDEF"[c & 15];
  }
  return out;
}

void refuse(Response& response, int status, const char* why) {
  response.status = status;
  response.set_content(why, "text/plain");
}

// httplib's server makes the whole process ignore SIGPIPE, which programs started later would inherit. Its threads here block all signals.
std::unique_ptr<httplib::Server> make_server() {
  struct sigaction before;
  ::sigaction(SIGPIPE, nullptr, &before);
  auto server = std::make_unique<httplib::Server>();
  ::sigaction(SIGPIPE, &before, nullptr);
  return server;
}

}  // namespace

struct Dashboard::Impl {
  DashboardOptions options;
  DashboardProvider provider;
  std::unique_ptr<httplib::Server> server = make_server();
  std::string nonce = random_word();
  std::string page = page_with(nonce);
  int port = -1;
  std::thread thread;

  bool allowed(const Request& request, Response& response) const {
    if (!options.token.empty() && !same_secret(given_token(request), options.token)) return refuse(response, 401, "This dashboard asks for its token.\n"), false;
    if (options.token.empty() && !is_own_name(request.get_header_value("Host"))) return refuse(response, 403, "Not a name of this dashboard.\n"), false;
    return true;
  }

  // The page's own script and style, answers of this server, and nothing else.
  std::string policy() const {
    return "default-src 'none'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; script-src 'nonce-" + nonce +
           "'; style-src 'nonce-" + nonce + "'";
  }

  void one_failure(const Request& request, Response& response) const {
    uint64_t id = 0;
    std::string text = request.matches[1];
    std::from_chars(text.data(), text.data() + text.size(), id);
    DashboardState state = provider();
    auto found = std::ranges::find(state.failures, id, &DashboardFailure::id);
    if (found == state.failures.end()) return refuse(response, 404, "That failure is remembered no more.\n");
    response.set_content(json_of_failure(*found), "application/json");
  }

  void set_up() {
    server->new_task_queue = [] { return new httplib::ThreadPool(4); };
    server->set_socket_options([](int socket) {
      int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);  // and not SO_REUSEPORT: a port in use is an error
      ::fcntl(socket, F_SETFD, FD_CLOEXEC);
    });
    // One request a connection: threads that wait for a second one would delay the end.
    server->set_keep_alive_max_count(1);
    server->set_keep_alive_timeout(1);
    server->set_read_timeout(1, 0);
    server->set_payload_max_length(4096);
    server->set_default_headers({{"Cache-Control", "no-store"},
                                 {"X-Content-Type-Options", "nosniff"},
                                 {"Referrer-Policy", "no-referrer"},
                                 {"Content-Security-Policy", policy()}});
    server->set_pre_routing_handler([this](const Request& request, Response& response) {
      return allowed(request, response) ? httplib::Server::HandlerResponse::Unhandled : httplib::Server::HandlerResponse::Handled;
    });
    server->Get("/", [this](const Request&, Response& response) { response.set_content(page, "text/html; charset=utf-8"); });
    server->Get("/api/state", [this](const Request&, Response& response) { response.set_content(json_of_state(provider()), "application/json"); });
    server->Get(R"(/api/failures/(\d{1,20}))", [this](const Request& request, Response& response) { one_failure(request, response); });
  }

  void listen() {
    sigset_t all, before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    thread = std::thread([this] { server->listen_after_bind(); });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    while (!server->is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  ~Impl() {
    if (!thread.joinable()) return;
    server->stop();
    thread.join();
  }
};

DashboardState pools_of_this_process() { return {.bars = progress_bars(), .pools = live_pools(), .failures = recent_failures()}; }

Result<Dashboard> Dashboard::start(DashboardOptions options, DashboardProvider provider) {
  if (!is_loopback(options.address) && options.token.empty())
    return std::unexpected(Error{0, "dashboard on " + options.address + ": an address that others can reach needs a token"});
  auto impl = std::make_unique<Impl>(std::move(options), std::move(provider));
  impl->set_up();
  const DashboardOptions& wanted = impl->options;
  if (wanted.port == 0) impl->port = impl->server->bind_to_any_port(wanted.address);
  else if (impl->server->bind_to_port(wanted.address, wanted.port)) impl->port = wanted.port;
  if (impl->port <= 0) return system_error("listen on " + wanted.address + " port " + std::to_string(wanted.port), errno ? errno : EADDRNOTAVAIL);
  impl->listen();
  return Dashboard(std::move(impl));
}

Dashboard::Dashboard(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Dashboard::Dashboard(Dashboard&&) noexcept = default;
Dashboard& Dashboard::operator=(Dashboard&&) noexcept = default;
Dashboard::~Dashboard() = default;

int Dashboard::port() const { return impl_->port; }

std::string Dashboard::url() const {
  const std::string& address = impl_->options.address;
  std::string host = address.find(':') != address.npos ? "[" + address + "]" : address;
  return "http://" + host + ":" + std::to_string(impl_->port) + "/" + (impl_->options.token.empty() ? "" : "?token=" + query_escaped(impl_->options.token));
}

}  // namespace forklint::runtime
