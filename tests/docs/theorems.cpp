// SPDX-License-Identifier: MIT
// How tight the bounds of docs/paper.md are. For each: rows that meet it, and rows on which the library
// measures more than it says, by a factor that an equation predicts. Rows are made here; what is expected of
// them comes from closed formulas. The table of the section "How tight" has a row for every test case.
#include <doctest/doctest.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <dope/core/view.hpp>
#include <dope/rope/frequencies.hpp>
#include <dope/rope/pairing.hpp>
#include <dope/rope/rotate.hpp>
#include <dope/rope/table.hpp>
#include <dope/spectral/attention.hpp>
#include <dope/spectral/band_gram.hpp>
#include <dope/spectral/bands.hpp>
#include <dope/spectral/entropy.hpp>
#include <dope/spectral/gram.hpp>
#include <dope/spectral/metrics.hpp>
#include <dope/spectral/spectrum.hpp>
#include <numbers>
#include <span>
#include <vector>

namespace {

using std::numbers::pi;

// Sums of at most 4096 doubles are right to 4096·2⁻⁵³ = 5e-13; cos² γ of a γ that is right to 2⁻⁵² is right
// to 2⁻⁵¹ tan γ, 3e-13 at the widest cone below.
constexpr double rounding = 1e-11;
// A singular value that should be 0 is the root of an eigenvalue that is right to 2⁻⁵² of the largest.
constexpr double root_of_rounding = 1e-7;
// Numbers that docs/paper.md quotes.
constexpr double quoted = 5e-3;

doctest::Approx exactly(double value) { return doctest::Approx(value).epsilon(rounding).scale(0.0); }
doctest::Approx about(double value, double share) { return doctest::Approx(value).epsilon(share).scale(0.0); }

/// One row of a band.
struct Arrow {
  double length;
  double angle;
};
using Arrows = std::vector<Arrow>;

Arrows straight(std::size_t count, double angle = 0.0, double length = 1.0) {
  return Arrows(count, Arrow{length, angle});
}

/// Every length twice, once at either edge of the cone.
Arrows at_edges(const std::vector<double>& lengths, double gamma, double axis = 0.3) {
  Arrows arrows;
  for (const double length : lengths) {
    arrows.push_back({length, axis - gamma});
    arrows.push_back({length, axis + gamma});
  }
  return arrows;
}

Arrows at_edges(std::size_t count, double gamma, double axis = 0.3, double length = 1.0) {
  return at_edges(std::vector<double>(count / 2, length), gamma, axis);
}

/// `pairs` unit pairs at the edges of the cone, the other rows on its axis: a share 2·pairs/count is at the
/// edges.
Arrows partly_at_edges(std::size_t count, std::size_t pairs, double gamma, double axis = 0.3) {
  Arrows arrows = at_edges(2 * pairs, gamma, axis);
  const Arrows others = straight(count - 2 * pairs, axis);
  arrows.insert(arrows.end(), others.begin(), others.end());
  return arrows;
}

std::vector<double> rows_of(const Arrows& arrows) {
  std::vector<double> rows;
  for (const Arrow& arrow : arrows) {
    rows.push_back(arrow.length * std::cos(arrow.angle));
    rows.push_back(arrow.length * std::sin(arrow.angle));
  }
  return rows;
}

/// The paper's own keys: one unit row, turned by ω a token.
std::vector<double> turning(std::size_t tokens, double omega, double start = 0.0) {
  std::vector<double> rows = rows_of(straight(tokens, start));
  const dope::RotationTable<double> table(dope::Frequencies{{omega}, 1.0}, 0, tokens);
  dope::rotate(dope::dense_head(rows.data(), tokens, 2), table.view(), dope::Pairing::interleaved);
  return rows;
}

dope::HeadView<const double> view_of(const std::vector<double>& rows) {
  return dope::dense_head(rows.data(), rows.size() / 2, 2);
}

dope::BandReport report_of(const std::vector<double>& rows) {
  return dope::band_reports(view_of(rows), dope::Pairing::interleaved, 1)[0];
}
dope::BandReport report_of(const Arrows& arrows) { return report_of(rows_of(arrows)); }

double band_entropy(const std::vector<double>& rows) {
  dope::BandGrams grams(1, dope::Pairing::interleaved);
  grams.add(view_of(rows));
  return dope::band_mean(grams);
}

double sum_ratio(const dope::BandReport& report) { return report.coherent_sum / report.coherent_sum_bound; }
double eigenvalue_ratio(const dope::BandReport& report) {
  return report.largest_eigenvalue / report.largest_eigenvalue_bound;
}
/// λ_max against cos² γ · tr, the sharper bound.
double sharper_ratio(const dope::BandReport& report) {
  return report.largest_eigenvalue / (std::pow(std::cos(report.cone_half_angle), 2) * report.gram.trace());
}

/// Entries ⟨q_i, k_j⟩/√d, row after row.
std::vector<double> entries(const std::vector<double>& queries, const std::vector<double>& keys, double d) {
  std::vector<double> scores;
  for (std::size_t i = 0; i < queries.size(); i += 2) {
    for (std::size_t j = 0; j < keys.size(); j += 2) {
      scores.push_back((queries[i] * keys[j] + queries[i + 1] * keys[j + 1]) / std::sqrt(d));
    }
  }
  return scores;
}

double largest_modulus(const std::vector<double>& values) {
  double largest = 0.0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

double mean(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double rms(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum / static_cast<double>(values.size()));
}

double most(const std::vector<double>& values) { return *std::max_element(values.begin(), values.end()); }

/// h(p), the entropy of two shares.
double two_shares(double p) {
  return (p > 0.0 ? -p * std::log(p) : 0.0) - (p < 1.0 ? (1.0 - p) * std::log(1.0 - p) : 0.0);
}

/// The spectrum of rows √λ_i along channel i.
dope::Spectrum spectrum_with(const std::vector<double>& lambda) {
  std::vector<double> rows(lambda.size() * lambda.size(), 0.0);
  for (std::size_t i = 0; i < lambda.size(); ++i) rows[i * lambda.size() + i] = std::sqrt(lambda[i]);
  dope::GramOptions options;
  options.accumulation = dope::Accumulation::double_blocks;
  return dope::spectrum_of(dope::gram_of(
      dope::dense_head(static_cast<const double*>(rows.data()), lambda.size(), lambda.size()), options));
}

/// λ₁, then `others` equal eigenvalues of sum `rest`.
std::vector<double> even_rest(double first, double rest, std::size_t others) {
  std::vector<double> lambda{first};
  lambda.insert(lambda.end(), others, rest / static_cast<double>(others));
  return lambda;
}

const std::vector<double> uneven{1.0, 1.5, 2.0, 4.0, 9.0};  // lengths: mean 3.5, β_rms² = 20.85

}  // namespace

TEST_CASE("how tight: coherent sum") {
  // Met: every ⟨u, k_j⟩ is β_min cos γ, and what stands across u cancels.
  for (const double gamma : {0.0, 0.1, 0.7, 1.2, 1.5}) {
    for (const std::size_t count : {2u, 16u, 4096u}) {
      for (const double length : {0.25, 1.0, 30.0}) {
        const auto report = report_of(at_edges(count, gamma, 2.0, length));
        CHECK(report.cone_half_angle == doctest::Approx(gamma).epsilon(rounding));
        CHECK(sum_ratio(report) == exactly(1.0));
      }
    }
    // Loose as the lengths are: β_mean/β_min. N cos γ β_mean is still met.
    CHECK(sum_ratio(report_of(at_edges(uneven, gamma))) == exactly(3.5));
    for (const double ratio : {10.0, 1e3, 1e6}) {
      CHECK(sum_ratio(report_of(at_edges({1.0, ratio, ratio, ratio}, gamma))) ==
            exactly((1.0 + 3.0 * ratio) / 4.0));
    }
    // Loose as the cone is filled: with a share w at the edges, 1/cos γ − w(1/cos γ − 1).
    for (const std::size_t pairs : {1u, 8u, 31u, 32u}) {
      const double w = static_cast<double>(2 * pairs) / 64.0;
      const double expected = 1.0 / std::cos(gamma) - w * (1.0 / std::cos(gamma) - 1.0);
      CHECK(sum_ratio(report_of(partly_at_edges(64, pairs, gamma))) == exactly(expected));
    }
  }
  CHECK(sum_ratio(report_of(partly_at_edges(4096, 1, 1.5))) == about(14.13, quoted));
}

TEST_CASE("how tight: amplification") {
  // Met up to γ = π/4: the axis is the principal direction, and every ⟨u, k_j⟩² is β_min² cos² γ.
  for (const double gamma : {0.0, 0.1, 0.5, pi / 4}) {
    for (const std::size_t count : {2u, 16u, 4096u}) {
      const auto report = report_of(at_edges(count, gamma, -1.0, 3.0));
      CHECK(eigenvalue_ratio(report) == exactly(1.0));
      CHECK(report.largest_singular_value() / report.largest_singular_value_bound() == exactly(1.0));
    }
    // Loose as the lengths are: (β_rms/β_min)², and σ₁ by its root.
    const auto report = report_of(at_edges(uneven, gamma));
    CHECK(eigenvalue_ratio(report) == exactly(20.85));
    CHECK(report.largest_singular_value() / report.largest_singular_value_bound() ==
          exactly(std::sqrt(20.85)));
    for (const double ratio : {10.0, 1e3, 1e6}) {
      const std::vector<double> lengths{1.0, ratio, ratio, ratio};
      CHECK(eigenvalue_ratio(report_of(at_edges(lengths, gamma))) ==
            exactly((1.0 + 3.0 * ratio * ratio) / 4.0));
    }
  }
  // One key of length 0 and the bound is 0, in a cone or not.
  Arrows weak = straight(100);
  weak.push_back({0.0, 0.0});
  CHECK(report_of(weak).in_cone());
  CHECK(report_of(weak).largest_eigenvalue_bound == 0.0);
  CHECK(report_of(weak).largest_eigenvalue == exactly(100.0));
  // No cone, and the strongest amplification there is: keys of both signs.
  const auto both_signs = report_of(Arrows{{1.0, 0.0}, {1.0, pi}, {1.0, 0.0}, {1.0, pi}});
  CHECK(both_signs.largest_eigenvalue_bound < 4.0 * rounding);
  CHECK(both_signs.largest_eigenvalue == exactly(4.0));
}

TEST_CASE("how tight: cos^2 of the trace") {
  // Met at the edges, whatever the lengths: both edges of a length together have the axis as principal
  // direction.
  for (const double gamma : {0.0, 0.1, 0.5, pi / 4}) {
    CHECK(sharper_ratio(report_of(at_edges(uneven, gamma))) == exactly(1.0));
    CHECK(sharper_ratio(report_of(at_edges({0.0, 1.0, 1e6}, gamma))) == exactly(1.0));
  }
  // With a share w at the edges and w sin² γ ≤ ½: 1/cos² γ − w tan² γ.
  for (const double gamma : {0.1, 0.7, 1.2, 1.5}) {
    for (const std::size_t pairs : {1u, 8u, 16u}) {
      const double w = static_cast<double>(2 * pairs) / 64.0;
      const double expected = 1.0 / std::pow(std::cos(gamma), 2) - w * std::pow(std::tan(gamma), 2);
      const auto report = report_of(partly_at_edges(64, pairs, gamma));
      CHECK(sharper_ratio(report) == exactly(expected));
      CHECK(eigenvalue_ratio(report) == exactly(expected));
    }
  }
  CHECK(eigenvalue_ratio(report_of(partly_at_edges(4096, 1, 1.5))) == about(199.8, quoted));
  // Above π/4 the bound is below ½ tr, which every Gram has. All at the edges: tan² γ, the principal
  // direction now across the axis.
  for (const double gamma : {0.8, 1.0, 1.2, 1.5}) {
    CHECK(sharper_ratio(report_of(at_edges(16, gamma))) == exactly(std::pow(std::tan(gamma), 2)));
  }
  // max(½, cos² γ) tr is the best that γ gives: with w = 1/(2 sin² γ) at the edges λ_max is ½ tr.
  struct Counts {
    std::size_t count, pairs;
  };
  for (const Counts counts : {Counts{3, 1}, Counts{8, 3}, Counts{16, 5}, Counts{100, 49}}) {
    const auto n = static_cast<double>(counts.count);
    const double gamma = std::asin(std::sqrt(n / (4.0 * static_cast<double>(counts.pairs))));
    const auto report = report_of(partly_at_edges(counts.count, counts.pairs, gamma));
    CHECK(gamma > pi / 4);
    CHECK(report.in_cone());
    CHECK(report.largest_eigenvalue == exactly(0.5 * n));
    CHECK(sharper_ratio(report) == exactly(0.5 / std::pow(std::cos(gamma), 2)));
  }
}

TEST_CASE("how tight: entropy of a cone") {
  for (const double gamma : {0.1, 0.5, pi / 4}) {
    const double bound = two_shares(std::pow(std::cos(gamma), 2));
    CHECK(band_entropy(rows_of(at_edges(16, gamma))) == exactly(bound));
    CHECK(band_entropy(rows_of(at_edges(uneven, gamma))) == exactly(bound));
    // With a share w at the edges: h(w sin² γ).
    for (const std::size_t pairs : {1u, 8u, 31u}) {
      const double w = static_cast<double>(2 * pairs) / 64.0;
      const double expected = two_shares(w * std::pow(std::sin(gamma), 2));
      CHECK(band_entropy(rows_of(partly_at_edges(64, pairs, gamma))) == exactly(expected));
      CHECK(expected < bound);
    }
  }
  CHECK(band_entropy(rows_of(partly_at_edges(4096, 1, pi / 4))) == about(0.00228, quoted));
  // γ ≤ π/4 is needed: three keys at −60°, 0, 60° have entropy ln 2, above h(cos² 60°) = 0.562.
  CHECK(band_entropy(rows_of(partly_at_edges(3, 1, pi / 3))) == exactly(std::log(2.0)));
  CHECK(two_shares(0.25) == about(0.562, quoted));
}

TEST_CASE("how tight: one key, turned") {
  for (const std::size_t tokens : {8u, 512u, 4096u}) {
    const auto n = static_cast<double>(tokens);
    for (const double gamma : {0.05, 0.3, pi / 4, 1.0, 1.5, 2.0, 3.0}) {
      const double omega = 2.0 * gamma / (n - 1.0);
      if (gamma > pi - 0.5 * omega) continue;  // once around: γ stays
      const auto report = report_of(turning(tokens, omega));
      const double turned = std::abs(std::sin(n * omega) / (n * std::sin(omega)));
      CHECK(report.cone_half_angle == exactly(gamma));
      CHECK(report.coherent_sum == exactly(std::abs(std::sin(0.5 * n * omega) / std::sin(0.5 * omega))));
      CHECK(report.largest_eigenvalue == exactly(0.5 * n * (1.0 + turned)));
      CHECK(report.in_cone() == (gamma < pi / 2));
      if (gamma > pi / 2) {
        CHECK(report.coherent_sum_bound == 0.0);
        CHECK(report.largest_eigenvalue_bound == 0.0);
      } else if (tokens == 4096) {
        const double filled = 0.5 * (1.0 + std::sin(2.0 * gamma) / (2.0 * gamma));
        CHECK(sum_ratio(report) == about(std::tan(gamma) / gamma, 1.0 / n));
        CHECK(eigenvalue_ratio(report) == about(filled / std::pow(std::cos(gamma), 2), 2.0 / n));
      }
    }
    // ω = π/N, half a turn: a cone of γ < π/2 around an isotropic Gram. The sum is at its longest.
    const auto half = report_of(turning(tokens, pi / n));
    const double sine = std::sin(0.5 * pi / n);
    CHECK(half.in_cone());
    CHECK(half.largest_eigenvalue == exactly(0.5 * n));
    CHECK(band_entropy(turning(tokens, pi / n)) == exactly(std::log(2.0)));
    CHECK(half.coherent_sum == exactly(1.0 / sine));
    CHECK(sum_ratio(half) == about(1.0 / (n * sine * sine), root_of_rounding));  // cos γ is nearly 0
    CHECK(eigenvalue_ratio(half) == about(0.5 / (sine * sine), root_of_rounding));
    // ω = 2π/N, the threshold of by parts: no cone, isotropic, the sum cancels.
    const auto whole = report_of(turning(tokens, 2.0 * pi / n));
    CHECK_FALSE(whole.in_cone());
    CHECK(whole.largest_eigenvalue == exactly(0.5 * n));
    CHECK(whole.coherent_sum < n * rounding);
  }
  CHECK(eigenvalue_ratio(report_of(turning(512, pi / 512.0))) == about(53100.0, quoted));
  CHECK(sum_ratio(report_of(turning(512, pi / 512.0))) == about(207.5, quoted));

  // At a fixed frequency no bound grows for ever: that on the sum is greatest where (Nω/2) tan(ω(N − 1)/2)
  // passes 1, at 0.86 · 2/ω; the sum where Nω passes π.
  const double omega = 0.01;
  const auto rows = turning(400, omega);
  std::size_t best_bound = 1;
  std::size_t best_sum = 1;
  std::vector<dope::BandReport> reports;
  for (std::size_t tokens = 1; tokens <= 400; ++tokens) {
    reports.push_back(dope::band_reports(view_of(rows).slice(0, tokens), dope::Pairing::interleaved, 1)[0]);
    if (reports[tokens - 1].coherent_sum_bound > reports[best_bound - 1].coherent_sum_bound)
      best_bound = tokens;
    if (reports[tokens - 1].coherent_sum > reports[best_sum - 1].coherent_sum) best_sum = tokens;
  }
  const auto slope = [&](std::size_t tokens) {
    const auto n = static_cast<double>(tokens);
    return 0.5 * n * omega * std::tan(0.5 * omega * (n - 1.0));
  };
  CHECK(slope(best_bound - 1) < 1.0);
  CHECK(slope(best_bound + 1) > 1.0);
  CHECK(best_bound == 173);
  CHECK(best_sum == 314);
  CHECK(reports[315 - 1].in_cone());
  CHECK_FALSE(reports[316 - 1].in_cone());
}

namespace {

/// σ₁ of [[c, ρ_k s], [−ρ_q s, ρ_q ρ_k c]], c = cos ψ and s = sin ψ: what is measured of a score matrix, of
/// σ₁(Q)σ₁(K)/√d, where the second singular values are shares ρ of the first.
double against_product(double rho_q, double rho_k, double psi) {
  const double c2 = std::pow(std::cos(psi), 2);
  const double s2 = std::pow(std::sin(psi), 2);
  const double q2 = rho_q * rho_q;
  const double k2 = rho_k * rho_k;
  const double trace = c2 + (q2 + k2) * s2 + q2 * k2 * c2;
  return std::sqrt(0.5 * (trace + std::sqrt(std::max(0.0, trace * trace - 4.0 * q2 * k2))));
}

/// σ₁(Q)σ₁(K)/√d: the upper bound that v2's proof of A.5 starts from.
double product_of(const dope::BandReport& query, const dope::BandReport& key, double d) {
  return query.largest_singular_value() * key.largest_singular_value() / std::sqrt(d);
}

}  // namespace

TEST_CASE("how tight: scores from principal directions") {
  for (const std::size_t d : {2u, 128u}) {
    const auto width = static_cast<double>(d);
    // Met for every ψ where both sides are of one direction, and for ψ = 0 whatever their shapes.
    for (const double psi : {0.0, 0.4, 1.0, 1.5}) {
      const auto query = report_of(straight(7, 1.1, 2.0));
      const auto key = report_of(straight(16, 1.1 + psi, 0.5));
      const auto score = dope::band_score_report(query, key, d);
      CHECK(score.angle == doctest::Approx(psi).epsilon(rounding));
      CHECK(score.largest_singular_value == exactly(product_of(query, key, width) * std::cos(psi)));
    }
    const auto uneven_side = report_of(at_edges(uneven, 0.6, 0.3));
    for (const auto& other :
         {report_of(at_edges(64, 0.2, 0.3)), report_of(at_edges(uneven, 0.7, 0.3 + pi))}) {
      const auto score = dope::band_score_report(uneven_side, other, d);
      CHECK(score.largest_singular_value == exactly(product_of(uneven_side, other, width)));
    }
    // No cone is needed: the same key and query, turned a third of a turn further than a cone allows.
    const auto turned = report_of(turning(64, 4.0 * pi / 3.0 / 63.0));
    CHECK_FALSE(turned.in_cone());
    CHECK(dope::band_score_report(turned, turned, d).largest_singular_value ==
          exactly(product_of(turned, turned, width)));

    // One direction against a cone whose keys are at its edges, ρ = tan γ: √(1 + tan² γ tan² ψ).
    for (const double gamma : {0.1, 0.5, 0.75}) {
      for (const double psi : {0.3, 1.0, 1.5, 1.57}) {
        const auto query = report_of(straight(5, 0.3 + psi));
        const auto key = report_of(at_edges(16, gamma, 0.3));
        const auto score = dope::band_score_report(query, key, d);
        const double bound = product_of(query, key, width) * std::cos(score.angle);
        CHECK(score.largest_singular_value / bound ==
              about(std::hypot(1.0, std::tan(gamma) * std::tan(psi)), root_of_rounding));  // cos ψ nearly 0
        const auto wide = report_of(at_edges(8, 0.6, 0.3 + psi));
        CHECK(dope::band_score_report(wide, key, d).largest_singular_value ==
              exactly(product_of(wide, key, width) * against_product(std::tan(0.6), std::tan(gamma), psi)));
      }
    }
    // The upper bound is loose without end: orthogonal sides of one direction score 0.
    const auto across = dope::band_score_report(report_of(straight(5)), report_of(straight(5, pi / 2)), d);
    CHECK(across.largest_singular_value * std::sqrt(width) < root_of_rounding);
  }
  const auto score =
      dope::band_score_report(report_of(straight(5, 1.87)), report_of(at_edges(16, 0.75, 0.3)), 2);
  const double bound =
      product_of(report_of(straight(5)), report_of(at_edges(16, 0.75)), 2.0) * std::cos(1.57);
  CHECK(score.largest_singular_value / bound == about(1170.0, quoted));
}

TEST_CASE("how tight: scores from two cones") {
  for (const std::size_t d : {2u, 128u}) {
    // Met at the edges, equal lengths and one axis; and for every ψ by two directions. √(MN), not N. At γ =
    // π/4 the Gram is isotropic, and the axis one of its principal directions among all.
    for (const double gamma : {0.0, 0.3, 0.78}) {
      const auto query = report_of(at_edges(4, gamma, 0.3, 2.0));
      const auto key = report_of(at_edges(64, 0.5, 0.3, 5.0));
      const auto score = dope::band_score_report(query, key, d);
      const double expected =
          2.0 * 5.0 * std::sqrt(4.0 * 64.0 / static_cast<double>(d)) * std::cos(gamma) * std::cos(0.5);
      CHECK(score.largest_singular_value == exactly(expected));
      CHECK(score.largest_singular_value_bound == exactly(expected));
    }
    for (const double psi : {0.4, 1.0, 1.5}) {
      const auto score = dope::band_score_report(report_of(straight(3)), report_of(straight(8, psi)), d);
      CHECK(score.largest_singular_value == exactly(score.largest_singular_value_bound));
    }
    // Loose as the lengths are: (α_rms/α_min)(β_rms/β_min).
    const auto score =
        dope::band_score_report(report_of(at_edges(uneven, 0.4)), report_of(at_edges({1.0, 7.0}, 0.2)), d);
    CHECK(score.largest_singular_value / score.largest_singular_value_bound ==
          exactly(std::sqrt(20.85 * 25.0)));
    // One query and key, turned: ½(1 + |sin Nω/(N sin ω)|)/cos² γ.
    for (const double gamma : {0.1, pi / 4, 1.5}) {
      const auto turned = report_of(turning(512, 2.0 * gamma / 511.0));
      const auto both = dope::band_score_report(turned, turned, d);
      const double turn =
          std::abs(std::sin(512.0 * 2.0 * gamma / 511.0) / (512.0 * std::sin(2.0 * gamma / 511.0)));
      CHECK(both.largest_singular_value / both.largest_singular_value_bound ==
            exactly(0.5 * (1.0 + turn) / std::pow(std::cos(gamma), 2)));
    }
  }
  // N in place of √(MN): with one query, N/√N too much.
  for (const std::size_t count : {16u, 4096u}) {
    const auto score = dope::band_score_report(report_of(straight(1)), report_of(straight(count)), 1);
    CHECK(static_cast<double>(count) / score.largest_singular_value ==
          exactly(std::sqrt(static_cast<double>(count))));
  }
}

TEST_CASE("how tight: scores from mean directions") {
  const double d = 64.0;
  const auto from_sums = [&](const dope::BandReport& query, const dope::BandReport& key, double psi) {
    const double pairs = static_cast<double>(query.tokens * key.tokens);
    return query.coherent_sum * key.coherent_sum * std::cos(psi) / std::sqrt(d * pairs);
  };
  for (const double gamma : {0.0, 0.3, 0.9, 1.2, 1.5}) {
    const Arrows keys = at_edges(16, gamma, 0.3, 2.0);
    const auto key = report_of(keys);
    // Met for every γ < π/2 by queries along the axis; above π/4 the principal direction is across it and its
    // bound is 0.
    const auto along = report_of(straight(9, 0.3));
    const auto met = dope::band_score_report(along, key, 64);
    CHECK(met.largest_singular_value == exactly(from_sums(along, key, 0.0)));
    CHECK(met.largest_singular_value == exactly(2.0 * std::sqrt(9.0 * 16.0 / d) * std::cos(gamma)));
    if (gamma > pi / 4) {
      CHECK(met.largest_singular_value_bound < root_of_rounding);
      CHECK(met.angle == about(pi / 2, root_of_rounding));
    } else {
      CHECK(met.largest_singular_value == exactly(met.largest_singular_value_bound));
    }
    for (const double psi : {0.2, 1.0, 1.5}) {
      // Queries off the axis: √(1 + tan² γ tan² ψ̄).
      const auto query = report_of(straight(9, 0.3 + psi));
      CHECK(dope::band_score_report(query, key, 64).largest_singular_value / from_sums(query, key, psi) ==
            exactly(std::hypot(1.0, std::tan(gamma) * std::tan(psi))));
      // The mean entry, and its bound from two cones: met at the edges for every γ and ψ̄.
      const Arrows queries = at_edges(4, 0.6, 0.3 + psi, 3.0);
      const double bound = 3.0 * 2.0 * std::cos(0.6) * std::cos(gamma) * std::cos(psi) / std::sqrt(d);
      const auto scores = entries(rows_of(queries), rows_of(keys), d);
      CHECK(mean(scores) == about(bound, 1e-9));  // large entries of both signs cancel
      CHECK(from_sums(report_of(queries), key, psi) / std::sqrt(4.0 * 16.0) == exactly(bound));
      // The largest entry is that of the two nearest edges.
      const double nearest = std::min({std::abs(psi - 0.6 - gamma), std::abs(psi - 0.6 + gamma),
                                       std::abs(psi + 0.6 - gamma), std::abs(psi + 0.6 + gamma)});
      CHECK(most(scores) == exactly(6.0 * std::cos(nearest) / std::sqrt(d)));
      CHECK(most(scores) >= bound);
    }
  }
  // Loose as the cones are filled, both sides at once.
  const double gamma = 1.2;
  const auto filled =
      entries(rows_of(partly_at_edges(32, 1, gamma)), rows_of(partly_at_edges(32, 1, gamma)), d);
  const double one_side = 1.0 / std::cos(gamma) - (1.0 / std::cos(gamma) - 1.0) / 16.0;
  CHECK(mean(filled) / (std::pow(std::cos(gamma), 2) / std::sqrt(d)) == exactly(one_side * one_side));
}

TEST_CASE("how tight: some entry") {
  const double d = 4.0;
  const auto bound_of = [&](const Arrows& queries, const Arrows& keys) {
    return dope::band_score_report(report_of(queries), report_of(keys), 4).entry_bound;
  };
  const auto largest = [&](const Arrows& queries, const Arrows& keys) {
    return largest_modulus(entries(rows_of(queries), rows_of(keys), d));
  };
  // Met by rank one and one modulus; signs do not matter, so no cone is needed.
  const Arrows signs{{3.0, 0.2}, {3.0, 0.2 + pi}, {3.0, 0.2}};
  for (const double psi : {0.0, 1.0, 1.5}) {
    CHECK(bound_of(signs, straight(8, 0.2 + psi, 2.0)) == exactly(3.0 * std::cos(psi)));
    CHECK(largest(signs, straight(8, 0.2 + psi, 2.0)) == exactly(3.0 * std::cos(psi)));
  }
  // One direction, any lengths: (α_max/α_rms)(β_max/β_rms), at most √(MN), where one entry is all there is.
  Arrows lengths;
  for (const double length : uneven) lengths.push_back({length, 0.0});
  CHECK(largest(lengths, lengths) / bound_of(lengths, lengths) ==
        exactly(std::pow(most(uneven) / rms(uneven), 2)));
  for (const std::size_t count : {2u, 64u, 512u}) {
    Arrows first = straight(count, 0.0, 0.0);
    Arrows last = first;
    first.front().length = 1.0;
    last.back().length = 1.0;
    const auto n = static_cast<double>(count);
    CHECK(largest(first, last) / bound_of(first, last) == exactly(n));
    // That entry, of the first query and the last key, is behind the causal mask: all that is seen is 0.
    const auto scores = entries(rows_of(first), rows_of(last), d);
    double seen = 0.0;
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j <= i; ++j) seen = std::max(seen, std::abs(scores[i * count + j]));
    }
    CHECK(seen == 0.0);
    CHECK(bound_of(first, last) == exactly(1.0 / (2.0 * n)));
  }
  // The mask takes from σ₁ too: of equal keys, N without it, 1/(2 sin(π/(4N + 2))) with it, 2N/π for large N.
  for (const Eigen::Index count : {1, 8, 200}) {
    Eigen::MatrixXd visible = Eigen::MatrixXd::Zero(count, count);
    visible.triangularView<Eigen::Lower>().setOnes();
    const auto n = static_cast<double>(count);
    const double sigma = std::sqrt(dope::spectrum_of(visible.transpose() * visible).largest());
    CHECK(sigma == exactly(0.5 / std::sin(pi / (4.0 * n + 2.0))));
    if (count == 200) CHECK(sigma / n == about(2.0 / pi, quoted));
  }
  // Of one query and one key, both turned, the entry at equal positions is ⟨q, k⟩/√d for every N, cone or
  // not: more than the bound from two cones, by 1/cos² γ where both sides turn through γ.
  for (const double gamma : {0.1, 1.0, 1.5, 3.0}) {
    const std::size_t tokens = 128;
    const double omega = 2.0 * gamma / 127.0;
    const auto queries = turning(tokens, omega, 0.4);
    const auto keys = turning(tokens, omega);
    const auto scores = entries(queries, keys, d);
    for (std::size_t i = 0; i < tokens; ++i) CHECK(scores[i * tokens + i] == exactly(std::cos(0.4) / 2.0));
    const auto score = dope::band_score_report(report_of(queries), report_of(keys), 4);
    const double from_cones = score.largest_singular_value_bound / 128.0;
    CHECK(score.angle == exactly(0.4));
    if (gamma < pi / 2) {
      CHECK(scores[0] / from_cones == exactly(1.0 / std::pow(std::cos(gamma), 2)));
    } else {
      CHECK(from_cones == 0.0);
    }
  }
}

