// SPDX-License-Identifier: MIT
#include "lab/spectrum/page.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "dope/core/alternatives.hpp"
#include "dope/core/error.hpp"
#include "dope/denoise/names.hpp"
#include "dope/denoise/score.hpp"
#include "dope/rope/frequencies.hpp"
#include "dope/spectral/entropy.hpp"
#include "draw/chart.hpp"
#include "lab/page/html.hpp"
#include "lab/spectrum/bounds.hpp"
#include "lab/spectrum/pictures.hpp"
#include "lab/spectrum/ranking.hpp"

namespace spectrum {
namespace {

using dope::Side;
using dope::Stage;
using dope::detail::text;

constexpr std::string_view no_break = "\u00a0";
constexpr std::size_t most_ranked = 8;         // the r of the map of truncated effective ranks
constexpr std::size_t most_heads_abreast = 8;  // of two maps in one line of the page
constexpr std::size_t first_heads = 5;         // of a ranking

std::string panel_id(dope::HeadId id) { return text("head-", id.layer, "-", id.head); }

double key_entropy(const Survey& survey, dope::HeadId id) {
  return dope::von_neumann(
      survey.head(id.layer, Side::key, survey.shape.key_head_of(id.head), Stage::post_ntk).spectra.head);
}

bool has_panel(const std::vector<dope::HeadId>& panels, dope::HeadId id) {
  return std::binary_search(panels.begin(), panels.end(), id);
}

/// For each head of a side the panel it is shown in, a key head's that of the first query head that reads it.
std::vector<std::string> links_of(const Survey& survey, Side side, const std::vector<dope::HeadId>& panels) {
  std::vector<std::string> links;
  const std::size_t readers = side == Side::query ? 1 : survey.shape.group();
  for (std::size_t layer = 0; layer < survey.shape.layers; ++layer) {
    for (std::size_t head = 0; head < survey.heads_of(side); ++head) {
      const dope::HeadId id{layer, head * readers};
      links.push_back(has_panel(panels, id) ? panel_id(id) : "");
    }
  }
  return links;
}

/// value(head) of all heads of a side at post_ntk, layer after layer.
template <class Value>
std::vector<double> by_head(const Survey& survey, Side side, const Value& value) {
  std::vector<double> values;
  for (std::size_t layer = 0; layer < survey.shape.layers; ++layer) {
    for (std::size_t head = 0; head < survey.heads_of(side); ++head)
      values.push_back(value(survey.head(layer, side, head, Stage::post_ntk)));
  }
  return values;
}

/// The same measure of keys and of queries.
template <class Value>
void add_maps(std::vector<page::Picture>& pictures, const Survey& survey,
              const std::vector<dope::HeadId>& panels, HeadMeasure measure, const Value& value) {
  const std::string title = measure.title;
  for (const Side side : {Side::key, Side::query}) {
    measure.title = text(title, ", ", side == Side::key ? "keys" : "queries");
    measure.side = side;
    measure.values = by_head(survey, side, value);
    pictures.push_back(head_map(measure, survey.shape.layers, links_of(survey, side, panels)));
  }
}

/// A measure of the query heads' attention.
template <class Value>
void add_attention_map(std::vector<page::Picture>& pictures, const Survey& survey,
                       const std::vector<dope::HeadId>& panels, HeadMeasure measure, const Value& value) {
  measure.side = Side::query;
  for (const HeadAttention& head : survey.attention) measure.values.push_back(value(head));
  pictures.push_back(head_map(measure, survey.shape.layers, links_of(survey, Side::query, panels)));
}

/// Side by side where they are narrow enough, else one below the other.
void put_maps(page::Section& section, std::vector<page::Picture> pictures, const Survey& survey) {
  if (survey.shape.query_heads <= most_heads_abreast) {
    section.blocks.emplace_back(page::Gallery{std::move(pictures)});
    return;
  }
  for (page::Picture& picture : pictures) section.blocks.emplace_back(std::move(picture));
}

page::Chapter reading_chapter(const Projections& projections, const Survey& survey) {
  const auto& shape = survey.shape;
  page::Facts facts{"Shape and conventions", {}};
  const auto add = [&](const char* name, const std::string& value) { facts.items.emplace_back(name, value); };
  add("origin", projections.origin);
  add("tokens N", std::to_string(survey.tokens));
  add("training length L", std::to_string(projections.training_length));
  add("needle", projections.needle
                    ? text("tokens ", projections.needle->first, " to ", projections.needle->end - 1)
                    : "none");
  add("layers", std::to_string(shape.layers));
  add("query heads", std::to_string(shape.query_heads));
  add("key heads", text(shape.key_heads, "; query head h reads key head h div ", shape.group()));
  add("head width", text(shape.head_width, ", of which ", shape.rotated_width, " channels turn"));
  add("pairing", projections.pairing == dope::Pairing::half_split
                     ? "half_split: band f turns channels f and f + d/2"
                     : "interleaved: band f turns channels 2f and 2f + 1");
  add("base", significant(projections.base, 6));
  add("scaling", projections.scaling);
  add("wavelengths, native",
      text(significant(dope::wavelength(projections.native.omega.front()), 4), " to ",
           significant(dope::wavelength(projections.native.omega.back()), 4), " tokens"));
  add("wavelengths, in force",
      text(significant(dope::wavelength(projections.scaled.omega.front()), 4), " to ",
           significant(dope::wavelength(projections.scaled.omega.back()), 4), " tokens; cos and sin times ",
           significant(projections.scaled.attention_factor, 4)));
  add("pre_ntk", "projected queries and keys, not rotated");
  add("post_ntk", "rotated by the frequencies in force");
  add("post_rope", "rotated by the native frequencies");
  add("Gram", "XᵀX of all rows of a head, raw and not divided by N, in double");
  add("entropies", "natural logarithm, in nats; uncomp in units of ln d, of centred and normalised rows");
  add("attention", text("under the frequencies in force, over ", survey.attention_rows.size(), " of ",
                        survey.tokens, " rows"));
  page::Section section{"Queries and keys", {}};
  section.blocks.emplace_back(page::Paragraph{text(
      "Read: ", projections.origin, ". ", survey.tokens, " tokens, ",
      significant(static_cast<double>(survey.tokens) / static_cast<double>(projections.training_length), 3),
      " times the training length of ", projections.training_length, ". ", shape.layers, " layers of ",
      shape.query_heads, " query and ", shape.key_heads, " key heads of width ", shape.head_width,
      ". Scaling: ", projections.scaling, ".")});
  section.blocks.emplace_back(std::move(facts));
  return {"What was read", {std::move(section)}, {}, "read"};
}

page::Chapter maps_chapter(const Projections& projections, const Survey& survey,
                           const std::vector<dope::HeadId>& panels) {
  const std::size_t all = survey.shape.layers * survey.shape.query_heads;
  std::string how =
      "Each cell leads to its head below; a key head's to the first query head that reads it. Stage "
      "post_ntk.";
  if (panels.size() < all) {
    how += text(
        " Of ", all, " query heads only the ", panels.size(),
        " whose keys have the lowest von Neumann entropy have a panel: cells of the others lead nowhere.");
  }
  page::Section spectra{"Entropy and rank", {page::Paragraph{how}}};
  std::vector<page::Picture> ranks;
  add_maps(
      ranks, survey, panels,
      {"Von Neumann entropy", "low: the rows' energy lies along few directions", "entropy (nats)", {}, {}, 2},
      [](const HeadSpectrum& head) { return dope::von_neumann(head.spectra.head); });
  add_maps(ranks, survey, panels,
           {"Effective rank", "exp of the entropy", "effective rank (directions)", {}, {}, 1},
           [](const HeadSpectrum& head) { return head.effective_rank; });
  const std::size_t r = std::min(most_ranked, survey.shape.head_width);
  if (r > 1) {
    add_maps(ranks, survey, panels,
             {text("Truncated effective rank, r = ", r),
              text("of the ", r, " largest eigenvalues alone"),
              text("effective rank (1 to ", r, ")"),
              {},
              {},
              2},
             [&](const HeadSpectrum& head) { return dope::truncated_effective_rank(head.spectra.head, r); });
  }
  put_maps(spectra, std::move(ranks), survey);
  page::Section slow{"Energy of slow bands", {}};
  std::vector<page::Picture> energies;
  add_maps(energies, survey, panels,
           {text("Energy at native wavelengths ≥ L = ", projections.training_length),
            "of bands that did not turn once in training",
            "energy (%)",
            {},
            {},
            0},
           [&](const HeadSpectrum& head) { return 100.0 * slow_energy(projections, head); });
  put_maps(slow, std::move(energies), survey);
  page::Section attention{
      "Attention",
      {page::Paragraph{text("Share of query heads whose sink score passes 0.3 (the sink rate): ",
                            lab::figure(100.0 * survey.sink_rate(), 1), " %.")}}};
  std::vector<page::Picture> measures;
  add_attention_map(measures, survey, panels,
                    {"Sink score", "mean attention on the first token", "share (%)", {}, {}, 1},
                    [](const HeadAttention& head) { return 100.0 * head.sink_score; });
  add_attention_map(
      measures, survey, panels,
      {"Attention entropy", "mean over rows; low: few tokens are looked at", "entropy (nats)", {}, {}, 2},
      [](const HeadAttention& head) { return head.entropy; });
  const bool retrieves = std::any_of(survey.attention.begin(), survey.attention.end(),
                                     [](const HeadAttention& head) { return head.retrieval.has_value(); });
  if (retrieves) {
    add_attention_map(measures, survey, panels,
                      {"Retrieval score", "the last token's attention on the needle", "share (%)", {}, {}, 1},
                      [](const HeadAttention& head) {
                        return 100.0 * head.retrieval.value_or(std::numeric_limits<double>::quiet_NaN());
                      });
  }
  put_maps(attention, std::move(measures), survey);
  return {"Maps of heads", {std::move(spectra), std::move(slow), std::move(attention)}, {}, "maps"};
}

page::Chapter bands_chapter(const Projections& projections, const Survey& survey) {
  return {"Bands",
          {{"Energy", {band_energy(projections, survey)}}, {"Cones", {cone_angles(projections, survey)}}},
          {},
          "bands"};
}

std::string_view claim_words(Claim claim) {
  static_assert(dope::detail::alternatives<Claim> == 5, "claim_words: every Claim");
  constexpr std::array<std::string_view, 5> words = {"‖Σ x‖, queries", "‖Σ x‖, keys", "λ₁, queries",
                                                     "λ₁, keys", "σ₁ of scores"};
  return words[static_cast<std::size_t>(claim)];
}

page::Chapter bounds_chapter(const Survey& survey) {
  page::Sheet sheet;
  sheet.caption = "How each bound holds, by stage; bound/measured of the bands in a cone, by quantile.";
  sheet.columns = {{"", "claim", false},
                   {"", "stage", false},
                   {"bands", "in all", true},
                   {"bands", "in a cone", true},
                   {"bands", "violations", true}};
  for (const double q : bound_quantiles)
    sheet.columns.push_back({"bound / measured", lab::figure(100.0 * q, 0) + " %", true});
  std::size_t violations = 0;
  std::size_t claimed = 0;
  for (const BoundSummary& summary : bound_summaries(survey)) {
    violations += summary.violations;
    claimed += summary.claimed;
    std::vector<std::string> row = {std::string(claim_words(summary.claim)),
                                    std::string(dope::name_of(summary.stage)), std::to_string(summary.bands),
                                    std::to_string(summary.claimed), std::to_string(summary.violations)};
    for (std::size_t i = 0; i < bound_quantiles.size(); ++i)
      row.push_back(summary.quantiles.empty() ? "–" : significant(summary.quantiles.at(i), 3));
    sheet.rows.push_back(std::move(row));
  }
  page::Section section{"Amplification theorems", {}};
  section.blocks.emplace_back(page::Paragraph{text(
      "Where all rows of a band lie in a cone of half-angle γ < 90°, their sum is at least N·min‖x‖·cos γ "
      "long, λ₁ of their Gram at least N·min‖x‖²·cos²γ, and σ₁ of the band's scores at least the product of "
      "both sides' bounds and cos ψ over √d. Elsewhere nothing is claimed. Of ",
      claimed, " claims here ", violations, violations == 1 ? " is violated" : " are violated",
      " (bound > measured · (1 + 10⁻⁹)).")});
  section.blocks.emplace_back(bound_scatter(survey));
  section.blocks.emplace_back(std::move(sheet));
  return {"Bounds against what is measured", {std::move(section)}, {}, "bounds"};
}

page::Sheet ranking_sheet(const Survey& survey, Side side, Stage stage) {
  page::Sheet sheet;
  sheet.columns = {{"", "entropy", false},
                   {"", "spiky end", false},
                   {"", "first five: layer.head (score)", false},
                   {"", "spikiest at", true},
                   {"", "caution, or why it cannot rank", false}};
  for (const Ranking& ranking : rankings_of(survey, side, stage)) {
    std::string heads;
    for (std::size_t i = 0; i < std::min(first_heads, ranking.heads.size()); ++i) {
      const auto& [id, value] = ranking.heads[i];
      heads += text(i == 0 ? "" : ", ", id.layer, ".", id.head, no_break, "(", significant(value, 3), ")");
    }
    const bool refused = !ranking.refusal.empty();
    sheet.rows.push_back({dope::name_of(ranking.entropy),
                          refused                                   ? "–"
                          : ranking.order == dope::Order::ascending ? "lowest"
                                                                    : "highest",
                          heads.empty() ? "–" : heads,
                          ranking.spikiest == 0 ? "–" : std::to_string(ranking.spikiest),
                          refused ? "cannot rank: " + ranking.refusal : ranking.caution});
  }
  return sheet;
}

page::Chapter rankings_chapter(const Survey& survey) {
  page::Chapter chapter{"Rankings", {}, {}, "rankings"};
  for (const Side side : {Side::key, Side::query}) {
    for (const Stage stage : {Stage::pre_ntk, Stage::post_ntk}) {
      page::Section section{text(side == Side::key ? "Key" : "Query", " heads at ", dope::name_of(stage)),
                            {}};
      if (chapter.sections.empty()) {
        section.blocks.emplace_back(page::Paragraph{
            "The heads with the strongest spike first, as each score sees them: a spike lowers "
            "a normalised entropy and raises a norm. In the fourth column stands where the "
            "head with the largest λ₁/tr Σ comes in that order. Where a score cannot rank "
            "these heads, the last column says why."});
      }
      section.blocks.emplace_back(ranking_sheet(survey, side, stage));
      chapter.sections.push_back(std::move(section));
    }
  }
  return chapter;
}

page::Sheet measures_sheet(const Survey& survey, dope::HeadId id) {
  page::Sheet sheet;
  sheet.caption = "Entropies and ranks by side and stage.";
  sheet.columns = {{"", "measure", false}};
  std::vector<const HeadSpectrum*> heads;
  for (const Side side : sides) {
    const std::size_t head = survey.head_behind(side, id.head);
    for (const Stage stage : stages) {
      sheet.columns.push_back(
          {text(dope::name_of(side), " head ", head), std::string(dope::name_of(stage)), true});
      heads.push_back(&survey.head(id.layer, side, head, stage));
    }
  }
  const auto add = [&](const std::string& name, const auto& value) {
    std::vector<std::string> row = {name};
    for (const HeadSpectrum* head : heads) row.push_back(significant(value(*head), 4));
    sheet.rows.push_back(std::move(row));
  };
  for (std::size_t i = 0; i < survey.entropies.size(); ++i)
    add(dope::name_of(survey.entropies[i]), [&](const HeadSpectrum& head) { return head.entropies.at(i); });
  add("effective rank", [](const HeadSpectrum& head) { return head.effective_rank; });
  add("participation ratio", [](const HeadSpectrum& head) { return head.participation_ratio; });
  add("stable rank", [](const HeadSpectrum& head) { return head.stable_rank; });
  add("trace", [](const HeadSpectrum& head) { return head.spectra.head.trace; });
  return sheet;
}

page::Sheet attention_sheet(const Survey& survey, dope::HeadId id) {
  const HeadAttention& head = survey.attention.at(id.layer * survey.shape.query_heads + id.head);
  page::Sheet sheet;
  sheet.caption = "Attention of the query head, mean over rows.";
  sheet.columns = {{"", "sink score, %", true},
                   {"", "entropy, nats", true},
                   {"", "on the last 64 tokens, %", true},
                   {"", "distance, tokens", true}};
  sheet.rows = {{lab::figure(100.0 * head.sink_score, 2), lab::figure(head.entropy, 3),
                 lab::figure(100.0 * head.recency, 2), lab::figure(head.distance, 1)}};
  const auto add = [&](const char* name, const std::optional<double>& share) {
    if (!share) return;
    sheet.columns.push_back({"", name, true});
    sheet.rows.front().push_back(lab::figure(100.0 * *share, 2));
  };
  add("needle, last token, %", head.retrieval);
  add("needle, rows after it, %", head.needle_mass);
  return sheet;
}

page::Sheet bands_sheet(const Projections& projections, const Survey& survey, dope::HeadId id) {
  page::Sheet sheet;
  sheet.caption =
      "Bands at post_ntk. λ₁ of the band's Gram and σ₁ of its scores stand beside what the theorems "
      "promise; 0: no cone, no claim. ψ is the angle between the principal directions of both sides.";
  sheet.columns = {{"", "band", true}};
  for (const char* title : {"tokens", "in N", "in L"}) sheet.columns.push_back({"wavelength", title, true});
  for (const char* group : {"energy, %", "cone half-angle, °"}) {
    for (const char* title : {"query", "key"}) sheet.columns.push_back({group, title, true});
  }
  for (const char* group : {"λ₁, query", "λ₁, key"}) {
    for (const char* title : {"bound", "measured"}) sheet.columns.push_back({group, title, true});
  }
  for (const char* title : {"ψ, °", "bound", "measured"})
    sheet.columns.push_back({"σ₁ of scores", title, true});
  const auto& query = survey.head(id.layer, Side::query, id.head, Stage::post_ntk).bands;
  const auto& key =
      survey.head(id.layer, Side::key, survey.shape.key_head_of(id.head), Stage::post_ntk).bands;
  const auto& scores = survey.score(id.layer, id.head, Stage::post_ntk).bands;
  for (std::size_t band = 0; band < scores.size(); ++band) {
    const double wavelength = dope::wavelength(projections.scaled.omega.at(band));
    const auto& q = query.at(band);
    const auto& k = key.at(band);
    const auto& score = scores[band];
    sheet.rows.push_back(
        {std::to_string(band), significant(wavelength, 4),
         significant(wavelength / static_cast<double>(survey.tokens), 3),
         significant(wavelength / static_cast<double>(projections.training_length), 3),
         lab::figure(100.0 * q.energy_share, 2), lab::figure(100.0 * k.energy_share, 2),
         lab::figure(in_degrees * q.cone_half_angle, 1), lab::figure(in_degrees * k.cone_half_angle, 1),
         significant(q.largest_eigenvalue_bound, 3), significant(q.largest_eigenvalue, 3),
         significant(k.largest_eigenvalue_bound, 3), significant(k.largest_eigenvalue, 3),
         lab::figure(in_degrees * score.angle, 1), significant(score.largest_singular_value_bound, 3),
         significant(score.largest_singular_value, 3)});
  }
  return sheet;
}

page::Panel head_panel(const Projections& projections, const Survey& survey,
                       const std::vector<dope::HeadId>& panels, std::size_t index) {
  const dope::HeadId id = panels[index];
  const std::size_t key = survey.shape.key_head_of(id.head);
  page::Links links{"Other heads", {}};
  const auto add = [&](const char* words, dope::HeadId to) {
    links.items.push_back({text(words, head_title(to.layer, Side::query, to.head)), panel_id(to)});
  };
  if (index > 0) add("← ", panels[index - 1]);
  links.items.push_back({"maps of heads", "maps"});
  if (index + 1 < panels.size()) add("→ ", panels[index + 1]);

  page::Panel panel{
      panel_id(id), text("Layer ", id.layer, ", query head ", id.head, ", which reads key head ", key), {}};
  panel.blocks.emplace_back(links);
  panel.blocks.emplace_back(page::Heading{"Spectrum"});
  panel.blocks.emplace_back(page::Gallery{
      {eigenvalue_decay(survey, id.layer, id.head), cumulative_energy_picture(survey, id.layer, id.head)}});
  panel.blocks.emplace_back(measures_sheet(survey, id));
  panel.blocks.emplace_back(page::Heading{"Attention"});
  panel.blocks.emplace_back(attention_strip(projections, survey, id.layer, id.head));
  panel.blocks.emplace_back(attention_sheet(survey, id));
  panel.blocks.emplace_back(page::Heading{"Rows over positions"});
  panel.blocks.emplace_back(page::Gallery{
      {magnitudes(projections, survey, id.layer, id.head), cosines(projections, survey, id.layer, id.head)}});
  panel.blocks.emplace_back(page::Heading{"Bands"});
  panel.blocks.emplace_back(bands_sheet(projections, survey, id));
  panel.blocks.emplace_back(std::move(links));
  return panel;
}

page::Chapter heads_chapter(const Projections& projections, const Survey& survey,
                            const std::vector<dope::HeadId>& panels) {
  page::Chapter chapter{"One head", {}, {}, "heads"};
  page::Section section{"Heads", {}};
  section.blocks.emplace_back(
      page::Paragraph{"One head is shown at a time: the one that a link leads to, at first the first. On "
                      "paper it is the same."});
  page::Links links{"All heads with a panel, by layer.head", {}};
  for (const dope::HeadId& id : panels) links.items.push_back({text(id.layer, ".", id.head), panel_id(id)});
  section.blocks.emplace_back(std::move(links));
  chapter.sections.push_back(std::move(section));
  for (std::size_t i = 0; i < panels.size(); ++i)
    chapter.panels.push_back(head_panel(projections, survey, panels, i));
  return chapter;
}

}  // namespace

std::vector<dope::HeadId> heads_with_panels(const Survey& survey, std::size_t most) {
  std::vector<std::pair<double, dope::HeadId>> heads;
  for (std::size_t layer = 0; layer < survey.shape.layers; ++layer) {
    for (std::size_t head = 0; head < survey.shape.query_heads; ++head)
      heads.emplace_back(key_entropy(survey, {layer, head}), dope::HeadId{layer, head});
  }
  std::sort(heads.begin(), heads.end());
  heads.resize(std::min(heads.size(), most));
  std::vector<dope::HeadId> ids;
  for (const auto& entry : heads) ids.push_back(entry.second);
  std::sort(ids.begin(), ids.end());
  return ids;
}

page::Document document_of(const Projections& projections, const Survey& survey, std::size_t most_panels) {
  const auto panels = heads_with_panels(survey, most_panels);
  page::Document document;
  document.title = "The spectral microscope";
  document.introduction =
      "What the queries and keys of every head look like, before and after rotation: where their energy "
      "lies, how concentrated it is, what the theorems promise of it, and where the head looks.";
  document.chapters = {reading_chapter(projections, survey),
                       maps_chapter(projections, survey, panels),
                       bands_chapter(projections, survey),
                       bounds_chapter(survey),
                       rankings_chapter(survey),
                       heads_chapter(projections, survey, panels)};
  return document;
}

std::string html_of(const Projections& projections, const Survey& survey, std::size_t most_panels) {
  return page::html_page(document_of(projections, survey, most_panels));
}

}  // namespace spectrum
