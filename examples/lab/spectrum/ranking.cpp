// SPDX-License-Identifier: MIT
#include "lab/spectrum/ranking.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <variant>

#include "dope/core/alternatives.hpp"
#include "dope/core/error.hpp"
#include "dope/denoise/transform_text.hpp"

namespace spectrum {
namespace {

using dope::detail::text;

constexpr double peak = 1.0 / std::numbers::e;  // of −x ln x

/// All heads of a side at a stage, by layer, then head.
std::vector<const HeadSpectrum*> heads_at(const Survey& survey, dope::Side side, dope::Stage stage) {
  std::vector<const HeadSpectrum*> heads;
  for (std::size_t layer = 0; layer < survey.shape.layers; ++layer) {
    for (std::size_t head = 0; head < survey.heads_of(side); ++head)
      heads.push_back(&survey.head(layer, side, head, stage));
  }
  return heads;
}

/// How many heads have a value below `bound`.
template <class Value>
std::size_t below(std::span<const HeadSpectrum* const> heads, double bound, const Value& value) {
  return static_cast<std::size_t>(std::count_if(
      heads.begin(), heads.end(), [&](const HeadSpectrum* head) { return value(*head) < bound; }));
}

/// The head with the greatest λ₁/tr Σ.
const HeadSpectrum* spikiest_of(std::span<const HeadSpectrum* const> heads) {
  return *std::max_element(heads.begin(), heads.end(), [](const HeadSpectrum* a, const HeadSpectrum* b) {
    return a->spectra.head.share(0) < b->spectra.head.share(0);
  });
}

/// What of the heads decides whether, and from which end, an entropy ranks spikes: sets all but `heads`.
struct Judge {
  Ranking& ranking;
  std::span<const HeadSpectrum* const> heads;

  void operator()(const dope::VonNeumann&) const {}
  void operator()(const dope::BandMean&) const {
    ranking.caution = "sees what of a spike lies within each band; a band that turns fast hides it";
  }
  void operator()(const dope::TruncatedEffectiveRank&) const {
    ranking.caution = "energy past the first r is not seen";
  }
  void operator()(const dope::TruncatedMean&) const {
    ranking.order = dope::Order::descending;
    const std::size_t weak =
        below(heads, peak, [](const HeadSpectrum& head) { return head.spectra.head.largest(); });
    if (weak > 0) {
      ranking.refusal = text("x ln x falls until 1/e, and the largest eigenvalue of ", weak, " of ",
                             heads.size(), " heads is below that");
    }
    ranking.caution = scale_caution();
  }
  void operator()(const dope::Uncomp& uncomp) const {
    if (const HeadSpectrum& spikiest = *spikiest_of(heads);
        spikiest.mean_share > 0.5 * spikiest.spectra.head.share(0)) {
      ranking.refusal = text(
          "the mean row, which it subtracts, is most of the spike of layer ", spikiest.layer, ", head ",
          spikiest.head, ", the spikiest: ", std::lround(100.0 * spikiest.mean_share), " % of its energy");
      return;
    }
    if (uncomp.r > 1) {
      ranking.caution = "energy past the first r is not seen, and lowers the score as a spike does";
      return;
    }
    const std::size_t low =
        below(heads, peak, [](const HeadSpectrum& head) { return head.spectra.uncomp->share(0); });
    if (low == heads.size()) {
      ranking.order = dope::Order::descending;
    } else if (low > 0) {
      ranking.refusal = text("-p ln p rises until p = 1/e and falls after it, and ", low, " of ",
                             heads.size(), " heads are below");
    }
  }
  void operator()(const dope::SpectralNorm& norm) const {
    ranking.order = dope::Order::descending;
    if (norm.scale == dope::NormScale::raw) ranking.caution = scale_caution();
  }

 private:
  [[nodiscard]] std::string scale_caution() const {
    const auto [least, most] =
        std::minmax_element(heads.begin(), heads.end(), [](const HeadSpectrum* a, const HeadSpectrum* b) {
          return a->spectra.head.trace < b->spectra.head.trace;
        });
    const double ratio = (*most)->spectra.head.trace / (*least)->spectra.head.trace;
    return "long rows score as spiky ones do: traces differ up to " +
           dope::detail::shortest(std::round(10.0 * ratio) / 10.0) + " times";
  }
};

/// The heads by these scores, or why not.
void sort_heads(Ranking& ranking, std::span<const HeadSpectrum* const> heads, std::size_t entropy) {
  for (const HeadSpectrum* head : heads) {
    const double value = head->entropies[entropy];
    if (!std::isfinite(value)) {
      ranking.refusal =
          text("layer ", head->layer, ", head ", head->head, " has no score: ",
               std::holds_alternative<dope::BandMean>(ranking.entropy) ? "a band without energy"
                                                                       : "its rows are all equal");
      ranking.heads.clear();
      return;
    }
    ranking.heads.push_back({{head->layer, head->head}, value});
  }
  const bool lowest_first = ranking.order == dope::Order::ascending;
  std::stable_sort(ranking.heads.begin(), ranking.heads.end(),
                   [&](const dope::HeadScore& a, const dope::HeadScore& b) {
                     return lowest_first ? a.value < b.value : a.value > b.value;
                   });
  constexpr double same = 1e-12;
  const double first = ranking.heads.front().value;
  const double last = ranking.heads.back().value;
  if (ranking.heads.size() > 1 &&
      std::abs(first - last) <= same * std::max(std::abs(first), std::abs(last))) {
    ranking.refusal = "all heads score the same";
    ranking.heads.clear();
    return;
  }
  const HeadSpectrum& spikiest = *spikiest_of(heads);
  const dope::HeadId id{spikiest.layer, spikiest.head};
  const auto at = std::find_if(ranking.heads.begin(), ranking.heads.end(),
                               [&](const dope::HeadScore& score) { return score.id == id; });
  ranking.spikiest = static_cast<std::size_t>(at - ranking.heads.begin()) + 1;
}

}  // namespace

std::vector<Ranking> rankings_of(const Survey& survey, dope::Side side, dope::Stage stage) {
  static_assert(dope::detail::alternatives<dope::Entropy> == 6, "rankings_of: every Entropy");
  const auto heads = heads_at(survey, side, stage);
  std::vector<Ranking> rankings;
  for (std::size_t i = 0; i < survey.entropies.size(); ++i) {
    Ranking ranking{survey.entropies[i], side, stage, dope::Order::ascending, {}, {}, {}, 0};
    const bool uncomp = std::holds_alternative<dope::Uncomp>(ranking.entropy);
    const bool complete = std::all_of(heads.begin(), heads.end(), [&](const HeadSpectrum* head) {
      return !uncomp || head->spectra.uncomp.has_value();
    });
    if (complete) std::visit(Judge{ranking, heads}, ranking.entropy);
    if (ranking.refusal.empty()) sort_heads(ranking, heads, i);
    rankings.push_back(std::move(ranking));
  }
  Ranking none{dope::TruncatedEffectiveRank{1}, side, stage, dope::Order::ascending, {}, {}, {}, 0};
  try {
    dope::require_ranks(none.entropy);
  } catch (const dope::Error& error) {
    none.refusal = error.expected();
  }
  rankings.push_back(std::move(none));
  return rankings;
}

}  // namespace spectrum