TEST_CASE("how tight: A.7, mended") {
  for (const std::size_t r : {2u, 3u, 8u, 32u}) {
    const auto n = static_cast<double>(r);
    for (const double delta : {0.0, 0.3, 0.9, 0.999}) {
      const double share = 1.0 / (2.0 - delta);
      const double bound = two_shares(share) + (1.0 - share) * std::log(n - 1.0);
      // Met where the rest is even; what stands past r does not count.
      auto lambda = even_rest(5.0, 5.0 * (1.0 - delta), r - 1);
      lambda.insert(lambda.end(), 3, 0.5 * lambda.back());
      CHECK(std::log(dope::truncated_effective_rank(spectrum_with(lambda), r)) == exactly(bound));
      // Loose where the rest is one eigenvalue: by (1 − π₁) ln(r − 1), without end as r grows.
      std::vector<double> spike(r, 0.0);
      spike[0] = 5.0;
      spike[1] = 5.0 * (1.0 - delta);
      const double lost = (1.0 - share) * std::log(n - 1.0);
      CHECK(std::log(dope::truncated_effective_rank(spectrum_with(spike), r)) == exactly(bound - lost));
    }
  }
  std::vector<double> two(2, 1.0);
  two.resize(8, 0.0);
  CHECK(std::log(dope::truncated_effective_rank(spectrum_with(two), 8)) == about(0.693, quoted));
  CHECK(two_shares(0.5) + 0.5 * std::log(7.0) == about(1.666, quoted));
}

