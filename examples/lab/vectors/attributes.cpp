// SPDX-License-Identifier: MIT
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "dope/core/alternatives.hpp"
#include "dope/denoise/plan.hpp"
#include "lab/support/plan_json.hpp"
#include "manifest.hpp"

namespace vectors {
namespace {

using namespace dope::conformance;  // tasks

std::string_view text_of(dope::RampEnds ends) {
  return ends == dope::RampEnds::whole_bands ? "whole_bands" : "fractional";
}
std::string_view text_of(dope::Centring centring) {
  return centring == dope::Centring::none ? "none" : "token_mean";
}
std::string_view text_of(dope::RowScaling rows) { return rows == dope::RowScaling::none ? "none" : "unit"; }

void put(Json& object, const char* name, const std::optional<double>& value) {
  if (value) object[name] = *value;
}

/// The parameters of a scaling, by the names of its fields.
struct Parameters {
  Json& object;

  void operator()(const dope::Unscaled&) const {}
  void operator()(const dope::Linear& s) const { object["factor"] = s.factor; }
  void operator()(const dope::StaticNtk& s) const { object["factor"] = s.factor; }
  void operator()(const dope::DynamicNtk& s) const { object["factor"] = s.factor; }
  void operator()(const dope::Yarn& s) const {
    yarn(s);
    object["ramp_ends"] = text_of(s.ramp_ends);
  }
  void operator()(const dope::YarnPaper& s) const { yarn(s); }
  void operator()(const dope::Llama3& s) const {
    object["factor"] = s.factor;
    object["low_frequency_factor"] = s.low_frequency_factor;
    object["high_frequency_factor"] = s.high_frequency_factor;
  }
  void operator()(const dope::LongRope& s) const {
    object["factor"] = s.factor;
    object["short_factor"] = s.short_factor;
    object["long_factor"] = s.long_factor;
    put(object, "attention_factor", s.attention_factor);
  }
  void operator()(const dope::Proportional& s) const { object["fraction"] = s.fraction; }

 private:
  template <class AnyYarn>
  void yarn(const AnyYarn& s) const {
    object["factor"] = s.factor;
    object["beta_fast"] = s.beta_fast;
    object["beta_slow"] = s.beta_slow;
    put(object, "attention_factor", s.attention_factor);
    put(object, "mscale", s.mscale);
    put(object, "mscale_all_dim", s.mscale_all_dim);
  }
};

template <class Task>
Json rope_of(const Task& task) {
  Json scaling = {{"name", name_of(task.scaling)}};
  std::visit(Parameters{scaling}, task.scaling);
  return {{"base", task.rope.base},
          {"head_width", task.rope.head_width},
          {"rotated_width", task.rope.rotated_width},
          {"training_length", task.rope.training_length},
          {"length", task.length},
          {"scaling", std::move(scaling)}};
}

struct Attributes {
  Json operator()(const RotateTask& task) const {
    Json object = rope_of(task);
    object["pairing"] = name_of(task.pairing);
    object["angles"] = name_of(task.angles);
    object["direction"] = name_of(task.direction);
    object["dtype"] = name_of(task.element);
    object["tokens"] = task.tokens();
    object["heads"] = task.heads;
    object["token_stride"] = task.token_stride;
    object["head_stride"] = task.head_stride;
    object["placement"] = name_of(task.placement);
    object["position_type"] = name_of(task.position_type);
    object["chunks"] = task.chunks;
    object["tables"] = task.head_tables.empty() ? std::size_t{1} : task.head_tables.size();
    object["given_tables"] = !task.head_tables.empty();
    return object;
  }

  Json operator()(const FrequenciesTask& task) const { return rope_of(task); }

  Json operator()(const DenoiseTask& task) const {
    Json plan = Json::parse(lab::plan_json(task.plan, {}));
    plan.erase("origin");
    Json object = {{"plan", std::move(plan)}, {"layer", task.layer}};
    object.update(rope_of(task));
    object["pairing"] = name_of(task.pairing);
    object["angles"] = name_of(task.angles);
    object["dtype"] = name_of(task.element);
    object["tokens"] = task.tokens();
    object["chunks"] = task.chunks;
    object["owners"] = task.plan.own_key_heads(task.layer);
    return object;
  }

  Json operator()(const GramTask& task) const {
    return {{"tokens", task.tokens},          {"width", task.width},
            {"dtype", name_of(task.element)}, {"centring", text_of(task.centring)},
            {"rows", text_of(task.rows)},     {"chunks", task.chunks}};
  }

  Json operator()(const EntropyTask& task) const {
    Json names = Json::array();
    for (const dope::Entropy& entropy : task.entropies) names.push_back(name_of(entropy));
    return {{"tokens", task.tokens},
            {"width", task.width},
            {"pairing", name_of(task.pairing)},
            {"entropies", std::move(names)}};
  }

  Json operator()(const SelectTask& task) const {
    static_assert(dope::detail::alternatives<dope::Amount> == 2, "vectors: every Amount");
    const auto* count = std::get_if<dope::Count>(&task.amount);
    const Json amount = count != nullptr ? Json{{"count", count->n}}
                                         : Json{{"quantile", std::get<dope::Quantile>(task.amount).tau}};
    return {
        {"layers", task.layers}, {"heads", task.heads}, {"amount", amount}, {"order", name_of(task.order)}};
  }

  Json operator()(const NoiseTask& task) const {
    return {{"seed", std::to_string(task.seed)},
            {"layer", task.layer},
            {"head", task.head},
            {"side", name_of(task.side)},
            {"width", task.width}};
  }
};

}  // namespace

Json attributes_of(const Task& task) { return std::visit(Attributes{}, task); }

}  // namespace vectors
