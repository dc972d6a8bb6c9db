// What can be sent, decided at compile time; the ends that bytes are written to and read from. Part of wire.h.
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <map>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace forklint::runtime {

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}
  void bytes(const void* data, size_t size) { out_.append(static_cast<const char*>(data), size); }
  template <class T>
    requires std::is_trivially_copyable_v<T>
  void raw(const T& value) {
    bytes(&value, sizeof value);
  }
  void length(size_t count) { raw(uint64_t(count)); }

 private:
  std::string& out_;
};

class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}
  // False, and nothing taken, when there is not so much left.
  bool bytes(void* data, size_t size) {
    if (size > in_.size()) return false;
    if (size > 0) std::memcpy(data, in_.data(), size);
    in_.remove_prefix(size);
    return true;
  }
  template <class T>
  bool raw(T& value) {
    return bytes(&value, sizeof value);
  }
  // A count of things that take at least `least` bytes each: more than can follow is refused.
  bool length(uint64_t& count, size_t least) { return raw(count) && (least == 0 ? count <= largest_empty : count <= in_.size() / least); }
  bool text(std::string_view& value, size_t size) {
    if (size > in_.size()) return false;
    value = in_.substr(0, size);
    in_.remove_prefix(size);
    return true;
  }
  bool empty() const { return in_.empty(); }

 private:
  static constexpr uint64_t largest_empty = 1 << 20;
  std::string_view in_;
};

// Specialise for types of your own.
template <class T>
struct Wire;

