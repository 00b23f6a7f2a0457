// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "dope/core/alternatives.hpp"
#include "dope/core/error.hpp"
#include "dope/core/side.hpp"
#include "dope/rope/pairing.hpp"

namespace dope {
namespace detail {

/// Specialised per enumeration: `what`, and `names` in the order of the values 0, 1, 2, …
template <class Enum>
struct EnumNames;

}  // namespace detail

/// The enumerations that have names in programs, plans and outputs.
template <class Enum>
concept NamedEnum = requires {
  detail::EnumNames<Enum>::what;
  detail::EnumNames<Enum>::names;
};

/// The value's name. Law: parse<Enum>(name_of(value)) == value.
template <NamedEnum Enum>
[[nodiscard]] constexpr std::string_view name_of(Enum value) noexcept {
  static_assert(detail::EnumNames<Enum>::names.size() == detail::alternatives<Enum>,
                "EnumNames: a name for each value");
  return detail::EnumNames<Enum>::names[static_cast<std::size_t>(value)];
}

/// The value with this name. Throws Error, listing the names, where there is none.
template <NamedEnum Enum>
[[nodiscard]] Enum parse(std::string_view name) {
  static_assert(detail::EnumNames<Enum>::names.size() == detail::alternatives<Enum>,
                "EnumNames: a name for each value");
  std::string known;
  for (std::size_t i = 0; i < detail::EnumNames<Enum>::names.size(); ++i) {
    const std::string_view candidate = detail::EnumNames<Enum>::names[i];
    if (candidate == name) return static_cast<Enum>(i);
    known += (i == 0 ? "" : ", ") + std::string(candidate);
  }
  fail(std::string(detail::EnumNames<Enum>::what), '"' + std::string(name) + '"', "one of " + known);
}

namespace detail {

template <>
struct EnumNames<Side> {
  static constexpr std::string_view what = "side";
  static constexpr std::array<std::string_view, 2> names = {"query", "key"};
};
template <>
struct EnumNames<Pairing> {
  static constexpr std::string_view what = "pairing";
  static constexpr std::array<std::string_view, 2> names = {"interleaved", "half_split"};
};

}  // namespace detail
}  // namespace dope
