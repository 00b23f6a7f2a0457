// SPDX-License-Identifier: MIT

// The mutation table of transforms, Grams, entropies, selection, frequencies and noise.

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include "conformance/head_porter.hpp"
#include "dope/conformance.hpp"
#include "dope/denoise.hpp"
#include "dope/spectral.hpp"

namespace {

using dope::conformance::Cause;
using porter::HeadMistake;

struct HeadMutant {
  std::string name;
  HeadMistake mistake;
  std::vector<Cause> causes;
};

const std::vector<HeadMutant> head_mutants = {
    {"bands inverted", HeadMistake::bands_inverted, {Cause::low_bands_inverted}},
    {"threshold of the other frequencies",
     HeadMistake::bands_by_other_threshold,
     {Cause::threshold_confused}},
    {"remove for identity", HeadMistake::remove_for_identity, {Cause::reading_confused}},
    {"by all for by parts", HeadMistake::by_all_for_parts, {Cause::reading_confused}},
    {"all heads", HeadMistake::all_heads, {Cause::unselected_head_touched}},
    {"no head", HeadMistake::no_head, {Cause::head_not_denoised}},
    {"next head", HeadMistake::next_head, {Cause::neighbour_head_denoised}},
    {"tiled groups", HeadMistake::group_by_tile, {Cause::gqa_tiled}},
    {"shared keys of chosen queries", HeadMistake::keys_of_chosen_queries, {Cause::gqa_policy_confused}},
    {"attention factor dropped", HeadMistake::factor_dropped, {Cause::denoised_factor_dropped}},
    {"noise by call", HeadMistake::noise_by_call, {Cause::noise_by_chunk}},
    {"noise by row", HeadMistake::noise_by_row, {Cause::noise_by_slot}},
    {"noise of the other side", HeadMistake::noise_of_other_side, {Cause::noise_key_wrong}},
    {"noise of layer 0", HeadMistake::noise_of_layer_zero, {Cause::noise_key_wrong}},
    {"noise of head 0", HeadMistake::noise_of_head_zero, {Cause::noise_key_wrong}},
    {"noise of the key head", HeadMistake::noise_of_key_head, {Cause::noise_key_wrong}},
    {"seed of 32 bits", HeadMistake::noise_seed_cut, {Cause::noise_key_wrong}},
    {"noise before rotation", HeadMistake::noise_first, {Cause::noise_before_rotation}},
    {"sigma 1", HeadMistake::sigma_one, {Cause::sigma_ignored}},
    {"replace for modulate", HeadMistake::replace_for_modulate, {Cause::reading_confused}},
};

/// A right Gram, then changed: `change` sees the call and the result.
struct GramKernel {
  std::function<void(std::size_t tokens, std::span<double>)> change;
  std::size_t first = 0;  ///< leave out this many chunks at the start
  std::size_t last = 0;   ///< and at the end
  bool by_chunk = false;  ///< centre each chunk by its own mean
  template <dope::Scalar T>
  void operator()(const dope::conformance::GramCall<T>& call) const {
    std::size_t tokens = 0;
    std::vector<dope::HeadView<const T>> used;
    for (std::size_t i = first; i + last < call.chunks.size(); ++i) {
      used.push_back(call.chunks[i]);
      tokens += call.chunks[i].tokens;
    }
    const std::size_t width = used.front().width;
    std::vector<T> rows;
    for (const auto& chunk : used) rows.insert(rows.end(), chunk.data, chunk.data + chunk.tokens * width);
    const dope::GramOptions options{call.centring, call.rows, dope::Accumulation::double_blocks};
    Eigen::MatrixXd sigma =
        Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(width), static_cast<Eigen::Index>(width));
    if (by_chunk) {
      for (const auto& chunk : used) sigma += dope::gram_of(chunk, options).matrix();
    } else {
      sigma = dope::gram_of(dope::dense_head(std::as_const(rows).data(), tokens, width), options).matrix();
    }
    std::copy(sigma.data(), sigma.data() + sigma.size(), call.gram.begin());
    if (change) change(tokens, call.gram);
  }
};

/// A right kernel of entropies.
void score_rightly(const dope::conformance::EntropyCall& call) {
  const dope::conformance::EntropyTask task{call.rows.tokens, call.rows.width, call.pairing, {}};
  const std::vector<double> rows(call.rows.data, call.rows.data + call.rows.tokens * call.rows.width);
  for (std::size_t i = 0; i < call.entropies.size(); ++i) {
    call.scores[i] = static_cast<double>(dope::conformance::oracle::entropy(task, rows, call.entropies[i]));
  }
}

