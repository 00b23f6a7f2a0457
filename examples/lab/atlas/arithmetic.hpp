// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "lab/atlas/truth.hpp"

namespace atlas {

/// What a model's frequencies follow from. omega[f] = base^(−2f/width), by pow in double.
struct Bands {
  double base = 10000.0;
  std::size_t width = 128;
  std::vector<double> omega;

  [[nodiscard]] std::size_t size() const noexcept { return omega.size(); }
};

/// Throws dope::Error unless the base is finite and above 1, and the width even and at least 2.
[[nodiscard]] Bands bands_of(double base, std::size_t width);

/// Fills turns[f] with e^{i·m·ω_f} as an arithmetic computes it. One walk is asked for positions that
/// never fall, from 0 or above.
using Walk = std::function<void(std::int64_t position, std::span<Turn<double>> turns)>;

/// Arithmetics that fail for one reason.
enum class Family { exact, float_angle, step_by_step, fast_sine, stored_16, position_16, angle_16 };

/// One way that engines compute cos and sin.
struct Arithmetic {
  std::string_view name;   ///< in files
  std::string_view label;  ///< in tables and pictures
  std::string_view habit;  ///< what is computed, in a formula or a few words
  Family family;
  Walk (*walk)(const Bands&);
};

/// All of them, the library's own first. Their floats are rounded where it is written and nowhere else,
/// whatever the compiler contracts.
[[nodiscard]] std::span<const Arithmetic> arithmetics();

/// Throws dope::Error where there is none of this name.
[[nodiscard]] const Arithmetic& arithmetic_named(std::string_view name);

}  // namespace atlas