TEST_CASE("how tight: the truncated mean, from below") {
  const auto with_tail = [](std::vector<double> lambda) {  // what stands past r does not count
    lambda.insert(lambda.end(), 3, 0.5 * lambda.back());
    return spectrum_with(lambda);
  };
  for (const std::size_t r : {2u, 3u, 8u, 32u}) {
    const auto n = static_cast<double>(r);
    const double rest = 4.0;
    const double first = 10.0;
    const double bound = (first * std::log(first) + rest * std::log(rest / (n - 1.0))) / n;
    CHECK(dope::truncated_mean(with_tail(even_rest(first, rest, r - 1)), r) == exactly(bound));
    std::vector<double> spike(r, 0.0);
    spike[0] = first;
    spike[1] = rest;
    CHECK(dope::truncated_mean(with_tail(spike), r) == exactly(bound + rest * std::log(n - 1.0) / n));
    // −1/e is the least value at all, where every λ is 1/e.
    const auto equal = [&](double lambda) {
      return dope::truncated_mean(with_tail(std::vector<double>(r, lambda)), r);
    };
    CHECK(equal(1.0 / std::numbers::e) == exactly(-1.0 / std::numbers::e));
    for (const double factor : {0.5, 0.9, 1.1, 3.0})
      CHECK(equal(factor / std::numbers::e) > -1.0 / std::numbers::e + 1e-4);
  }
}

