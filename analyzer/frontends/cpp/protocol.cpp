#include "analyzer/frontends/cpp/protocol.h"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>

#include "analyzer/facts/binary.h"

namespace forklint::frontends::cpp {
namespace {

struct Writer {
  std::string out;

  void number(uint32_t value) { out.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void text(std::string_view value) {
    number(uint32_t(value.size()));
    out += value;
  }
};

struct Reader {
  std::string_view rest;
  bool good = true;

  uint32_t number() {
    uint32_t value = 0;
    good = good && rest.size() >= sizeof value;
    if (!good) return 0;
    std::memcpy(&value, rest.data(), sizeof value);
    rest.remove_prefix(sizeof value);
    return value;
  }
  std::string_view text() {
    const uint32_t size = number();
    good = good && size <= rest.size();
    if (!good) return {};
    std::string_view result = rest.substr(0, size);
    rest.remove_prefix(size);
    return result;
  }
};

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(size_t(sent));
  }
  return true;
}

bool receive_all(int socket, char* to, size_t size) {
  while (size > 0) {
    const ssize_t got = ::recv(socket, to, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    to += got;
    size -= size_t(got);
  }
  return true;
}

}  // namespace

std::string to_bytes(const Command& command) {
  Writer to;
  to.text(command.root);
  to.text(command.directory);
  to.text(command.file);
  to.number(command.prepares);
  to.text(command.preamble);
  to.number(uint32_t(command.covered.size()));
  for (const Stretch& it : command.covered) to.number(it.begin), to.number(it.end);
  for (const std::string& argument : command.arguments) to.text(argument);
  return std::move(to.out);
}

std::expected<Command, std::string> command_from(std::string_view bytes) {
  Reader from{bytes};
  Command command;
  command.root = from.text();
  command.directory = from.text();
  command.file = from.text();
  command.prepares = from.number() != 0;
  command.preamble = from.text();
  for (uint32_t left = from.number(); left > 0 && from.good; --left) {
    const uint32_t begin = from.number();
    command.covered.push_back({begin, from.number()});
  }
  while (from.good && !from.rest.empty()) command.arguments.emplace_back(from.text());
  if (!from.good) return std::unexpected("the request is cut off");
  return command;
}

std::string to_bytes(const Unit& unit) {
  Writer to;
  to.text(unit.failure);
  to.number(unit.errors);
  to.text(unit.first_error);
  to.text(unit.missing_header);
  to.text(unit.preamble);
  to.number(uint32_t(unit.reads.size()));
  for (const std::string& path : unit.reads) to.text(path);
  to.number(uint32_t(unit.system_reads.size()));
  for (const std::string& path : unit.system_reads) to.text(path);
  to.number(uint32_t(unit.absent.size()));
  for (const std::string& path : unit.absent) to.text(path);
  for (const FileOfUnit& file : unit.files) {
    to.text(file.path);
    to.text(facts::to_bytes(file.facts));
  }
  return std::move(to.out);
}

std::expected<Unit, std::string> unit_from(std::string_view bytes) {
  Reader from{bytes};
  Unit unit;
  unit.failure = from.text();
  unit.errors = from.number();
  unit.first_error = from.text();
  unit.missing_header = from.text();
  unit.preamble = from.text();
  for (uint32_t left = from.number(); left > 0 && from.good; --left) unit.reads.emplace_back(from.text());
  for (uint32_t left = from.number(); left > 0 && from.good; --left) unit.system_reads.emplace_back(from.text());
  for (uint32_t left = from.number(); left > 0 && from.good; --left) unit.absent.emplace_back(from.text());
  while (from.good && !from.rest.empty()) {
    std::string path(from.text());
    auto facts = facts::from_bytes(from.text());
    if (!from.good) break;
    if (!facts) return std::unexpected(facts.error());
    unit.files.push_back({std::move(path), std::move(*facts)});
  }
  if (!from.good) return std::unexpected("the answer is cut off");
  return unit;
}

bool send_message(int socket, std::string_view content) {
  if (content.size() > largest_message) return false;
  const uint32_t size = uint32_t(content.size());
  return send_all(socket, {reinterpret_cast<const char*>(&size), sizeof size}) && send_all(socket, content);
}

bool receive_message(int socket, std::string& content) {
  uint32_t size = 0;
  if (!receive_all(socket, reinterpret_cast<char*>(&size), sizeof size) || size > largest_message) return false;
  content.resize(size);
  return receive_all(socket, content.data(), size);
}

}  // namespace forklint::frontends::cpp
