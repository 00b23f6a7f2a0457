// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dope/rope/cos_sin_exact.hpp"
#include "dope/rope/cos_sin_float.hpp"

// How fill_table (table.hpp, where its law is) fills tables of float. Entries are computed in row-major
// order, in the blocks of cos_sin_float.hpp. The few whose angle is near a multiple of ¼ revolution are
// computed once more by cos_sin_exact.hpp. An entry's bits depend on its (m, ω, a) alone, because those of
// both headers do.

namespace dope::detail {

/// Bands with ω ≠ 0, by the real number m·ω. There are at most `most`, so that their steps fit on the stack.
class ExactBands {
 public:
  static constexpr std::size_t most = 256;

  explicit ExactBands(std::span<const double> omega) noexcept : omega_(omega) {
    for (std::size_t band = 0; band < omega.size(); ++band) {
      const CosSinExact exact(omega[band]);
      steps_[band] = {exact.high(), exact.low()};
    }
  }

  [[nodiscard]] std::size_t size() const noexcept { return omega_.size(); }

  /// |m·ω|/2π mod 1 in steps of 2⁻⁶⁴ and the sign of m·ω, for bands [band, band + count).
  void fractions(std::int64_t position, std::size_t band, std::size_t count, std::uint64_t* fraction,
                 std::uint64_t* sign) const noexcept {
    const auto steps = static_cast<std::uint64_t>(position < 0 ? -position : position);
    for (std::size_t i = 0; i < count; ++i) fraction[i] = steps_[band + i].times(steps);
    for (std::size_t i = 0; i < count; ++i) {
      sign[i] =
          top_bit & (std::bit_cast<std::uint64_t>(omega_[band + i]) ^ static_cast<std::uint64_t>(position));
    }
  }

  /// cos and sin where the fraction is near a multiple of ¼.
  [[nodiscard]] CosSin near_quarter(std::int64_t position, std::size_t band) const noexcept {
    const double angle = static_cast<double>(position) * omega_[band];
    // Here sin x = x and cos x = 1, with a relative error of at most 2⁻⁵⁴.
    if (std::abs(angle) < 0x1p-27) return {1.0, angle == 0.0 ? 0.0 : angle};
    return CosSinExact(omega_[band])(position);
  }

 private:
  static constexpr std::uint64_t top_bit = std::uint64_t{1} << 63;
  std::span<const double> omega_;
  RevolutionFraction steps_[most];
};

/// Bands with ω ≠ 0, by the float fl32(fl32(m)·fl32(ω)).
class ProductBands {
 public:
  static constexpr std::size_t most = ExactBands::most;

  explicit ProductBands(std::span<const double> omega) noexcept : omega_(omega) {}

  [[nodiscard]] std::size_t size() const noexcept { return omega_.size(); }

  void fractions(std::int64_t position, std::size_t band, std::size_t count, std::uint64_t* fraction,
                 std::uint64_t* sign) const noexcept {
    const auto m = static_cast<float>(position);
    for (std::size_t i = 0; i < count; ++i) {
      const float angle = m * static_cast<float>(omega_[band + i]);
      fraction[i] = fraction_of_angle(angle);
      sign[i] = static_cast<std::uint64_t>(std::bit_cast<std::uint32_t>(angle) >> 31) << 63;
    }
  }

  [[nodiscard]] CosSin near_quarter(std::int64_t position, std::size_t band) const noexcept {
    return cos_sin_of_float32_product(position, omega_[band]);
  }

 private:
  std::span<const double> omega_;
};

/// Fills rows of cos·a and sin·a, at cos + row·stride and sin + row·stride, for bands with ω ≠ 0.
template <class Bands, class P>
void fill_rotating_bands(const Bands& bands, double attention_factor, std::span<const P> positions,
                         float* cos, float* sin, std::size_t stride) noexcept {
  CosSinBlock block;
  const std::size_t entries = positions.size() * bands.size();
  for (std::size_t first = 0; first < entries; first += CosSinBlock::size) {
    const std::size_t count = (std::min)(CosSinBlock::size, entries - first);
    // Calls step(row, band, n, at) for each part of the block that lies within one row: the block's entries
    // [at, at + n) are bands [band, band + n) of the row.
    const auto each_part = [&](auto step) {
      std::size_t row = first / bands.size();
      std::size_t band = first % bands.size();
      for (std::size_t at = 0; at < count; ++row, band = 0) {
        const std::size_t n = (std::min)(count - at, bands.size() - band);
        step(row, band, n, at);
        at += n;
      }
    };
    each_part([&](std::size_t row, std::size_t band, std::size_t n, std::size_t at) {
      bands.fractions(std::int64_t{positions[row]}, band, n, block.fraction + at, block.sign + at);
    });
    if (!block.evaluate(attention_factor)) {
      each_part([&](std::size_t row, std::size_t band, std::size_t n, std::size_t at) {
        for (std::size_t i = 0; i < n; ++i) {
          if (!CosSinBlock::is_near_quarter(block.fraction[at + i])) continue;
          const CosSin exact = bands.near_quarter(std::int64_t{positions[row]}, band + i);
          block.cos[at + i] = static_cast<float>(exact.cos * attention_factor);
          block.sin[at + i] = static_cast<float>(exact.sin * attention_factor);
        }
      });
    }
    each_part([&](std::size_t row, std::size_t band, std::size_t n, std::size_t at) {
      std::copy_n(block.cos + at, n, cos + row * stride + band);
      std::copy_n(block.sin + at, n, sin + row * stride + band);
    });
  }
}

/// Fills rows of all bands. Those with ω = 0 are (a, 0); each run of others is filled by `Bands`.
template <class Bands, class P>
void fill_float_table(std::span<const double> omega, double attention_factor, std::span<const P> positions,
                      float* cos, float* sin, std::size_t stride) noexcept {
  for (std::size_t first = 0; first < omega.size();) {
    const bool is_still = omega[first] == 0.0;
    const auto is_alike = [&](double w) { return (w == 0.0) == is_still; };
    const std::size_t most = is_still ? omega.size() : Bands::most;
    const auto rest = omega.subspan(first, (std::min)(most, omega.size() - first));
    const auto count =
        static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), is_alike) - rest.begin());
    if (is_still) {
      for (std::size_t row = 0; row < positions.size(); ++row) {
        std::fill_n(cos + row * stride + first, count, static_cast<float>(attention_factor));
        std::fill_n(sin + row * stride + first, count, 0.0f);
      }
    } else {
      fill_rotating_bands(Bands(rest.first(count)), attention_factor, positions, cos + first, sin + first,
                          stride);
    }
    first += count;
  }
}

}  // namespace dope::detail
