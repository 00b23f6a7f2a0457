// SPDX-License-Identifier: MIT
#include "manifest.hpp"

#include <cstddef>
#include <utility>
#include <variant>

#include "dope/conformance/catalogue.hpp"
#include "dope/conformance/tolerance.hpp"
#include "dope/core/alternatives.hpp"
#include "dope/core/error.hpp"
#include "transformer/checked_json.hpp"

namespace vectors {
namespace {

using dope::conformance::Array;
using dope::conformance::Case;
using dope::conformance::Element;
using dope::conformance::Task;
using reference::printable;
using reference::shown;

constexpr std::string_view both_angles = "both";

/// The formula of each scaling, by its name.
Json scalings() {
  return {
      {"symbols",
       "omega_f = base^(-2f/d), d = rotated_width, L = training_length, l = length, s = factor, clamp to [0, "
       "1]; "
       "the attention factor is 1 where none is named"},
      {"unscaled", "omega"},
      {"linear", "omega/s"},
      {"static_ntk", "base*s^(d/(d-2)) in place of base"},
      {"dynamic_ntk", "base*(s*max(l, L)/L - (s - 1))^(d/(d-2)) in place of base"},
      {"yarn",
       "c(r) = d*ln(L/(2 pi r))/(2 ln base); lo = max(0, c(beta_fast)), hi = min(d - 1, c(beta_slow)), floor "
       "and "
       "ceil of the two c before that where ramp_ends is whole_bands; kept = 1 - clamp((f - lo)/max(0.001, "
       "hi - lo)); (1 - kept)*omega/s + kept*omega. Attention factor: attention_factor if given; else "
       "m(mscale)/"
       "m(mscale_all_dim) if both are given and not 0; else m(1); m(k) = 0.1*k*ln s + 1 for s > 1, else 1"},
      {"yarn_paper",
       "kept = clamp((L*omega/(2 pi) - beta_slow)/(beta_fast - beta_slow)); blend and attention factor as "
       "yarn"},
      {"llama3",
       "kept = clamp((L*omega/(2 pi) - low_frequency_factor)/(high_frequency_factor - "
       "low_frequency_factor)); "
       "blend as yarn"},
      {"longrope",
       "omega/long_factor[f] where l > L, else omega/short_factor[f]. Attention factor: attention_factor if "
       "given; else sqrt(1 + ln s/ln L) for s > 1, else 1"},
      {"proportional", "omega in the first floor(fraction*d/2) bands, 0 in the others"},
  };
}

/// Short texts for a person who writes a runner.
Json conventions() {
  return {
      {"tensors",
       "row-major. A case's file holds input.NAME and expected.NAME; expected values are F64, high precision "
       "rounded once to double. A runner's file holds NAME alone"},
      {"buffer",
       "rotate: x and y are the caller's whole buffer; channel c of token t and head h is element "
       "t*token_stride + h*head_stride + c. What lies between the rows must come back as it was"},
      {"chunks", "tokens per call, in order: a kernel under test gets them one after the other"},
      {"pairing",
       "channels of band f, d = rotated_width: interleaved (2f, 2f+1), half_split (f, f + d/2). Channels "
       "from "
       "d on pass through"},
      {"rotation",
       "forward y1 = c*x1 - s*x2, y2 = s*x1 + c*x2; adjoint: s negated. c, s = attention_factor * cos, sin "
       "of "
       "the angle of (position m, omega of the band)"},
      {"angles",
       "exact: the real product m*omega. float32_product: fl32(fl32(m)*fl32(omega)), then cos and sin of "
       "that "
       "float"},
      {"scaling", scalings()},
      {"given_tables",
       "true: take omega and attention_factor from the inputs, one row a table, table h for head h. false: "
       "they follow from base ... scaling; the inputs hold the same"},
      {"gqa", "query head h reads key head h div (query_heads / key_heads)"},
      {"denoise",
       "own_keys[:, i] is the key that query head owners[i] alone reads: a copy of its unrotated key head, "
       "then "
       "denoised. Plan and transforms: docs/denoise.md"},
      {"noise",
       "words = Philox4x32-10, key (seed mod 2^32, seed div 2^32), counter (c div 4, m mod 2^32, m div 2^32, "
       "layer*2^17 + head*2 + side), side 0 query, 1 key; u = (w0 + 1/2)/2^32, v = w1/2^32, channels 4b and "
       "4b+1 are sqrt(-2 ln u) cos 2 pi v and sin; 4b+2 and 4b+3 the same of w2, w3"},
      {"gram",
       "X^T X, not divided by the tokens; rows centred by the token mean, then divided by their norm"},
      {"entropies", "natural logarithms; each by its name: docs/spectral.md"},
      {"select", "by score, then layer, then head; a quantile tau takes the largest k with k/heads <= tau"},
      {"rounding", "to the output's dtype once, to nearest, ties to even"},
      {"tolerance",
       "|y - expected| <= half a spacing of the dtype + (relative + per_angle * |m*omega|) * scale; scale is "
       "the "
       "norm of the pair times the attention factor for rotate and denoise, sqrt(S_ii*S_jj) for gram, "
       "|expected| "
       "for frequencies and entropy, 4 for noise. Channels that do not turn, guards, heads and words: equal"},
  };
}

template <std::size_t... index>
std::vector<std::string_view> names_of(std::index_sequence<index...>) {
  return {name_of(Task(std::in_place_index<index>))...};
}

std::vector<std::string> strings_of(const nlohmann::json& list, const std::string& where) {
  std::vector<std::string> texts;
  for (const auto& item : list) {
    if (!item.is_string()) throw dope::Error(where, shown(item), "a text");
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

}  // namespace

std::string_view name_of_angles(const std::optional<dope::Angles>& angles) {
  return angles ? name_of(*angles) : both_angles;
}

std::optional<dope::Angles> angles_named(std::string_view name) {
  for (const auto angles : {dope::Angles::exact, dope::Angles::float32_product}) {
    if (name == name_of(angles)) return angles;
  }
  if (name == both_angles) return std::nullopt;
  throw dope::Error("angles", printable(name), "exact, float32_product or both");
}

std::vector<Case> cases_of(const std::optional<dope::Angles>& angles) {
  return angles ? dope::conformance::catalogue_for(*angles) : dope::conformance::catalogue();
}

std::vector<std::string_view> task_names() {
  return names_of(std::make_index_sequence<std::variant_size_v<Task>>{});
}

std::string joined(const std::vector<std::string_view>& names) {
  std::string text;
  for (const std::string_view name : names) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

std::vector<Element> elements_of(const Array& expected, const Task& task) {
  static_assert(dope::detail::alternatives<dope::conformance::Task> == 7, "vectors: every Task");
  const bool stored = std::holds_alternative<dope::conformance::RotateTask>(task) ||
                      std::holds_alternative<dope::conformance::DenoiseTask>(task);
  if (stored || expected.element != Element::float64) return {expected.element};
  return {Element::float32, Element::float64};
}

Json entry_of(const Case& one, const std::vector<Array>& inputs, const std::vector<Array>& expected) {
  Json read = Json::array();
  for (const Array& array : inputs) {
    read.push_back({{"name", array.name}, {"dtype", name_of(array.element)}, {"shape", array.shape}});
  }
  Json written = Json::array();
  for (const Array& array : expected) {
    Json dtypes = Json::array();
    for (const Element element : elements_of(array, one.task)) dtypes.push_back(name_of(element));
    written.push_back({{"name", array.name}, {"dtypes", std::move(dtypes)}, {"shape", array.shape}});
  }
  const auto tolerance = dope::conformance::tolerance_of(one);
  return {
      {"name", one.name},
      {"task", name_of(one.task)},
      {"catches", one.catches},
      {"thread", one.thread},
      {"file", std::string(cases_folder) + '/' + one.name + ".safetensors"},
      {"inputs", std::move(read)},
      {"outputs", std::move(written)},
      {"tolerance",
       {{"relative", tolerance.relative}, {"per_angle", tolerance.per_angle}, {"reason", tolerance.reason}}},
      {"attributes", attributes_of(one.task)}};
}

std::string manifest_text(const Coverage& coverage, const std::vector<Json>& entries) {
  // A line per case, for people who search in it.
  const Json head = {{"format", manifest_format},
                     {"version", manifest_version},
                     {"tasks", coverage.tasks},
                     {"angles", name_of_angles(coverage.angles)},
                     {"conventions", conventions()}};
  std::string text = head.dump(1);
  text.erase(text.rfind('\n'));
  text += ",\n \"cases\": [";
  for (std::size_t i = 0; i < entries.size(); ++i) text += (i == 0 ? "\n  " : ",\n  ") + entries[i].dump();
  return text + "\n ]\n}\n";
}

Manifest read_manifest(const std::filesystem::path& folder) {
  const auto path = folder / manifest_name;
  const std::string where = path.string();
  const auto root = reference::read_object(path, largest_manifest);
  const auto field = [&](const char* name) -> const nlohmann::json& {
    const auto found = root.find(name);
    if (found == root.end()) {
      throw dope::Error(where, "no field " + printable(name), "a manifest written by: vectors export DIR");
    }
    return *found;
  };
  if (field("format") != manifest_format) {
    throw dope::Error(where, "format " + shown(field("format")), "format " + printable(manifest_format));
  }
  if (field("version") != manifest_version) {
    throw dope::Error(where, "version " + shown(field("version")) + ", exported by another version",
                      dope::detail::text("version ", manifest_version, ": export again"));
  }
  for (const char* name : {"tasks", "cases"}) {
    if (!field(name).is_array())
      throw dope::Error(where, shown(field(name)), "a list of " + std::string(name));
  }
  Manifest manifest{{strings_of(field("tasks"), where), {}}, {}};
  if (!field("angles").is_string()) throw dope::Error(where, shown(field("angles")), "the name of angles");
  try {
    manifest.coverage.angles = angles_named(field("angles").get<std::string>());
  } catch (const dope::Error& error) {
    throw dope::Error(where + ", " + error.where(), error.given(), error.expected());
  }
  for (const auto& entry : field("cases")) {
    if (!entry.is_object() || !entry.contains("name") || !entry.at("name").is_string()) {
      throw dope::Error(where, "case " + shown(entry), "an object with a name");
    }
    manifest.entries.push_back(entry);
  }
  return manifest;
}

}  // namespace vectors
