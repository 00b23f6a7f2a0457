// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "dope/denoise/score.hpp"
#include "dope/denoise/select.hpp"
#include "lab/spectrum/survey.hpp"

namespace spectrum {

/// The query or key heads of a survey, the one with the strongest spike first as one score sees it.
///
/// order: ascending where a spike lowers the score (the normalised entropies), descending where it raises it.
/// refusal: why this score cannot rank these heads by their spikes; `heads` is then empty. caution: what else
/// moves the score. spikiest: the place in `heads`, from 1, of the head with the greatest λ₁/tr Σ; 0 where
/// there is none.
struct Ranking {
  dope::Entropy entropy;
  dope::Side side = dope::Side::key;
  dope::Stage stage = dope::Stage::post_ntk;
  dope::Order order = dope::Order::ascending;
  std::vector<dope::HeadScore> heads;  // by layer and head of that side, spikiest first
  std::string refusal;
  std::string caution;
  std::size_t spikiest = 0;
};

/// The survey's entropies, and truncated_effective_rank(r=1), which can rank nothing.
[[nodiscard]] std::vector<Ranking> rankings_of(const Survey& survey, dope::Side side, dope::Stage stage);

}  // namespace spectrum
