// SPDX-License-Identifier: MIT

#include "dope/conformance/check.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "dope/conformance.hpp"
#include "dope/dope.hpp"

namespace {

namespace kit = dope::conformance;

/// The library itself, as a kernel under test.
struct Library {
  template <dope::Scalar T, dope::Position P>
  void operator()(const kit::RotateCall<T, P>& call) const {
    for (std::size_t h = 0; h < call.from.heads; ++h) {
      const dope::HeadView<const T> from = call.from.head(h);
      const dope::HeadView<T> to = call.to.head(h);
      const dope::RotationTable<dope::compute_t<T>> table(
          call.frequencies[call.frequencies.size() == 1 ? 0 : h], call.positions, call.angles);
      if (call.direction == kit::Direction::forward) {
        dope::rotate<T>(from, to, table.view(), call.pairing);
        continue;
      }
      for (std::size_t t = 0; t < to.tokens && from.data != to.data; ++t) {
        std::copy_n(from.row(t), to.width, to.row(t));
      }
      dope::rotate_adjoint(to, table.view(), call.pairing);
    }
  }

  void operator()(const kit::FrequenciesCall& call) const {
    call.frequencies = dope::scaled_frequencies(call.rope, call.scaling, call.length);
  }

  template <dope::Scalar T>
  void operator()(const kit::DenoiseCall<T>& call) const {
    using C = dope::compute_t<T>;
    const dope::PlannedRope<C> planned(
        call.plan, {call.rope, call.scaling, call.length, call.pairing, call.angles}, call.positions);
    planned.apply(call.layer, dope::HeadRole::query, call.q, 0);
    planned.apply(call.layer, dope::HeadRole::shared_key, call.k, 0);
    for (std::size_t i = 0; i < call.owners.size(); ++i) {
      planned.apply(call.layer, dope::HeadRole::own_key, call.owners[i], call.own_keys.head(i), 0);
    }
  }

  template <dope::Scalar T>
  void operator()(const kit::GramCall<T>& call) const {
    const std::size_t width = call.chunks.front().width;
    dope::GramOptions options{call.centring, call.rows};
    if constexpr (std::same_as<T, double>) options.accumulation = dope::Accumulation::double_blocks;
    const bool both = call.centring == dope::Centring::token_mean && call.rows == dope::RowScaling::unit;
    dope::TokenMean mean(width);
    for (const auto& chunk : call.chunks) mean.add(chunk);
    dope::Gram gram = both ? dope::Gram(width, options, mean.mean()) : dope::Gram(width, options);
    for (const auto& chunk : call.chunks) gram.add(chunk);
    const Eigen::MatrixXd sigma = gram.matrix();
    std::copy(sigma.data(), sigma.data() + sigma.size(), call.gram.begin());
  }

  void operator()(const kit::EntropyCall& call) const {
    const dope::HeadSpectra spectra{
        dope::spectrum_of(dope::gram_of(call.rows)),
        dope::spectrum_of(dope::gram_of(call.rows, {dope::Centring::token_mean, dope::RowScaling::unit})),
        dope::band_grams_of(dope::gram_of(call.rows), call.pairing, call.rows.width / 2)};
    for (std::size_t i = 0; i < call.entropies.size(); ++i) {
      call.scores[i] = dope::evaluate(call.entropies[i], spectra);
    }
  }

  void operator()(const kit::SelectCall& call) const {
    std::vector<dope::HeadScore> scores;
    for (std::size_t i = 0; i < call.scores.size(); ++i) {
      scores.push_back({{i / call.heads, i % call.heads}, call.scores[i]});
    }
    call.chosen = dope::select(scores, call.amount, call.order);
  }

  void operator()(const kit::NoiseCall& call) const {
    const std::size_t padded = (call.width + 3) / 4 * 4;
    for (std::size_t i = 0; i < call.positions.size(); ++i) {
      const dope::NoiseRow row{call.seed, call.layer, call.head, call.side, call.positions[i]};
      for (std::size_t block = 0; 4 * block < padded; ++block) {
        const auto words = dope::noise_words(row, block);
        std::copy(words.begin(), words.end(),
                  call.words.begin() + static_cast<std::ptrdiff_t>(i * padded + 4 * block));
      }
      dope::normal_row(row, call.values.subspan(i * call.width, call.width));
    }
  }
};

struct FloatOnly {
  void operator()(const kit::RotateCall<float>& call) const { Library{}(call); }
};

struct Throws {
  void operator()(const kit::SelectCall&) const { throw dope::Error("kernel", "a launch", "a device"); }
};

}  // namespace

TEST_CASE("the library passes its own kit, by both oracles, and skips nothing") {
  for (const dope::Angles angles : {dope::Angles::exact, dope::Angles::float32_product}) {
    const kit::Report report = kit::check(Library{}, {.angles = angles});
    INFO(report.text());
    CHECK(report.passed());
    CHECK(report.skipped.empty());
    CHECK(report.cause() == kit::Cause::none);
    CHECK(report.verdicts.size() == kit::catalogue_for(angles).size());
  }
}

