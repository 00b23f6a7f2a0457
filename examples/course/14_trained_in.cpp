// SPDX-License-Identifier: MIT
// [program]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <dope/rope.hpp>
#include <dope/spectral.hpp>
#include <random>
#include <vector>

#include "course/support/plot.hpp"

constexpr std::size_t tokens = 128, width = 16, r = 8;
using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

dope::HeadView<double> view(Rows& rows) { return dope::dense_head(rows.data(), tokens, width); }
dope::Spectrum spectrum(Rows rows) { return dope::spectrum_of(dope::gram_of(view(rows))); }
double rank(const Rows& rows) { return dope::truncated_effective_rank(spectrum(rows), r); }

/// Rotated rows: noise, and in the slowest band the same pair (4, 0) for every token.
Rows head(std::mt19937& engine) {
  Rows rows(tokens, width);
  for (double& value : rows.reshaped()) {
    value = 0.0;  // a sum of twelve uniform numbers: normal enough, and the same everywhere
    for (int i = 0; i < 12; ++i) value += static_cast<double>(engine()) / 0x1p+32 - 0.5;
  }
  rows.col(width / 2 - 1).array() += 4.0;
  const dope::RopeParameters rope{
      .base = 10000.0, .head_width = width, .rotated_width = width, .training_length = tokens};
  dope::rotate(view(rows), dope::RotationTable<double>(dope::native_frequencies(rope), 0, tokens).view(),
               dope::Pairing::half_split);
  return rows;
}

/// Causal attention, row by row.
Rows attention(const Rows& queries, const Rows& keys) {
  Rows map = queries * keys.transpose() / std::sqrt(static_cast<double>(width));
  for (Eigen::Index i = 0; i < map.rows(); ++i) {
    map.row(i).tail(map.cols() - i - 1).setConstant(-1e300);
    map.row(i) = (map.row(i).array() - map.row(i).maxCoeff()).exp();
    map.row(i) /= map.row(i).sum();
  }
  return map;
}

/// Could it be trained in? Steps along the gradient of a head's entropy flatten its spike. At what cost?
course::Picture lesson() {
  std::mt19937 engine(14);
  const Rows queries = head(engine), start = head(engine);
  const Rows before = attention(queries, start);
  Rows keys = start, gradient(tokens, width), aside = head(engine);
  aside = head(engine) - aside;
  aside *= start.norm() / aside.norm();
  course::Plot plot{.title = "Entropy is cheap along its gradient alone",
                    .subtitle = "a spiky head's 128 keys, moved along the gradient or at random",
                    .x = {"keys moved, share of their norm", {0, 0.2, 0.4, 0.6, 0.8}},
                    .y = {"truncated effective rank, r = 8", {1, 2, 4, 6, 8}},
                    .curves = {{"along the gradient", {}, {}}, {"at random", {}, {}}}};
  std::printf("steps   rank (r = 8)   share of lambda_1   keys moved   attention moved   rank at random\n");
  double step = 1.0;
  for (int steps = 0;; ++steps) {
    const double moved = (keys - start).norm() / start.norm();
    plot.curves[0].x.push_back(moved), plot.curves[0].y.push_back(rank(keys));
    plot.curves[1].x.push_back(moved), plot.curves[1].y.push_back(rank(start + moved * aside));
    const double share = 0.5 * (attention(queries, keys) - before).rowwise().lpNorm<1>().mean();
    std::printf("%5d %14.1f %19.2f %11.0f%% %16.0f%% %16.1f\n", steps, rank(keys), spectrum(keys).share(0),
                100.0 * moved, 100.0 * share, rank(start + moved * aside));
    if (steps == 8) break;
    dope::entropy_gradient(dope::TruncatedEffectiveRank{r}, view(keys), view(gradient));
    const double slope = gradient.squaredNorm();  // line search: half of what the slope promises, or halve
    for (step *= 2.0; rank(keys + step * gradient) < rank(keys) + 0.5 * step * slope;) step /= 2.0;
    keys += step * gradient;
  }
  std::printf("Rank 8 is all there is: eight equal directions. A loss can ask for it; attention pays.\n");
  return plot;
}

int main(int argc, char** argv) { return course::run(argc, argv, lesson); }
// [/program]
