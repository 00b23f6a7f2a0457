// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "dope/core/alternatives.hpp"
#include "dope/core/error.hpp"
#include "dope/denoise/names.hpp"
#include "dope/denoise/transform.hpp"

namespace dope {
namespace detail {

template <class Number>
Number number_of(std::string_view where, std::string_view digits) {
  Number value{};
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (status != std::errc{} || end != digits.data() + digits.size()) {
    fail(std::string(where), '"' + std::string(digits) + '"', "a number");
  }
  return value;
}

/// "name" or "name(key=value, key=value)", blanks around commas allowed.
struct Call {
  std::string_view name;
  std::vector<std::pair<std::string_view, std::string_view>> arguments;

  /// The value of a key, taken out; empty where it is not given.
  std::string_view take(std::string_view key) {
    for (auto it = arguments.begin(); it != arguments.end(); ++it) {
      if (it->first != key) continue;
      const std::string_view value = it->second;
      arguments.erase(it);
      return value;
    }
    return {};
  }
};

inline Call parse_call(std::string_view where, std::string_view text) {
  const auto bad = [&] {
    fail(std::string(where), '"' + std::string(text) + '"', "name or name(key=value, ...)");
  };
  const auto trimmed = [](std::string_view part) {
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    return part;
  };
  const std::size_t open = text.find('(');
  Call call{text.substr(0, open), {}};
  if (open == std::string_view::npos) return call;
  if (text.back() != ')') bad();
  std::string_view rest = text.substr(open + 1, text.size() - open - 2);
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const std::string_view argument = trimmed(rest.substr(0, comma));
    const std::size_t equals = argument.find('=');
    if (equals == std::string_view::npos || equals + 1 == argument.size()) bad();
    call.arguments.emplace_back(argument.substr(0, equals), argument.substr(equals + 1));
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
    if (rest.empty()) bad();
  }
  return call;
}

template <NamedEnum Enum>
void take_enum(Call& call, std::string_view key, Enum& value) {
  const std::string_view name = call.take(key);
  if (!name.empty()) value = parse<Enum>(name);
}

}  // namespace detail

/// A transform in words, every choice written out: "by_parts(reading=identity, threshold=native)",
/// "by_all(reading=identity)", "by_gaussian(reading=replace, spread=fixed, sigma=1, seed=42)".
///
/// Law: parse_transform(name_of(t)) == t, sigma to the last bit.
[[nodiscard]] inline std::string name_of(const Transform& transform) {
  static_assert(detail::alternatives<Transform> == 3, "name_of(Transform): every Transform");
  if (const auto* parts = std::get_if<ByParts>(&transform)) {
    return detail::text("by_parts(reading=", name_of(parts->reading),
                        ", threshold=", name_of(parts->threshold), ")");
  }
  if (const auto* all = std::get_if<ByAll>(&transform)) {
    return detail::text("by_all(reading=", name_of(all->reading), ")");
  }
  const auto& noise = std::get<ByGaussian>(transform);
  return detail::text("by_gaussian(reading=", name_of(noise.reading), ", spread=", name_of(noise.spread),
                      ", sigma=", detail::shortest(noise.sigma), ", seed=", detail::shortest(noise.seed),
                      ")");
}

/// The inverse of name_of; keys in any order, those left out at their defaults ("by_all" is enough).
/// Throws Error on another name, key or value, and where the transform is not valid.
[[nodiscard]] inline Transform parse_transform(std::string_view text) {
  static_assert(detail::alternatives<Transform> == 3, "parse_transform: every Transform");
  constexpr std::string_view where = "parse_transform";
  detail::Call call = detail::parse_call(where, text);
  Transform transform;
  if (call.name == "by_parts") {
    ByParts parts;
    detail::take_enum(call, "reading", parts.reading);
    detail::take_enum(call, "threshold", parts.threshold);
    transform = parts;
  } else if (call.name == "by_all") {
    ByAll all;
    detail::take_enum(call, "reading", all.reading);
    transform = all;
  } else if (call.name == "by_gaussian") {
    ByGaussian noise;
    detail::take_enum(call, "reading", noise.reading);
    detail::take_enum(call, "spread", noise.spread);
    if (const auto digits = call.take("sigma"); !digits.empty()) {
      noise.sigma = detail::number_of<double>(where, digits);
    }
    if (const auto digits = call.take("seed"); !digits.empty()) {
      noise.seed = detail::number_of<std::uint64_t>(where, digits);
    }
    transform = noise;
  } else {
    fail(std::string(where), '"' + std::string(call.name) + '"', "by_parts, by_all or by_gaussian");
  }
  if (!call.arguments.empty()) {
    fail(std::string(where), "key \"" + std::string(call.arguments.front().first) + '"',
         "a key of " + std::string(call.name) + ", once");
  }
  validate(transform);
  return transform;
}

}  // namespace dope
