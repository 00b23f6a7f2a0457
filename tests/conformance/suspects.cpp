// SPDX-License-Identifier: MIT
// Suspects are known mistakes, imitated. One that never differs from the right answer finds nothing.
#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "dope/conformance.hpp"

namespace kit = dope::conformance;
namespace oracle = dope::conformance::oracle;

namespace {

/// A case, and what it takes to hold values against it.
struct Judged {
  kit::Case c;
  std::vector<kit::Array> inputs = kit::inputs_of(c);
  std::vector<kit::Array> expected = kit::expected_of(c, inputs);
  std::vector<std::vector<kit::Measure>> measures = kit::measures_of(c, inputs, expected);
  kit::Tolerance tolerance = kit::tolerance_of(c);

  [[nodiscard]] bool differs(const kit::Suspect& suspect) const {
    if (suspect.predicted.size() != expected.size()) return true;
    for (std::size_t a = 0; a < expected.size(); ++a) {
      const kit::Array& right = expected[a];
      if (suspect.predicted[a].size() != right.values.size()) return true;
      for (std::size_t i = 0; i < right.values.size(); ++i) {
        const double value = suspect.predicted[a][i];
        const double allowed =
            kit::allowance(tolerance, measures[a][i], right.element, value, right.values[i]);
        if (!(std::abs(value - right.values[i]) <= allowed)) return true;
      }
    }
    return false;
  }
};

/// Tells suspects apart: the task and its transform, the cause, and the number of the suspect among those of
/// its cause.
struct Name {
  std::string task;
  kit::Cause cause;
  std::size_t ordinal;
  auto operator<=>(const Name&) const = default;
};

std::string kind_of(const kit::Case& c) {
  std::string kind(kit::name_of(c.task));
  if (const auto* denoise = std::get_if<kit::DenoiseTask>(&c.task)) {
    kind += " " + std::to_string(denoise->plan.transform.index());
  }
  return kind;
}

/// Suspects that no published case of their kind can tell from the right answer.
bool out_of_reach(const Name& name) {
  using kit::Cause;
  const bool denoise = name.task.starts_with("denoise");
  // Mistakes of a scaling: the tasks rotate and frequencies have the cases that show them.
  if (denoise && name.cause == Cause::yarn_end_clamp) return true;
  if (denoise && name.cause == Cause::mscale_precedence) return true;
  // The quotient of both mscales where an attention factor is given too.
  if (name.cause == Cause::mscale_precedence && name.ordinal == 2) return true;
  // By all and by Gaussian have no low bands.
  if (name.task != "denoise 0" && name.cause == Cause::low_bands_inverted) return true;
  // Positions cut to 32 bits: the task noise has longer ones.
  if (denoise && name.cause == Cause::noise_key_wrong && name.ordinal == 6) return true;
  // Below the training length no base is stale: that of each token's own length is the native one.
  return name.task == "rotate" && name.cause == Cause::dynamic_base_stale && name.ordinal == 2;
}

template <class Use>
void for_each_suspect(const Judged& judged, Use use) {
  std::map<kit::Cause, std::size_t> ordinals;
  kit::detail::hear(judged.c, judged.inputs, [&](const kit::Suspect& suspect) {
    use(suspect, Name{kind_of(judged.c), suspect.cause, ordinals[suspect.cause]++});
    return false;
  });
}

}  // namespace

TEST_CASE("suspects: each differs from the right answer in some case") {
  std::map<Name, bool> found;
  for (kit::Case& c : kit::catalogue()) {
    const Judged judged{std::move(c)};
    for_each_suspect(judged, [&](const kit::Suspect& suspect, const Name& name) {
      bool& differs = found[name];
      differs = differs || judged.differs(suspect);
    });
  }
  CHECK(found.size() > 50);
  for (const auto& entry : found) {
    const Name& name = entry.first;
    CAPTURE(name.task);
    CAPTURE(kit::text_of(name.cause).name);
    CAPTURE(name.ordinal);
    CHECK(entry.second != out_of_reach(name));
  }
}

TEST_CASE("suspects: neighbours of heads wrap around, among the heads that there are") {
  std::size_t wrapped = 0;
  for (kit::Case& c : kit::catalogue()) {
    const auto* task = std::get_if<kit::DenoiseTask>(&c.task);
    if (task == nullptr || task->plan.gqa != dope::GqaPolicy::per_key_group) continue;
    const dope::Plan plan = task->plan;
    const std::size_t layer = task->layer;
    const std::size_t width = plan.shape.head_width;
    const std::size_t heads = plan.shape.key_heads;
    const Judged judged{std::move(c)};
    CAPTURE(judged.c.name);
    for_each_suspect(judged, [&](const kit::Suspect& suspect, const Name& name) {
      if (suspect.cause != kit::Cause::neighbour_head_denoised) return;
      for (std::size_t head = 0; head < heads; ++head) {
        const std::size_t other = name.ordinal == 0 ? (head + 1) % heads : (head + heads - 1) % heads;
        const auto denoised = [&](std::size_t h) {
          return oracle::denoised(plan, layer, oracle::Copy::shared_key, h);
        };
        bool differs = false;
        const std::vector<double>& right = judged.expected[1].values;
        for (std::size_t i = 0; i < right.size(); ++i) {
          if (i / width % heads == head) {
            differs = differs || std::abs(suspect.predicted[1][i] - right[i]) > 1e-9 * std::abs(right[i]);
          }
        }
        CHECK(differs == (denoised(head) != denoised(other)));
        wrapped += differs ? 1 : 0;
      }
    });
  }
  CHECK(wrapped > 10);
}
