// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "dope/core/error.hpp"
#include "dope/denoise/head.hpp"
#include "dope/denoise/names.hpp"
#include "dope/spectral/entropy.hpp"
#include "dope/spectral/gram.hpp"

namespace dope {

/// Where the entropy is taken (arXiv 2511.09146, the stage column of its tables).
///
///   pre_ntk    projected q, k, no rotation
///   post_ntk   rotated by the scaled frequencies in force
///   post_rope  rotated by the native frequencies; the text separates it from post_ntk without saying
///              how, and this is our reading
enum class Stage { pre_ntk, post_ntk, post_rope };

/// Whose entropy scores a head: its query's, its key's, or the mean of the two.
enum class ScoredSide { query, key, both };

/// What a score is: stage, side and entropy. The entropy carries r and its conventions.
struct Indicator {
  Stage stage = Stage::post_ntk;
  ScoredSide side = ScoredSide::key;
  Entropy entropy = VonNeumann{};
  bool operator==(const Indicator&) const = default;
};

namespace detail {

template <>
struct EnumNames<Stage> {
  static constexpr std::string_view what = "stage";
  static constexpr std::array<std::string_view, 3> names = {"pre_ntk", "post_ntk", "post_rope"};
};
template <>
struct EnumNames<ScoredSide> {
  static constexpr std::string_view what = "scored side";
  static constexpr std::array<std::string_view, 3> names = {"query", "key", "both"};
};
template <>
struct EnumNames<Centring> {
  static constexpr std::string_view what = "centring";
  static constexpr std::array<std::string_view, 2> names = {"none", "token_mean"};
};
template <>
struct EnumNames<RowScaling> {
  static constexpr std::string_view what = "row scaling";
  static constexpr std::array<std::string_view, 2> names = {"none", "unit"};
};
template <>
struct EnumNames<Accumulation> {
  static constexpr std::string_view what = "accumulation";
  static constexpr std::array<std::string_view, 3> names = {"float_blocks", "double_blocks",
                                                            "triangular_factor"};
};

}  // namespace detail

/// "stage/side/entropy", e.g. "post_ntk/key/truncated_effective_rank(r=8)". Law: parse_indicator inverts it.
[[nodiscard]] inline std::string name_of(const Indicator& indicator) {
  return detail::text(name_of(indicator.stage), "/", name_of(indicator.side), "/",
                      name_of(indicator.entropy));
}

/// Throws Error on anything that is not a stage, a side and an entropy.
[[nodiscard]] inline Indicator parse_indicator(std::string_view name) {
  const std::size_t first = name.find('/');
  const std::size_t second = first == std::string_view::npos ? first : name.find('/', first + 1);
  if (second == std::string_view::npos) {
    fail("parse_indicator", '"' + std::string(name) + '"', "stage/side/entropy");
  }
  return {parse<Stage>(name.substr(0, first)), parse<ScoredSide>(name.substr(first + 1, second - first - 1)),
          parse_entropy(name.substr(second + 1))};
}

}  // namespace dope
