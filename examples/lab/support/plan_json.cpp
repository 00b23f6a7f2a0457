// SPDX-License-Identifier: MIT
#include "lab/support/plan_json.hpp"

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <variant>

#include "dope/core/alternatives.hpp"
#include "dope/core/error.hpp"
#include "lab/support/files.hpp"
#include "lab/support/fingerprint.hpp"
#include "transformer/checked_json.hpp"
#include "transformer/input_file.hpp"

namespace lab {
namespace {

using Json = nlohmann::json;
using Ordered = nlohmann::ordered_json;
using dope::ByAll;
using dope::ByGaussian;
using dope::ByParts;
using reference::printable;

constexpr int version = 1;

bool is_matched(const dope::Transform& transform) {
  static_assert(dope::detail::alternatives<dope::Transform> == 3, "plan files: every Transform");
  const auto* noise = std::get_if<ByGaussian>(&transform);
  return noise != nullptr && noise->spread == ByGaussian::Spread::matched;
}

Ordered transform_to_json(const dope::Transform& transform) {
  if (const auto* parts = std::get_if<ByParts>(&transform)) {
    return {
        {"name", "by_parts"}, {"reading", name_of(parts->reading)}, {"threshold", name_of(parts->threshold)}};
  }
  if (const auto* all = std::get_if<ByAll>(&transform)) {
    return {{"name", "by_all"}, {"reading", name_of(all->reading)}};
  }
  const auto& noise = std::get<ByGaussian>(transform);
  return {{"name", "by_gaussian"},
          {"reading", name_of(noise.reading)},
          {"spread", name_of(noise.spread)},
          {"sigma", noise.sigma},
          {"seed", noise.seed}};
}

/// An object's fields, each asked for by name and kind; done() refuses what nobody asked for.
class Fields {
 public:
  Fields(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object.is_object()) throw dope::Error(where_, reference::shown(object), "an object");
  }

  const Json& at(const std::string& name) {
    if (!object_.contains(name)) throw dope::Error(where_, "no field " + printable(name), "one");
    asked_.insert(name);
    return object_.at(name);
  }
  [[nodiscard]] bool has(const std::string& name) const { return object_.contains(name); }

  std::uint64_t whole(const std::string& name) {
    const Json& value = at(name);
    if (!value.is_number_unsigned()) throw bad(name, value, "a whole number from 0 to 2^64 - 1");
    return value.get<std::uint64_t>();
  }
  double real(const std::string& name) {
    const Json& value = at(name);
    if (!value.is_number()) throw bad(name, value, "a number");
    return value.get<double>();
  }
  std::string word(const std::string& name) {
    const Json& value = at(name);
    if (!value.is_string()) throw bad(name, value, "a text");
    return value.get<std::string>();
  }
  template <dope::NamedEnum E>
  E option(const std::string& name) {
    return dope::parse<E>(word(name));
  }
  void done() const {
    for (const auto& [name, value] : object_.items()) {
      if (!asked_.contains(name))
        throw dope::Error(where_, "unknown field " + printable(name), "none but known fields");
    }
  }

 private:
  [[nodiscard]] dope::Error bad(const std::string& name, const Json& value, std::string expected) const {
    return {where_, "field " + printable(name) + " = " + reference::shown(value), std::move(expected)};
  }