TEST_CASE("how tight: largest share and entropy") {
  // p₁ ≥ exp(−H), that is stable rank ≤ effective rank: met by m equal eigenvalues, others 0.
  for (const std::size_t m : {1u, 2u, 5u, 40u}) {
    std::vector<double> flat(m, 3.0);
    flat.resize(m + 4, 0.0);
    const auto spectrum = spectrum_with(flat);
    CHECK(dope::spectral_norm(spectrum, dope::NormScale::trace_share) ==
          exactly(std::exp(-dope::von_neumann(spectrum))));
    CHECK(dope::effective_rank(spectrum) == exactly(static_cast<double>(m)));
    CHECK(dope::stable_rank(spectrum) == exactly(static_cast<double>(m)));
  }
  // A spike p over m equal others: p₁ exp(H) = p exp(h(p)) m^(1 − p), without end at a fixed share; and the
  // upper bound H ≤ h(p₁) + (1 − p₁) ln(d − 1) is met, d = m + 1.
  for (const double p : {0.5, 0.6, 0.9}) {
    for (const std::size_t m : {1u, 4u, 32u, 128u}) {
      const auto n = static_cast<double>(m);
      const auto spectrum = spectrum_with(even_rest(p, 1.0 - p, m));
      CHECK(dope::spectral_norm(spectrum, dope::NormScale::trace_share) == exactly(p));
      CHECK(dope::effective_rank(spectrum) / dope::stable_rank(spectrum) ==
            exactly(p * std::exp(two_shares(p)) * std::pow(n, 1.0 - p)));
      CHECK(dope::von_neumann(spectrum) == exactly(two_shares(p) + (1.0 - p) * std::log(n)));
    }
  }
  const auto spectrum = spectrum_with(even_rest(0.5, 0.5, 128));
  CHECK(dope::effective_rank(spectrum) / dope::stable_rank(spectrum) == about(11.31, quoted));
}

