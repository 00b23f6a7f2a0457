// SPDX-License-Identifier: MIT
#include "lab/atlas/survey.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "dope/core/error.hpp"
#include "lab/support/parallel.hpp"
#include "transformer/stop.hpp"

namespace atlas {
namespace {

constexpr double to_the_octave = 24.0;

Point worst_of(std::span<const Turn<double>> turns, std::span<const Truth> truths) {
  Point worst;
  for (std::size_t band = 0; band < turns.size(); ++band) {
    const double error = chord(turns[band], truths[band]);
    if (std::isnan(error)) return {error, band};
    if (error > worst.chord) worst = {error, band};
  }
  return worst;
}

}  // namespace

std::vector<std::int64_t> sampled_positions(std::int64_t last) {
  if (last < 1 || last > farthest) {
    throw dope::Error("positions", dope::detail::text(last), dope::detail::text("from 1 to ", farthest));
  }
  std::vector<std::int64_t> positions = {last};
  for (double step = 0.0;; ++step) {
    const auto position = static_cast<std::int64_t>(std::llround(std::exp2(step / to_the_octave)));
    if (position > last) break;
    positions.push_back(position);
  }
  std::copy_if(std::begin(special_positions), std::end(special_positions), std::back_inserter(positions),
               [last](std::int64_t position) { return position <= last; });
  std::sort(positions.begin(), positions.end());
  positions.erase(std::unique(positions.begin(), positions.end()), positions.end());
  return positions;
}

Survey survey_of(const Bands& bands, std::vector<std::int64_t> positions) {
  Survey survey{bands, std::move(positions), {}};
  std::vector<Truth> truths(survey.positions.size() * bands.size());
  lab::for_each_in_parallel(survey.positions.size(), [&](std::size_t i) {
    for (std::size_t band = 0; band < bands.size(); ++band) {
      truths[i * bands.size() + band] = truth_of(survey.positions[i], bands.omega[band]);
    }
  });
  for (const Arithmetic& arithmetic : arithmetics()) survey.lines.push_back({&arithmetic, {}});
  lab::for_each_in_parallel(survey.lines.size(), [&](std::size_t line) {
    const Walk walk = survey.lines[line].arithmetic->walk(bands);
    std::vector<Turn<double>> turns(bands.size());
    for (std::size_t i = 0; i < survey.positions.size(); ++i) {
      reference::stop_if_asked();
      walk(survey.positions[i], turns);
      survey.lines[line].points.push_back(
          worst_of(turns, std::span<const Truth>(truths).subspan(i * bands.size(), bands.size())));
    }
  });
  return survey;
}

std::vector<double> envelope_of(std::span<const Point> points) {
  std::vector<double> envelope;
  double worst = 0.0;
  for (const Point& point : points) {
    if (std::isnan(point.chord)) break;
    worst = std::max(worst, point.chord);
    envelope.push_back(worst);
  }
  return envelope;
}

}  // namespace atlas
