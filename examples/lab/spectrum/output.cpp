// SPDX-License-Identifier: MIT
#include "lab/spectrum/output.hpp"

#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "dope/denoise/transform_text.hpp"
#include "draw/chart.hpp"
#include "lab/spectrum/bounds.hpp"
#include "lab/spectrum/ranking.hpp"
#include "lab/support/table.hpp"
#include "transformer/safetensors.hpp"

namespace spectrum {
namespace {

using Json = nlohmann::ordered_json;
using dope::Side;
using dope::Stage;

/// A field of a report with its name in files.
template <class Report>
struct Field {
  std::string_view name;
  double (*value)(const Report&);
};

constexpr std::array<Field<dope::BandReport>, 8> band_fields = {{
    {"rms_norm", [](const dope::BandReport& r) { return r.rms_norm; }},
    {"min_norm", [](const dope::BandReport& r) { return r.min_norm; }},
    {"energy_share", [](const dope::BandReport& r) { return r.energy_share; }},
    {"cone_half_angle", [](const dope::BandReport& r) { return r.cone_half_angle; }},
    {"coherent_sum", [](const dope::BandReport& r) { return r.coherent_sum; }},
    {"coherent_sum_bound", [](const dope::BandReport& r) { return r.coherent_sum_bound; }},
    {"largest_eigenvalue", [](const dope::BandReport& r) { return r.largest_eigenvalue; }},
    {"largest_eigenvalue_bound", [](const dope::BandReport& r) { return r.largest_eigenvalue_bound; }},
}};

constexpr std::array<Field<dope::BandScoreReport>, 4> score_fields = {{
    {"principal_angle", [](const dope::BandScoreReport& r) { return r.angle; }},
    {"largest_singular_value", [](const dope::BandScoreReport& r) { return r.largest_singular_value; }},
    {"largest_singular_value_bound",
     [](const dope::BandScoreReport& r) { return r.largest_singular_value_bound; }},
    {"entry_bound", [](const dope::BandScoreReport& r) { return r.entry_bound; }},
}};

template <class Report, std::size_t fields>
void put_fields(Json& record, const Report& report, const std::array<Field<Report>, fields>& all) {
  for (const auto& field : all) record[std::string(field.name)] = field.value(report);
}

/// JSON has no word for what is not finite.
Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }
Json number_or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

const dope::Frequencies& frequencies_at(const Projections& from, Stage stage) {
  return stage == Stage::post_ntk ? from.scaled : from.native;
}

Json settings_of(const Projections& from, const Survey& survey) {
  Json entropies = Json::array();
  for (const auto& entropy : survey.entropies) entropies.push_back(name_of(entropy));
  Json stage_names = Json::array();
  for (const Stage stage : stages) stage_names.push_back(name_of(stage));
  return {{"origin", from.origin},
          {"tokens", from.tokens},
          {"length", from.length},
          {"training_length", from.training_length},
          {"scaling", from.scaling},
          {"base", from.base},
          {"pairing", name_of(from.pairing)},
          {"shape",
           {{"layers", from.shape.layers},
            {"query_heads", from.shape.query_heads},
            {"key_heads", from.shape.key_heads},
            {"head_width", from.shape.head_width},
            {"rotated_width", from.shape.rotated_width}}},
          {"native_frequencies", from.native.omega},
          {"scaled_frequencies", from.scaled.omega},
          {"attention_factor", from.scaled.attention_factor},
          {"needle", from.needle ? Json{from.needle->first, from.needle->end} : Json(nullptr)},
          {"stages", std::move(stage_names)},
          {"entropies", std::move(entropies)},
          {"attention_rows", survey.attention_rows.size()},
          {"recent_tokens", 64},
          {"conventions",
           "Gram not divided by the tokens; rows raw, but centred by the token mean and then normalised for "
           "uncomp; "
           "natural logarithms; lengths in positions; angles in radians"}};
}

Json records_of_heads(const Survey& survey) {
  Json records = Json::array();
  for (const HeadSpectrum& head : survey.heads) {
    Json entropies;
    for (std::size_t i = 0; i < survey.entropies.size(); ++i)
      entropies[name_of(survey.entropies[i])] = number_or_null(head.entropies[i]);
    records.push_back({{"layer", head.layer},
                       {"side", name_of(head.side)},
                       {"head", head.head},
                       {"stage", name_of(head.stage)},
                       {"trace", head.spectra.head.trace},
                       {"effective_rank", head.effective_rank},
                       {"participation_ratio", head.participation_ratio},
                       {"stable_rank", head.stable_rank},
                       {"mean_share", head.mean_share},
                       {"entropies", std::move(entropies)}});
  }
  return records;
}

Json records_of_bands(const Projections& from, const Survey& survey) {
  Json records = Json::array();
  for (const HeadSpectrum& head : survey.heads) {
    for (const auto& band : head.bands) {
      Json record = {
          {"layer", head.layer},
          {"side", name_of(head.side)},
          {"head", head.head},
          {"stage", name_of(head.stage)},
          {"band", band.band},
          {"wavelength",
           head.stage == Stage::pre_ntk
               ? Json(nullptr)
               : number_or_null(dope::wavelength(frequencies_at(from, head.stage).omega[band.band]))}};
      put_fields(record, band, band_fields);
      records.push_back(std::move(record));
    }
  }
  return records;
}

Json records_of_scores(const Survey& survey) {
  Json records = Json::array();
  for (const HeadScores& scores : survey.scores) {
    for (const auto& band : scores.bands) {
      Json record = {{"layer", scores.layer},
                     {"head", scores.head},
                     {"stage", name_of(scores.stage)},
                     {"band", band.band}};
      put_fields(record, band, score_fields);
      records.push_back(std::move(record));
    }
  }
  return records;
}

Json records_of_attention(const Survey& survey) {
  Json records = Json::array();
  for (const HeadAttention& head : survey.attention) {
    records.push_back({{"layer", head.layer},
                       {"head", head.head},
                       {"sink_score", head.sink_score},
                       {"entropy", head.entropy},
                       {"recency", head.recency},
                       {"distance", head.distance},
                       {"retrieval", number_or_null(head.retrieval)},
                       {"needle_mass", number_or_null(head.needle_mass)}});
  }
  return records;
}

Json records_of_bounds(const Survey& survey) {
  Json records = Json::array();
  for (const BoundSummary& summary : bound_summaries(survey)) {
    records.push_back({{"stage", name_of(summary.stage)},
                       {"claim", name_of(summary.claim)},
                       {"bands", summary.bands},
                       {"claimed", summary.claimed},
                       {"violations", summary.violations},
                       {"quantiles", summary.quantiles}});
  }
  return records;
}

Json records_of_rankings(const Survey& survey) {
  Json records = Json::array();
  for (const Stage stage : stages) {
    for (const Side side : sides) {
      for (const Ranking& ranking : rankings_of(survey, side, stage)) {
        Json heads = Json::array();
        for (const auto& score : ranking.heads) heads.push_back(Json{score.id.layer, score.id.head});
        records.push_back({{"stage", name_of(stage)},
                           {"side", name_of(side)},
                           {"entropy", name_of(ranking.entropy)},
                           {"order", name_of(ranking.order)},
                           {"heads", std::move(heads)},
                           {"spikiest", ranking.spikiest},
                           {"refusal", ranking.refusal},
                           {"caution", ranking.caution}});
      }
    }
  }
  return records;
}

/// Tensors of doubles that live until they are written.
class Tensors {
 public:
  void add(std::string name, reference::Shape shape, std::vector<double> values) {
    values_.push_back(std::move(values));
    tensors_.push_back({std::move(name), {reference::Dtype::f64, std::move(shape), {}}});
  }
  void add_to(reference::FileSet& files, const std::filesystem::path& path,
              const std::map<std::string, std::string, std::less<>>& metadata) {
    for (std::size_t i = 0; i < tensors_.size(); ++i)
      tensors_[i].tensor.bytes = std::as_bytes(std::span(values_[i]));
    reference::add_safetensors(files, path, tensors_, metadata);
  }