TEST_CASE("how tight: ranges of the entropies") {
  for (const std::size_t width : {2u, 8u, 64u}) {
    const auto d = static_cast<double>(width);
    const auto flat = spectrum_with(std::vector<double>(width, 2.0));
    CHECK(dope::von_neumann(flat) == exactly(std::log(d)));
    CHECK(dope::truncated_effective_rank(flat, width / 2) == exactly(d / 2.0));
    CHECK(dope::uncomp(flat, width) == about(1.0, d * dope::uncomp_epsilon));
    CHECK(dope::spectral_norm(flat, dope::NormScale::trace_share) == exactly(1.0 / d));
    std::vector<double> one(width, 0.0);
    one[0] = 2.0;
    const auto single = spectrum_with(one);
    CHECK(dope::von_neumann(single) == 0.0);
    CHECK(dope::truncated_effective_rank(single, width) == 1.0);
    CHECK(std::abs(dope::uncomp(single, width)) < 32.0 * d * dope::uncomp_epsilon);  // −ln 10⁻¹⁰ = 23
    CHECK(dope::spectral_norm(single, dope::NormScale::trace_share) == 1.0);
    // Full rank says nothing of the entropy: d − 1 eigenvalues of ε.
    for (const double epsilon : {1e-3, 1e-6, 1e-9}) {
      const double others = (d - 1.0) * epsilon;
      const double share = 1.0 / (1.0 + others);
      const auto nearly = spectrum_with(even_rest(1.0, others, width - 1));
      CHECK(dope::von_neumann(nearly) == about(two_shares(share) + (1.0 - share) * std::log(d - 1.0), 1e-6));
    }
  }
  CHECK(band_entropy(turning(64, 2.0 * pi / 64.0)) == exactly(std::log(2.0)));
  CHECK(band_entropy(rows_of(straight(64))) == 0.0);
  // One term: at most (1/e)/ln d, at p₁ = 1/e.
  const double p = 1.0 / std::numbers::e;
  const auto peak = dope::spectrum_of(even_rest(p, 1.0 - p, 63));
  CHECK(dope::uncomp(peak, 1) == exactly(p / std::log(64.0)));
  for (const double other : {0.2, 0.35, 0.4, 0.9}) {
    CHECK(dope::uncomp(dope::spectrum_of(even_rest(other, 1.0 - other, 63)), 1) < p / std::log(64.0));
  }
}

