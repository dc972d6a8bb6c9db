#include "analyzer/source/file.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "analyzer/source/encoding.h"
#include "analyzer/source/notebook.h"
#include "analyzer/source/reasons.h"

namespace forklint::source {
namespace {

constexpr std::string_view mark = "\xEF\xBB\xBF";
constexpr uint64_t largest_text = UINT32_MAX - 1;  // offsets are 32 bits wide

// Number of the physical line that holds `offset`: LF, CR LF and CR end a line.
uint32_t line_of(std::string_view bytes, size_t offset) {
  uint32_t line = 1;
  for (size_t i = 0; i < offset && i < bytes.size(); ++i) {
    if (bytes[i] == '\n' || (bytes[i] == '\r' && (i + 1 == bytes.size() || bytes[i + 1] != '\n'))) ++line;
  }
  return line;
}

std::unexpected<std::string> at_line(std::string_view bytes, size_t offset, std::string_view message) {
  return std::unexpected("line " + std::to_string(line_of(bytes, offset)) + ": " + std::string(message));
}

// Python reads a lone CR as a line end; the parsers know LF only. True if there was one.
bool replace_lone_carriage_returns(std::string& text) {
  bool found = false;
  for (size_t at = text.find('\r'); at != std::string::npos; at = text.find('\r', at + 1)) {
    if (at + 1 < text.size() && text[at + 1] == '\n') continue;
    text[at] = '\n';
    found = true;
  }
  return found;
}

void index_lines(File& file) {
  file.line_starts.assign(1, 0);
  for (size_t at = file.text.find('\n'); at != std::string::npos; at = file.text.find('\n', at + 1)) {
    file.line_starts.push_back(static_cast<uint32_t>(at + 1));
  }
}

// The bytes of an open file of about `size` bytes: one read, unless it grows meanwhile.
std::expected<std::string, std::string> read_all(int descriptor, uint64_t size, uint64_t limit) {
  std::string bytes;
  size_t used = 0;
  int error = 0;
  bool ended = false;
  while (!ended && error == 0) {
    const size_t capacity = used == 0 ? size + 1 : used * 2;  // the byte more tells the end without a second read
    bytes.resize_and_overwrite(capacity, [&](char* data, size_t count) {
      while (used < count) {
        const ssize_t got = ::read(descriptor, data + used, count - used);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) error = errno;
        if (got > 0) used += static_cast<size_t>(got);
        ended = got == 0 || (got > 0 && used == size && used < count);
        if (got <= 0 || ended) break;
      }
      return used;
    });
    if (used > limit) return std::unexpected(over_limit(used, limit));
  }
  if (error != 0) return std::unexpected(system_error(error));
  return bytes;
}

}  // namespace

Position File::position(uint32_t offset) const {
  offset = std::min(offset, static_cast<uint32_t>(text.size()));
  const auto after = std::upper_bound(line_starts.begin(), line_starts.end(), offset);
  if (after == line_starts.begin()) return {};
  const size_t index = static_cast<size_t>(after - line_starts.begin()) - 1;
  const uint32_t start = line_starts[index];
  uint32_t column = 0;
  for (uint32_t i = start; i < offset; ++i) column += (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
  if (index >= origins.size()) return {static_cast<uint32_t>(index + 1), column + 1};
  auto escape = std::lower_bound(escapes.begin(), escapes.end(), start,
                                 [](const Escape& e, uint32_t value) { return e.offset < value; });
  for (; escape != escapes.end() && escape->offset < offset; ++escape) column += escape->extra;
  return {origins[index].line, origins[index].column + column};
}

std::string_view File::line(uint32_t offset) const {
  offset = std::min(offset, static_cast<uint32_t>(text.size()));
  const auto after = std::upper_bound(line_starts.begin(), line_starts.end(), offset);
  if (after == line_starts.begin()) return text;
  const uint32_t begin = *(after - 1);
  const uint32_t end = after == line_starts.end() ? static_cast<uint32_t>(text.size()) : *after;
  std::string_view line = std::string_view(text).substr(begin, end - begin);
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::expected<File, std::string> decode(std::string path, Kind kind, std::string bytes) {
  File file;
  file.path = std::move(path);
  file.kind = kind;
  if (bytes.size() > largest_text) return std::unexpected(over_limit(bytes.size(), largest_text));
  if (bytes.starts_with(mark)) {
    file.byte_order_mark = true;
    bytes.erase(0, mark.size());
  }
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) {
    return std::unexpected("line 1: UTF-16 text, which neither Python nor a compiler reads");
  }
  if (const size_t nul = bytes.find('\0'); nul != std::string::npos) return at_line(bytes, nul, "NUL byte");

  if (kind == Kind::notebook) {
    if (const size_t bad = find_invalid_utf8(bytes); bad != std::string_view::npos) {
      return at_line(bytes, bad, "not valid utf-8, which a notebook must be");
    }
    file.verbatim = false;
    if (const auto fault = read_notebook(bytes, file)) return at_line(bytes, fault->offset, fault->message);
    return file;
  }

  std::string encoding = "utf-8";
  size_t declared_at = 0;
  if (kind == Kind::python || kind == Kind::stub) {
    const std::string_view declared = declared_encoding(bytes, &declared_at);
    if (!declared.empty()) encoding = canonical_encoding(declared);
  }
  if (file.byte_order_mark && encoding != "utf-8") {
    return at_line(bytes, declared_at, "encoding " + encoding + " declared in a file with a UTF-8 byte order mark");
  }
  file.verbatim = encoding == "utf-8" || encoding == "ascii";
  const bool any_bytes = kind == Kind::c || kind == Kind::cpp;  // compilers take any in comments and strings
  if (any_bytes) file.verbatim = find_invalid_utf8(bytes) == std::string_view::npos;
  else if (const auto fault = to_utf8(encoding, bytes)) {
    return at_line(bytes, fault->offset == std::string::npos ? declared_at : fault->offset, fault->message);
  }
  file.text = std::move(bytes);
  if (file.text.size() > largest_text) return std::unexpected(over_limit(file.text.size(), largest_text));
  if (replace_lone_carriage_returns(file.text)) file.verbatim = false;
  index_lines(file);
  return file;
}

std::expected<std::string, std::string> read_bytes(const std::string& path, uint64_t max_size) {
  // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) return std::unexpected(system_error(errno));
  auto bytes = [&]() -> std::expected<std::string, std::string> {
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) return std::unexpected(system_error(errno));
    if (const std::string_view what = irregular(status.st_mode); !what.empty()) return std::unexpected(std::string(what));
    const uint64_t limit = max_size == 0 ? largest_text : std::min(max_size, largest_text);
    const auto size = static_cast<uint64_t>(status.st_size);
    if (size > limit) return std::unexpected(over_limit(size, limit));
    return read_all(descriptor, size, limit);
  }();
  ::close(descriptor);
  return bytes;
}

std::expected<File, std::string> read(std::string path, Kind kind, uint64_t max_size) {
  auto bytes = read_bytes(path, max_size);
  if (!bytes) return std::unexpected(bytes.error());
  return decode(std::move(path), kind, std::move(*bytes));
}

}  // namespace forklint::source