 private:
  std::vector<std::vector<double>> values_;
  std::vector<reference::NamedTensor> tensors_;
};

void append(std::vector<double>& to, std::span<const double> values) {
  to.insert(to.end(), values.begin(), values.end());
}

void add_side(Tensors& tensors, const Survey& survey, Side side) {
  const auto& shape = survey.shape;
  const std::size_t heads = survey.heads_of(side);
  const std::size_t stage_count = std::size(stages);
  std::vector<double> eigenvalues, centred, entropies, bands, magnitude, cosines;
  for (std::size_t layer = 0; layer < shape.layers; ++layer) {
    for (std::size_t head = 0; head < heads; ++head) {
      for (const Stage stage : stages) {
        const HeadSpectrum& found = survey.head(layer, side, head, stage);
        append(eigenvalues, found.spectra.head.values);
        append(centred,
               found.spectra.uncomp ? found.spectra.uncomp->values : std::vector<double>(shape.head_width));
        append(entropies, found.entropies);
        for (const auto& band : found.bands) {
          for (const auto& field : band_fields) bands.push_back(field.value(band));
        }
      }
      const HeadMaps& maps = survey.map(layer, side, head);
      append(magnitude, maps.magnitude_before);
      append(magnitude, maps.magnitude_after);
      append(cosines, maps.cosines);
    }
  }
  const std::string name = std::string(name_of(side)) + ".";
  tensors.add(name + "eigenvalues", {shape.layers, heads, stage_count, shape.head_width},
              std::move(eigenvalues));
  tensors.add(name + "centred_eigenvalues", {shape.layers, heads, stage_count, shape.head_width},
              std::move(centred));
  tensors.add(name + "entropies", {shape.layers, heads, stage_count, survey.entropies.size()},
              std::move(entropies));
  tensors.add(name + "bands", {shape.layers, heads, stage_count, shape.rotated_width / 2, band_fields.size()},
              std::move(bands));
  tensors.add(name + "magnitude", {shape.layers, heads, 2, survey.bins.size(), shape.head_width},
              std::move(magnitude));
  tensors.add(name + "cosines", {shape.layers, heads, survey.map_tokens.size(), shape.head_width},
              std::move(cosines));
}

template <class List, class Name>
std::string joined(const List& list, const Name& name) {
  std::string words;
  for (const auto& entry : list) words += (words.empty() ? "" : ",") + std::string(name(entry));
  return words;
}

}  // namespace