  const Json& object_;
  std::string where_;
  std::set<std::string> asked_;
};

dope::Transform parse_transform_object(const Json& object) {
  Fields fields(object, "transform");
  const std::string name = fields.word("name");
  dope::Transform transform;
  if (name == "by_parts") {
    transform =
        ByParts{fields.option<ByParts::Reading>("reading"), fields.option<ByParts::Threshold>("threshold")};
  } else if (name == "by_all") {
    transform = ByAll{fields.option<ByAll::Reading>("reading")};
  } else if (name == "by_gaussian") {
    transform =
        ByGaussian{fields.option<ByGaussian::Reading>("reading"), fields.option<ByGaussian::Spread>("spread"),
                   fields.real("sigma"), fields.whole("seed")};
  } else {
    throw dope::Error("transform", printable(name), "by_parts, by_all or by_gaussian");
  }
  fields.done();
  return transform;
}

dope::AttentionShape parse_shape(const Json& object) {
  Fields fields(object, "shape");
  const dope::AttentionShape shape{fields.whole("layers"), fields.whole("query_heads"),
                                   fields.whole("key_heads"), fields.whole("head_width"),
                                   fields.whole("rotated_width")};
  fields.done();
  return shape;
}

void parse_heads(const Json& list, dope::Plan& plan) {
  if (!list.is_array()) throw dope::Error("heads", reference::shown(list), "a list");
  for (const Json& entry : list) {
    Fields fields(entry, dope::detail::text("heads[", plan.heads.size(), "]"));
    plan.heads.push_back({fields.whole("layer"), fields.whole("head")});
    if (is_matched(plan.transform)) {
      plan.spreads.push_back({fields.real("query_spread"), fields.real("key_spread")});
    }
    fields.done();
  }
}

PlanOrigin parse_origin(const Json& object) {
  Fields fields(object, "origin");
  PlanOrigin origin;
  for (const auto& [name, value] : object.items()) origin.emplace(name, fields.word(name));
  return origin;
}

SavedPlan parse_root(const Json& root) {
  Fields fields(root, "plan");
  if (fields.whole("dope_plan") != version) {
    throw dope::Error("plan", "version " + reference::shown(root.at("dope_plan")),
                      dope::detail::text("version ", version));
  }
  SavedPlan saved;
  saved.plan.shape = parse_shape(fields.at("shape"));
  saved.plan.gqa = fields.option<dope::GqaPolicy>("gqa");
  saved.plan.transform = parse_transform_object(fields.at("transform"));
  parse_heads(fields.at("heads"), saved.plan);
  if (fields.has("origin")) saved.origin = parse_origin(fields.at("origin"));
  fields.done();
  validate(saved.plan);
  return saved;
}

}  // namespace

std::string plan_json(const dope::Plan& plan, const PlanOrigin& origin) {
  validate(plan);
  Ordered heads = Ordered::array();
  for (std::size_t i = 0; i < plan.heads.size(); ++i) {
    Ordered entry = {{"layer", plan.heads[i].layer}, {"head", plan.heads[i].head}};
    if (is_matched(plan.transform)) {
      entry["query_spread"] = plan.spreads[i].query;
      entry["key_spread"] = plan.spreads[i].key;
    }
    heads.push_back(std::move(entry));
  }
  Ordered words = Ordered::object();
  for (const auto& [name, value] : origin) words[name] = value;
  const Ordered root = {{"dope_plan", version},
                        {"shape",
                         {{"layers", plan.shape.layers},
                          {"query_heads", plan.shape.query_heads},
                          {"key_heads", plan.shape.key_heads},
                          {"head_width", plan.shape.head_width},
                          {"rotated_width", plan.shape.rotated_width}}},
                        {"gqa", name_of(plan.gqa)},
                        {"transform", transform_to_json(plan.transform)},
                        {"heads", heads},
                        {"origin", words}};
  return root.dump(1, ' ', false, Ordered::error_handler_t::replace) + "\n";
}

SavedPlan parse_plan(std::string_view json, std::string_view name) {
  return with_place(std::string(name), [&] {
    SavedPlan saved = parse_root(reference::parse_object(json, "JSON"));
    saved.fingerprint = fingerprint(json);
    return saved;
  });
}

SavedPlan load_plan(const std::filesystem::path& path, std::string_view option) {
  const std::string where = input_name(option, path);
  return parse_plan(reference::read_input(where, path, largest_plan, reference::Source::file_or_pipe), where);
}

}  // namespace lab
