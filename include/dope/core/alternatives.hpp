// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>
#include <type_traits>
#include <variant>

#include "dope/core/compiler.hpp"

// How a function that goes through the alternatives of a variant, or the values of an enumeration, by hand
// says which ones it knows: by a static_assert on their number. One more alternative then compiles nowhere
// until each such function knows it too. tests/compile/alternatives.cmake adds one everywhere and looks for
// each message.

namespace dope::detail {

/// Whether `value` is an enumerator and not only a number of its type, which compilers print as "(Stage)3".
template <auto value>
consteval bool is_enumerator() noexcept {
#if defined(__GNUC__) || defined(__clang__)
  std::string_view printed = __PRETTY_FUNCTION__;
  printed.remove_suffix(1);
  const auto last = printed.find_last_not_of("0123456789");
  return last + 1 == printed.size() || printed[last] != ')';
#else
#error "dope: expected a compiler with __PRETTY_FUNCTION__, as g++ and clang++ have"
#endif
}

template <class Enum, std::size_t from = 0>
consteval std::size_t count_enumerators() noexcept {
  if constexpr (is_enumerator<static_cast<Enum>(from)>()) {
    return count_enumerators<Enum, from + 1>();
  } else {
    return from;
  }
}

template <class T>
struct Alternatives : std::integral_constant<std::size_t, count_enumerators<T>()> {};
template <class... Ts>
struct Alternatives<std::variant<Ts...>> : std::integral_constant<std::size_t, sizeof...(Ts)> {};

/// The alternatives of a variant, or the enumerators 0, 1, 2, … of an enumeration without gaps.
template <class T>
inline constexpr std::size_t alternatives = Alternatives<T>::value;

}  // namespace dope::detail
