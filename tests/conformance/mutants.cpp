// SPDX-License-Identifier: MIT

// The mutation table of rotation: wrong kernels, alone and at their mildest, and the cause that the kit
// names for each.

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "conformance/porter.hpp"
#include "dope/conformance.hpp"

namespace {

using dope::conformance::Cause;
using porter::At;
using porter::Mistake;
using porter::When;

struct Mutant {
  std::string name;
  Mistake mistake;
  std::vector<Cause> causes;  ///< any of these counts as named
  When when = [](const At&) { return true; };
  double share = 1.0;  ///< at least so many of the failing cases name it, each by itself
};

const When everywhere = [](const At&) { return true; };
const When bfloat = [](const At& at) { return at.bits == 17; };
const When half = [](const At& at) { return at.bits == 16; };
const When decode = [](const At& at) { return at.decode; };
const When strided = [](const At& at) { return at.strided; };
const When far = [](const At& at) { return at.position >= 65536; };
const When one_position = [](const At& at) { return at.position == 131071; };
const When band_seven = [](const At& at) { return at.band == 7; };
const When last_band = [](const At& at) { return at.band + 1 == at.bands; };
const When last_odd_band = [](const At& at) { return at.bands % 2 == 1 && at.band + 1 == at.bands; };
const When head_two = [](const At& at) { return at.head == 2; };
const When smallest = [](const At& at) {
  return at.bits == 17 && at.head == 1 && at.band == 3 && at.position == 1001;
};

const std::vector<Mutant> mutants = {
    {"other pairing", Mistake::pairing, {Cause::pairing_swapped}},
    {"other pairing in bfloat16", Mistake::pairing, {Cause::pairing_swapped}, bfloat},
    {"other pairing in decode", Mistake::pairing, {Cause::pairing_swapped}, decode},
    {"other pairing in strided rows", Mistake::pairing, {Cause::pairing_swapped}, strided},
    {"sign", Mistake::sign, {Cause::sign_transposed}},
    {"sign of one band", Mistake::sign, {Cause::sign_transposed}, band_seven},
    {"sign of one pair in bfloat16", Mistake::sign, {Cause::sign_transposed}, smallest},
    {"one ahead", Mistake::ahead, {Cause::position_one_ahead}},
    {"one ahead in decode", Mistake::ahead, {Cause::position_one_ahead}, decode},
    {"one behind in half", Mistake::behind, {Cause::position_one_behind}, half},
    {"twice", Mistake::twice, {Cause::rotated_twice}},
    {"twice in one head", Mistake::twice, {Cause::rotated_twice}, head_two},
    {"twice beyond 65536", Mistake::twice, {Cause::rotated_twice}, far},
    {"exponent of the head width", Mistake::exponent_of_head, {Cause::head_width_exponent}},
    {"partner of the head width", Mistake::partner_of_head, {Cause::head_width_partner}},
    {"restart in each call", Mistake::restart, {Cause::position_restarts_per_call, Cause::position_is_slot}},
    {"restart in decode", Mistake::restart, {Cause::position_restarts_per_call}, decode, 0.9},
    {"16-bit positions", Mistake::wrap16, {Cause::position_wraps}},
    {"clamped positions", Mistake::clamp, {Cause::position_clamped}},
    {"float32 angle", Mistake::float_angle, {Cause::angle_float32}, everywhere, 0.7},
    {"float32 angle beyond 65536", Mistake::float_angle, {Cause::angle_float32}, far, 0.7},
    {"float32 angle at 131071", Mistake::float_angle, {Cause::angle_float32}, one_position, 0.7},
    {"float16 angle", Mistake::half_angle, {Cause::angle_float16, Cause::not_finite}, everywhere, 0.9},
    {"bfloat16 angle", Mistake::bfloat_angle, {Cause::angle_bfloat16}, everywhere, 0.9},
    {"float16 position",
     Mistake::half_position,
     {Cause::position_float16, Cause::not_finite},
     everywhere,
     0.9},
    {"bfloat16 position", Mistake::bfloat_position, {Cause::position_bfloat16}, everywhere, 0.9},
    {"float16 cache", Mistake::half_cache, {Cause::cache_float16}, everywhere, 0.5},
    {"bfloat16 cache", Mistake::bfloat_cache, {Cause::cache_bfloat16}, everywhere, 0.9},
    {"bfloat16 cache in bfloat16", Mistake::bfloat_cache, {Cause::cache_bfloat16}, bfloat, 0.8},
    {"bfloat16 frequencies", Mistake::bfloat_frequency, {Cause::frequency_16bit}, everywhere, 0.9},
    {"products in 16 bits", Mistake::narrow_products, {Cause::arithmetic_16bit}, everywhere, 0.9},
    {"cut off in bfloat16", Mistake::truncate, {Cause::storage_truncated}, everywhere, 0.9},
    {"repeat for tile", Mistake::tile, {Cause::repeat_for_tile}},
    {"repeat for tile in the last band", Mistake::tile, {Cause::repeat_for_tile}, last_band},
    {"token stride ignored", Mistake::ignore_token_stride, {Cause::strides_ignored}, everywhere, 0.6},
    {"head stride ignored", Mistake::ignore_head_stride, {Cause::strides_ignored}, everywhere, 0.7},
    {"strides swapped", Mistake::swap_strides, {Cause::strides_ignored}},
    {"guard overwritten", Mistake::whole_vector_store, {Cause::guard_overwritten}, everywhere, 0.7},
    {"tail touched", Mistake::touch_tail, {Cause::tail_changed}},
    {"tail left out", Mistake::leave_tail, {Cause::tail_changed, Cause::nothing_written}},
    {"first table for all heads", Mistake::first_table, {Cause::table_of_another_head}},
    {"odd last band not turned", Mistake::not_turned, {Cause::not_rotated}, last_odd_band},
    {"scaling left out", Mistake::no_scaling, {Cause::scaling_ignored}, everywhere, 0.9},
    {"paper's ramp", Mistake::paper_ramp, {Cause::yarn_other_ramp}},
    {"ramp ends not rounded", Mistake::other_ends, {Cause::yarn_ramp_ends}},
    {"ramp end not clamped", Mistake::no_end_clamp, {Cause::yarn_end_clamp}},
    {"extended length for the original", Mistake::long_original, {Cause::original_length_confused}},
    {"mscale before attention_factor", Mistake::mscale_first, {Cause::mscale_precedence}},
    {"no attention factor", Mistake::no_attention, {Cause::attention_factor_missing}},
    {"attention factor twice", Mistake::attention_twice, {Cause::attention_factor_squared}},
    {"attention factor on cos", Mistake::attention_on_cos, {Cause::attention_factor_on_one}, everywhere, 0.8},
    {"no NTK exponent", Mistake::no_ntk_exponent, {Cause::ntk_exponent}},
    {"other dynamic form", Mistake::other_dynamic, {Cause::dynamic_form_confused}},
    {"stale dynamic base",
     Mistake::stale_base,
     {Cause::dynamic_base_stale, Cause::longrope_other_list},
     everywhere,
     0.8},
    {"long list at L", Mistake::long_list_at_l, {Cause::longrope_other_list}},
    {"partial for proportional", Mistake::partial_for_proportional, {Cause::proportional_as_partial}},
    {"multiplied by the factor", Mistake::multiply_factor, {Cause::factor_multiplied}},
    {"inverted ramp", Mistake::invert_ramp, {Cause::ramp_inverted}},
    {"forward for the adjoint", Mistake::forward_for_adjoint, {Cause::sign_transposed}},
};

}  // namespace

