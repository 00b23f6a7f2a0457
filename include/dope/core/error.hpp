// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <charconv>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "dope/core/compiler.hpp"

namespace dope {

/// The one error of the library: a contract that the caller's input breaks.
///
/// what() reads "where: given X, expected Y"; the three parts are kept apart for programs that
/// report them. Nothing in the library prints, or throws another type for bad input (std::bad_alloc
/// passes through). Where exceptions are disabled, fail() says what happens instead.
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

#if !DOPE_EXCEPTIONS
/// What a program without exceptions does with an Error: show it, store it, leave the module. It does not
/// return: where it does, std::terminate ends the program.
using ErrorHandler = void (*)(const Error&);

namespace detail {
inline ErrorHandler error_handler = nullptr;
}

/// From here on, a violated contract calls `handler` in place of throwing; nullptr: std::terminate at once.
/// Returns the handler before. Not to be called while other threads use the library.
inline ErrorHandler set_error_handler(ErrorHandler handler) noexcept {
  return std::exchange(detail::error_handler, handler);
}
#endif

namespace detail {

struct AnyErrorContext {
  const AnyErrorContext* outer;
  std::string (*text)(const AnyErrorContext&);
};

inline constinit thread_local const AnyErrorContext* error_context = nullptr;

/// While one lives, the Errors of its thread say where they come from: `name()`, a text, before their own
/// `where`, outermost first.
template <class Name>
class ErrorContext : AnyErrorContext {
 public:
  explicit ErrorContext(Name name)
      : AnyErrorContext{error_context,
                        [](const AnyErrorContext& context) {
                          return std::string(static_cast<const ErrorContext&>(context).name_());
                        }},
        name_(std::move(name)) {
    error_context = this;
  }
  ~ErrorContext() { error_context = outer; }
  ErrorContext(const ErrorContext&) = delete;
  ErrorContext& operator=(const ErrorContext&) = delete;

 private:
  Name name_;
};

}  // namespace detail

/// Ends the call with an Error: thrown, or handed to the handler where exceptions are disabled.
[[noreturn, gnu::cold]] inline void fail(std::string where, std::string given, std::string expected) {
  for (const auto* context = detail::error_context; context != nullptr; context = context->outer)
    where = context->text(*context) + ": " + where;
#if DOPE_EXCEPTIONS
  throw Error(std::move(where), std::move(given), std::move(expected));
#else
  detail::error_context = nullptr;
  if (detail::error_handler != nullptr) {
    detail::error_handler(Error(std::move(where), std::move(given), std::move(expected)));
  }
  std::terminate();
#endif
}

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
