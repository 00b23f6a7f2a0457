// SPDX-License-Identifier: MIT
#include "lab/support/baselines.hpp"

#include <algorithm>

namespace lab {

double stretch(const reference::Model& model, std::size_t length) {
  return std::max(1.0, static_cast<double>(length) / static_cast<double>(model.config().training_length));
}

std::vector<Baseline> main_baselines(const reference::Model& model, std::size_t length) {
  const dope::Scaling& own = model.config().scaling;
  const double factor = stretch(model, length);
  return {{"plain",
           reference::make_schedule(model, own, length),
           {{"scaling", std::string(dope::name_of(own))}, {"origin", "the model's own"}}},
          {"positional_interpolation",
           reference::make_schedule(model, dope::Linear{factor}, length),
           {{"scaling", "linear"}, {"factor", factor}}},
          {"dynamic_ntk",
           reference::make_schedule(model, dope::DynamicNtk{}, length),
           {{"scaling", "dynamic_ntk"}, {"alpha", factor}}}};
}

std::vector<Baseline> further_baselines(const reference::Model& model, std::size_t length) {
  const auto& config = model.config();
  const double factor = stretch(model, length);
  std::vector<Baseline> baselines;
  const auto add_scaling = [&](const std::string& name, const dope::Scaling& scaling) {
    baselines.push_back({name,
                         reference::make_schedule(model, scaling, length),
                         {{"scaling", std::string(dope::name_of(scaling))}, {"factor", factor}}});
  };
  const auto add_pattern = [&](const std::string& name, const reference::AttentionPattern& pattern) {
    baselines.push_back(
        {name,
         reference::make_schedule(model, config.scaling, length, pattern),
         {{"scaling", std::string(dope::name_of(config.scaling))}, {"attention", name_of(pattern)}}});
  };
  add_scaling("static_ntk", dope::StaticNtk{factor});
  add_scaling("yarn", dope::Yarn{.factor = factor});
  add_scaling("yarn_paper", dope::YarnPaper{.factor = factor});
  add_scaling("llama3", dope::Llama3{.factor = factor});
  add_pattern("dual_chunk", reference::DualChunk::of_paper(config.training_length));
  add_pattern("sink_window", reference::SinkWindow::of_paper(config.training_length));
  return baselines;
}

}  // namespace lab