TEST_CASE("how tight: amplification and sinks") {
  // Causal attention of equal queries to keys of one direction, of which the first scores higher by t.
  const std::size_t tokens = 200;
  const auto keys_with = [&](double query, double key, double t) {
    std::vector<double> keys = rows_of(straight(tokens, 0.0, key));
    keys[0] += t / query;
    return keys;
  };
  const auto sink_of = [&](double query, double key, double t) {
    const auto scores = entries(rows_of(straight(tokens, 0.0, query)), keys_with(query, key, t), 1.0);
    dope::AttentionMeasures measures({.sinks = 1});
    for (std::size_t i = 0; i < tokens; ++i) {
      const auto first = scores.begin() + static_cast<std::ptrdiff_t>(i * tokens);
      std::vector<double> row(first, first + static_cast<std::ptrdiff_t>(i + 1));
      const double peak = most(row);
      double sum = 0.0;
      for (double& value : row) sum += value = std::exp(value - peak);
      for (double& value : row) value /= sum;
      measures.add_row(std::span<const double>(row));
    }
    return measures.sink_score(0);
  };
  // Mean of e^t/(e^t + i): neither the length of the other keys nor λ_max enters.
  for (const double t : {0.0, 2.0, 5.0, 12.0}) {
    double expected = 0.0;
    for (std::size_t i = 0; i < tokens; ++i) expected += std::exp(t) / (std::exp(t) + static_cast<double>(i));
    expected /= static_cast<double>(tokens);
    CHECK(sink_of(1.0, 0.01, t) == exactly(expected));
    CHECK(sink_of(1.0, 100.0, t) == exactly(expected));
    CHECK(sink_of(1e6, 1e-8, t) == exactly(expected));
  }
  CHECK(report_of(keys_with(1.0, 100.0, 0.0)).largest_eigenvalue == exactly(2e6));
  CHECK(sink_of(1.0, 100.0, 0.0) == about(0.0294, quoted));
  CHECK(report_of(keys_with(1e6, 1e-8, 12.0)).largest_eigenvalue == about(1.44e-10, quoted));
  CHECK(sink_of(1e6, 1e-8, 12.0) == about(0.999, quoted));
}
