// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "lab/support/store.hpp"
#include "setting.hpp"

namespace effects {

/// What is tried on every effect prompt of a place: no head denoised, then transform after transform each
/// head alone, layer after layer.
[[nodiscard]] std::vector<reference::Schedule> schedules_of(const Setting& setting, const Place& place,
                                                            std::span<const dope::HeadSpread> spreads);

/// The schedules on one prompt: a cell {…, "hits": "0110…", "log_probability": […]}.
[[nodiscard]] lab::ResultStore::Json try_schedules(const Setting& setting, const Place& place,
                                                   std::size_t prompt_index,
                                                   std::span<const reference::Schedule> schedules);

/// "effects/4096/dynamic_ntk/7".
[[nodiscard]] std::string trial_key(const Place& place, std::size_t prompt_index);

/// The effects of one transform at one place: of head h on prompt i at h·prompts + i.
///
/// nats: of the digits' log probability; hits: 1, 0 or −1. baseline_…: without denoising, by prompt.
struct Effects {
  std::size_t heads = 0;
  std::size_t prompts = 0;
  std::vector<double> nats;
  std::vector<double> hits;
  std::vector<double> baseline_nats;
  std::vector<double> baseline_hits;

  [[nodiscard]] std::span<const double> nats_of(std::size_t head) const {
    return std::span(nats).subspan(head * prompts, prompts);
  }
  [[nodiscard]] std::span<const double> hits_of(std::size_t head) const {
    return std::span(hits).subspan(head * prompts, prompts);
  }
};

/// Transform number `transform` of the options, from the cells of all prompts of a place.
[[nodiscard]] Effects effects_from(const Setting& setting, const std::vector<lab::ResultStore::Json>& cells,
                                   std::size_t transform);

}  // namespace effects
