// SPDX-License-Identifier: MIT
#include "port_cuda/plan.hpp"

#include <optional>
#include <variant>

#include "dope/core/alternatives.hpp"
#include "dope/denoise/transform.hpp"
#include "lab/support/plan_json.hpp"
#include "port_cuda/scaling.hpp"

namespace port {

PlannedLayer::PlannedLayer(const CaseFile& file)
    : plan_(lab::parse_plan(file.attribute("plan").dump(), file.where()).plan) {
  layer_ = file.attributes().required_count("layer", 0, plan_.shape.layers - 1);
  const RopeRequest request = rope_of(file);
  const auto native = dope::native_frequencies(request.rope);
  scaled_ = dope::scaled_frequencies(request.rope, request.scaling, request.length);
  denoised_ = dope::denoised_frequencies(plan_.transform, native, scaled_, request.rope.training_length);
  file.require(
      2 * scaled_.bands() == plan_.shape.rotated_width && request.rope.head_width == plan_.shape.head_width,
      "widths of plan and embedding that differ", "equal ones");
  removed_.assign(scaled_.bands(), 0);
  const auto* parts = std::get_if<dope::ByParts>(&plan_.transform);
  if (parts != nullptr && parts->reading == dope::ByParts::Reading::remove) {
    for (const std::size_t band : low_bands(*parts, native, scaled_, request.rope.training_length)) {
      removed_[band] = 1;
    }
  }
}

TableSet PlannedLayer::tables() const {
  TableSet set{scaled_.omega, {scaled_.attention_factor, denoised_.attention_factor}, scaled_.bands()};
  set.omega.insert(set.omega.end(), denoised_.omega.begin(), denoised_.omega.end());
  return set;
}

HeadPlan PlannedLayer::head(dope::HeadRole role, std::size_t head) const {
  const auto number = static_cast<std::uint32_t>(head);
  std::optional<std::size_t> unit;
  if (role == dope::HeadRole::query) {
    unit = plan_.find(plan_.unit_of(layer_, head));
  } else if (role == dope::HeadRole::own_key || plan_.denoises_key(layer_, head)) {
    unit = plan_.find({layer_, head});
  }
  if (!unit) return {0, Finish::nothing, number, 0.0};
  static_assert(dope::detail::alternatives<dope::Transform> == 3, "kernels: every Transform");
  static_assert(dope::detail::alternatives<dope::HeadRole> == 3, "kernels: every HeadRole");
  if (const auto* parts = std::get_if<dope::ByParts>(&plan_.transform)) {
    const bool remove = parts->reading == dope::ByParts::Reading::remove;
    return {1, remove ? Finish::remove_bands : Finish::nothing, number, 0.0};
  }
  if (const auto* all = std::get_if<dope::ByAll>(&plan_.transform)) {
    const bool remove = all->reading == dope::ByAll::Reading::remove;
    return {1, remove ? Finish::remove_all : Finish::nothing, number, 0.0};
  }
  const auto& noise = std::get<dope::ByGaussian>(plan_.transform);
  const bool replace = noise.reading == dope::ByGaussian::Reading::replace;
  double sigma = noise.sigma;
  if (noise.spread == dope::ByGaussian::Spread::matched) {
    const auto& spread = plan_.spreads[*unit];
    sigma = role == dope::HeadRole::query ? spread.query : spread.key;
  }
  return {1, replace ? Finish::replace : Finish::modulate, number, sigma};
}

NoiseSource PlannedLayer::noise_source(dope::HeadRole role) const {
  const auto* noise = std::get_if<dope::ByGaussian>(&plan_.transform);
  return {noise != nullptr ? noise->seed : 0, static_cast<std::uint32_t>(layer_),
          role == dope::HeadRole::query ? 0u : 1u};
}

}  // namespace port
