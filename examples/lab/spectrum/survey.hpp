// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "dope/core/side.hpp"
#include "dope/denoise/head.hpp"
#include "dope/denoise/score.hpp"
#include "dope/spectral.hpp"
#include "lab/spectrum/projections.hpp"

namespace spectrum {

/// The stages in the order of all lists here.
inline constexpr dope::Stage stages[] = {dope::Stage::pre_ntk, dope::Stage::post_ntk, dope::Stage::post_rope};

inline constexpr dope::Side sides[] = {dope::Side::query, dope::Side::key};

/// One head's rows at one stage. `head` is a query head or a key head, by side.
///
/// All in double, rotation included. entropies[i] is the score by Survey::entropies[i]; not-a-number where
/// what it reads is missing: a band without energy (band_mean), or rows that are all equal (uncomp, with
/// spectra.uncomp).
struct HeadSpectrum {
  std::size_t layer = 0;
  dope::Side side = dope::Side::query;
  std::size_t head = 0;
  dope::Stage stage = dope::Stage::pre_ntk;
  dope::HeadSpectra spectra;  // of the head, of its centred and normalised rows, and its bands' Grams
  std::vector<double> entropies;
  double effective_rank = 0.0;
  double participation_ratio = 0.0;
  double stable_rank = 0.0;
  double mean_share = 0.0;  // N‖μ‖²/‖X‖², μ the mean row: what centring takes away
  std::vector<dope::BandReport> bands;
};

/// The score matrices of all bands of one query head with the key head it reads.
struct HeadScores {
  std::size_t layer = 0;
  std::size_t head = 0;
  dope::Stage stage = dope::Stage::pre_ntk;
  std::vector<dope::BandScoreReport> bands;
};

/// Where a query head looks, under the frequencies in force: measures of dope::AttentionMeasures over
/// Survey::attention_rows, and attention mass on token bins (Survey::bins), of the last row and the mean over
/// rows. retrieval: the last row's mass on the needle, where the answer to a needle prompt is read;
/// needle_mass: that of all rows after the needle. Neither where there is no needle, or no token after it.
struct HeadAttention {
  std::size_t layer = 0;
  std::size_t head = 0;
  double sink_score = 0.0;  // of position 0
  double entropy = 0.0;     // nats
  double recency = 0.0;     // on the last 64 tokens
  double distance = 0.0;    // tokens
  std::optional<double> retrieval;
  std::optional<double> needle_mass;
  std::vector<double> last;
  std::vector<double> mean;
};

/// One head's rows as pictures show them.
///
/// magnitude_before and _after: mean |entry| by token bin and channel, unrotated and under the frequencies in
/// force. cosines: x·v_i/‖x‖ of Survey::map_tokens' rotated rows with the eigenvectors of the head's Gram at
/// post_ntk, v_0 of the largest eigenvalue (arXiv 2511.09146, Figures 3 to 6); 0 for a zero row. Row after
/// row.
struct HeadMaps {
  std::size_t layer = 0;
  dope::Side side = dope::Side::query;
  std::size_t head = 0;
  std::vector<double> magnitude_before;  // [bins, width]
  std::vector<double> magnitude_after;   // [bins, width]
  std::vector<double> cosines;           // [map tokens, width]
};

struct SurveyOptions {
  std::size_t attention_rows = 1024;  // at most, evenly apart, the last token's among them
  std::size_t bins = 128;             // at most
  std::size_t map_tokens = 256;       // at most, evenly apart
};

/// Everything that is measured of one set of projections.
struct Survey {
  dope::AttentionShape shape;
  std::size_t tokens = 0;
  std::vector<dope::Entropy> entropies;     // those whose r fits the width
  std::vector<std::size_t> attention_rows;  // ascending, the last token is the last
  std::vector<TokenRange> bins;             // of all tokens, in order
  std::vector<std::size_t> map_tokens;      // ascending
  std::vector<HeadSpectrum> heads;          // layer, query side then key side, head, stage
  std::vector<HeadScores> scores;           // layer, query head, stage
  std::vector<HeadAttention> attention;     // layer, query head
  std::vector<HeadMaps> maps;               // layer, query side then key side, head
  [[nodiscard]] std::size_t heads_of(dope::Side side) const noexcept {
    return side == dope::Side::query ? shape.query_heads : shape.key_heads;
  }
  /// The head of a side behind one query head: itself, or the key head that it reads.
  [[nodiscard]] std::size_t head_behind(dope::Side side, std::size_t query_head) const noexcept {
    return side == dope::Side::query ? query_head : shape.key_head_of(query_head);
  }
  [[nodiscard]] const HeadSpectrum& head(std::size_t layer, dope::Side side, std::size_t head,
                                         dope::Stage stage) const;
  [[nodiscard]] const HeadScores& score(std::size_t layer, std::size_t head, dope::Stage stage) const;
  [[nodiscard]] const HeadMaps& map(std::size_t layer, dope::Side side, std::size_t head) const;

  /// Share of the query heads whose sink score passes `threshold` (the sink rate of arXiv 2410.10781).
  [[nodiscard]] double sink_rate(double threshold = 0.3) const;
};

/// Share of a head's energy in bands whose wavelength, native, is at least the training length.
[[nodiscard]] double slow_energy(const Projections& projections, const HeadSpectrum& head);

/// How often survey_of tells what is done: once for each head's spectra, and for each key head's attention.
[[nodiscard]] std::size_t survey_steps(const dope::AttentionShape& shape) noexcept;

/// Throws dope::Error where validate() does, and where a head is all zeros, naming it. done(steps finished,
/// survey_steps) is called now and then, from any thread, one at a time. The result does not depend on the
/// number of threads.
[[nodiscard]] Survey survey_of(const Projections& projections, const SurveyOptions& options,
                               const std::function<void(std::size_t, std::size_t)>& done = {});

}  // namespace spectrum
