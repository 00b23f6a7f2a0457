// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

namespace lab {

/// Φ⁻¹(0.975): the standard normal lies within ±z with probability 95 %.
inline constexpr double z_95 = 1.959963984540054;

struct Interval {
  double low = 0.0;
  double high = 1.0;
};

/// Wilson's score interval of a proportion p̂ = hits/trials (Wilson 1927, DOI
/// 10.1080/01621459.1927.10502953):
///   (p̂ + z²/2n ± z·√(p̂(1 − p̂)/n + z²/4n²)) / (1 + z²/n), n = trials.
///
/// Law: 0 ≤ low ≤ p̂ ≤ high ≤ 1, low = 0 at no hit and high = 1 at all hits, exactly; [0, 1] for no
/// trials. Throws dope::Error for hits > trials or z that is not positive and finite.
[[nodiscard]] Interval wilson(std::size_t hits, std::size_t trials, double z = z_95);

/// A share in percent with one decimal: 0.8182 → "81.8". Precondition: finite.
[[nodiscard]] std::string percent(double share);

/// Proportion with its 95 % Wilson interval in percent: "81.8 [65.6, 91.4]"; "–" for no trials.
[[nodiscard]] std::string percent_with_interval(std::size_t hits, std::size_t trials);

}  // namespace lab