TEST_CASE("the porter's kernel is right in every type and pairing") {
  const auto report = dope::conformance::check(porter::Kernel{});
  INFO(report.text());
  CHECK(report.passed());
  CHECK(report.verdicts.size() >= 150);
}

TEST_CASE("every wrong kernel is rejected, and its cause is named") {
  std::size_t rejected = 0;
  std::size_t named = 0;
  for (const Mutant& mutant : mutants) {
    const auto report = dope::conformance::check(porter::Kernel{mutant.mistake, mutant.when});
    CAPTURE(mutant.name);
    INFO(report.text());
    CHECK(!report.passed());
    if (!report.passed()) ++rejected;
    const Cause cause = report.cause();
    const bool right = std::find(mutant.causes.begin(), mutant.causes.end(), cause) != mutant.causes.end();
    CHECK_MESSAGE(right, mutant.name, " was called ", dope::conformance::text_of(cause).name);
    if (right) ++named;
    std::size_t say_so = 0;
    for (const dope::conformance::Verdict& verdict : report.verdicts) {
      if (!verdict.passed &&
          std::find(mutant.causes.begin(), mutant.causes.end(), verdict.cause) != mutant.causes.end())
        ++say_so;
    }
    CHECK(static_cast<double>(say_so) >= mutant.share * static_cast<double>(report.failures()));
  }
  MESSAGE(rejected, " of ", mutants.size(), " wrong kernels rejected, the cause of ", named, " named");
  CHECK(named == mutants.size());
}
