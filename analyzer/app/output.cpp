#include "analyzer/app/output.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <sys/ioctl.h>
#include <unistd.h>

namespace forklint::app {
namespace {

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value && *value;
}

bool use_color(const CommandLine& line, int descriptor, bool to_terminal) {
  if (line.color != "auto") return line.color == "always";
  if (is_set("NO_COLOR")) return false;
  if (is_set("FORCE_COLOR")) return std::strcmp(std::getenv("FORCE_COLOR"), "0") != 0;
  const char* terminal = std::getenv("TERM");
  return to_terminal && ::isatty(descriptor) && terminal && std::strcmp(terminal, "dumb") != 0;
}

std::expected<void, std::string> write_to(const std::string& path, std::string_view text) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (!file) return std::unexpected(std::string(std::strerror(errno)));
  bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  int error = errno;
  if (std::fclose(file) != 0 && written) written = false, error = errno;
  if (!written) return std::unexpected(std::string(std::strerror(error)));
  return {};
}

}  // namespace

reporters::Style style_of_output(const CommandLine& line) {
  reporters::Style style;
  bool to_terminal = line.output_file.empty();
  style.color = use_color(line, STDOUT_FILENO, to_terminal);
  winsize size{};
  if (to_terminal && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) style.width = size.ws_col;
  return style;
}

reporters::Style style_of_errors(const CommandLine& line) { return {.color = use_color(line, STDERR_FILENO, true)}; }

std::expected<void, std::string> write_output(const CommandLine& line, std::string_view text) {
  if (line.output_file.empty()) {
    bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
    if (!written) return std::unexpected("cannot write to standard output: " + std::string(std::strerror(errno)));
    return {};
  }
  namespace fs = std::filesystem;
  std::error_code error;
  fs::path target = fs::canonical(line.output_file, error);  // a link stays a link
  if (error) target = line.output_file;
  bool beside = !fs::exists(target, error) || fs::is_regular_file(target, error);  // a device or pipe is written as it is
  fs::path first = beside ? fs::path(target.string() + "." + std::to_string(::getpid()) + ".tmp") : target;
  auto written = write_to(first.string(), text);
  if (written && beside) {
    fs::rename(first, target, error);
    if (error) written = std::unexpected(error.message());
  }
  if (!written && beside) fs::remove(first, error);
  if (!written) return std::unexpected("cannot write " + line.output_file + ": " + written.error());
  return {};
}

std::string read_standard_input() {
  std::string bytes;
  char buffer[1 << 16];
  for (ssize_t got; (got = ::read(STDIN_FILENO, buffer, sizeof buffer)) != 0;) {
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) break;
    bytes.append(buffer, size_t(got));
  }
  return bytes;
}

void complain(std::string_view text) { std::fprintf(stderr, "forklint: %s\n", reporters::safe(text).c_str()); }

}  // namespace forklint::app
