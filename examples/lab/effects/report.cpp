// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "draw/chart.hpp"
#include "lab/support/dot_plot.hpp"
#include "lab/support/heat_map.hpp"
#include "lab/support/sweep.hpp"
#include "lab/support/table.hpp"

namespace effects {
namespace {

using lab::Align;
using lab::figure;
using lab::Table;

constexpr double tolerable_points = -3.0;
constexpr std::size_t shown_entropies = 12;
constexpr std::size_t shown_per_map = 4;

std::string shown(const Table& table, Form form) {
  return form == Form::screen ? table.text() : table.markdown();
}

std::string heading(std::string_view text, Form form) {
  return (form == Form::markdown ? "## " : "") + std::string(text) + "\n\n";
}

std::string with_sign(double value, int decimals) {
  const std::string text = figure(value, decimals);
  return value > 0.0 && text.find_first_not_of("0.") != std::string::npos ? "+" + text : text;
}

std::string with_interval(double value, const lab::Interval& interval, int decimals) {
  return with_sign(value, decimals) + " [" + with_sign(interval.low, decimals) + ", " +
         with_sign(interval.high, decimals) + "]";
}

/// "by_parts" of "by_parts(reading=identity, …)" where no other transform of the run is of that family.
std::string short_name(const Setting& setting, std::size_t transform) {
  return lab::short_name(setting.options.transforms[transform], setting.options.transforms);
}

std::vector<std::string> map_names(const Setting& setting, const Map& map) {
  return {length_label(setting, map.place.length), std::string(name_of(map.place.base)),
          short_name(setting, map.transform)};
}

/// The heads by rising effect.
std::vector<std::size_t> by_effect(const Map& map) {
  std::vector<std::size_t> order(map.heads.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return map.heads[a].nats < map.heads[b].nats; });
  return order;
}

std::string head_text(const Setting& setting, const Map& map, std::size_t head) {
  const auto id = setting.heads()[head];
  const Effect& effect = map.heads[head];
  return dope::detail::text(id.layer, ".", id.head, " ", with_interval(effect.nats, effect.nats_interval, 2),
                            ", ", with_sign(effect.points, 0), " pt");
}

std::string effect_table(const Setting& setting, const std::vector<Map>& maps, Form form) {
  Table table({{"length", Align::right},
               {"scaling", Align::left},
               {"transform", Align::left},
               {"no denoising: %", Align::right},
               {"ln p", Align::right},
               {"heads at ≥ −3 pt", Align::right},
               {"costs nats", Align::right},
               {"gains nats", Align::right},
               {"mean effect", Align::right},
               {"worst head (layer.head), nats", Align::left},
               {"best head, nats", Align::left},
               {"reliability", Align::right},
               {"within layers", Align::right}});
  for (const Map& map : maps) {
    std::size_t tolerable = 0;
    std::size_t costs = 0;
    std::size_t gains = 0;
    for (const Effect& effect : map.heads) {
      tolerable += effect.points >= tolerable_points ? 1 : 0;
      costs += effect.nats_interval.high < 0.0 ? 1 : 0;
      gains += effect.nats_interval.low > 0.0 ? 1 : 0;
    }
    const auto order = by_effect(map);
    auto row = map_names(setting, map);
    for (std::string& cell : std::vector<std::string>{
             lab::percent(map.baseline_hits), figure(map.baseline_nats, 2),
             dope::detail::text(tolerable, "/", map.heads.size()), std::to_string(costs),
             std::to_string(gains), with_sign(map.random, 2), head_text(setting, map, order.front()),
             head_text(setting, map, order.back()), figure(map.reliability, 2),
             figure(map.within_reliability, 2)})
      row.push_back(std::move(cell));
    table.add_row(row);
  }
  return heading("What one head's denoising does", form) + shown(table, form);
}

/// Measures in the order of the tables and pictures: the entropies that correlate best, then all others.
std::vector<Summary> shown_measures(const std::vector<Map>& maps) {
  std::size_t entropies = 0;
  auto summaries = summarise(maps);
  std::erase_if(summaries, [&](const Summary& summary) {
    return summary.origin == Origin::paper && ++entropies > shown_entropies;
  });
  return summaries;
}

std::string_view origin_label(Origin origin) {
  return origin == Origin::paper ? "entropy" : origin == Origin::other ? "other" : "control";
}

std::string summary_table(const std::vector<Map>& maps, Form form) {
  Table table({{"measure", Align::left},
               {"kind", Align::left},
               {"mean ρ", Align::right},
               {"least", Align::right},
               {"greatest", Align::right},
               {"maps p < 0.05", Align::right},
               {"within layers: mean ρ", Align::right},
               {"maps p < 0.05", Align::right},
               {"gain of 3, ascending", Align::right},
               {"descending", Align::right}});
  for (const Summary& summary : shown_measures(maps)) {
    table.add_row({summary.name, std::string(origin_label(summary.origin)),
                   with_sign(summary.mean_correlation, 2), with_sign(summary.least, 2),
                   with_sign(summary.greatest, 2), dope::detail::text(summary.significant, "/", summary.maps),
                   with_sign(summary.within, 2),
                   dope::detail::text(summary.within_significant, "/", summary.maps),
                   with_sign(summary.gain[0], 2), with_sign(summary.gain[1], 2)});
  }
  return heading("Which measure knows, over all maps", form) + shown(table, form);
}

std::string choice_table(const Setting& setting, const std::vector<Map>& maps, Form form) {
  Table table({{"length", Align::right},
               {"scaling", Align::left},
               {"transform", Align::left},
               {"measure", Align::left},
               {"ρ with 95 % interval", Align::right},
               {"p", Align::right},
               {"within layers", Align::right},
               {"p", Align::right},
               {"order", Align::left},
               {"effect of its first 1", Align::right},
               {"3", Align::right},
               {"8", Align::right}});
  for (const Map& map : maps) {
    const auto add = [&](const std::string& name, const std::array<std::string, 4>& figures,
                         const std::string& order, const std::array<double, choice_sizes.size()>& effect) {
      auto row = map_names(setting, map);
      row.push_back(name);
      row.insert(row.end(), figures.begin(), figures.end());
      row.push_back(order);
      for (const double value : effect) row.push_back(with_sign(value, 2));
      table.add_row(row);
    };
    add("(heads drawn by lot, expected)", {}, "", {map.random, map.random, map.random});
    add("(best heads of the other half)", {}, "", map.best);
    std::vector<const Rating*> order;
    for (const Rating& rating : map.ratings) {
      if (!std::isnan(rating.correlation)) order.push_back(&rating);
    }
    std::stable_sort(order.begin(), order.end(), [](const Rating* a, const Rating* b) {
      return std::abs(a->correlation) > std::abs(b->correlation);
    });
    std::array<std::size_t, 2> taken{};
    for (const Rating* rating : order) {
      // The best entropies and the best of the others.
      if (++taken[rating->origin == Origin::paper ? 0 : 1] > shown_per_map / 2) continue;
      const std::size_t way = rating->correlation < 0.0 ? 0 : 1;
      add(rating->name,
          {with_interval(rating->correlation, rating->interval, 2), figure(rating->p, 4),
           with_sign(rating->within, 2), figure(rating->within_p, 4)},
          way == 0 ? "ascending" : "descending", rating->chosen[way]);
    }
  }
  return heading("The best measures of each map, and what the heads they choose would cost (nats)", form) +
         shown(table, form);
}

std::string csv(const Setting& setting, const std::vector<Map>& maps) {
  const auto number = [](double value) {
    return std::isnan(value) ? std::string() : lab::ResultStore::Json(value).dump();
  };
  std::string text =
      "length,scaling,transform,measure,kind,correlation,low,high,p,within,within_p,ascending_1,ascending_3,"
      "ascending_8,descending_1,descending_3,descending_8\n";
  for (const Map& map : maps) {
    for (const Rating& rating : map.ratings) {
      // Names of transforms and measures may hold commas; none holds a quotation mark.
      text += dope::detail::text(map.place.length, ",", name_of(map.place.base), ",\"",
                                 short_name(setting, map.transform), "\",\"", rating.name, "\",",
                                 origin_label(rating.origin));
      for (const double value : {rating.correlation, rating.interval.low, rating.interval.high, rating.p,
                                 rating.within, rating.within_p})
        text += "," + number(value);
      for (const auto& of_order : rating.chosen) {
        for (const double value : of_order) text += "," + number(value);
      }
      text += "\n";
    }
  }
  return text;
}

std::string panel_title(const Setting& setting, const Map& map) {
  return dope::detail::text(length_label(setting, map.place.length), ", ", name_of(map.place.base));
}

lab::HeatMap effect_picture(const Setting& setting, const std::vector<const Map*>& maps) {
  const auto shape = setting.model.shape();
  lab::HeatMap picture;
  picture.title = "Effect of denoising one head alone, " + short_name(setting, maps.front()->transform);
  picture.subtitle =
      dope::detail::text("change of the answer's log probability, mean of ", maps.front()->prompts,
                         " prompts; L = ", setting.model.config().training_length, " tokens");
  picture.row_title = "layer";
  picture.column_title = "query head";
  picture.value_title = "effect (nats); negative: the answer becomes less likely";
  picture.panels_per_line = setting.options.bases.size();
  picture.decimals = 1;
  for (std::size_t layer = 0; layer < shape.layers; ++layer)
    picture.row_labels.push_back(std::to_string(layer));
  for (std::size_t head = 0; head < shape.query_heads; ++head)
    picture.column_labels.push_back(std::to_string(head));
  double low = 0.0;
  double high = 0.0;
  for (const Map* map : maps) {
    lab::HeatPanel panel{panel_title(setting, *map),
                         dope::detail::text("without denoising ", lab::percent(map->baseline_hits),
                                            " %, ln p ", figure(map->baseline_nats, 1)),
                         {}};
    for (const Effect& effect : map->heads) {
      panel.values.push_back(effect.nats);
      low = std::min(low, effect.nats);
      high = std::max(high, effect.nats);
    }
    picture.panels.push_back(std::move(panel));
  }
  picture.low = low;
  picture.high = high > low ? high : low + 1.0;
  return picture;
}

lab::DotPlot correlation_picture(const Setting& setting, const std::vector<Map>& all,
                                 const std::vector<const Map*>& maps) {
  lab::DotPlot plot;
  plot.title = "Which measure knows the effect of " + short_name(setting, maps.front()->transform) + "?";
  plot.subtitle = dope::detail::text("rank correlation over ", maps.front()->heads.size(),
                                     " heads, 95 % bootstrap interval; ", shown_entropies,
                                     " best entropies by the mean over all maps, and all other measures");
  plot.value_title = "Spearman's ρ of the measure and the effect in nats";
  plot.fill_title = dope::detail::text("filled: p < ", figure(significance, 2),
                                       ", corrected for all measures tried on the map");
  const auto measures = shown_measures(all);
  for (const Summary& summary : measures) plot.row_labels.push_back(summary.name);
  for (const Map* map : maps) {
    lab::DotPanel panel{panel_title(setting, *map), "reliability " + figure(map->reliability, 2), {}};
    for (const Summary& summary : measures) {
      const auto rating = std::find_if(map->ratings.begin(), map->ratings.end(),
                                       [&](const Rating& r) { return r.name == summary.name; });
      constexpr double no_value = std::numeric_limits<double>::quiet_NaN();
      lab::Dot dot{no_value, no_value, no_value, lab::Dot::Fill::hollow};
      if (rating != map->ratings.end() && !std::isnan(rating->interval.low)) {
        // A percentile interval of resamples need not hold the value itself.
        dot = {rating->correlation, std::min(rating->interval.low, rating->correlation),
               std::max(rating->interval.high, rating->correlation),
               rating->p < significance ? lab::Dot::Fill::filled : lab::Dot::Fill::hollow};
      }
      panel.dots.push_back(dot);
    }
    plot.panels.push_back(std::move(panel));
  }
  return plot;
}

}  // namespace

