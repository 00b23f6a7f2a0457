// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "dope/denoise.hpp"
#include "dope/spectral.hpp"
#include "setting.hpp"

namespace effects {

// Measures of a head that are not entropies of its q and k.

/// Per band the share of the phases which N tokens reach and L tokens of training never did:
///   u_f = 1 − ω_f L/min(ω'_f N, 2π)   where ω_f L < 2π and ω'_f N > ω_f L, else 0,
/// ω native, ω' scaled. Between two tokens a band turns by ω times their distance, so L tokens show it the
/// phases from 0 to ω_f L; a band that made a whole turn in training has seen all of them.
///
/// Law: in [0, 1); 0 everywhere for N ≤ L unscaled, and in a band whose scaled turn over N is its native one
/// over L up to rounding (10⁻⁹), as Dynamic NTK leaves the slowest. Throws dope::Error for unequal numbers of
/// bands or L = 0.
[[nodiscard]] std::vector<double> unseen_phases(const dope::Frequencies& native, std::size_t training_length,
                                                const dope::Frequencies& scaled, std::size_t length);

/// What of a head's energy lies in bands with unseen phases: share = Σ_{f: u_f > 0} ‖X_f‖²/‖X‖², graded =
/// Σ_f u_f ‖X_f‖²/‖X‖², X all channels of the rows behind `gram`. Rotation leaves both as they are.
/// Throws dope::Error where the bands do not fit the Gram's width or it is zero.
struct UnseenEnergy {
  double share = 0.0;
  double graded = 0.0;
};
[[nodiscard]] UnseenEnergy unseen_energy(const dope::Gram& gram, dope::Pairing pairing,
                                         std::span<const double> unseen);

/// σ₁ of A_f = Q_f K_fᵀ/√d over √(MN), of M query and N key rows with these Grams: the greatest, and the sum,
/// over `bands`; zeros for none.
struct BandScore {
  double greatest = 0.0;
  double sum = 0.0;
};
[[nodiscard]] BandScore band_score(const dope::BandGrams& query, const dope::BandGrams& key,
                                   std::span<const std::size_t> bands, std::size_t head_width);

/// One head's attention on one prompt. Rows `evenly`: sink, entropy (nats), recency, distance (tokens) as
/// dope::AttentionMeasures has them, and shift: the total variation ½ Σ_j |A_ij − A'_ij| between a row and
/// the row of the same q and k denoised, by parts and by all. Rows that give the digits: retrieval, their
/// mass on the fact that is asked for; copying, their mass on the very digit that each must give; and
/// answer_shift.
struct AttentionCandidates {
  double sink = 0.0;
  double entropy = 0.0;
  double recency = 0.0;
  double distance = 0.0;
  double retrieval = 0.0;
  double copying = 0.0;
  double shift_by_parts = 0.0;
  double shift_by_all = 0.0;
  double answer_shift_by_parts = 0.0;
  double answer_shift_by_all = 0.0;
  double retrieval_change_by_parts = 0.0;
  double retrieval_change_by_all = 0.0;
};

/// All query heads of a model on one prompt, from the tap's q and k. Keeps every key, and of the queries the
/// measured rows alone.
class AttentionCollector {
 public:
  /// `rows` at most: row ⌊(k + 1)·tokens/rows⌋ − 1 for k = 0 … rows − 1 (all rows where there are fewer).
  AttentionCollector(const Setting& setting, const Place& place, const Prompt& prompt, std::size_t rows);

  /// The prompt and all of its answer but the last digit: what the model has to read.
  [[nodiscard]] const std::vector<std::int32_t>& tokens() const noexcept { return tokens_; }

  void add(std::size_t layer, dope::HeadsView<const float> queries, dope::HeadsView<const float> keys,
           std::size_t first);

  /// Layer after layer, head after head, once all tokens were added.
  [[nodiscard]] std::vector<AttentionCandidates> measure() const;

 private:
  struct Layer {
    std::vector<float> queries;  // [rows, query heads, width]
    std::vector<float> keys;     // [key heads, tokens, width]
  };

  const Prompt& prompt_;
  dope::AttentionShape shape_;
  std::vector<dope::Frequencies> kinds_;  // in force, by parts, by all
  std::vector<std::int32_t> tokens_;
  std::vector<std::int64_t> rows_;  // ascending, distinct
  std::vector<std::size_t> evenly_;
  std::vector<std::size_t> answers_;  // places in rows_, of both
  std::vector<Layer> layers_;
};

/// A softmax row: exp(q·k_j/√d)/Σ for j < count, keys channel-major: channel c of key j at keys[c·stride +
/// j].
void attention_row(std::span<const float> query, const float* keys, std::size_t stride, std::size_t count,
                   std::vector<double>& row);

}  // namespace effects