void check_named(const std::string& name, const dope::conformance::Report& report,
                 const std::vector<Cause>& causes) {
  CAPTURE(name);
  INFO(report.text());
  CHECK(!report.passed());
  CHECK(!report.verdicts.empty());
  CHECK_MESSAGE(std::find(causes.begin(), causes.end(), report.cause()) != causes.end(), name, " was called ",
                dope::conformance::text_of(report.cause()).name);
}

/// The same, of each failing case by itself, and the cause returns every wrong element.
void check_each_named(const std::string& name, const dope::conformance::Report& report, Cause cause) {
  check_named(name, report, {cause});
  for (const dope::conformance::Verdict& verdict : report.verdicts) {
    if (verdict.passed) continue;
    CAPTURE(verdict.text);
    CHECK(verdict.cause == cause);
    CHECK(verdict.explained == 1.0);
  }
}

std::vector<dope::conformance::Case> cases_named(const std::string& start) {
  auto cases = dope::conformance::catalogue();
  std::erase_if(cases, [&](const dope::conformance::Case& c) { return c.name.find(start) != 0; });
  return cases;
}

}  // namespace

TEST_CASE("the porter's transforms are right under every reading and policy") {
  const auto report = dope::conformance::check(porter::HeadKernel{});
  INFO(report.text());
  CHECK(report.passed());
  CHECK(report.verdicts.size() >= 55);
}

TEST_CASE("every wrong transform is rejected, and its cause is named") {
  for (const HeadMutant& mutant : head_mutants) {
    check_named(mutant.name, dope::conformance::check(porter::HeadKernel{mutant.mistake}), mutant.causes);
  }
}

TEST_CASE("every wrong Gram is rejected, and its cause is named") {
  CHECK(dope::conformance::check(GramKernel{}).passed());
  GramKernel divided;
  divided.change = [](std::size_t tokens, std::span<double> gram) {
    for (double& entry : gram) entry /= static_cast<double>(tokens);
  };
  check_each_named("divided by N", dope::conformance::check(divided), Cause::gram_divided);
  divided.change = [](std::size_t tokens, std::span<double> gram) {
    for (double& entry : gram) entry /= static_cast<double>(tokens) - 1.0;
  };
  check_each_named("divided by N - 1", dope::conformance::check(divided), Cause::gram_divided);
  GramKernel triangle;
  triangle.change = [](std::size_t, std::span<double> gram) {
    const auto width = static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(gram.size()))));
    for (std::size_t i = 0; i < width; ++i) {
      for (std::size_t j = 0; j < i; ++j) gram[i * width + j] = 0.0;
    }
  };
  check_named("one triangle", dope::conformance::check(triangle), {Cause::gram_one_triangle});
  GramKernel short_by_one;
  short_by_one.last = 1;
  check_named("last chunk missing", dope::conformance::check(short_by_one), {Cause::gram_last_chunk_missing});
  GramKernel first_only;
  first_only.last = 3;
  const auto wide = [](const dope::conformance::Case& c) { return c.name == "gram_wide"; };
  auto cases = dope::conformance::catalogue();
  std::erase_if(cases, wide);
  check_named("first chunk only", dope::conformance::check(first_only, {}, cases),
              {Cause::gram_first_chunk_only});
}

TEST_CASE("centring by chunk is caught") {
  GramKernel kernel;
  kernel.by_chunk = true;
  check_each_named("centred by chunk", dope::conformance::check(kernel, {}, cases_named("gram_centred_raw")),
                   Cause::gram_not_centred);
}

TEST_CASE(
    "entropies in bits and in another order, uniform noise, and partial rotation for proportional are "
    "named") {
  const auto base_two = [](const dope::conformance::EntropyCall& call) {
    score_rightly(call);
    for (std::size_t i = 0; i < call.entropies.size(); ++i) {
      if (std::holds_alternative<dope::TruncatedEffectiveRank>(call.entropies[i])) {
        call.scores[i] = std::pow(call.scores[i], 1.0 / std::numbers::ln2);
      }
    }
  };
  check_each_named("effective rank of bits", dope::conformance::check(base_two), Cause::entropy_base_two);
  const auto next = [](const dope::conformance::EntropyCall& call) {
    score_rightly(call);
    std::rotate(call.scores.begin(), call.scores.begin() + 1, call.scores.end());
  };
  check_each_named("the next one's score", dope::conformance::check(next), Cause::entropy_confused);

  const auto uniform = [](const dope::conformance::NoiseCall& call) {
    const std::size_t padded = (call.width + 3) / 4 * 4;
    for (std::size_t i = 0; i < call.positions.size(); ++i) {
      const dope::NoiseRow row{call.seed, call.layer, call.head, call.side, call.positions[i]};
      for (std::size_t c = 0; c < padded; ++c) {
        const std::uint32_t word = dope::noise_words(row, c / 4)[c % 4];
        call.words[i * padded + c] = word;
        if (c < call.width) call.values[i * call.width + c] = static_cast<double>(word) * 0x1p-32;
      }
    }
  };
  check_each_named("uniform", dope::conformance::check(uniform), Cause::noise_uniform);

  const auto partial = [](const dope::conformance::FrequenciesCall& call) {
    call.frequencies = dope::scaled_frequencies(call.rope, call.scaling, call.length);
    const auto* share = std::get_if<dope::Proportional>(&call.scaling);
    if (share == nullptr) return;
    dope::RopeParameters narrow = call.rope;
    narrow.rotated_width =
        2 * static_cast<std::size_t>(share->fraction * static_cast<double>(call.rope.bands()));
    call.frequencies = dope::native_frequencies(narrow);
    call.frequencies.omega.resize(call.rope.bands(), 0.0);
  };
  check_each_named("partial for proportional", dope::conformance::check(partial),
                   Cause::proportional_as_partial);
}

