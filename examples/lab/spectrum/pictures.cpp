// SPDX-License-Identifier: MIT
#include "lab/spectrum/pictures.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "dope/core/alternatives.hpp"
#include "dope/core/error.hpp"
#include "dope/rope/frequencies.hpp"
#include "dope/spectral/metrics.hpp"
#include "draw/chart.hpp"
#include "lab/page/axis.hpp"
#include "lab/page/panel_chart.hpp"
#include "lab/page/position_chart.hpp"
#include "lab/spectrum/bounds.hpp"
#include "lab/support/head_map.hpp"
#include "lab/support/raster_map.hpp"
#include "lab/support/statistics.hpp"

namespace spectrum {
namespace {

using dope::Side;
using dope::Stage;
using dope::detail::text;

// Eigenvalues are of double Grams: what lies below this share of the first is rounding.
constexpr double least_eigenvalue = 1e-12;
constexpr std::size_t most_marked = 40;  // points of a line
// Of pictures that stand two in a line of the page.
constexpr double half_page = 610.0;
constexpr double half_page_panel = 252.0;

std::string side_title(Side side) { return side == Side::query ? "queries" : "keys"; }

page::Look look_of(Stage stage) {
  return stage == Stage::post_ntk    ? page::Look::main
         : stage == Stage::post_rope ? page::Look::second
                                     : page::Look::reference;
}

/// The stage in force is drawn last, over the others.
constexpr std::array<Stage, 3> drawn_stages = {Stage::pre_ntk, Stage::post_rope, Stage::post_ntk};

std::vector<page::LegendEntry> stage_legend() {
  std::vector<page::LegendEntry> legend;
  for (const Stage stage : stages) legend.push_back({look_of(stage), std::string(dope::name_of(stage))});
  return legend;
}

/// "query head 5", "key head 2".
std::string panel_title(const Survey& survey, Side side, std::size_t query_head) {
  return text(dope::name_of(side), " head ", survey.head_behind(side, query_head));
}

/// Round steps of a count from `first` to `last`, both labelled.
std::vector<lab::Tick> count_ticks(std::size_t first, std::size_t last, std::size_t steps) {
  std::vector<lab::Tick> ticks;
  for (std::size_t i = 0; i <= steps; ++i) {
    const std::size_t at = first + (last - first) * i / steps;
    if (ticks.empty() || ticks.back().at < static_cast<double>(at))
      ticks.push_back({static_cast<double>(at), std::to_string(at)});
  }
  return ticks;
}

/// A line per stage through values(head), i = 1 …, for the query head and its key head.
template <class Values>
page::PanelChart stage_lines(const Survey& survey, std::size_t layer, std::size_t query_head,
                             const Values& values) {
  page::PanelChart chart;
  const std::size_t width = survey.shape.head_width;
  chart.x = {1.0, static_cast<double>(width), count_ticks(1, width, 4)};
  chart.x_title = "i, the largest eigenvalue first";
  chart.legend = stage_legend();
  chart.panels_per_line = 2;
  chart.panel_width = half_page_panel;
  chart.plot_height = 170.0;
  for (const Side side : sides) {
    page::ChartPanel panel{panel_title(survey, side, query_head), "", {}};
    for (const Stage stage : drawn_stages) {
      page::Series series{
          look_of(stage), {}, width > most_marked ? page::Marks::none : page::Marks::every_point};
      const auto& head = survey.head(layer, side, survey.head_behind(side, query_head), stage);
      const std::vector<double> list = values(head);
      for (std::size_t i = 0; i < list.size(); ++i)
        series.points.push_back({static_cast<double>(i + 1), list[i], list[i], list[i]});
      panel.series.push_back(std::move(series));
    }
    chart.panels.push_back(std::move(panel));
  }
  return chart;
}

/// The same numbers as a table: a row per i, a column per side and stage.
template <class Values>
page::Sheet stage_sheet(const Survey& survey, std::size_t layer, std::size_t query_head, int digits,
                        const Values& values) {
  page::Sheet sheet;
  sheet.columns = {{"", "i", true}};
  std::vector<std::vector<double>> lists;
  for (const Side side : sides) {
    for (const Stage stage : stages) {
      sheet.columns.push_back(
          {panel_title(survey, side, query_head), std::string(dope::name_of(stage)), true});
      lists.push_back(values(survey.head(layer, side, survey.head_behind(side, query_head), stage)));
    }
  }
  for (std::size_t i = 0; i < survey.shape.head_width; ++i) {
    std::vector<std::string> row = {std::to_string(i + 1)};
    for (const auto& list : lists) row.push_back(significant(list.at(i), digits));
    sheet.rows.push_back(std::move(row));
  }
  return sheet;
}

std::vector<double> relative_eigenvalues(const HeadSpectrum& head) {
  std::vector<double> list = head.spectra.head.values;
  const double first = list.front();
  for (double& value : list) value /= first;
  return list;
}

/// The places of N and L on the bands, in their order, moved by `shift`.
std::vector<lab::Tick> length_marks(const Projections& projections, double shift) {
  std::vector<lab::Tick> marks;
  const auto add = [&](const char* name, std::size_t tokens) {
    if (const auto at = band_position(projections.scaled.omega, static_cast<double>(tokens)))
      marks.push_back({*at + shift, text(name, " = ", tokens)});
  };
  if (projections.tokens == projections.training_length) {
    add("N = L", projections.tokens);
  } else {
    add("N", projections.tokens);
    add("L", projections.training_length);
  }
  std::sort(marks.begin(), marks.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  return marks;
}

/// A tick per band: its wavelength in tokens, under the frequencies in force.
std::vector<lab::Tick> band_ticks(const Projections& projections, double shift) {
  std::vector<lab::Tick> ticks;
  for (std::size_t band = 0; band < projections.scaled.bands(); ++band)
    ticks.push_back({static_cast<double>(band) + shift,
                     significant(dope::wavelength(projections.scaled.omega[band]), 2)});
  return ticks;
}

/// Every half of a quarter of the columns, labelled with its token.
std::vector<lab::Tick> token_ticks(std::size_t tokens, std::size_t columns) {
  std::vector<lab::Tick> ticks;
  for (std::size_t i = 0; i <= 4; ++i)
    ticks.push_back({static_cast<double>(columns * i) / 4.0, std::to_string(tokens * i / 4)});
  return ticks;
}

/// Rows of channels or eigenvectors, labelled from `first`.
std::vector<lab::Tick> row_ticks(std::size_t rows, std::size_t first) {
  std::vector<lab::Tick> ticks = count_ticks(0, rows - 1, 4);
  for (auto& tick : ticks) {
    tick.label = std::to_string(static_cast<std::size_t>(tick.at) + first);
    tick.at += 0.5;
  }
  return ticks;
}

/// The needle and the training length on an axis of tokens that is `columns` wide.
std::vector<lab::Tick> token_marks(const Projections& projections, std::size_t columns) {
  std::vector<lab::Tick> marks;
  const double scale = static_cast<double>(columns) / static_cast<double>(projections.tokens);
  if (projections.needle) {
    const auto middle = 0.5 * static_cast<double>(projections.needle->first + projections.needle->end);
    marks.push_back({scale * middle, "needle"});
  }
  if (projections.training_length < projections.tokens)
    marks.push_back({scale * static_cast<double>(projections.training_length), "L"});
  std::sort(marks.begin(), marks.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  return marks;
}

/// Tokens across, `columns` of them or of their bins; a head's channels or eigenvectors down, from `first`.
lab::RasterMap token_map(const Projections& projections, const Survey& survey, std::size_t columns,
                         std::size_t first) {
  lab::RasterMap map;
  map.column_title = "position (token)";
  map.rows = survey.shape.head_width;
  map.columns = columns;
  map.row_ticks = row_ticks(map.rows, first);
  map.column_ticks = token_ticks(survey.tokens, columns);
  map.marks = token_marks(projections, columns);
  map.width = half_page;
  return map;
}

/// [rows, columns] row after row, turned.
std::vector<double> transposed(std::span<const double> values, std::size_t rows, std::size_t columns) {
  std::vector<double> turned(values.size());
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column)
      turned[column * rows + row] = values[row * columns + column];
  }
  return turned;
}

std::string_view claim_title(Claim claim) {
  static_assert(dope::detail::alternatives<Claim> == 5, "claim_title: every Claim");
  constexpr std::array<std::string_view, 5> titles = {"coherent sum of queries", "coherent sum of keys",
                                                      "λ₁ of queries", "λ₁ of keys", "σ₁ of scores"};
  return titles[static_cast<std::size_t>(claim)];
}

}  // namespace

std::string head_title(std::size_t layer, Side side, std::size_t head) {
  return text("layer ", layer, ", ", dope::name_of(side), " head ", head);
}

std::string significant(double value, int digits) {
  if (std::isnan(value)) return "–";
  if (std::isinf(value)) return value > 0.0 ? "∞" : "−∞";
  if (value == 0.0) return "0";
  const double power = std::floor(std::log10(std::abs(value)));
  const bool plain = power >= -3.0 && power < 6.0;
  const int places = plain ? std::max(0, digits - 1 - static_cast<int>(power)) : digits - 1;
  std::array<char, 64> letters{};
  const auto end = std::to_chars(letters.data(), letters.data() + letters.size(), value,
                                 plain ? std::chars_format::fixed : std::chars_format::scientific, places);
  return {letters.data(), end.ptr};
}

std::optional<double> band_position(std::span<const double> omega, double wavelength) {
  for (std::size_t band = 0; band + 1 < omega.size(); ++band) {
    if (!(omega[band] > 0.0) || !(omega[band + 1] > 0.0)) continue;
    const double low = std::log(dope::wavelength(omega[band]));
    const double high = std::log(dope::wavelength(omega[band + 1]));
    const double at = std::log(wavelength);
    if (low < high && low <= at && at <= high) return static_cast<double>(band) + (at - low) / (high - low);
  }
  return std::nullopt;
}

page::Picture head_map(const HeadMeasure& measure, std::size_t layers, std::vector<std::string> links) {
  lab::HeadMap map;
  map.title = measure.title;
  map.subtitle = measure.subtitle;
  map.head_title = text(dope::name_of(measure.side), " head");
  map.value_title = measure.value_title;
  map.mark_title = "";
  map.layers = layers;
  map.heads = measure.values.size() / layers;
  map.values = measure.values;
  map.decimals = measure.decimals;
  map.links = std::move(links);
  return {"head-map", lab::head_map_svg(map),
          text(measure.title, ": ", measure.value_title, " by layer and ", map.head_title, "."),
          std::nullopt};
}

page::Picture band_energy(const Projections& projections, const Survey& survey) {
  const std::size_t bands = projections.scaled.bands();
  lab::RasterMap map;
  map.title = "Energy by band and layer";
  map.subtitle = "share of a head's energy, mean over the layer's heads";
  map.row_title = "layer";
  map.column_title = "band, by its wavelength in tokens under the frequencies in force";
  map.value_title = "energy (%)";
  map.rows = survey.shape.layers;
  map.columns = bands;
  for (std::size_t layer = 0; layer < map.rows; ++layer)
    map.row_ticks.push_back({static_cast<double>(layer) + 0.5, std::to_string(layer)});
  map.column_ticks = band_ticks(projections, 0.5);
  map.marks = length_marks(projections, 0.5);
  map.panels_per_line = 1;
  page::Sheet sheet;
  sheet.columns = {{"", "band", true}, {"", "wavelength, tokens", true}};
  sheet.rows.resize(bands);
  for (std::size_t band = 0; band < bands; ++band)
    sheet.rows[band] = {std::to_string(band),
                        significant(dope::wavelength(projections.scaled.omega[band]), 4)};
  double most = 0.0;
  for (const Side side : sides) {
    lab::RasterPanel panel{side_title(side), "", {}};
    const auto heads = static_cast<double>(survey.heads_of(side));
    for (std::size_t layer = 0; layer < map.rows; ++layer) {
      sheet.columns.push_back({side_title(side) + ", energy in %", text("layer ", layer), true});
      for (std::size_t band = 0; band < bands; ++band) {
        double sum = 0.0;
        for (std::size_t head = 0; head < survey.heads_of(side); ++head)
          sum += survey.head(layer, side, head, Stage::post_ntk).bands.at(band).energy_share;
        panel.values.push_back(100.0 * sum / heads);
        most = std::max(most, panel.values.back());
        sheet.rows[band].push_back(lab::figure(panel.values.back(), 2));
      }
    }
    map.panels.push_back(std::move(panel));
  }
  map.high = most;
  return {
      "band-energy", lab::raster_map_svg(map),
      "Share of the energy in each band, in %, mean over the heads of a layer. Rotation does not move energy "
      "between bands. Right of L lie the bands whose wavelength passes the training length; right of N those "
      "that do not turn once over the text.",
      std::move(sheet)};
}

page::Picture cone_angles(const Projections& projections, const Survey& survey) {
  const std::size_t bands = projections.scaled.bands();
  page::PanelChart chart;
  chart.title = "Cone half-angle by band";
  chart.subtitle = "median over all heads; at 90° and above there is no cone, and no bound";
  chart.x = {-0.5, static_cast<double>(bands) - 0.5, band_ticks(projections, 0.0)};
  chart.x_title = "band, by its wavelength in tokens under the frequencies in force";
  chart.y = {0.0, 180.0, {}};
  for (int angle = 0; angle <= 180; angle += 45)
    chart.y.ticks.push_back({static_cast<double>(angle), std::to_string(angle)});
  chart.y_title = "half-angle (°)";
  chart.legend = stage_legend();
  chart.guides = length_marks(projections, 0.0);
  chart.panels_per_line = 2;
  chart.plot_height = 200.0;
  page::Sheet sheet;
  sheet.columns = {{"", "band", true}};
  sheet.rows.resize(bands);
  for (std::size_t band = 0; band < bands; ++band) sheet.rows[band] = {std::to_string(band)};
  for (const Side side : sides) {
    page::ChartPanel panel{side_title(side), "bars: 10 to 90 % of heads at post_ntk", {}};
    for (const Stage stage : drawn_stages) {
      page::Series series{
          look_of(stage), {}, bands > most_marked ? page::Marks::none : page::Marks::every_point};
      sheet.columns.push_back({side_title(side) + ", median in °", std::string(dope::name_of(stage)), true});
      for (std::size_t band = 0; band < bands; ++band) {
        std::vector<double> angles;
        for (const HeadSpectrum& head : survey.heads) {
          if (head.side == side && head.stage == stage)
            angles.push_back(in_degrees * head.bands.at(band).cone_half_angle);
        }
        std::sort(angles.begin(), angles.end());
        const double median = lab::nearest_rank(angles, 0.5);
        const bool bar = stage == Stage::post_ntk;
        series.points.push_back({static_cast<double>(band), median,
                                 bar ? lab::nearest_rank(angles, 0.1) : median,
                                 bar ? lab::nearest_rank(angles, 0.9) : median});
        sheet.rows[band].push_back(lab::figure(median, 1));
      }
      panel.series.push_back(std::move(series));
    }
    chart.panels.push_back(std::move(panel));
  }
  return {
      "cone-angles", page::panel_chart_svg(chart),
      "Half the smallest arc that holds the directions of all tokens in a band, median over all heads. A "
      "band that turns all the way has no cone; only under 90° do the amplification theorems claim anything.",
      std::move(sheet)};
}

page::Picture bound_scatter(const Survey& survey, std::size_t most) {
  page::ScatterChart chart;
  chart.title = "Bounds against what is measured";
  chart.subtitle = "a point per band in a cone; a bound holds where its point is on the line or above";
  chart.x_title = "bound";
  chart.y_title = "measured";
  chart.diagonal_title = "bound = measured";
  chart.legend = stage_legend();
  bool thinned = false;
  for (const Claim claim : claims) {
    page::ScatterPanel panel{std::string(claim_title(claim)), "", {}, {}};
    std::vector<double> values;
    std::size_t points = 0;
    for (const Stage stage : drawn_stages) {
      auto pairs = bound_pairs(survey, claim, stage);
      points += pairs.size();
      std::erase_if(pairs, [](const BoundPair& pair) { return !(pair.measured > 0.0); });
      page::Series series{look_of(stage), {}};
      const std::size_t shown = std::min(most, pairs.size());
      thinned = thinned || shown < pairs.size();
      for (std::size_t i = 0; i < shown; ++i) {
        const BoundPair& pair = pairs[i * pairs.size() / shown];
        values.push_back(pair.bound);
        values.push_back(pair.measured);
        series.points.push_back({std::log10(pair.bound), std::log10(pair.measured)});
      }
      panel.series.push_back(std::move(series));
    }
    panel.axis = page::decades_over(values, 5);
    panel.note = points == 0 ? "no band is in a cone" : text(points, " bands in a cone, three stages");
    chart.panels.push_back(std::move(panel));
  }
  return {
      "bounds", page::scatter_chart_svg(chart),
      text(
          "What the amplification theorems promise (across) against what is measured (up), both logarithmic, "
          "for every band of every head that lies in a cone. A point below the line would be a violation.",
          thinned ? text(" Of each claim and stage at most ", most, " points are drawn, evenly apart.") : ""),
      std::nullopt};
}

page::Picture eigenvalue_decay(const Survey& survey, std::size_t layer, std::size_t query_head) {
  const auto powers = [](const HeadSpectrum& head) {
    auto list = relative_eigenvalues(head);
    for (double& value : list) value = std::log10(std::max(value, least_eigenvalue));
    return list;
  };
  page::PanelChart chart = stage_lines(survey, layer, query_head, powers);
  chart.title = "Eigenvalues";
  chart.subtitle = head_title(layer, Side::query, query_head);
  chart.y_title = "λᵢ / λ₁";
  std::vector<double> values;
  for (const auto& panel : chart.panels) {
    for (const auto& series : panel.series) {
      for (const auto& point : series.points) values.push_back(std::pow(10.0, point.y));
    }
  }
  chart.y = page::decades_over(values, 5);
  return {"eigenvalues", page::panel_chart_svg(chart),
          "Eigenvalues of the Gram of all rows, as shares of the first, logarithmic; below 10⁻¹² they are "
          "rounding and lie on the floor.",
          stage_sheet(survey, layer, query_head, 4, relative_eigenvalues)};
}

page::Picture cumulative_energy_picture(const Survey& survey, std::size_t layer, std::size_t query_head) {
  const auto shares = [](const HeadSpectrum& head) {
    auto list = dope::cumulative_energy(head.spectra.head);
    for (double& value : list) value *= 100.0;
    return list;
  };
  page::PanelChart chart = stage_lines(survey, layer, query_head, shares);
  chart.title = "Cumulative energy";
  chart.subtitle = head_title(layer, Side::query, query_head);
  chart.y = page::percent_axis(4);
  chart.y_title = "energy (%)";
  return {"cumulative-energy", page::panel_chart_svg(chart),
          "Share of the energy along the first i directions, in %.",
          stage_sheet(survey, layer, query_head, 4, shares)};
}

page::Picture magnitudes(const Projections& projections, const Survey& survey, std::size_t layer,
                         std::size_t query_head) {
  lab::RasterMap map = token_map(projections, survey, survey.bins.size(), 0);
  map.title = "Magnitudes by position and channel";
  map.subtitle = "mean |entry| per bin of tokens, as a share of the largest of the two maps of a side";
  map.row_title = "channel";
  map.value_title = "mean |entry| / its largest";
  map.decimals = 2;
  for (const Side side : sides) {
    const HeadMaps& maps = survey.map(layer, side, survey.head_behind(side, query_head));
    double most = 0.0;
    for (const auto* values : {&maps.magnitude_before, &maps.magnitude_after})
      most = std::max(most, *std::max_element(values->begin(), values->end()));
    for (const auto& [values, when] :
         {std::pair{&maps.magnitude_before, "before rotation"}, {&maps.magnitude_after, "after rotation"}}) {
      auto turned = transposed(*values, map.columns, map.rows);
      for (double& value : turned) value /= most;
      map.panels.push_back({text(panel_title(survey, side, query_head), ", ", when),
                            text("1 is ", significant(most, 3)), std::move(turned)});
    }
  }
  return {"magnitudes", lab::raster_map_svg(map),
          "Mean magnitude of entries by position (across) and channel (down), unrotated and under the "
          "frequencies in force.",
          std::nullopt};
}

page::Picture cosines(const Projections& projections, const Survey& survey, std::size_t layer,
                      std::size_t query_head) {
  lab::RasterMap map = token_map(projections, survey, survey.map_tokens.size(), 1);
  map.title = "Directions of tokens";
  map.subtitle = "cosine of each row at post_ntk with the eigenvectors of its head's Gram";
  map.row_title = "eigenvector";
  map.value_title = "cosine";
  map.low = -1.0;
  map.high = 1.0;
  map.scale = lab::ColourScale::sign;
  for (const Side side : sides) {
    const HeadMaps& maps = survey.map(layer, side, survey.head_behind(side, query_head));
    map.panels.push_back(
        {panel_title(survey, side, query_head), "", transposed(maps.cosines, map.columns, map.rows)});
  }
  return {"cosines", lab::raster_map_svg(map),
          "Cosine of a token's rotated row (across) with each eigenvector (down, that of the largest "
          "eigenvalue on top). A head whose rows share one direction has a first row of one colour.",
          std::nullopt};
}

page::Picture attention_strip(const Projections& projections, const Survey& survey, std::size_t layer,
                              std::size_t query_head) {
  const HeadAttention& head = survey.attention.at(layer * survey.shape.query_heads + query_head);
  page::PositionChart chart;
  chart.title = "Attention over positions";
  chart.subtitle =
      text("share of attention per bin of about ",
           lab::figure(static_cast<double>(survey.tokens) / static_cast<double>(survey.bins.size()), 1),
           " tokens, logarithmic, under the frequencies in force");
  chart.mark_title = "needle";
  chart.tokens = survey.tokens;
  for (const TokenRange& bin : survey.bins) chart.edges.push_back(static_cast<double>(bin.first));
  chart.edges.push_back(static_cast<double>(survey.tokens));
  if (projections.needle) chart.marked = std::pair{projections.needle->first, projections.needle->end};
  const std::size_t rows = survey.attention_rows.size();
  chart.columns = {"last token", text("mean of ", rows == survey.tokens ? "all " : "", rows, " tokens")};
  chart.rows = {{text("layer ", layer, ", head ", query_head),
                 {text("sink score ", lab::figure(head.sink_score, 3)),
                  text("entropy ", lab::figure(head.entropy, 2), " nats")},
                 page::Fill::strong,
                 {head.last, head.mean}}};
  return {"attention", page::position_chart_svg(chart),
          text("Attention of the query head over positions on a logarithmic scale. Above the dotted line a "
               "bin has more than an equal share.",
               projections.needle ? " The needle is marked by a band and a triangle." : ""),
          std::nullopt};
}

}  // namespace spectrum
