// SPDX-License-Identifier: MIT
#include "lab/support/sweep.hpp"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <utility>

#include "dope/core/alternatives.hpp"

namespace lab {
namespace {

std::vector<dope::Entropy> entropies(Breadth breadth, std::size_t head_width) {
  std::vector<dope::Entropy> all;
  if (breadth == Breadth::quick) {
    all = {dope::TruncatedMean{1}};
    if (head_width >= 8) {
      all.emplace_back(dope::TruncatedMean{8});
      all.emplace_back(dope::TruncatedEffectiveRank{8});
    }
    all.emplace_back(dope::VonNeumann{});
    return all;
  }
  all = {dope::VonNeumann{}, dope::BandMean{}, dope::SpectralNorm{dope::NormScale::raw},
         dope::SpectralNorm{dope::NormScale::trace_share}};
  for (const std::size_t r : std::initializer_list<std::size_t>{1, 4, 8, 16, 32}) {
    if (r > head_width) break;
    if (r > 1) all.emplace_back(dope::TruncatedEffectiveRank{r});
    all.emplace_back(dope::TruncatedMean{r});
    all.emplace_back(dope::Uncomp{r});
  }
  return all;
}

bool matches_spread(const dope::Transform& transform) {
  static_assert(dope::detail::alternatives<dope::Transform> == 3, "sweeps: every Transform");
  static_assert(dope::detail::alternatives<dope::Entropy> == 6, "sweeps: every Entropy");
  const auto* noise = std::get_if<dope::ByGaussian>(&transform);
  return noise != nullptr && noise->spread == dope::ByGaussian::Spread::matched;
}

}  // namespace

std::vector<dope::Transform> all_readings() {
  using Parts = dope::ByParts;
  using All = dope::ByAll;
  using Gaussian = dope::ByGaussian;
  return {Parts{Parts::Reading::identity, Parts::Threshold::native},
          Parts{Parts::Reading::identity, Parts::Threshold::scaled},
          Parts{Parts::Reading::remove, Parts::Threshold::native},
          Parts{Parts::Reading::remove, Parts::Threshold::scaled},
          All{All::Reading::identity},
          All{All::Reading::remove},
          Gaussian{Gaussian::Reading::replace, Gaussian::Spread::fixed},
          Gaussian{Gaussian::Reading::replace, Gaussian::Spread::matched},
          Gaussian{Gaussian::Reading::modulate, Gaussian::Spread::fixed}};
}

std::string short_name(const dope::Transform& transform, std::span<const dope::Transform> all) {
  const auto alike = std::count_if(all.begin(), all.end(), [&](const dope::Transform& other) {
    return other.index() == transform.index();
  });
  const std::string name = dope::name_of(transform);
  return alike > 1 ? name : name.substr(0, name.find('('));
}

std::vector<dope::Indicator> sweep_indicators(Breadth breadth, std::size_t head_width) {
  using dope::ScoredSide;
  using dope::Stage;
  std::vector<dope::Indicator> indicators;
  const auto stages = breadth == Breadth::quick
                          ? std::vector{Stage::post_ntk}
                          : std::vector{Stage::pre_ntk, Stage::post_ntk, Stage::post_rope};
  const auto sides = breadth == Breadth::quick
                         ? std::vector{ScoredSide::query, ScoredSide::key}
                         : std::vector{ScoredSide::query, ScoredSide::key, ScoredSide::both};
  for (const Stage stage : stages) {
    for (const ScoredSide side : sides) {
      for (const auto& entropy : entropies(breadth, head_width)) indicators.push_back({stage, side, entropy});
    }
  }
  return indicators;
}

std::vector<std::size_t> sweep_counts(Breadth breadth, std::size_t units) {
  std::vector<std::size_t> counts;
  if (breadth == Breadth::quick) {
    counts = {1, 3};
  } else {
    for (std::size_t n = 1; n <= 16; ++n) counts.push_back(n);
  }
  std::erase_if(counts, [&](std::size_t n) { return n > units; });
  return counts;
}

std::string name_of(const Selector& selector) {
  return dope::detail::text(dope::name_of(selector.indicator), " ", dope::name_of(selector.order),
                            " n=", selector.count);
}

dope::Plan plan_for(const dope::AttentionShape& shape, dope::GqaPolicy gqa, const dope::Transform& transform,
                    std::vector<dope::HeadId> heads, std::span<const dope::HeadSpread> spreads) {
  std::vector<dope::HeadSpread> own;
  if (matches_spread(transform)) {
    for (const dope::HeadId& head : heads) {
      const std::size_t unit = head.layer * shape.units(gqa) + head.head;
      if (unit >= spreads.size()) {
        throw dope::Error("plan_for", dope::detail::text(spreads.size(), " spreads"), "one for every unit");
      }
      own.push_back(spreads[unit]);
    }
  }
  return dope::make_plan(shape, transform, gqa, std::move(heads), std::move(own));
}

std::vector<Candidate> sweep(const dope::AttentionShape& shape, dope::GqaPolicy gqa,
                             std::span<const dope::Transform> transforms,
                             std::span<const dope::Indicator> indicators,
                             std::span<const std::vector<dope::HeadScore>> scores,
                             std::span<const std::size_t> counts, std::span<const dope::HeadSpread> spreads) {
  if (scores.size() != indicators.size()) {
    throw dope::Error("sweep", dope::detail::text(scores.size(), " lists of scores"),
                      dope::detail::text("one for each of ", indicators.size(), " indicators"));
  }
  std::vector<Candidate> found;
  std::map<std::pair<std::size_t, std::vector<dope::HeadId>>, std::size_t> known;
  for (std::size_t t = 0; t < transforms.size(); ++t) {
    for (std::size_t i = 0; i < indicators.size(); ++i) {
      for (const auto order : {dope::Order::ascending, dope::Order::descending}) {
        for (const std::size_t n : counts) {
          auto heads = dope::select(scores[i], dope::Count{n}, order);
          std::sort(heads.begin(), heads.end());
          const auto [at, fresh] = known.try_emplace({t, heads}, found.size());
          if (fresh) found.push_back({plan_for(shape, gqa, transforms[t], heads, spreads), {}});
          found[at->second].selectors.push_back({indicators[i], order, n});
        }
      }
    }
  }
  return found;
}

}  // namespace lab
