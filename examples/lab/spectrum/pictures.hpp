// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <numbers>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dope/core/side.hpp"
#include "lab/page/document.hpp"
#include "lab/spectrum/projections.hpp"
#include "lab/spectrum/survey.hpp"

namespace spectrum {

/// A radian.
inline constexpr double in_degrees = 180.0 / std::numbers::pi;

/// "layer 2, query head 5"
[[nodiscard]] std::string head_title(std::size_t layer, dope::Side side, std::size_t head);

/// A number with so many significant digits, as a table shows it: without exponent from 0.001 to 10⁶. A dash
/// for not-a-number, "∞".
[[nodiscard]] std::string significant(double value, int digits);

/// Where on the list of bands a wavelength lies, by its logarithm: 2.5 is midway between bands 2 and 3. None
/// where no two neighbours have it between them.
[[nodiscard]] std::optional<double> band_position(std::span<const double> omega, double wavelength);

/// A number per head of one side, layer after layer; not-a-number where there is none.
struct HeadMeasure {
  std::string title;
  std::string subtitle;
  std::string value_title;  // with its unit
  dope::Side side = dope::Side::query;
  std::vector<double> values;
  int decimals = 2;
};

/// links: as lab::HeadMap has them.
[[nodiscard]] page::Picture head_map(const HeadMeasure& measure, std::size_t layers,
                                     std::vector<std::string> links);

/// Energy by layer and band, mean over heads, queries and keys; wavelengths, N and L marked.
[[nodiscard]] page::Picture band_energy(const Projections& projections, const Survey& survey);

/// Cone half-angle by band, median over all heads, by stage.
[[nodiscard]] page::Picture cone_angles(const Projections& projections, const Survey& survey);

/// Every claimed bound against what is measured, both logarithmic; of each claim and stage at most `most`
/// points, evenly apart in the order of bound_pairs, and the caption says so.
[[nodiscard]] page::Picture bound_scatter(const Survey& survey, std::size_t most = 1500);

// Of one query head and the key head it reads.

/// λ_i/λ_1 by i, logarithmic, three stages.
[[nodiscard]] page::Picture eigenvalue_decay(const Survey& survey, std::size_t layer, std::size_t query_head);

/// Share of the energy in the first i eigenvalues, three stages.
[[nodiscard]] page::Picture cumulative_energy_picture(const Survey& survey, std::size_t layer,
                                                      std::size_t query_head);

/// Mean |entry| by token bin and channel, before and after rotation.
[[nodiscard]] page::Picture magnitudes(const Projections& projections, const Survey& survey,
                                       std::size_t layer, std::size_t query_head);

/// Cosine of tokens' rotated rows with the eigenvectors.
[[nodiscard]] page::Picture cosines(const Projections& projections, const Survey& survey, std::size_t layer,
                                    std::size_t query_head);

/// Attention over positions, of the last token and the mean over rows.
[[nodiscard]] page::Picture attention_strip(const Projections& projections, const Survey& survey,
                                            std::size_t layer, std::size_t query_head);

}  // namespace spectrum
