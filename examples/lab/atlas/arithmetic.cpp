// SPDX-License-Identifier: MIT
#include "lab/atlas/arithmetic.hpp"

#include <array>
#include <cmath>
#include <memory>
#include <string>

#include "dope/core/error.hpp"
#include "dope/core/scalar.hpp"
#include "dope/rope/frequencies.hpp"
#include "dope/rope/table.hpp"

namespace atlas {
namespace {

using Turns = std::span<Turn<double>>;

Turn<double> float_turn(float angle) { return {std::cos(angle), std::sin(angle)}; }

std::vector<float> rounded(const std::vector<double>& omega) { return {omega.begin(), omega.end()}; }

/// A walk that turns every band by an angle of its own, angle(float position, float ω).
template <class Angle>
Walk by_angle(std::vector<float> omega, Angle angle) {
  return [omega = std::move(omega), angle](std::int64_t position, Turns turns) {
    const auto m = static_cast<float>(position);
    for (std::size_t f = 0; f < omega.size(); ++f) turns[f] = float_turn(angle(m, omega[f]));
  };
}

Walk exact_table(const Bands& bands) {
  return [omega = bands.omega](std::int64_t position, Turns turns) {
    std::vector<float> cos(omega.size());
    std::vector<float> sin(omega.size());
    dope::fill_table<float, std::int64_t>(omega, 1.0, {&position, 1}, dope::Angles::exact, cos.data(),
                                          sin.data(), omega.size());
    for (std::size_t f = 0; f < omega.size(); ++f) turns[f] = {cos[f], sin[f]};
  };
}

Walk float_product(const Bands& bands) {
  return by_angle(rounded(bands.omega), [](float m, float omega) { return m * omega; });
}

Walk float_product_powf(const Bands& bands) {
  std::vector<float> omega(bands.size());
  for (std::size_t f = 0; f < omega.size(); ++f) {
    const float exponent = static_cast<float>(2 * f) / static_cast<float>(bands.width);
    omega[f] = 1.0f / std::pow(static_cast<float>(bands.base), exponent);
  }
  return by_angle(std::move(omega), [](float m, float w) { return m * w; });
}

Walk float_band_powers(const Bands& bands) {
  const float ratio = std::pow(static_cast<float>(bands.base), -2.0f / static_cast<float>(bands.width));
  return [ratio](std::int64_t position, Turns turns) {
    auto angle = static_cast<float>(position);
    for (auto& turn : turns) {
      turn = float_turn(angle);
      angle *= ratio;
    }
  };
}

/// One step per position, all bands side by side.
struct Steps {
  std::vector<float> omega, cos, sin, angle, step_cos, step_sin;
  std::int64_t at = 0;

