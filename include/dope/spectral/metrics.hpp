// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "dope/spectral/entropy.hpp"
#include "dope/spectral/spectrum.hpp"

// Ranks without a threshold, from a spectrum. All are invariant to X → sX and X → XU, U orthogonal,
// and lie in [1, d] to the last bit, at most rank X to rounding (rankme: both to a factor of 1 + d·2·10⁻⁶).
// Each throws Error for an empty or zero spectrum.

namespace dope {

/// exp(−Σ p_i ln p_i), p_i = λ_i/Σλ (Roy & Vetterli 2007, on λ in place of σ).
[[nodiscard]] inline double effective_rank(const Spectrum& spectrum) {
  return (std::min)(std::exp(von_neumann(spectrum)), static_cast<double>(spectrum.width()));
}

/// (Σ λ)²/Σ λ² = (tr Σ)²/‖Σ‖_F².
[[nodiscard]] inline double participation_ratio(const Spectrum& spectrum) {
  detail::require_spectrum("participation_ratio", spectrum);
  double sum = 0.0;
  for (std::size_t i = spectrum.width(); i-- > 0;) sum += spectrum.share(i) * spectrum.share(i);
  return std::clamp(1.0 / sum, 1.0, static_cast<double>(spectrum.width()));
}

/// Σ λ/λ₁ = ‖X‖_F²/‖X‖₂².
[[nodiscard]] inline double stable_rank(const Spectrum& spectrum) {
  detail::require_spectrum("stable_rank", spectrum);
  return (std::min)(spectrum.trace / spectrum.largest(), static_cast<double>(spectrum.width()));
}

/// RankMe: exp(−Σ s_i ln s_i), s_i = σ_i/Σσ + 10⁻⁷ (arXiv 2210.02885), σ_i = √λ_i over all d.
[[nodiscard]] inline double rankme(const Spectrum& spectrum) {
  detail::require_spectrum("rankme", spectrum);
  constexpr double epsilon = 1e-7;
  double total = 0.0;
  for (const double value : spectrum.values) total += std::sqrt(value);
  double entropy = 0.0;
  for (const double value : spectrum.values)
    entropy += detail::minus_x_log_x(std::sqrt(value) / total + epsilon);
  return std::exp(entropy);
}

/// Σ_{j≤i} λ_j/Σλ for i = 1 … d: ascending, at most 1, the last 1 to d·2⁻⁵².
[[nodiscard]] inline std::vector<double> cumulative_energy(const Spectrum& spectrum) {
  detail::require_spectrum("cumulative_energy", spectrum);
  std::vector<double> energy(spectrum.width());
  double sum = 0.0;
  for (std::size_t i = 0; i < energy.size(); ++i) energy[i] = (std::min)(sum += spectrum.share(i), 1.0);
  return energy;
}

}  // namespace dope