std::string json_of(const Projections& from, const Survey& survey) {
  const Json document = {{"dope_spectrum", 1},
                         {"settings", settings_of(from, survey)},
                         {"sink_rate", survey.sink_rate()},
                         {"heads", records_of_heads(survey)},
                         {"bands", records_of_bands(from, survey)},
                         {"scores", records_of_scores(survey)},
                         {"attention", records_of_attention(survey)},
                         {"bounds", records_of_bounds(survey)},
                         {"rankings", records_of_rankings(survey)}};
  // A record a line: long enough to read, short enough to compare.
  std::string text = "{";
  for (auto at = document.begin(); at != document.end(); ++at) {
    text += (at == document.begin() ? "\n" : ",\n") + Json(at.key()).dump() + ": ";
    if (!at->is_array()) {
      text += at->dump(1);
      continue;
    }
    text += "[";
    for (auto record = at->begin(); record != at->end(); ++record)
      text += (record == at->begin() ? "\n " : ",\n ") + record->dump();
    text += "]";
  }
  return text + "\n}\n";
}

void add_tensors(reference::FileSet& files, const std::filesystem::path& path, const Survey& survey) {
  Tensors tensors;
  for (const Side side : sides) add_side(tensors, survey, side);
  const auto& shape = survey.shape;
  std::vector<double> scores, last, mean;
  for (const HeadScores& head : survey.scores) {
    for (const auto& band : head.bands) {
      for (const auto& field : score_fields) scores.push_back(field.value(band));
    }
  }
  for (const HeadAttention& head : survey.attention) {
    append(last, head.last);
    append(mean, head.mean);
  }
  tensors.add(
      "scores",
      {shape.layers, shape.query_heads, std::size(stages), shape.rotated_width / 2, score_fields.size()},
      std::move(scores));
  tensors.add("attention.last", {shape.layers, shape.query_heads, survey.bins.size()}, std::move(last));
  tensors.add("attention.mean", {shape.layers, shape.query_heads, survey.bins.size()}, std::move(mean));
  const auto field_name = [](const auto& field) { return field.name; };
  tensors.add_to(
      files, path,
      {{"stages", joined(stages, [](Stage stage) { return name_of(stage); })},
       {"entropies", joined(survey.entropies, [](const dope::Entropy& entropy) { return name_of(entropy); })},
       {"band_fields", joined(band_fields, field_name)},
       {"score_fields", joined(score_fields, field_name)},
       {"map_tokens", joined(survey.map_tokens, [](std::size_t token) { return std::to_string(token); })}});
}