std::string tables(const Setting& setting, const std::vector<Map>& maps, Form form) {
  std::string text = form == Form::markdown ? "# Single-head effects\n\n" : "";
  text += dope::detail::text(
      setting.options.task == Task::shots ? "Many shots, asked exemplar inserted" : "Needle in a haystack",
      "; ", setting.options.prompts, " prompts per length; measures from ", setting.options.measured,
      " others. Effect: one head denoised minus none, ln p of the digits in nats, with 95 % bootstrap "
      "interval; pt: points of exact match.\n\n");
  return text + effect_table(setting, maps, form) + "\n" + summary_table(maps, form) + "\n" +
         choice_table(setting, maps, form);
}

std::vector<std::filesystem::path> write_report(const Setting& setting, const std::vector<Map>& maps,
                                                lab::RunFolder& folder) {
  lab::RunFolder::Files files;
  files.add("table.md", tables(setting, maps, Form::markdown));
  files.add("indicators.csv", csv(setting, maps));
  for (std::size_t transform = 0; transform < setting.options.transforms.size(); ++transform) {
    std::vector<const Map*> of_transform;
    for (const Map& map : maps) {
      if (map.transform == transform) of_transform.push_back(&map);
    }
    const std::string name = dope::name_of(setting.options.transforms[transform]);
    const auto stem = dope::detail::text(transform + 1, "_", name.substr(0, name.find('(')), ".svg");
    files.add("effects_" + stem, lab::heat_map_svg(effect_picture(setting, of_transform)));
    files.add("correlations_" + stem, lab::dot_plot_svg(correlation_picture(setting, maps, of_transform)));
  }
  return folder.write(files);
}

}  // namespace effects
