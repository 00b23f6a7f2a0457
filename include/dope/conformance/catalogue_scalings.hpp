// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "dope/conformance/case.hpp"
#include "dope/conformance/catalogue_rotation.hpp"
#include "dope/rope/scaling.hpp"

// Every scaling, as frequencies and as a rotation that may compute its own.

namespace dope::conformance::detail {

/// One scaling: a name, its parameters, and at which length.
struct ScalingCase {
  std::string_view name;
  Scaling scaling;
  RopeParameters rope;
  std::size_t length;
  std::string_view catches;
  std::string_view thread;
};

inline std::vector<ScalingCase> scaling_cases() {
  const RopeParameters wide{.base = 10000.0, .head_width = 64, .rotated_width = 64, .training_length = 4096};
  RopeParameters llama = wide;
  llama.base = 500000.0;
  llama.training_length = 8192;
  RopeParameters late = wide;
  late.training_length = 131072;
  RopeParameters slow = wide;
  slow.base = 100.0;
  slow.training_length = 1024;
  LongRope longrope;
  for (std::size_t band = 0; band < 32; ++band) {
    longrope.short_factor.push_back(1.0 + 0.03125 * static_cast<double>(band));
    longrope.long_factor.push_back(1.0 + 0.75 * static_cast<double>(band));
  }
  longrope.factor = 32.0;
  LongRope given = longrope;
  given.attention_factor = 1.19;
  const std::string_view dynamic =
      "dynamic NTK: the identity up to L, one base per request, alpha of the right form";
  const std::string_view yarn =
      "YaRN: the ramp of the paper for that of the code, its ends, its clamp, the original length";
  const std::string_view mscale =
      "YaRN's attention factor: precedence of attention_factor, mscale and mscale_all_dim";
  const std::string_view list = "LongRoPE: the long list for l > L strictly, and its attention factor";
  return {
      {"unscaled", Unscaled{}, wide, 4096, "native frequencies", ""},
      {"linear", Linear{4.0}, wide, 16384, "interpolation that multiplies or is left out",
       "lablup/mlxcel#1340"},
      {"static_ntk", StaticNtk{4.0}, wide, 16384, "NTK base without its exponent d/(d-2)",
       "vllm-project/vllm#3488"},
      {"dynamic_ntk_short", DynamicNtk{2.0}, wide, 4000, dynamic, "vllm-project/vllm#5093"},
      {"dynamic_ntk_at_l", DynamicNtk{2.0}, wide, 4096, dynamic, "vllm-project/vllm#5093"},
      {"dynamic_ntk_past_l", DynamicNtk{2.0}, wide, 4097, dynamic, "huggingface/transformers#25104"},
      {"dynamic_ntk", DynamicNtk{1.0}, wide, 32768, dynamic, "ggml-org/llama.cpp#8361"},
      {"dynamic_ntk_factor", DynamicNtk{2.0}, wide, 32768, dynamic, "ggml-org/llama.cpp#8361"},
      {"yarn", Yarn{.factor = 8.0}, wide, 32768, yarn, "vllm-project/vllm#27722"},
      {"yarn_fractional", Yarn{.factor = 8.0, .ramp_ends = RampEnds::fractional}, wide, 32768, yarn,
       "vllm-project/vllm#27722"},
      {"yarn_clamped", Yarn{.factor = 4.0, .beta_slow = 0.5}, late, 524288, yarn,
       "keras-team/keras-hub#2981"},
      {"yarn_clamped_at_width", Yarn{.factor = 4.0, .beta_slow = 0.01}, slow, 4096, yarn,
       "keras-team/keras-hub#2981"},
      {"yarn_given_factor", Yarn{.factor = 8.0, .attention_factor = 1.5}, wide, 32768, mscale,
       "ml-explore/mlx-lm#1507"},
      {"yarn_mscale_both", Yarn{.factor = 40.0, .mscale = 1.0, .mscale_all_dim = 0.707}, wide, 163840, mscale,
       "ggml-org/llama.cpp#17945"},
      {"yarn_mscale_one", Yarn{.factor = 40.0, .mscale = 0.707}, wide, 163840, mscale,
       "ml-explore/mlx-lm#1507"},
      {"yarn_paper", YarnPaper{.factor = 8.0}, wide, 32768, yarn, "NVIDIA/Megatron-LM#1418"},
      {"llama3", Llama3{8.0, 1.0, 4.0}, llama, 65536,
       "Llama 3's smooth blend: inverted, or of the extended length", ""},
      {"longrope_at_l", longrope, wide, 4096, list, "unslothai/unsloth#10681"},
      {"longrope_past_l", longrope, wide, 4097, list, "huggingface/transformers#33129"},
      {"longrope_given_factor", given, wide, 100000, list, "huggingface/transformers#33129"},
      {"proportional", Proportional{0.25}, wide, 4096, "proportional RoPE taken for a partial width",
       "apple/coreai-models#66"},
  };
}

inline void add_scalings(Cases& cases) {
  for (const ScalingCase& scaling : scaling_cases()) {
    cases.add(text("frequencies_", scaling.name), scaling.catches, scaling.thread,
              FrequenciesTask{scaling.rope, scaling.scaling, scaling.length});
    for (const Element element : {Element::float32, Element::bfloat16}) {
      std::vector<std::int64_t> positions = positions_from(3, 6, 7);
      for (const std::size_t divisor : std::initializer_list<std::size_t>{7, 3, 2, 1}) {
        positions.push_back(static_cast<std::int64_t>(scaling.length / divisor) - 1);
      }
      RotateTask task = plain_task(Pairing::half_split, element, positions);
      task.rope = scaling.rope;
      task.scaling = scaling.scaling;
      task.length = scaling.length;
      task.chunks = {6, 1, 1, 2};
      cases.add(text("scaled_", scaling.name, "-", short_name(element)), scaling.catches, scaling.thread,
                task);
    }
  }
  const RopeParameters partial{
      .base = 10000.0, .head_width = 96, .rotated_width = 48, .training_length = 2048};
  cases.add("frequencies_partial_yarn", "a scaling whose exponent or ramp takes the head width",
            "labscommunity/cascadia#69", FrequenciesTask{partial, Yarn{.factor = 4.0}, 8192});
}

}  // namespace dope::conformance::detail
