// A row, or any other struct of each_field, as bytes: the fields that are not zero or empty, each after its number (from
// 1, in the order of each_field), then 0. Zero or empty, not "as by default": some fields are true, or an enumeration's
// last word, by default. Numbers are written seven bits a byte, least first; text after its length.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/knowledge/fields.h"

namespace forklint::knowledge {

template <class T>
concept has_fields = requires(T& row) { each_field(row, [](std::string_view, auto&) {}); };

struct Encoder {
  std::string& bytes;

  void write(uint32_t number) {
    for (; number >= 0x80; number >>= 7) bytes.push_back(char(number | 0x80));
    bytes.push_back(char(number));
  }
  void write(const std::string& text) {
    write(uint32_t(text.size()));
    bytes += text;
  }
  void write(uint64_t number) {
    write(uint32_t(number >> 32));
    write(uint32_t(number));
  }
  void write(bool value) { write(uint32_t(value)); }
  void write(StartMethods methods) { write(uint32_t(methods.bits())); }
  void write(const Argument& argument) {
    write(uint32_t(argument.position + 1) * 2 + argument.rest);
    write(argument.keyword);
  }
  template <class Enum>
    requires std::is_enum_v<Enum>
  void write(Enum value) { write(uint32_t(value)); }
  template <class T>
  void write(const std::optional<T>& value) { write(*value); }  // none is empty, so never written
  template <class T>
  void write(const std::vector<T>& values) {
    write(uint32_t(values.size()));
    for (const T& value : values) write(value);
  }
  template <has_fields Row>
  void write(const Row& row) {
    uint32_t number = 0;
    each_field(row, [&](std::string_view, const auto& field) {
      ++number;
      if (field == std::remove_cvref_t<decltype(field)>{}) return;
      write(number);
      write(field);
    });
    write(uint32_t(0));
  }
};

struct Decoder {
  const char* at;

  uint32_t number() {
    uint32_t value = 0;
    for (int shift = 0;; shift += 7) {
      uint8_t byte = uint8_t(*at++);
      value |= uint32_t(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }
  void read(std::string& text) {
    uint32_t size = number();
    text.assign(at, size);
    at += size;
  }
  void read(uint64_t& value) {
    value = uint64_t(number()) << 32;
    value |= number();
  }
  void read(bool& value) { value = number() != 0; }
  void read(StartMethods& methods) { methods = StartMethods::from_bits(number()); }
  void read(Argument& argument) {
    uint32_t head = number();
    argument.position = int(head / 2) - 1;
    argument.rest = head % 2;
    read(argument.keyword);
  }
  template <class Enum>
    requires std::is_enum_v<Enum>
  void read(Enum& value) { value = Enum(number()); }
  template <class T>
  void read(std::optional<T>& value) { read(value.emplace()); }
  template <class T>
  void read(std::vector<T>& values) {
    values.resize(number());
    for (T& value : values) read(value);
  }
  template <has_fields Row>
  void read(Row& row) {
    uint32_t next = number();
    uint32_t field_number = 0;
    each_field(row, [&](std::string_view, auto& field) {
      if (++field_number == next) {
        read(field);
        next = number();
      } else if constexpr (std::is_scalar_v<std::remove_reference_t<decltype(field)>>) {
        field = {};
      }
    });
  }
};

}  // namespace forklint::knowledge