std::string table_of(const Projections& from, const Survey& survey) {
  const auto column = [](const char* title) { return lab::Column{title, lab::Align::right}; };
  std::vector<lab::Column> columns = {
      {"head", lab::Align::left}, column("eff. rank q"),   column("eff. rank k"),   column("l1/trace q"),
      column("l1/trace k"),       column("slow energy q"), column("slow energy k"), column("sink"),
      column("entropy"),          column("recency")};
  if (from.needle) columns.push_back(column("retrieval"));
  lab::Table table(columns);
  for (const HeadAttention& head : survey.attention) {
    const auto& query = survey.head(head.layer, Side::query, head.head, Stage::post_ntk);
    const auto& key =
        survey.head(head.layer, Side::key, survey.head_behind(Side::key, head.head), Stage::post_ntk);
    std::vector<std::string> cells = {std::to_string(head.layer) + "." + std::to_string(head.head)};
    for (const double value : {query.effective_rank, key.effective_rank})
      cells.push_back(lab::figure(value, 1));
    for (const double value :
         {query.spectra.head.share(0), key.spectra.head.share(0), slow_energy(from, query),
          slow_energy(from, key), head.sink_score, head.entropy, head.recency})
      cells.push_back(lab::figure(value, 2));
    if (from.needle) cells.push_back(head.retrieval ? lab::figure(*head.retrieval, 2) : "-");
    table.add_row(std::move(cells));
  }
  std::string text = table.text() + "\nBounds of the paper, bound/measured where one is claimed:\n\n";
  lab::Table bounds({{"stage", lab::Align::left},
                     {"claim", lab::Align::left},
                     column("claimed"),
                     column("violated"),
                     column("median"),
                     column("greatest")});
  for (const BoundSummary& summary : bound_summaries(survey)) {
    const bool any = !summary.quantiles.empty();
    bounds.add_row({std::string(name_of(summary.stage)), std::string(name_of(summary.claim)),
                    std::to_string(summary.claimed) + "/" + std::to_string(summary.bands),
                    std::to_string(summary.violations), any ? lab::figure(summary.quantiles[3], 3) : "-",
                    any ? lab::figure(summary.quantiles.back(), 3) : "-"});
  }
  return text + bounds.text() +
         dope::detail::text(
             "\nSink rate (score of position 0 above 0.3): ", lab::figure(100.0 * survey.sink_rate(), 1),
             " % of ", survey.attention.size(), " heads\n");
}

}  // namespace spectrum
