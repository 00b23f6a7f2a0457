// SPDX-License-Identifier: MIT
#include "lab/support/baselines.hpp"

#include <algorithm>
#include <iterator>

#include "lab/support/command_line.hpp"

namespace lab {

std::vector<std::string_view> baselines_of(const std::string& text, std::span<const BaselineSet> sets) {
  if (text == "all") return {all_baselines.begin(), all_baselines.end()};
  std::string known;
  for (const auto& [name, set] : sets) {
    if (text == name) return {set.begin(), set.end()};
    known += std::string(name) + ", ";
  }
  const auto given = split(text, ',');
  require_distinct("baselines", given);
  std::vector<std::string_view> rows;
  std::copy_if(all_baselines.begin(), all_baselines.end(), std::back_inserter(rows),
               [&](auto row) { return std::find(given.begin(), given.end(), row) != given.end(); });
  if (rows.size() == given.size()) return rows;
  known += "all, or of";
  for (const auto row : all_baselines)
    known += (row == all_baselines.front() ? " " : ", ") + std::string(row);
  throw dope::Error("--baselines", '"' + text + '"', known);
}

double stretch(std::size_t training_length, std::size_t length) noexcept {
  return std::max(1.0, static_cast<double>(length) / static_cast<double>(training_length));
}

dope::Scaling scaling_named(std::string_view row, const dope::Scaling& own, std::size_t training_length,
                            std::size_t length) {
  const double factor = stretch(training_length, length);
  if (row == "plain") return own;
  if (row == "positional_interpolation") return dope::Linear{factor};
  if (row == "dynamic_ntk") return dope::DynamicNtk{};
  if (row == "static_ntk") return dope::StaticNtk{factor};
  if (row == "yarn") return dope::Yarn{.factor = factor};
  if (row == "yarn_paper") return dope::YarnPaper{.factor = factor};
  if (row == "llama3") return dope::Llama3{.factor = factor};
  throw dope::Error("scaling", '"' + std::string(row) + '"',
                    "plain, positional_interpolation, dynamic_ntk, static_ntk, yarn, yarn_paper or llama3");
}

dope::Scaling scaling_named(std::string_view row, const reference::Model& model, std::size_t length) {
  return scaling_named(row, model.config().scaling, model.config().training_length, length);
}

std::vector<Baseline> main_baselines(const reference::Model& model, std::size_t length) {
  const dope::Scaling& own = model.config().scaling;
  const double factor = stretch(model.config().training_length, length);
  return {{"plain",
           reference::make_schedule(model, own, length),
           {{"scaling", std::string(dope::name_of(own))}, {"origin", "the model's own"}}},
          {"positional_interpolation",
           reference::make_schedule(model, scaling_named("positional_interpolation", model, length), length),
           {{"scaling", "linear"}, {"factor", factor}}},
          {"dynamic_ntk",
           reference::make_schedule(model, dope::DynamicNtk{}, length),
           {{"scaling", "dynamic_ntk"}, {"alpha", factor}}}};
}

std::vector<Baseline> further_baselines(const reference::Model& model, std::size_t length,
                                        const std::function<bool(std::string_view)>& asked) {
  const auto& config = model.config();
  const double factor = stretch(model.config().training_length, length);
  std::vector<Baseline> baselines;
  const auto add_scaling = [&](const std::string& name) {
    if (asked && !asked(name)) return;
    const auto scaling = scaling_named(name, model, length);
    baselines.push_back({name,
                         reference::make_schedule(model, scaling, length),
                         {{"scaling", std::string(dope::name_of(scaling))}, {"factor", factor}}});
  };
  const auto add_pattern = [&](const std::string& name, const reference::AttentionPattern& pattern) {
    if (asked && !asked(name)) return;
    try {
      reference::validate(pattern);
    } catch (const dope::Error& error) {
      throw dope::Error("baseline " + name,
                        dope::detail::text("a training length of ", config.training_length,
                                           ", which makes it ", reference::name_of(pattern)),
                        error.expected());
    }
    baselines.push_back(
        {name,
         reference::make_schedule(model, config.scaling, length, pattern),
         {{"scaling", std::string(dope::name_of(config.scaling))}, {"attention", name_of(pattern)}}});
  };
  add_scaling("static_ntk");
  add_scaling("yarn");
  add_scaling("yarn_paper");
  add_scaling("llama3");
  add_pattern("dual_chunk",
              config.dual_chunk.value_or(reference::DualChunk::of_paper(config.training_length)));
  add_pattern("sink_window", reference::SinkWindow::of_paper(config.training_length));
  return baselines;
}

}  // namespace lab