  explicit Steps(const Bands& bands)
      : omega(rounded(bands.omega)), cos(omega.size(), 1.0f), sin(omega.size()), angle(omega.size()) {
    for (const float w : omega) {
      step_cos.push_back(std::cos(w));
      step_sin.push_back(std::sin(w));
    }
  }
};

Walk angle_sum(const Bands& bands) {
  return [steps = std::make_shared<Steps>(bands)](std::int64_t position, Turns turns) {
    Steps& s = *steps;
    for (; s.at < position; ++s.at) {
      for (std::size_t f = 0; f < s.omega.size(); ++f) s.angle[f] += s.omega[f];
    }
    for (std::size_t f = 0; f < s.omega.size(); ++f) turns[f] = float_turn(s.angle[f]);
  };
}

Walk complex_steps(const Bands& bands) {
  return [steps = std::make_shared<Steps>(bands)](std::int64_t position, Turns turns) {
    Steps& s = *steps;
    for (; s.at < position; ++s.at) {
      for (std::size_t f = 0; f < s.omega.size(); ++f) {
        const float cos = std::fma(s.cos[f], s.step_cos[f], -(s.sin[f] * s.step_sin[f]));
        s.sin[f] = std::fma(s.sin[f], s.step_cos[f], s.cos[f] * s.step_sin[f]);
        s.cos[f] = cos;
      }
    }
    for (std::size_t f = 0; f < s.omega.size(); ++f) turns[f] = {s.cos[f], s.sin[f]};
  };
}

Walk fast_sine(const Bands& bands) {
  return by_angle(rounded(bands.omega), [](float m, float omega) {
    constexpr float tau = 6.2831853f;
    constexpr float inverse_tau = 0.15915494f;
    const float angle = m * omega;
    const float turns = std::nearbyint(angle * inverse_tau);
    return std::fma(-turns, tau, angle);
  });
}

/// The exact angle's cos and sin, kept in 16 bits.
template <class Stored>
Walk stored_as(const Bands& bands) {
  return [omega = bands.omega](std::int64_t position, Turns turns) {
    for (std::size_t f = 0; f < omega.size(); ++f) {
      const Truth truth = truth_of(position, omega[f]);
      turns[f] = {static_cast<float>(Stored(static_cast<double>(truth.cos))),
                  static_cast<float>(Stored(static_cast<double>(truth.sin)))};
    }
  };
}

template <class Stored>
Walk position_as(const Bands& bands) {
  return by_angle(rounded(bands.omega),
                  [](float m, float omega) { return static_cast<float>(Stored(m)) * omega; });
}

template <class Stored>
Walk angle_as(const Bands& bands) {
  return by_angle(rounded(bands.omega),
                  [](float m, float omega) { return static_cast<float>(Stored(m * omega)); });
}

using dope::bfloat16;
using dope::float16;

constexpr std::array<Arithmetic, 13> all = {{
    {"exact_table", "exact angle, float table", "cos, sin of the real m·ω, rounded to float", Family::exact,
     exact_table},
    {"float32_product", "float32 product m·ω", "ω by pow in double, rounded; product in float",
     Family::float_angle, float_product},
    {"float32_product_powf", "float32 product, powf ω", "ω = 1/powf(b, 2f/d); product in float",
     Family::float_angle, float_product_powf},
    {"float32_band_powers", "float32 powers m·rᶠ", "θ = m, then θ ← θ·powf(b, −2/d) from band to band",
     Family::float_angle, float_band_powers},
    {"float32_fast_sine", "float32 product, fast sine", "float product, less whole turns of float 2π",
     Family::fast_sine, fast_sine},
    {"float32_complex_steps", "float32 complex steps",
     "complex product, position by position, fused in float", Family::step_by_step, complex_steps},
    {"float32_angle_sum", "float32 angle steps θ + ω", "θ ← θ + ω, position by position, in float",
     Family::step_by_step, angle_sum},
    {"bf16_cache", "bf16 cos and sin", "exact angle; cos and sin kept in bf16", Family::stored_16,
     stored_as<bfloat16>},
    {"fp16_cache", "fp16 cos and sin", "exact angle; cos and sin kept in fp16", Family::stored_16,
     stored_as<float16>},
    {"bf16_positions", "bf16 position", "position rounded to bf16; product in float", Family::position_16,
     position_as<bfloat16>},
    {"fp16_positions", "fp16 position", "position rounded to fp16; product in float", Family::position_16,
     position_as<float16>},
    {"bf16_angle", "bf16 angle", "float product, rounded to bf16", Family::angle_16, angle_as<bfloat16>},
    {"fp16_angle", "fp16 angle", "float product, rounded to fp16", Family::angle_16, angle_as<float16>},
}};

}  // namespace

Bands bands_of(double base, std::size_t width) {
  Bands bands{base, width, {}};
  bands.omega = dope::native_frequencies(dope::RopeParameters{base, width, width, 1}).omega;
  return bands;
}

std::span<const Arithmetic> arithmetics() { return all; }

const Arithmetic& arithmetic_named(std::string_view name) {
  std::string known;
  for (const Arithmetic& arithmetic : all) {
    if (arithmetic.name == name) return arithmetic;
    known += (known.empty() ? "" : ", ") + std::string(arithmetic.name);
  }
  throw dope::Error("arithmetic", '"' + std::string(name) + '"', "one of " + known);
}

}  // namespace atlas