TEST_CASE("wrong entropies, selections, frequencies and noise are named") {
  const auto bits = [](const dope::conformance::EntropyCall& call) {
    score_rightly(call);
    for (std::size_t i = 0; i < call.entropies.size(); ++i) {
      const dope::Entropy& entropy = call.entropies[i];
      const bool logarithmic = std::holds_alternative<dope::VonNeumann>(entropy) ||
                               std::holds_alternative<dope::BandMean>(entropy) ||
                               std::holds_alternative<dope::TruncatedMean>(entropy);
      if (logarithmic) call.scores[i] /= std::numbers::ln2;
    }
  };
  check_named("bits", dope::conformance::check(bits), {Cause::entropy_base_two});

  const auto reversed = [](const dope::conformance::SelectCall& call) {
    std::vector<dope::HeadScore> scores;
    for (std::size_t i = 0; i < call.scores.size(); ++i) {
      scores.push_back({{i / call.heads, i % call.heads}, call.scores[i]});
    }
    const bool up = call.order == dope::Order::ascending;
    call.chosen = dope::select(scores, call.amount, up ? dope::Order::descending : dope::Order::ascending);
  };
  check_named("reversed", dope::conformance::check(reversed), {Cause::order_reversed});

  const auto last_tie = [](const dope::conformance::SelectCall& call) {
    std::vector<std::size_t> index(call.scores.size());
    for (std::size_t i = 0; i < index.size(); ++i) index[i] = i;
    const bool up = call.order == dope::Order::ascending;
    std::reverse(index.begin(), index.end());
    std::stable_sort(index.begin(), index.end(), [&](std::size_t a, std::size_t b) {
      return up ? call.scores[a] < call.scores[b] : call.scores[a] > call.scores[b];
    });
    std::size_t n = 0;
    if (const auto* count = std::get_if<dope::Count>(&call.amount)) n = count->n;
    if (const auto* quantile = std::get_if<dope::Quantile>(&call.amount)) {
      while (static_cast<double>(n + 1) / static_cast<double>(index.size()) <= quantile->tau) ++n;
    }
    for (std::size_t i = 0; i < n; ++i) call.chosen.push_back({index[i] / call.heads, index[i] % call.heads});
  };
  check_named("last of the ties", dope::conformance::check(last_tie), {Cause::ties_by_input_order});

  const auto low = [](const dope::conformance::FrequenciesCall& call) {
    dope::RopeParameters wide = call.rope;
    wide.rotated_width = wide.head_width;
    call.frequencies = dope::scaled_frequencies(wide, call.scaling, call.length);
    call.frequencies.omega.resize(call.rope.bands());
  };
  check_named("head width", dope::conformance::check(low), {Cause::head_width_exponent});

  const auto swapped = [](const dope::conformance::NoiseCall& call) {
    const std::size_t blocks = (call.width + 3) / 4;
    for (std::size_t i = 0; i < call.positions.size(); ++i) {
      const dope::NoiseRow row{call.seed, call.layer, call.head, call.side, call.positions[i]};
      for (std::size_t block = 0; block < blocks; ++block) {
        const auto words = dope::noise_words(row, block);
        const auto four = dope::normals(row, block);
        for (std::size_t lane = 0; lane < 4; ++lane) {
          call.words[(i * blocks + block) * 4 + lane] = words[lane];
          if (4 * block + lane < call.width) call.values[i * call.width + 4 * block + lane] = four[lane ^ 1u];
        }
      }
    }
  };
  check_named("cos for sin", dope::conformance::check(swapped), {Cause::box_muller_confused});
}
