// SPDX-License-Identifier: MIT
#include "picture.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "lab/support/command_line.hpp"
#include "lab/support/line_chart.hpp"

namespace perplexity {
namespace {

/// Baselines: kin share a colour. Plans share one, their controls another.
struct Look {
  std::string_view method;
  std::size_t colour, dash;
};
constexpr std::array<Look, 9> looks = {{{"plain", 0, 0},
                                        {"positional_interpolation", 1, 0},
                                        {"dynamic_ntk", 2, 0},
                                        {"static_ntk", 2, 2},
                                        {"yarn", 3, 0},
                                        {"yarn_paper", 3, 1},
                                        {"llama3", 5, 0},
                                        {"dual_chunk", 4, 0},
                                        {"sink_window", 4, 1}}};
constexpr std::size_t plan_colour = 6;
constexpr std::size_t control_colour = 7;

/// The line of methods[at]: baselines, then plans, then their controls.
lab::ChartLine line_of(const Setting& setting, const std::vector<Method>& methods, std::size_t at) {
  lab::ChartLine line;
  line.name = methods[at].name;
  const auto look =
      std::find_if(looks.begin(), looks.end(), [&](const Look& known) { return known.method == line.name; });
  if (look != looks.end()) {
    line.colour = look->colour;
    line.dash = look->dash;
    if (line.name == rival) line.weight = lab::Weight::bold;
    return line;
  }
  const auto baselines = static_cast<std::size_t>(std::count_if(
      looks.begin(), looks.end(), [&](const Look& known) { return setting.asks_for(known.method); }));
  const std::size_t plan = at - baselines;
  line.colour = plan < setting.plans.size() ? plan_colour : control_colour;
  line.dash = plan % setting.plans.size();
  return line;
}

Means mean_over_passages(const Setting& setting, const lab::ResultStore& store, const Part& part,
                         const std::string& method) {
  Means sum;
  for (std::size_t i = 0; i < setting.options.texts; ++i) {
    const Means means = means_in(*store.find(passage_key(i)), part, method);
    sum.resize(means.size());
    for (std::size_t k = 0; k < means.size(); ++k) sum[k] += means[k];
  }
  for (double& mean : sum) mean /= static_cast<double>(setting.options.texts);
  return sum;
}

lab::LinePanel growing_panel(const Setting& setting, const Part& part, const lab::ResultStore& store) {
  const Bins& bins = setting.bins;
  lab::LinePanel panel{dope::detail::text("Growing: one request of ", part.tokens, " tokens"),
                       "position: tokens before the byte",
                       "bits per byte",
                       lab::AxisScale::linear,
                       {},
                       {},
                       {}};
  // At most nine ticks, a whole number of training lengths apart, or eighths of a shorter request.
  const std::size_t training = bins.training_length;
  const std::size_t step = part.tokens < 2 * training ? std::max<std::size_t>(1, part.tokens / 8)
                                                      : training * ((part.tokens - 1) / training / 8 + 1);
  for (std::size_t at = 0; at < part.tokens + step; at += step)
    panel.x_ticks.push_back({static_cast<double>(at), lab::length_text(at, training)});
  if (part.tokens > training) panel.guide = {static_cast<double>(training), "training length"};
  for (std::size_t m = 0; m < part.methods.size(); ++m) {
    auto line = line_of(setting, part.methods, m);
    line.y = mean_over_passages(setting, store, part, part.methods[m].name);
    for (std::size_t bin = 0; bin < bins.count(); ++bin)
      line.x.push_back(0.5 * static_cast<double>(bins.first(bin) + bins.end(bin) - 1));
    panel.lines.push_back(std::move(line));
  }
  return panel;
}

lab::LinePanel sliding_panel(const Setting& setting, const std::vector<Part>& parts,
                             const lab::ResultStore& store) {
  const std::size_t training = setting.bins.training_length;
  lab::LinePanel panel{dope::detail::text("Sliding: the same ", setting.scored,
                                          " bytes of each passage, seen from windows of W tokens"),
                       "W, tokens of a window",
                       "bits per byte",
                       lab::AxisScale::log2,
                       {},
                       {},
                       {}};
  for (const std::size_t width : setting.widths)
    panel.x_ticks.push_back({static_cast<double>(width), lab::length_text(width, training)});
  if (setting.widths.size() == 1)
    panel.x_ticks.push_back(
        {2.0 * panel.x_ticks.front().at, lab::length_text(2 * setting.widths.front(), training)});
  if (setting.widths.front() < training && training < setting.widths.back())
    panel.guide = {static_cast<double>(training), "training length"};
  const auto& methods = parts.back().methods;
  for (std::size_t m = 0; m < methods.size(); ++m) {
    auto line = line_of(setting, methods, m);
    for (const Part& part : parts) {
      if (part.mode != Part::Mode::sliding) continue;
      line.x.push_back(static_cast<double>(part.tokens));
      line.y.push_back(mean_over_passages(setting, store, part, methods[m].name).front());
    }
    panel.lines.push_back(std::move(line));
  }
  return panel;
}

}  // namespace

std::string picture_of(const Setting& setting, const std::vector<Part>& parts,
                       const lab::ResultStore& store) {
  lab::LineChart chart{
      "Bits per byte against position",
      dope::detail::text(setting.options.texts == 1
                             ? "one passage"
                             : dope::detail::text("mean of ", setting.options.texts, " passages"),
                         "; methods are set for the request's length; "
                         "L = ",
                         setting.bins.training_length, " tokens"),
      {}};
  if (setting.grows()) chart.panels.push_back(growing_panel(setting, parts.front(), store));
  if (!setting.widths.empty()) chart.panels.push_back(sliding_panel(setting, parts, store));
  return lab::line_chart_svg(chart);
}

}  // namespace perplexity
