// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <charconv>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "dope/core/compiler.hpp"

namespace dope {

/// The one exception of the library: a contract that the caller's input breaks.
///
/// what() reads "where: given X, expected Y"; the three parts are kept apart for programs that
/// report them. Nothing in the library prints, aborts, or throws another type for bad input
/// (std::bad_alloc passes through).
class Error : public std::runtime_error {
 public:
  Error(std::string where, std::string given, std::string expected)
      : std::runtime_error(where + ": given " + given + ", expected " + expected),
        where_(std::move(where)),
        given_(std::move(given)),
        expected_(std::move(expected)) {}

  [[nodiscard]] const std::string& where() const noexcept { return where_; }
  [[nodiscard]] const std::string& given() const noexcept { return given_; }
  [[nodiscard]] const std::string& expected() const noexcept { return expected_; }

 private:
  std::string where_;
  std::string given_;
  std::string expected_;
};

namespace detail {

/// The shortest decimal text that reads back as the same number: "1", "0.1", "1e+30", "nan".
template <class T>
requires std::is_arithmetic_v<T> std::string shortest(T value) {
  std::array<char, 64> text;
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

template <class T>
std::string as_text(const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_same_v<T, char>) {
    return std::string(1, value);
  } else if constexpr (std::is_arithmetic_v<T>) {
    return shortest(value);
  } else {
    return std::string(value);
  }
}

/// One string from texts and numbers, for the two halves of an Error.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::string joined;
  (joined += ... += as_text(parts));
  return joined;
}

}  // namespace detail
}  // namespace dope
