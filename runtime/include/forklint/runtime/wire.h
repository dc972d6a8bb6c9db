// Values as bytes, for another process on the same machine. Numbers as they lie in memory; lengths checked against what
// is there before anything is allocated; a reader that meets nonsense stops and says so. Not a file format.
//
// Sendable: numbers, enumerations, std::string, std::vector, std::array, std::pair, std::tuple, std::optional,
// std::variant, std::expected<T, E>, maps and sets, std::chrono::duration, aggregates of up to twelve such members, and
// any type for which Wire<T> is specialised:
//   template <> struct forklint::runtime::Wire<Image> {
//     static void write(Writer& out, const Image& image);
//     static bool read(Reader& in, Image& image);
//   };
// A parameter of a task may be std::span<const std::byte> too, which reads the bytes where they lie; a result must own its bytes.
// Pointers, references, other views and functions are not: an address means nothing in another process (PSM212).
#pragma once

#include "forklint/runtime/wire_types.h"

namespace forklint::runtime {

template <Sendable T>
void write(Writer& out, const T& value) {
  using namespace wire_detail;
  if constexpr (HasTrait<T>) {
    Wire<T>::write(out, value);
  } else if constexpr (Number<T>) {
    out.raw(value);
  } else if constexpr (is_duration<T>) {
    out.raw(value.count());
  } else if constexpr (std::same_as<T, std::monostate>) {
  } else if constexpr (std::same_as<T, std::string> || std::same_as<T, BorrowedBytes>) {
    out.length(value.size());
    out.bytes(value.data(), value.size());
  } else if constexpr (is_instance<T, std::tuple> || is_instance<T, std::pair>) {
    std::apply([&](const auto&... parts) { (write(out, parts), ...); }, value);
  } else if constexpr (is_instance<T, std::variant>) {
    out.raw(uint32_t(value.index()));
    std::visit([&](const auto& held) { write(out, held); }, value);
  } else if constexpr (is_instance<T, std::optional>) {
    out.raw(uint8_t(value.has_value()));
    if (value) write(out, *value);
  } else if constexpr (is_instance<T, std::expected>) {
    out.raw(uint8_t(value.has_value()));
    if (!value) write(out, value.error());
    else if constexpr (!std::is_void_v<typename T::value_type>) write(out, *value);
  } else if constexpr (is_array<T>) {
    for (const auto& element : value) write(out, element);
  } else if constexpr (Growing<T>) {
    out.length(value.size());
    if constexpr (std::ranges::contiguous_range<T> && flat<typename T::value_type>) out.bytes(std::ranges::data(value), value.size() * sizeof(typename T::value_type));
    else if constexpr (is_instance<T, std::vector> && std::same_as<typename T::value_type, bool>) {
      for (bool element : value) out.raw(element);
    } else {
      for (const auto& element : value) write(out, element);
    }
  } else if constexpr (!std::is_empty_v<T>) {
    with_members(value, [&](const auto&... members) { (write(out, members), ...); });
  }
}

template <Sendable T>
bool read(Reader& in, T& value);

namespace wire_detail {

template <class V, size_t i = 0>
bool read_alternative(Reader& in, V& value, uint32_t index) {
  if constexpr (i == std::variant_size_v<V>) {
    return false;
  } else {
    if (index != i) return read_alternative<V, i + 1>(in, value, index);
    std::variant_alternative_t<i, V> held{};
    if (!runtime::read(in, held)) return false;
    value.template emplace<i>(std::move(held));
    return true;
  }
}

template <class T>
bool read_container(Reader& in, T& value) {
  using Element = typename T::value_type;
  uint64_t count = 0;
  value.clear();
  if constexpr (Mapping<T>) {
    if (!in.length(count, least_size<typename T::key_type>())) return false;
    for (uint64_t i = 0; i < count; ++i) {
      std::pair<typename T::key_type, typename T::mapped_type> entry{};
      if (!runtime::read(in, entry)) return false;
      value.insert(value.end(), std::move(entry));
    }
    return true;
  } else if constexpr (std::ranges::contiguous_range<T> && flat<Element>) {
    if (!in.length(count, sizeof(Element))) return false;
    value.resize(count);
    return in.bytes(std::ranges::data(value), count * sizeof(Element));
  } else {
    if (!in.length(count, least_size<Element>())) return false;
    for (uint64_t i = 0; i < count; ++i) {
      Element element{};
      if (!runtime::read(in, element)) return false;
      value.insert(value.end(), std::move(element));
    }
    return true;
  }
}

}  // namespace wire_detail

// False when the bytes are no such value; `value` is then anything.
template <Sendable T>
bool read(Reader& in, T& value) {
  using namespace wire_detail;
  if constexpr (HasTrait<T>) {
    return Wire<T>::read(in, value);
  } else if constexpr (std::same_as<T, bool>) {
    uint8_t byte = 0;
    if (!in.raw(byte) || byte > 1) return false;
    value = byte != 0;
    return true;
  } else if constexpr (Number<T>) {
    return in.raw(value);
  } else if constexpr (is_duration<T>) {
    typename T::rep count{};
    if (!in.raw(count)) return false;
    value = T(count);
    return true;
  } else if constexpr (std::same_as<T, std::monostate>) {
    return true;
  } else if constexpr (std::same_as<T, std::string> || std::same_as<T, BorrowedBytes>) {
    uint64_t size = 0;
    std::string_view text;
    if (!in.length(size, 1) || !in.text(text, size)) return false;
    if constexpr (std::same_as<T, std::string>) value = text;
    else value = std::as_bytes(std::span(text));
    return true;
  } else if constexpr (is_instance<T, std::tuple> || is_instance<T, std::pair>) {
    return std::apply([&](auto&... parts) { return (read(in, parts) && ...); }, value);
  } else if constexpr (is_instance<T, std::variant>) {
    uint32_t index = 0;
    return in.raw(index) && read_alternative(in, value, index);
  } else if constexpr (is_instance<T, std::optional>) {
    uint8_t has = 0;
    if (!in.raw(has) || has > 1) return false;
    if (!has) return value.reset(), true;
    return read(in, value.emplace());
  } else if constexpr (is_instance<T, std::expected>) {
    uint8_t has = 0;
    if (!in.raw(has) || has > 1) return false;
    if (!has) {
      typename T::error_type error{};
      if (!read(in, error)) return false;
      value = std::unexpected(std::move(error));
      return true;
    }
    value.emplace();
    if constexpr (std::is_void_v<typename T::value_type>) return true;
    else return read(in, *value);
  } else if constexpr (is_array<T>) {
    for (auto& element : value)
      if (!read(in, element)) return false;
    return true;
  } else if constexpr (Growing<T>) {
    return read_container(in, value);
  } else if constexpr (std::is_empty_v<T>) {
    return true;
  } else {
    return with_members(value, [&](auto&... members) { return (read(in, members) && ...); });
  }
}

template <Sendable T>
std::string to_bytes(const T& value) {
  std::string bytes;
  Writer out(bytes);
  write(out, value);
  return bytes;
}

// Nothing when the bytes are no such value, or more than one.
template <Sendable T>
std::optional<T> from_bytes(std::string_view bytes) {
  Reader in(bytes);
  T value{};
  if (!read(in, value) || !in.empty()) return {};
  return value;
}

}  // namespace forklint::runtime
