// SPDX-License-Identifier: MIT
// [program]
#include <cmath>
#include <cstdio>
#include <dope/spectral.hpp>
#include <span>
#include <string>
#include <vector>

#include "course/support/plot.hpp"

constexpr std::size_t tokens = 256;

/// Causal attention of `tokens` equal queries: the first key scores `first`, all others score `rest`.
dope::AttentionMeasures measure(double first, double rest) {
  dope::AttentionMeasures measures({.sinks = 1, .recent = 64});
  for (std::size_t i = 0; i < tokens; ++i) {
    std::vector<double> row(i + 1, std::exp(rest - std::fmax(first, rest)));
    row[0] = std::exp(first - std::fmax(first, rest));
    double sum = 0.0;
    for (const double value : row) sum += value;
    for (double& value : row) value /= sum;
    measures.add_row(std::span<const double>(row));
  }
  return measures;
}

/// The largest singular value of the score matrix, rank one: equal rows (first, rest, rest, ...).
double singular_value(double first, double rest) {
  const auto n = static_cast<double>(tokens);
  return std::sqrt(n * (first * first + (n - 1.0) * rest * rest));
}

/// Amplified scores are no sink: softmax sees differences within a row alone.
course::Picture lesson() {
  struct Case {
    std::string name;
    double first, rest;
  };
  std::printf("scores                           sigma_1 of scores   sink score   entropy (nats)\n");
  for (const Case& c : {Case{"all keys score 0", 0, 0}, Case{"all keys score 20", 20, 20},
                        Case{"first key 5, others 4", 5, 4}, Case{"first key 6, others 4", 6, 4},
                        Case{"first key 8, others 4", 8, 4}, Case{"first key 12, others 4", 12, 4}}) {
    const auto measures = measure(c.first, c.rest);
    std::printf("%-30s %19.0f %12.3f %16.3f\n", c.name.c_str(), singular_value(c.first, c.rest),
                measures.sink_score(0), measures.entropy());
  }
  std::printf("The largest sigma_1 of all leaves attention as even as no score at all.\n");
  std::printf("A first key that stands out, at a fifth of that sigma_1, takes nearly everything.\n");

  course::Plot plot{
      .title = "A longer first key becomes a sink",
      .subtitle = "mean attention on the first of 256 tokens; all other keys have length 1 and score s",
      .x = {"length of the first key (others: 1)", {1, 1.5, 2, 2.5, 3}},
      .y = {"sink score", {0, 0.2, 0.4, 0.6, 0.8, 1}},
      .curves = {},
      .guides = {{course::Guide::Across::y, 0.3, "sink: above 0.3"}}};
  for (const int rest : {1, 2, 4, 8}) {
    auto& curve = plot.curves.emplace_back();
    curve.name = "s = " + std::to_string(rest);
    for (int step = 0; step <= 40; ++step) {
      curve.x.push_back(1.0 + step / 20.0);
      curve.y.push_back(measure(rest * curve.x.back(), rest).sink_score(0));
    }
  }
  return plot;
}

int main(int argc, char** argv) { return course::run(argc, argv, lesson); }
// [/program]