namespace wire_detail {

template <class T>
concept HasTrait = requires(Writer& out, Reader& in, const T& value, T& result) {
  Wire<T>::write(out, value);
  { Wire<T>::read(in, result) } -> std::same_as<bool>;
};

template <class T, template <class...> class Template>
inline constexpr bool is_instance = false;
template <template <class...> class Template, class... A>
inline constexpr bool is_instance<Template<A...>, Template> = true;

template <class T>
inline constexpr bool is_array = false;
template <class T, size_t n>
inline constexpr bool is_array<std::array<T, n>> = true;

template <class T>
inline constexpr bool is_duration = false;
template <class R, class P>
inline constexpr bool is_duration<std::chrono::duration<R, P>> = true;

template <class T>
concept Number = std::is_arithmetic_v<T> || std::is_enum_v<T> || std::same_as<T, std::byte>;
template <class T>
concept Growing = std::ranges::range<T> && std::default_initializable<T> && requires(T& container, typename T::value_type value) { container.insert(container.end(), std::move(value)); };
template <class T>
concept Mapping = Growing<T> && requires { typename T::mapped_type; };

// How many members an aggregate has: as many as it can be made from.
struct Anything {
  template <class T>
  operator T() const;
};
template <class T, size_t... i>
constexpr bool made_from(std::index_sequence<i...>) {
  return requires { T{(void(i), Anything{})...}; };
}
inline constexpr size_t most_members = 12;
template <class T, size_t n = most_members>
constexpr size_t member_count() {
  if constexpr (n == 0) return 0;
  else if constexpr (made_from<T>(std::make_index_sequence<n>())) return n;
  else return member_count<T, n - 1>();
}

// Calls use(member…) with all members.
template <class T, class Use>
constexpr decltype(auto) with_members(T& value, Use&& use) {
  constexpr size_t count = member_count<std::remove_const_t<T>>();
  if constexpr (count == 0) return use();
  else if constexpr (count == 1) { auto& [a] = value; return use(a); }
  else if constexpr (count == 2) { auto& [a, b] = value; return use(a, b); }
  else if constexpr (count == 3) { auto& [a, b, c] = value; return use(a, b, c); }
  else if constexpr (count == 4) { auto& [a, b, c, d] = value; return use(a, b, c, d); }
  else if constexpr (count == 5) { auto& [a, b, c, d, e] = value; return use(a, b, c, d, e); }
  else if constexpr (count == 6) { auto& [a, b, c, d, e, f] = value; return use(a, b, c, d, e, f); }
  else if constexpr (count == 7) { auto& [a, b, c, d, e, f, g] = value; return use(a, b, c, d, e, f, g); }
  else if constexpr (count == 8) { auto& [a, b, c, d, e, f, g, h] = value; return use(a, b, c, d, e, f, g, h); }
  else if constexpr (count == 9) { auto& [a, b, c, d, e, f, g, h, i] = value; return use(a, b, c, d, e, f, g, h, i); }
  else if constexpr (count == 10) { auto& [a, b, c, d, e, f, g, h, i, j] = value; return use(a, b, c, d, e, f, g, h, i, j); }
  else if constexpr (count == 11) { auto& [a, b, c, d, e, f, g, h, i, j, k] = value; return use(a, b, c, d, e, f, g, h, i, j, k); }
  else { auto& [a, b, c, d, e, f, g, h, i, j, k, l] = value; return use(a, b, c, d, e, f, g, h, i, j, k, l); }
}

// Bytes that are read where they lie: they last as long as what they are read from, which for arguments is the task.
using BorrowedBytes = std::span<const std::byte>;

// `owned`: without borrowed bytes, for who reads it keeps it.
template <class T, bool owned = false>
consteval bool sendable();

template <class Tuple, bool owned, size_t... i>
consteval bool all_sendable(std::index_sequence<i...>) {
  return (sendable<std::remove_const_t<std::tuple_element_t<i, Tuple>>, owned>() && ...);
}
template <class T, bool owned>
consteval bool members_sendable() {
  return decltype(with_members(std::declval<T&>(), [](auto&... members) { return std::bool_constant<(sendable<std::remove_cvref_t<decltype(members)>, owned>() && ...)>(); }))::value;
}
template <class V, bool owned, size_t... i>
consteval bool alternatives_sendable(std::index_sequence<i...>) {
  return (sendable<std::variant_alternative_t<i, V>, owned>() && ...);
}

template <class T, bool owned>
consteval bool sendable() {
  if constexpr (HasTrait<T>) return true;
  else if constexpr (std::is_pointer_v<T> || std::is_reference_v<T> || std::is_member_pointer_v<T> || std::is_function_v<T> || std::is_null_pointer_v<T>) return false;
  else if constexpr (std::same_as<T, BorrowedBytes>) return !owned;
  else if constexpr (std::ranges::view<T>) return false;
  else if constexpr (Number<T> || std::same_as<T, std::string> || std::same_as<T, std::monostate> || is_duration<T>) return true;
  else if constexpr (is_instance<T, std::tuple> || is_instance<T, std::pair>) return all_sendable<T, owned>(std::make_index_sequence<std::tuple_size_v<T>>());
  else if constexpr (is_instance<T, std::variant>) return alternatives_sendable<T, owned>(std::make_index_sequence<std::variant_size_v<T>>());
  else if constexpr (is_instance<T, std::optional>) return sendable<typename T::value_type, owned>();
  else if constexpr (is_instance<T, std::expected>) return (std::is_void_v<typename T::value_type> || sendable<typename T::value_type, owned>()) && sendable<typename T::error_type, owned>();
  else if constexpr (is_array<T>) return sendable<typename T::value_type, owned>();
  else if constexpr (Mapping<T>) return sendable<typename T::key_type, owned>() && sendable<typename T::mapped_type, owned>();
  else if constexpr (Growing<T>) return sendable<typename T::value_type, owned>();
  else if constexpr (std::is_aggregate_v<T> && !std::is_empty_v<T> && member_count<T>() > 0 && !std::is_array_v<T>) return members_sendable<T, owned>();
  else return std::is_aggregate_v<T> && std::is_empty_v<T> && !requires { &T::operator(); };
}

// The fewest bytes that a value takes; 0 where that is not known to be more.
template <class T>
consteval size_t least_size() {
  if constexpr (Number<T>) return sizeof(T);
  else if constexpr (std::same_as<T, std::string> || std::same_as<T, BorrowedBytes>) return sizeof(uint64_t);
  else if constexpr (Growing<T>) return sizeof(uint64_t);
  else return 0;
}

template <class T>
inline constexpr bool flat = Number<T> && !std::same_as<T, bool>;

}  // namespace wire_detail

template <class T>
concept Sendable = wire_detail::sendable<T>();

}  // namespace forklint::runtime