TEST_CASE("a kernel of one type is asked for that type alone, and the rest is counted") {
  const kit::Report report = kit::check(FloatOnly{});
  CHECK(report.passed());
  CHECK(report.verdicts.size() + report.skipped.size() == kit::catalogue_for(dope::Angles::exact).size());
  for (const kit::Case& c : report.cases) {
    CHECK(std::get<kit::RotateTask>(c.task).element == kit::Element::float32);
    CHECK(std::get<kit::RotateTask>(c.task).position_type == kit::PositionType::int64);
  }
}

TEST_CASE("capabilities narrow the cases, with reasons") {
  kit::Capabilities can;
  can.pairings = {dope::Pairing::interleaved};
  can.scalings = {"unscaled", "yarn"};
  can.elements = {kit::Element::bfloat16};
  can.strided = can.partial_width = can.adjoint = can.head_tables = can.negative_positions = false;
  can.out_of_place = false;
  can.farthest_position = 65535;
  can.widest_head = 128;
  can.rotated_multiple = 4;
  const kit::Report report = kit::check(Library{}, can);
  INFO(report.text());
  CHECK(report.passed());
  CHECK(report.verdicts.size() > 5);
  for (const kit::Case& c : report.cases) {
    CHECK(kit::outside(can, c).empty());
    const auto* task = std::get_if<kit::RotateTask>(&c.task);
    if (task == nullptr) continue;
    CHECK(task->pairing == dope::Pairing::interleaved);
    CHECK(task->element == kit::Element::bfloat16);
    CHECK(task->direction == kit::Direction::forward);
    CHECK(task->placement == kit::Placement::in_place);
    CHECK(task->head_tables.empty());
    CHECK(task->rope.rotated_width == task->width());
    CHECK(task->rope.rotated_width % 4 == 0);
  }
  for (const auto& skipped : report.skipped) {
    CAPTURE(skipped.first);
    CHECK(!skipped.second.empty());
  }
}

TEST_CASE("a kernel that returns too many heads fails, and the report says so") {
  const kit::Report report = kit::check([](const kit::SelectCall& call) { call.chosen.resize(99); });
  CHECK(!report.passed());
  CHECK(report.verdicts.front().text.find("[99, 2]") != std::string::npos);
  CHECK(report.verdicts.front().worst.find("[99, 2]") != std::string::npos);
}

TEST_CASE("a kernel that is right but stores behind the caller's buffer fails") {
  std::vector<kit::Case> one_call;
  for (kit::Case& c : kit::catalogue()) {
    const auto* task = std::get_if<kit::RotateTask>(&c.task);
    if (task != nullptr && task->chunks.size() == 1 && task->tokens() > 0 && task->heads > 0 &&
        task->angles == dope::Angles::exact && task->element == kit::Element::float32) {
      one_call.push_back(std::move(c));
    }
  }
  const auto report_of = [&](std::size_t past) {
    return kit::check(
        [&](const kit::RotateCall<float>& call) {
          Library{}(call);
          const float* const row = call.to.head(call.to.heads - 1).row(call.to.tokens - 1);
          if (past > 0) const_cast<float*>(row)[call.to.width + past - 1] = 1.5f;
        },
        {}, one_call);
  };
  CHECK(report_of(0).passed());
  const kit::Report behind = report_of(kit::guard_elements + 1);
  CHECK(behind.verdicts.size() > 10);
  CHECK(behind.failures() == behind.verdicts.size());
  CHECK(behind.cause() == kit::Cause::guard_overwritten);
}

TEST_CASE("a kernel that is never called has not passed") {
  const kit::Report report = kit::check([](const kit::NoiseCall&) {}, {}, {});
  CHECK(!report.passed());
  CHECK(report.text().find("0 of 0 cases passed") == 0);
}

TEST_CASE("a kernel that does nothing fails, and an exception of it passes through") {
  const kit::Report report = kit::check([](const kit::RotateCall<float>&) {});
  CHECK(!report.passed());
  CHECK(report.cause() == kit::Cause::not_rotated);
  CHECK(report.text().find("most likely: not rotated") != std::string::npos);
  CHECK_THROWS_AS(static_cast<void>(kit::check(Throws{})), dope::Error);
}

TEST_CASE("the same kernel gets the same report, and failures name what they share") {
  const auto only_strided = [](const kit::RotateCall<float>& call) {
    if (call.to.token_stride == call.to.heads * call.to.width) {
      Library{}(call);
      return;
    }
    for (std::size_t h = 0; h < call.to.heads; ++h) {
      for (std::size_t t = 0; t < call.to.tokens; ++t)
        std::fill_n(call.to.head(h).row(t), call.to.width, 1.0f);
    }
  };
  const kit::Report report = kit::check(only_strided);
  CHECK(!report.passed());
  CHECK(report.text() == kit::check(only_strided).text());
  const auto traits = report.traits();
  CHECK(std::find(traits.begin(), traits.end(), "rows strided") != traits.end());
}
