// SPDX-License-Identifier: MIT
#include "port_cuda/scaling.hpp"

#include <limits>

namespace port {
namespace {

constexpr double largest = std::numeric_limits<double>::max();
constexpr std::size_t longest = std::size_t{1} << 40;

template <class AnyYarn>
AnyYarn yarn_of(const reference::Fields& fields) {
  AnyYarn yarn;
  yarn.factor = fields.required_number("factor", 1.0, largest);
  yarn.beta_fast = fields.required_number("beta_fast", 0.0, largest);
  yarn.beta_slow = fields.required_number("beta_slow", 0.0, largest);
  yarn.attention_factor = fields.number("attention_factor", 0.0, largest);
  yarn.mscale = fields.number("mscale", -largest, largest);
  yarn.mscale_all_dim = fields.number("mscale_all_dim", -largest, largest);
  return yarn;
}

dope::Scaling scaling_of(const reference::Fields& fields) {
  const std::string name = fields.text("name").value_or("");
  const auto factor = [&] { return fields.required_number("factor", 1.0, largest); };
  if (name == "unscaled") return dope::Unscaled{};
  if (name == "linear") return dope::Linear{factor()};
  if (name == "static_ntk") return dope::StaticNtk{factor()};
  if (name == "dynamic_ntk") return dope::DynamicNtk{factor()};
  if (name == "yarn") {
    auto yarn = yarn_of<dope::Yarn>(fields);
    if (fields.text("ramp_ends") == "fractional") yarn.ramp_ends = dope::RampEnds::fractional;
    return yarn;
  }
  if (name == "yarn_paper") return yarn_of<dope::YarnPaper>(fields);
  if (name == "llama3") {
    return dope::Llama3{factor(), fields.required_number("low_frequency_factor", 0.0, largest),
                        fields.required_number("high_frequency_factor", 0.0, largest)};
  }
  if (name == "longrope") {
    return dope::LongRope{fields.required_numbers("short_factor", 0.0, largest),
                          fields.required_numbers("long_factor", 0.0, largest), factor(),
                          fields.number("attention_factor", 0.0, largest)};
  }
  if (name == "proportional") return dope::Proportional{fields.required_number("fraction", 0.0, 1.0)};
  fields.fail("name", name, "a scaling that this runner knows");
}

}  // namespace

RopeRequest rope_of(const CaseFile& file) {
  const auto fields = file.attributes();
  RopeRequest request;
  request.rope.base = fields.required_number("base", 1.0, largest);
  request.rope.head_width = fields.required_count("head_width", 2, 1 << 20);
  request.rope.rotated_width = fields.required_count("rotated_width", 2, 1 << 20);
  request.rope.training_length = fields.required_count("training_length", 1, longest);
  request.length = fields.required_count("length", 0, longest);
  request.scaling = scaling_of(file.object("scaling"));
  return request;
}

}  // namespace port
