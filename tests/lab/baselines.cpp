// SPDX-License-Identifier: MIT
#include "lab/support/baselines.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "transformer/cases.hpp"

namespace {

// Powers and quotients in double, in another order.
constexpr double rounding = 1e-13;

std::vector<lab::Baseline> all_baselines(const reference::Model& model, std::size_t length) {
  auto all = lab::main_baselines(model, length);
  for (auto& baseline : lab::further_baselines(model, length)) all.push_back(std::move(baseline));
  return all;
}

auto only(std::string_view name) {
  return [name](std::string_view other) { return name == other; };
}

}  // namespace

TEST_CASE("every baseline by its name, set for the request's length, denoising nothing") {
  const auto model = test::tiny_model({});
  const auto all = all_baselines(model, 96);
  std::vector<std::string> names;
  for (const auto& baseline : all) {
    names.push_back(baseline.name);
    CHECK(baseline.schedule->rows() == 96);
    CHECK(baseline.schedule->plan().empty());
    CHECK(baseline.description.contains("scaling"));
  }
  CHECK(names == std::vector<std::string>{"plain", "positional_interpolation", "dynamic_ntk", "static_ntk",
                                          "yarn", "yarn_paper", "llama3", "dual_chunk", "sink_window"});
}

TEST_CASE("--baselines: all, the name of a set, or names, which come in the order of tables") {
  using Rows = std::vector<std::string_view>;
  constexpr std::string_view few[] = {"plain", "yarn"};
  const lab::BaselineSet sets[] = {{"few", few}};
  CHECK(lab::baselines_of("all") == Rows(lab::all_baselines.begin(), lab::all_baselines.end()));
  CHECK(lab::baselines_of("few", sets) == Rows{"plain", "yarn"});
  CHECK(lab::baselines_of("sink_window,plain") == Rows{"plain", "sink_window"});
  const auto refusal = [&](const std::string& text) {
    try {
      static_cast<void>(lab::baselines_of(text, sets));
    } catch (const dope::Error& error) {
      return std::string(error.what());
    }
    return std::string("taken");
  };
  CHECK(refusal("plain,few") ==
        "--baselines: given \"plain,few\", expected few, all, or of plain, positional_interpolation, "
        "dynamic_ntk, "
        "static_ntk, yarn, yarn_paper, llama3, dual_chunk, sink_window");
  for (const char* bad : {"", "plain,", "Plain", "plain,plain", "all,plain"})
    CHECK(refusal(bad).starts_with("--baselines: given \""));
  std::vector<std::string_view> names;
  const auto made = all_baselines(test::tiny_model({}), 96);
  for (const auto& baseline : made) names.push_back(baseline.name);
  CHECK(lab::baselines_of("all") == names);
}

TEST_CASE("frequencies of three training lengths: ω/3, and the base times 3^(d/(d-2))") {
  const auto model = test::tiny_model({});
  const auto all = all_baselines(model, 96);
  const double base = 10000.0;
  const double wider = base * std::pow(3.0, 6.0 / 4.0);
  for (std::size_t f = 0; f < 3; ++f) {
    const double exponent = -2.0 * static_cast<double>(f) / 6.0;
    const double native = std::pow(base, exponent);
    CHECK(all[0].schedule->scaled().omega[f] == doctest::Approx(native).epsilon(rounding));
    CHECK(all[1].schedule->scaled().omega[f] == doctest::Approx(native / 3.0).epsilon(rounding));
    CHECK(all[2].schedule->scaled().omega[f] == doctest::Approx(std::pow(wider, exponent)).epsilon(rounding));
    CHECK(all[3].schedule->scaled().omega[f] == doctest::Approx(std::pow(wider, exponent)).epsilon(rounding));
  }
  CHECK(all[7].schedule->pattern() == reference::AttentionPattern(reference::DualChunk{24, 8}));
  CHECK(all[8].schedule->pattern() == reference::AttentionPattern(reference::SinkWindow{4, 28}));
}

TEST_CASE("one of the further baselines is made alone, and none by a name that is none of theirs") {
  const auto model = test::tiny_model({});
  for (const char* name : {"static_ntk", "yarn", "yarn_paper", "llama3", "dual_chunk", "sink_window"}) {
    const auto alone = lab::further_baselines(model, 96, only(name));
    REQUIRE(alone.size() == 1);
    CHECK(alone.front().name == name);
  }
  CHECK(lab::further_baselines(model, 96, only("plain")).empty());
}

TEST_CASE(
    "a training length too short for a pattern is an Error that names both, and other rows do not mind") {
  for (const std::size_t length : {1u, 2u, 4u}) {
    const auto model = test::tiny_model({.training_length = length});
    CHECK(lab::main_baselines(model, 96).size() == 3);
    CHECK(lab::further_baselines(model, 96, only("dynamic_ntk")).empty());
    CHECK(lab::further_baselines(model, 96, only("yarn")).size() == 1);
    try {
      static_cast<void>(lab::further_baselines(model, 96));
      FAIL("a window of no token was taken");
    } catch (const dope::Error& error) {
      const std::string what = error.what();
      CAPTURE(what);
      CHECK(what.starts_with(length == 1 ? "baseline dual_chunk" : "baseline sink_window"));
      CHECK(what.find("a training length of " + std::to_string(length)) != std::string::npos);
    }
  }
  CHECK(lab::further_baselines(test::tiny_model({.training_length = 5}), 96).size() == 6);
}

TEST_CASE("Dual Chunk Attention is the model's own where config.json has it") {
  test::TinyCheckpoint tiny;
  const test::TemporaryFolder folder;
  test::write_tiny_checkpoint(folder.path(), tiny);
  std::string text = test::config_text(tiny);
  text.insert(text.rfind('}'), R"(, "dual_chunk_attention_config": {"chunk_size": 16, "local_size": 4,
    "original_max_position_embeddings": 24})");
  reference::write_file_whole(folder.path() / "config.json", text);
  const auto model = reference::Model::load(folder.path());
  CHECK(model.config().training_length == 24);
  const auto dual = lab::further_baselines(model, 96, only("dual_chunk"));
  CHECK(dual.at(0).schedule->pattern() == reference::AttentionPattern(reference::DualChunk{12, 5}));
  CHECK(lab::main_baselines(model, 96).at(0).schedule->pattern() ==
        reference::AttentionPattern(reference::FullAttention{}));
}

TEST_CASE("inside the training length no scaling scales") {
  const auto model = test::tiny_model({});
  for (const std::size_t length : {1u, 20u, 32u}) {
    CHECK(lab::stretch(model.config().training_length, length) == 1.0);
    for (const auto& baseline : all_baselines(model, length)) {
      CAPTURE(baseline.name);
      CHECK(baseline.schedule->scaled().omega == dope::native_frequencies(model.config().rope()).omega);
      CHECK(baseline.schedule->scaled().attention_factor == 1.0);
    }
  }
  CHECK(lab::stretch(model.config().training_length, 33) == doctest::Approx(33.0 / 32.0).epsilon(rounding));
}
