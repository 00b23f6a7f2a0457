// SPDX-License-Identifier: MIT
// The snippets of docs/spectral.md.
#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <dope/core/view.hpp>
#include <dope/rope/pairing.hpp>
#include <dope/spectral/attention.hpp>
#include <dope/spectral/band_gram.hpp>
#include <dope/spectral/bands.hpp>
#include <dope/spectral/checked.hpp>
#include <dope/spectral/eigenvalues.hpp>
#include <dope/spectral/entropy.hpp>
#include <dope/spectral/entropy_gradient.hpp>
#include <dope/spectral/gram.hpp>
#include <dope/spectral/spectrum.hpp>
#include <dope/spectral/token_mean.hpp>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace {

std::vector<float> random_rows(std::size_t count) {
  std::mt19937 engine(5);
  std::normal_distribution<float> normal;
  std::vector<float> rows(count);
  for (float& value : rows) value = normal(engine);
  return rows;
}

}  // namespace

TEST_CASE("docs/spectral.md: the numbers it states are those of the headers") {
  std::ifstream file("docs/spectral.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  REQUIRE(!page.empty());
  const auto states = [&](const std::string& text) { return page.find(text) != std::string::npos; };
  // (d + 16)·2⁻⁵² and (N + 32)·2⁻⁵²: what they are at 0, over their slope.
  CHECK(dope::eigenvalue_error(1) - dope::eigenvalue_error(0) == 0x1p-52);
  CHECK(states("(d + " + std::to_string(static_cast<int>(dope::eigenvalue_error(0) * 0x1p+52)) + ")·2⁻⁵²"));
  CHECK(dope::bound_rounding(1) - dope::bound_rounding(0) == 0x1p-52);
  CHECK(states("(N + " + std::to_string(static_cast<int>(dope::bound_rounding(0) * 0x1p+52)) + ")·2⁻⁵²"));
  CHECK(dope::gram_error(dope::Accumulation::float_blocks, 1, std::size_t{1} << 30) <= 0x1p-15);
  CHECK(states("≤ 2⁻¹⁵ tr Σ"));
  CHECK(dope::gram_error(dope::Accumulation::double_blocks, 1, std::size_t{1} << 15) <= 0x1p-44);
  CHECK(states("≤ 2⁻⁴⁴ tr Σ in norm up to 2¹⁵ tokens"));
  const auto factor_error = [](std::size_t width, std::size_t tokens) {
    return dope::gram_error(dope::Accumulation::triangular_factor, width, tokens) * 0x1p+53;
  };
  CHECK(factor_error(0, 0) == 2 * 129);
  CHECK(factor_error(1, 0) - factor_error(0, 0) == 2 * 2.5);
  CHECK(factor_error(64, 512) == 3 * factor_error(64, 0));
  CHECK(states("(2.5d + 129)·2⁻⁵³·‖X‖_F for each 256 tokens"));
  const dope::GramOptions unit{.rows = dope::RowScaling::unit};
  CHECK(dope::preparation_error(unit, 5, 1000) == (5 + 12) * 0x1p-53);
  CHECK(states("(d + 12)·2⁻⁵³"));
  CHECK(dope::mean_error(5) == (5 + 1) * 0x1p-53);
  CHECK(states("(N + 1)·2⁻⁵³"));
  CHECK(dope::attention_error(5, 3) == (5 * 3 + 2 * 3 + 4) * 0x1p-53);
  CHECK(states("(rows·longest + 2·longest + 4)·2⁻⁵³"));
  CHECK(dope::row_sum_error == 0.02);
  CHECK(states("within 0.02 of 1"));
  CHECK(dope::detail::largest_magnitude == 0x1p+480);
  CHECK(states("magnitude up to 2⁴⁸⁰"));
  CHECK(dope::detail::smallest_energy == 0x1p-960);
  CHECK(states("at least 2⁻⁹⁶⁰"));
}

TEST_CASE("docs/spectral.md: a Gram that streams") {
  const std::vector<float> keys = random_rows(300 * 16);
  // [stream]
  const auto rows = dope::dense_head(keys.data(), 300, 16);  // 300 tokens of one head

  dope::Gram gram(16);
  gram.add(rows.slice(0, 100));  // as the tokens arrive

  dope::Gram rest(16);  // or elsewhere, and later together
  rest.add(rows.slice(100, 200));
  gram.merge(rest);
  // [/stream]
  CHECK(gram.tokens() == 300);
  CHECK(gram.matrix().trace() == doctest::Approx(dope::gram_of(rows).matrix().trace()));
}

TEST_CASE("docs/spectral.md: entropies of a head") {
  const std::vector<float> keys = random_rows(300 * 16);
  const auto rows = dope::dense_head(keys.data(), 300, 16);
  const dope::Gram gram = dope::gram_of(rows);
  // [entropy]
  const dope::Spectrum spectrum = dope::spectrum_of(gram);
  const double full = dope::von_neumann(spectrum);                      // −Σ p ln p, 0 … ln 16
  const double rank = dope::truncated_effective_rank(spectrum, 8);      // 1 … 8
  const double printed = dope::truncated_mean(spectrum, 8);             // the other version's, from −1/e up
  const auto bands = dope::band_grams_of(gram, dope::Pairing::half_split, 8);
  const double mean = dope::band_mean(bands);                           // 0 … ln 2
  // [/entropy]
  CHECK(std::exp(full) <= 16.0);
  CHECK(rank <= 8.0);
  CHECK(mean <= std::log(2.0));
  CHECK(printed > 0.0);
}

TEST_CASE("docs/spectral.md: gradients of the entropies") {
  const std::vector<float> keys = random_rows(300 * 16);
  const auto rows = dope::dense_head(keys.data(), 300, 16);
  const dope::Gram gram = dope::gram_of(rows);
  // [gradient]
  std::vector<double> gradient(300 * 16);  // dH/dX, as X: two passes over the tokens
  const auto out = dope::dense_head(gradient.data(), 300, 16);
  dope::entropy_gradient(dope::TruncatedEffectiveRank{8}, rows, out);

  // Or over a stream: dH/dΣ, 16 × 16, then the rows as they come again.
  const dope::RowGradient by_row(dope::gram_gradient(dope::TruncatedEffectiveRank{8}, gram), gram);
  by_row.write(rows.slice(0, 100), out.slice(0, 100));
  // [/gradient]
  double scaling = 0.0;
  double size = 0.0;
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    scaling += gradient[i] * static_cast<double>(keys[i]);
    size += std::abs(gradient[i] * static_cast<double>(keys[i]));
  }
  CHECK(size > 0.0);
  CHECK(std::abs(scaling) < 1e-4 * size);  // the first 100 rows come from a Gram in float blocks
}

TEST_CASE("docs/spectral.md: an entropy by name") {
  const std::vector<float> keys = random_rows(300 * 16);
  const auto rows = dope::dense_head(keys.data(), 300, 16);
  std::string refused;
  // [name]
  const dope::Entropy entropy = dope::parse_entropy("truncated_effective_rank(r=8)");
  const double score = dope::evaluate(entropy, {dope::spectrum_of(dope::gram_of(rows)), std::nullopt, std::nullopt});
  try {
    dope::require_ranks(dope::TruncatedEffectiveRank{1});
  } catch (const dope::Error& error) {
    refused = error.what();
  }
  // [/name]
  CHECK(score > 1.0);
  CHECK(refused ==
        "require_ranks: given truncated_effective_rank(r=1), "
        "expected r of at least 2: at r = 1 every head scores exactly 1");
}
