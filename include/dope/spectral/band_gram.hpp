// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <vector>

#include "dope/core/error.hpp"
#include "dope/core/ieee.hpp"
#include "dope/core/scalar.hpp"
#include "dope/core/view.hpp"
#include "dope/rope/pairing.hpp"
#include "dope/spectral/checked.hpp"
#include "dope/spectral/gram.hpp"
#include "dope/spectral/matrix.hpp"

namespace dope {

/// A symmetric, positive semidefinite 2 × 2 matrix [[xx, xy], [xy, yy]]: the Gram of one band.
struct BandGram {
  double xx = 0.0;
  double xy = 0.0;
  double yy = 0.0;

  [[nodiscard]] double trace() const noexcept { return xx + yy; }

  /// xx·yy − xy² without cancellation (fused; within 2 ulp), at least 0; past double's range infinite, below
  /// it 0 or of fewer digits.
  [[nodiscard]] double determinant() const noexcept {
    const Scaled scaled = scaled_to_one();
    return std::ldexp(scaled.determinant, scaled.x + scaled.y);
  }

  /// λ₁, and λ₂ as determinant / λ₁, so that a small λ₂ keeps its digits. Worst error: a few ulp, for any xx
  /// and yy of magnitude up to 2¹⁰²².
  [[nodiscard]] double largest() const noexcept { return 0.5 * trace() + std::hypot(0.5 * (xx - yy), xy); }
  [[nodiscard]] double smallest() const noexcept {
    const Scaled scaled = scaled_to_one();
    if (scaled.determinant == 0.0) return 0.0;
    const int larger = (std::max)(scaled.x, scaled.y);
    return std::ldexp(scaled.determinant / std::ldexp(largest(), -larger), (std::min)(scaled.x, scaled.y));
  }

  /// Angle of the principal direction u₁ = (cos, sin), in (−π/2, π/2]; 0 where none is preferred.
  [[nodiscard]] double principal_angle() const noexcept { return 0.5 * std::atan2(xy, 0.5 * (xx - yy)); }

  bool operator==(const BandGram&) const = default;

 private:
  /// The determinant of D·Σ·D, D = diag(2^(−x/2), 2^(−y/2)), whose diagonal is near 1: exact powers of two,
  /// so that no product of two entries leaves double's range, whatever their sizes.
  struct Scaled {
    double determinant;
    int x;
    int y;
  };
  [[nodiscard]] Scaled scaled_to_one() const noexcept {
    if (!(xx > 0.0 && yy > 0.0)) return {0.0, 0, 0};
    const int x = std::ilogb(xx);
    const int y = std::ilogb(yy) + (x + std::ilogb(yy)) % 2;  // x + y even
    const double a = std::ldexp(xx, -x);
    const double b = std::ldexp(yy, -y);
    const double c = std::ldexp(xy, -(x + y) / 2);
    const double square = c * c;
    const double rest = std::fma(-c, c, square);
    const double determinant = std::fma(a, b, -square) + rest;
    return {determinant > 0.0 ? determinant : 0.0, x, y};
  }
};

/// The 2 × 2 Grams of a head's bands, streaming and mergeable, in double.
///
/// Σ_f = Σ_t (x_a, x_b)ᵀ(x_a, x_b), (a, b) the channels of band f (arXiv 2511.09146 v1 eq. 15).
/// Shape: `bands` matrices; channels at or past 2·bands belong to no band. Law: the 2 × 2 diagonal
/// blocks of the head's Gram, which is also how a centred or normalised head gets them (band_grams_of).
/// A failed add changes nothing.
class BandGrams {
 public:
  BandGrams(std::size_t bands, Pairing pairing) : pairing_(pairing), grams_(bands) {
    if (bands == 0) fail("BandGrams", "0 bands", "at least 1");
  }

  /// Throws Error on non-finite input (naming the token), or where the bands do not fit the width.
  template <Readable T>
  void add(HeadView<T> rows) {
    if (rows.width < 2 * bands()) {
      fail("BandGrams::add", detail::text("width ", rows.width),
           detail::text("at least ", 2 * bands(), " channels for ", bands(), " bands"));
    }
    detail::checked_peak("BandGrams::add", rows, rows.width);
    for (std::size_t token = 0; token < rows.tokens; ++token) {
      const auto* row = rows.row(token);
      for (std::size_t band = 0; band < bands(); ++band) {
        const ChannelPair pair = channels_of(pairing_, band, 2 * bands());
        const auto x = static_cast<double>(row[pair.first]);
        const auto y = static_cast<double>(row[pair.second]);
        grams_[band].xx += x * x;
        grams_[band].xy += x * y;
        grams_[band].yy += y * y;
      }
    }
    tokens_ += rows.tokens;
  }

  /// Throws Error unless bands and pairing are equal.
  void merge(const BandGrams& other) {
    if (other.bands() != bands() || other.pairing_ != pairing_) {
      fail("BandGrams::merge", detail::text(other.bands(), " bands"),
           detail::text(bands(), " bands and equal pairing"));
    }
    for (std::size_t band = 0; band < bands(); ++band) {
      grams_[band].xx += other.grams_[band].xx;
      grams_[band].xy += other.grams_[band].xy;
      grams_[band].yy += other.grams_[band].yy;
    }
    tokens_ += other.tokens_;
  }

  [[nodiscard]] std::size_t bands() const noexcept { return grams_.size(); }
  [[nodiscard]] std::size_t tokens() const noexcept { return tokens_; }
  [[nodiscard]] Pairing pairing() const noexcept { return pairing_; }

  /// Precondition: band < bands() (checked: Error).
  [[nodiscard]] const BandGram& operator[](std::size_t band) const {
    if (band >= bands()) {
      fail("BandGrams", detail::text("band ", band), detail::text("a band below ", bands()));
    }
    return grams_[band];
  }

  template <std::same_as<Gram> AGram>
  friend BandGrams band_grams_of(const AGram& gram, Pairing pairing, std::size_t bands);

 private:
  Pairing pairing_;
  std::vector<BandGram> grams_;
  std::size_t tokens_ = 0;
};

/// The bands' blocks of a head's Gram, under that Gram's own centring, row scaling and accumulation.
/// Precondition: 2·bands ≤ width (checked: Error).
template <std::same_as<Gram> AGram>
[[nodiscard]] BandGrams band_grams_of(const AGram& gram, Pairing pairing, std::size_t bands) {
  if (2 * bands > gram.width()) {
    fail("band_grams_of", detail::text(bands, " bands of width ", gram.width()),
         detail::text("at most ", gram.width() / 2, " bands"));
  }
  const Matrix matrix = gram.matrix();
  BandGrams blocks(bands, pairing);
  for (std::size_t band = 0; band < bands; ++band) {
    const ChannelPair pair = channels_of(pairing, band, 2 * bands);
    const auto a = static_cast<Eigen::Index>(pair.first);
    const auto b = static_cast<Eigen::Index>(pair.second);
    blocks.grams_[band] = {matrix(a, a), matrix(a, b), matrix(b, b)};
  }
  blocks.tokens_ = gram.tokens();
  return blocks;
}

}  // namespace dope
