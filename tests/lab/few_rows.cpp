// SPDX-License-Identifier: MIT
#include "lab/spectrum/few_rows.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

#include "dope/core/error.hpp"

// The spectra of a head with fewer rows than channels: the route over the rows' products against the one over
// the channels', which shares no code with it beyond the eigenvalue solver.

namespace {

constexpr dope::GramOptions plain{dope::Centring::none, dope::RowScaling::none,
                                  dope::Accumulation::double_blocks};
constexpr dope::GramOptions centred{dope::Centring::token_mean, dope::RowScaling::unit,
                                    dope::Accumulation::double_blocks};

struct Head {
  std::size_t tokens;
  std::size_t width;
  std::vector<double> rows;

  [[nodiscard]] dope::HeadView<const double> view() const {
    return dope::dense_head<const double>(rows.data(), tokens, width);
  }
};

Head random_head(std::size_t tokens, std::size_t width, double scale) {
  std::mt19937_64 draw(tokens * 1000 + width);
  std::normal_distribution<double> normal;
  Head head{tokens, width, std::vector<double>(tokens * width)};
  for (double& value : head.rows) value = scale * (normal(draw) + 0.5);
  return head;
}

std::vector<Head> heads() {
  std::vector<Head> all;
  for (const std::size_t width : {2u, 3u, 8u, 33u, 64u}) {
    for (const std::size_t tokens : {std::size_t{1}, width / 2, width - 1}) {
      for (const double scale : {1e-30, 1.0, 1e30}) all.push_back(random_head(tokens, width, scale));
    }
  }
  Head repeated = random_head(6, 16, 1.0);
  for (std::size_t i = 0; i < 16; ++i) repeated.rows[3 * 16 + i] = repeated.rows[i];
  all.push_back(repeated);
  Head with_zero = random_head(6, 16, 1.0);
  for (std::size_t i = 0; i < 16; ++i) with_zero.rows[2 * 16 + i] = 0.0;
  all.push_back(with_zero);
  return all;
}

void check_close(const dope::Spectrum& few, const dope::Spectrum& full) {
  REQUIRE(few.width() == full.width());
  const double bound = 8.0 * static_cast<double>(full.width()) * 0x1p-52 * full.largest();
  for (std::size_t i = 0; i < full.width(); ++i) CHECK(std::abs(few.values[i] - full.values[i]) <= bound);
  CHECK(std::abs(few.trace - full.trace) <= bound * static_cast<double>(full.width()));
}

}  // namespace

TEST_CASE("spectra from the rows' products equal those of the Gram") {
  for (const Head& head : heads()) {
    CAPTURE(head.tokens);
    CAPTURE(head.width);
    const spectrum::FewRows few(head.view());
    check_close(few.spectrum(), dope::spectrum_of(dope::gram_of(head.view(), plain)));
    const auto gram = dope::gram_of(head.view(), centred);
    const auto found = few.centred_spectrum();
    REQUIRE(found.has_value() == (gram.zero_rows() < gram.tokens()));
    if (found) check_close(*found, dope::spectrum_of(gram));
    for (std::size_t i = head.tokens; i < head.width; ++i) CHECK(few.spectrum().values[i] == 0.0);
  }
}

TEST_CASE("cosines with the eigenvectors equal those of the Gram's") {
  for (const Head& head : heads()) {
    CAPTURE(head.tokens);
    CAPTURE(head.width);
    std::vector<std::size_t> tokens;
    for (std::size_t token = 0; token < head.tokens; ++token) tokens.push_back(token);
    const auto found = spectrum::FewRows(head.view()).cosines(tokens);
    const auto system = dope::eigensystem_of(dope::gram_of(head.view(), plain));
    const auto& values = system.spectrum.values;
    for (std::size_t i = 0; i < head.width; ++i) {
      const double above = i == 0 ? values[0] : values[i - 1] - values[i];
      const double gap = std::min(above, i + 1 < head.width ? values[i] - values[i + 1] : above);
      const bool of_rounding = values[i] <= static_cast<double>(head.width) * 0x1p-50 * values[0];
      if (!of_rounding && gap < 1e-3 * values[0]) continue;  // the eigenvector itself is not determined
      for (const std::size_t token : tokens) {
        double product = 0.0;
        double square = 0.0;
        for (std::size_t c = 0; c < head.width; ++c) {
          const double x = head.rows[token * head.width + c];
          product += x * system.vectors(static_cast<Eigen::Index>(c), static_cast<Eigen::Index>(i));
          square += x * x;
        }
        const double expected = square > 0.0 ? product / std::sqrt(square) : 0.0;
        CHECK(found[token * head.width + i] == doctest::Approx(expected).epsilon(1e-9).scale(1.0));
      }
    }
  }
}

TEST_CASE("rows that are all equal have no centred spectrum; all zero ones have none") {
  Head equal{3, 8, std::vector<double>(24, 0.1)};
  CHECK(!spectrum::FewRows(equal.view()).centred_spectrum());
  const Head zero{3, 8, std::vector<double>(24, 0.0)};
  CHECK_THROWS_AS(static_cast<void>(spectrum::FewRows(zero.view()).spectrum()), dope::Error);
}

TEST_CASE("as many rows as channels are not few") {
  const Head square = random_head(4, 4, 1.0);
  CHECK_THROWS_AS(spectrum::FewRows(square.view()), dope::Error);
}
