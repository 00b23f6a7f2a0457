// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "dope/spectral.hpp"

namespace spectrum {

/// The spectra of one head whose rows X [N, d] are fewer than its channels, N < d, from X Xᵀ.
///
/// XᵀX [d, d] and X Xᵀ [N, N] have the same eigenvalues but for d − N zeros, so that N²·d steps do instead of
/// d³. Law: equal to dope::spectrum_of, band_grams_of and eigensystem_of of the rows' Grams to rounding,
/// about d·2⁻⁵²·λ₁ per eigenvalue. Throws dope::Error as they do, for rows that are not finite or all zero.
class FewRows {
 public:
  explicit FewRows(dope::HeadView<const double> rows);

  /// [d] values, the last d − N of them 0.
  [[nodiscard]] dope::Spectrum spectrum() const;

  /// Of the rows about their mean, each divided by its norm; none where all rows are equal.
  [[nodiscard]] std::optional<dope::Spectrum> centred_spectrum() const;

  /// x·v_i/‖x‖ of the rows at `tokens`, v_i as dope::eigensystem_of orders and signs them; 0 for a zero row,
  /// and for eigenvalues of rounding alone. Shape: [tokens, d].
  [[nodiscard]] std::vector<double> cosines(std::span<const std::size_t> tokens) const;

 private:
  dope::HeadView<const double> rows_;
};

}  // namespace spectrum
