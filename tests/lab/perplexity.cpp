// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "dope/core/error.hpp"
#include "draw/chart.hpp"
#include "lab/perplexity/evaluation.hpp"
#include "lab/perplexity/options.hpp"
#include "lab/perplexity/picture.hpp"
#include "lab/perplexity/report.hpp"
#include "lab/perplexity/setting.hpp"
#include "lab/support/files.hpp"
#include "lab/temporary_folder.hpp"
#include "lab/xml.hpp"
#include "transformer/cases.hpp"

namespace {

using perplexity::Bins;
using perplexity::Part;
using perplexity::Setting;

// Logits in float against double are off by 5e-5 at most in these models; two of them, in units of ln 2.
constexpr double oracle_tolerance = 1.5e-4;
// A row alone is multiplied in another order than many rows; the embedded model's logits are of order 10.
constexpr double decode_tolerance = 3e-4;
// The same doubles added in another order.
constexpr double sum_tolerance = 1e-12;

/// −log₂ of the softmax entry, by its definition, in long double.
template <class Logits>
double slow_bits(const Logits& logits, std::int32_t token) {
  long double total = 0.0L;
  for (const auto logit : logits) total += std::exp(static_cast<long double>(logit));
  const auto own = static_cast<long double>(logits[static_cast<std::size_t>(token)]);
  return static_cast<double>(-std::log2(std::exp(own) / total));
}

/// Bits of tokens 1 …, each read off a decode of its own.
std::vector<double> bits_by_decoding(const reference::Model& model, const reference::Schedule& schedule,
                                     const std::vector<std::int32_t>& tokens) {
  reference::Request request(model, schedule);
  std::vector<double> bits;
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i)
    bits.push_back(slow_bits(request.decode(tokens[i]), tokens[i + 1]));
  return bits;
}

perplexity::Parsed parse(std::vector<std::string> words) {
  words.insert(words.begin(), "perplexity");
  std::vector<const char*> argv;
  for (const auto& word : words) argv.push_back(word.c_str());
  return perplexity::parse_options(static_cast<int>(argv.size()), argv.data());
}

/// A run on the embedded model, in miniature.
Setting small_setting(const std::vector<std::string>& words) {
  std::vector<std::string> all = {
      "--texts",   "2",          "--length", "70",
      "--windows", "24,L/16,40", "--stride", "8",
      "--scored",  "20",         "--model",  (test::source_folder() / "examples" / "model").string()};
  all.insert(all.end(), words.begin(), words.end());  // the last of an option counts
  return perplexity::make_setting(*parse(all).options);
}

std::string save_plan(const lab::test::TemporaryFolder& folder, const std::string& name,
                      const dope::Plan& plan) {
  const auto path = folder / name;
  reference::write_file_whole(path, lab::plan_json(plan, {}));
  return path.string();
}

dope::Plan embedded_plan(const dope::Transform& transform, std::vector<dope::HeadId> heads) {
  std::vector<dope::HeadSpread> spreads;
  if (test::is_matched(transform)) spreads.assign(heads.size(), {0.5, 0.5});
  return dope::make_plan({4, 8, 4, 32, 32}, transform, dope::GqaPolicy::per_query_head, std::move(heads),
                         spreads);
}

}  // namespace

TEST_CASE("bits agree with the probabilities of the equations in double") {
  constexpr std::size_t length = 40;
  for (const auto& tiny : {test::TinyCheckpoint{}, test::tiny_qwen(), test::tiny_partial()}) {
    const auto model = test::tiny_model(tiny);
    const auto tokens = test::some_tokens(length, model.config().vocabulary);
    for (const dope::Scaling& scaling :
         {dope::Scaling(dope::Unscaled{}), dope::Scaling(dope::DynamicNtk{})}) {
      for (const auto& plan :
           {dope::empty_plan(model.shape()),
            test::some_plan(model.shape(), dope::ByAll{}, dope::GqaPolicy::per_query_head)}) {
        const auto logits = oracle::logits(model.config(), model.weights(), tokens,
                                           test::place_by(plan, model.config().rope(), scaling, length));
        const auto schedule = reference::make_schedule(model, scaling, length, plan);
        for (const std::size_t first : {std::size_t{1}, std::size_t{17}, length - 1}) {
          const auto bits = perplexity::bits_of(model, schedule, tokens, first);
          REQUIRE(bits.size() == length - first);
          for (std::size_t i = 0; i < bits.size(); ++i)
            CHECK(std::abs(bits[i] - slow_bits(logits[first + i - 1], tokens[first + i])) < oracle_tolerance);
        }
      }
    }
  }
}

TEST_CASE("bits do not depend on where blocks of logits end") {
  const auto model = test::tiny_model({});
  const auto tokens = test::some_tokens(1300, model.config().vocabulary);
  const auto schedule = reference::make_schedule(model, dope::DynamicNtk{}, tokens.size());
  const auto expected = bits_by_decoding(model, schedule, tokens);
  for (const std::size_t first : {1u, 2u, 512u, 513u, 700u, 788u, 1299u}) {
    const auto bits = perplexity::bits_of(model, schedule, tokens, first);
    REQUIRE(bits.size() == tokens.size() - first);
    for (std::size_t i = 0; i < bits.size(); ++i)
      CHECK(std::abs(bits[i] - expected[first + i - 1]) < oracle_tolerance);
  }
}

TEST_CASE("a model that knows nothing needs log2(vocabulary) bits, at every position") {
  const test::TinyCheckpoint tiny;
  const test::TemporaryFolder folder;
  test::write_tiny_checkpoint(folder.path(), tiny);
  auto tensors = test::tensors_of(tiny);
  REQUIRE(tensors.back().name == "lm_head.weight");
  std::fill(tensors.back().bytes.begin(), tensors.back().bytes.end(), std::byte{0});
  test::write_tensors(folder.path(), tensors, 1);
  const auto model = reference::Model::load(folder.path());
  const auto tokens = test::some_tokens(100, tiny.vocabulary);
  const auto schedule = reference::make_schedule(model, dope::Unscaled{}, tokens.size());
  const double expected = std::log2(static_cast<double>(tiny.vocabulary));
  for (const double bits : perplexity::bits_of(model, schedule, tokens, 1))
    CHECK(std::abs(bits - expected) < sum_tolerance);
}

TEST_CASE("bits: what cannot be scored is an error") {
  const auto model = test::tiny_model({});
  const auto schedule = reference::make_schedule(model, dope::Unscaled{}, 10);
  const std::vector<std::int32_t> tokens = {1, 2, 3};
  for (const std::size_t first : {0u, 3u, 4u})
    CHECK_THROWS_AS(static_cast<void>(perplexity::bits_of(model, schedule, tokens, first)), dope::Error);
  for (const std::int32_t outside : {-1, 19}) {
    const std::vector<std::int32_t> bad = {1, 2, outside};
    CHECK_THROWS_AS(static_cast<void>(perplexity::bits_of(model, schedule, bad, 1)), dope::Error);
  }
}

TEST_CASE("windows score each of the last bytes once, with W - S to W - 1 tokens before it") {
  for (const std::size_t width : {2u, 3u, 8u, 33u}) {
    for (std::size_t stride = 1; stride < width; stride += 3) {
      for (const std::size_t scored : {1u, 5u, 16u, 47u}) {
        const std::size_t least = perplexity::bytes_needed(width, stride, scored);
        for (const std::size_t bytes : {least, least + 1, least + 100}) {
          std::vector<int> times(bytes);
          for (const auto& window : perplexity::windows_of(bytes, width, stride, scored)) {
            CHECK(window.end <= bytes);
            CHECK(window.end - window.first + 1 == width);  // with the start token
            CHECK(window.scored <= stride);
            for (std::size_t byte = window.end - window.scored; byte < window.end; ++byte) {
              ++times[byte];
              const std::size_t before = byte - window.first + 1;
              CHECK(before >= width - stride);
              CHECK(before <= width - 1);
            }
          }
          for (std::size_t byte = 0; byte < bytes; ++byte)
            CHECK(times[byte] == (byte + scored >= bytes ? 1 : 0));
        }
        if (least > 0) {
          CHECK_THROWS_AS(static_cast<void>(perplexity::windows_of(least - 1, width, stride, scored)),
                          dope::Error);
        }
      }
    }
  }
  CHECK_THROWS_AS(static_cast<void>(perplexity::windows_of(100, 8, 8, 8)), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(perplexity::windows_of(100, 8, 0, 8)), dope::Error);
  CHECK_THROWS_AS(static_cast<void>(perplexity::windows_of(100, 8, 4, 0)), dope::Error);
}

TEST_CASE("bins part the positions, in order, and their means keep the whole") {
  for (const std::size_t training : {16u, 100u, 512u}) {
    for (std::size_t per = 1; 2 * per <= training; per += 3) {
      for (const std::size_t length :
           {std::size_t{2}, training - 1, training, training + 1, 3 * training + 7}) {
        const Bins bins{training, per, length};
        std::size_t next = 1;
        for (std::size_t bin = 0; bin < bins.count(); ++bin) {
          CHECK(bins.first(bin) == next);
          REQUIRE(bins.bytes(bin) > 0);
          for (std::size_t position = bins.first(bin); position < bins.end(bin); ++position) {
            CHECK(bins.bin_of(position) == bin);
            const double share = static_cast<double>(position * per) / static_cast<double>(training);
            CHECK(static_cast<std::size_t>(std::floor(share)) == bin);
          }
          next = bins.end(bin);
        }
        CHECK(next == length);

        std::vector<double> bits;
        for (std::size_t i = 0; i + 1 < length; ++i)
          bits.push_back(static_cast<double>((i * 37) % 101) / 16.0);
        const auto means = perplexity::means_of(bins, bits);
        std::size_t expected_first = 0;
        for (const auto& range : perplexity::octaves_of(bins)) {
          CHECK(range.first == expected_first);
          REQUIRE(range.end > range.first);
          expected_first = range.end;
          const std::size_t from = bins.first(range.first) - 1;
          const std::size_t to = bins.end(range.end - 1) - 1;
          double sum = 0.0;
          for (std::size_t i = from; i < to; ++i) sum += bits[i];
          CHECK(perplexity::mean_of(bins, range, means) ==
                doctest::Approx(sum / static_cast<double>(to - from)).epsilon(sum_tolerance));
        }
        CHECK(expected_first == bins.count());
      }
    }
  }
  CHECK_THROWS_AS(static_cast<void>(perplexity::means_of({512, 8, 10}, std::vector<double>(10))),
                  dope::Error);
}

TEST_CASE("octaves of the default: quarters and halves of L, then doublings") {
  const Bins bins{512, 8, 4096};
  std::vector<std::size_t> ends;
  for (const auto& range : perplexity::octaves_of(bins)) ends.push_back(bins.end(range.end - 1));
  CHECK(ends == std::vector<std::size_t>{128, 256, 512, 1024, 2048, 4096});
}

TEST_CASE("growing: means of what token-by-token decoding gives") {
  const auto setting = small_setting({"--bins", "64", "--mode", "growing"});
  CHECK(setting.passage_bytes() == 69);
  const auto parts = perplexity::parts_of(setting);
  REQUIRE(parts.size() == 1);
  const std::string passage = setting.passage(1);
  std::vector<std::int32_t> tokens = {256};
  for (const char byte : passage) tokens.push_back(static_cast<unsigned char>(byte));
  for (std::size_t run = 0; run < parts[0].runs.size(); ++run) {
    const auto bits = bits_by_decoding(setting.model, parts[0].runs[run], tokens);
    const auto means = perplexity::measure(setting, parts[0], run, passage);
    REQUIRE(means.size() == 9);  // of 8 positions each: 69 are position 1 … 69
    double first = 0.0;
    for (std::size_t position = 1; position < 8; ++position) first += bits[position - 1] / 7.0;
    CHECK(std::abs(means[0] - first) < decode_tolerance);
    double last = 0.0;
    for (std::size_t position = 64; position < 70; ++position) last += bits[position - 1] / 6.0;
    CHECK(std::abs(means[8] - last) < decode_tolerance);
  }
}

TEST_CASE("sliding: every scored byte is decoded in a request of its own window") {
  const auto setting = small_setting({"--mode", "sliding"});
  CHECK(setting.widths == std::vector<std::size_t>{24, 32, 40});
  CHECK(setting.passage_bytes() == 39 + 16);
  const std::string passage = setting.passage(0);
  for (const Part& part : perplexity::parts_of(setting)) {
    const std::size_t run = part.runs.size() - 1;
    double sum = 0.0;
    for (std::size_t byte = passage.size() - 20; byte < passage.size(); ++byte) {
      // Windows end at 55, 47 and 39 bytes.
      const std::size_t end = byte < 39 ? 39 : byte < 47 ? 47 : 55;
      std::vector<std::int32_t> tokens = {256};
      for (std::size_t i = end - (part.tokens - 1); i <= byte; ++i)
        tokens.push_back(static_cast<unsigned char>(passage[i]));
      sum += bits_by_decoding(setting.model, part.runs[run], tokens).back();
    }
    const auto means = perplexity::measure(setting, part, run, passage);
    REQUIRE(means.size() == 1);
    CHECK(std::abs(means[0] - sum / 20.0) < decode_tolerance);
    CHECK(perplexity::tokens_read(setting, part) == 3 * part.tokens);
  }
}

TEST_CASE("passages: prose of their own seeds, a file's disjoint parts; longer ones begin alike") {
  const auto setting = small_setting({});
  const std::string first = setting.passage(0);
  CHECK(first.size() == setting.passage_bytes());
  CHECK(first == setting.passage(0));
  CHECK(first != setting.passage(1));
  auto longer = setting;
  longer.bins.length = 200;
  CHECK(longer.passage(0).size() == 199);
  CHECK(longer.passage(0).starts_with(first));
  // The needle lab's prompts have seed << 32 | part << 28 | … with parts 1 and 2.
  CHECK((setting.passage_seed(0) >> 28) == ((1u << 4) | 3u));

  const lab::test::TemporaryFolder folder;
  std::string text;
  for (std::size_t i = 0; i < 300; ++i) text += static_cast<char>(i % 251);
  reference::write_file_whole(folder / "text", text);
  const auto of_file = small_setting({"--text", (folder / "text").string()});
  CHECK(of_file.passage(0) == text.substr(0, 69));
  CHECK(of_file.passage(1) == text.substr(150, 69));
  CHECK(of_file.tokens(of_file.passage(1), 2, 4) ==
        std::vector<std::int32_t>{256, static_cast<unsigned char>(text[152]),
                                  static_cast<unsigned char>(text[153])});
}

TEST_CASE("parts: the same methods everywhere, equal schedules run once, controls have a run a draw") {
  const lab::test::TemporaryFolder folder;
  const auto parts_plan = save_plan(folder, "low.json", embedded_plan(dope::ByParts{}, {{0, 1}, {2, 7}}));
  const auto all_plan = save_plan(folder, "all.json", embedded_plan(dope::ByAll{}, {{2, 2}}));
  const auto setting =
      small_setting({"--plan", parts_plan, "--plan", all_plan, "--random", "--draws", "4", "--length", "3L"});
  const auto parts = perplexity::parts_of(setting);
  REQUIRE(parts.size() == 4);
  std::vector<std::string> names;
  for (const auto& method : parts[0].methods) names.push_back(method.name);
  CHECK(names == std::vector<std::string>{"plain", "positional_interpolation", "dynamic_ntk", "static_ntk",
                                          "yarn", "yarn_paper", "llama3", "dual_chunk", "sink_window", "low",
                                          "all", "random low", "random all"});
  for (const Part& part : parts) {
    REQUIRE(part.methods.size() == names.size());
    for (std::size_t m = 0; m < names.size(); ++m) {
      CHECK(part.methods[m].name == names[m]);
      CHECK(part.methods[m].runs.size() == (m >= 11 ? 4 : 1));
      for (const std::size_t run : part.methods[m].runs) REQUIRE(run < part.runs.size());
    }
    for (std::size_t a = 0; a < part.runs.size(); ++a) {
      CHECK(part.runs[a]->rows() == part.tokens);
      for (std::size_t b = 0; b < a; ++b)
        CHECK_FALSE(
            (part.runs[a]->same_but_for_plan(*part.runs[b]) && part.runs[a]->plan() == part.runs[b]->plan()));
    }
    CHECK(part.runs[part.methods[9].runs[0]]->plan() == setting.plans[0].plan);
    for (std::uint64_t draw = 0; draw < 4; ++draw) {
      const std::size_t run = part.methods[11].runs[draw];
      auto lots =
          dope::random_heads(setting.model.shape(), dope::GqaPolicy::per_query_head, 2, (1ull << 32) | draw);
      std::sort(lots.begin(), lots.end());
      CHECK(part.runs[run]->plan().heads == lots);
      CHECK(part.runs[run]->plan().transform == setting.plans[0].plan.transform);
      CHECK(part.runs[run]->scaled() == part.runs[part.methods[2].runs[0]]->scaled());
    }
  }
  // Within the training length no scaling by the stretch changes anything but YaRN's and Llama 3's laws
  // allow.
  CHECK(parts[1].methods[0].runs == parts[1].methods[2].runs);
  CHECK(parts[1].methods[0].runs == parts[1].methods[1].runs);
}

TEST_CASE("rows: those that --baselines names, and what they are held against, each with its look") {
  const lab::test::TemporaryFolder folder;
  const auto low = save_plan(folder, "low.json", embedded_plan(dope::ByParts{}, {{0, 1}, {2, 7}}));
  const auto setting =
      small_setting({"--baselines", "yarn,plain", "--plan", low, "--random", "--mode", "sliding"});
  const auto parts = perplexity::parts_of(setting);
  for (const Part& part : parts) {
    std::vector<std::string> names;
    for (const auto& method : part.methods) names.push_back(method.name);
    CHECK(names == std::vector<std::string>{"plain", "dynamic_ntk", "yarn", "low", "random low"});
  }
  CHECK(perplexity::configuration_of(setting).at("baselines") ==
        lab::ResultStore::Json{"plain", "dynamic_ntk", "yarn"});
  CHECK_FALSE(perplexity::configuration_of(small_setting({})).contains("baselines"));
  CHECK(perplexity::configuration_of(small_setting({"--baselines", "plain"})) ==
        perplexity::configuration_of(small_setting({"--baselines", "dynamic_ntk,plain"})));
  // The same colours as among all rows.
  const auto picture = [&](const std::string& rows) {
    const auto some = small_setting({"--baselines", rows, "--plan", low, "--random", "--mode", "sliding"});
    const auto all = perplexity::parts_of(some);
    lab::ResultStore store(folder / ("of " + rows), perplexity::configuration_of(some),
                           lab::ResultStore::Existing::replace);
    for (std::size_t passage = 0; passage < 2; ++passage) {
      std::vector<std::vector<perplexity::Means>> results;
      for (const Part& part : all) results.emplace_back(part.runs.size(), perplexity::Means{1.0});
      store.append(perplexity::passage_key(passage), perplexity::cell_of(some, all, passage, results));
    }
    return perplexity::picture_of(some, all, store);
  };
  // Of the legend: a name stands beside a stroke of its line's colour and dashes.
  const auto colours = [](const std::string& svg) {
    std::map<std::string, std::string> found;
    std::string last;
    for (const auto& element : lab::test::xml_elements(svg)) {
      if (element.attributes.contains("stroke")) {
        const auto dashes = element.attributes.find("stroke-dasharray");
        last = element.attributes.at("stroke") +
               (dashes == element.attributes.end() ? "" : " " + dashes->second);
      }
      if (element.name == "text") found[element.text] = last;
    }
    return found;
  };
  const auto few = colours(picture("yarn,plain"));
  const auto all = colours(picture("all"));
  for (const char* name : {"plain", "dynamic_ntk", "yarn", "low", "random low"}) {
    CAPTURE(name);
    REQUIRE(few.contains(name));
    CHECK(few.at(name) == all.at(name));
  }
}

TEST_CASE("cells: a list of draws for each method, read back as their mean") {
  const auto setting = small_setting({"--mode", "sliding"});
  Part part{Part::Mode::sliding, 24, {{"one", {1}}, {"three", {0, 1, 2}}}, {}};
  const auto cell = perplexity::cell_of(setting, {part}, 5, {{{1.0}, {2.0}, {6.0}}});
  CHECK(perplexity::means_in(cell, part, "one") == std::vector<double>{2.0});
  CHECK(perplexity::means_in(cell, part, "three") == std::vector<double>{3.0});
  CHECK(cell.at("passage") == 5);
  CHECK(cell.at("seed") == setting.passage_seed(5));
}

TEST_CASE("report: means, paired differences and their intervals; a picture with a line a method") {
  const lab::test::TemporaryFolder folder;
  std::filesystem::create_directory(folder / "out");
  const auto setting = small_setting({"--bins", "64", "--out", (folder / "out").string()});
  const auto parts = perplexity::parts_of(setting);
  lab::ResultStore store(folder / "results.jsonl", perplexity::configuration_of(setting),
                         lab::ResultStore::Existing::replace);
  // Known bits instead of measured ones: by run, passage and part.
  for (std::size_t passage = 0; passage < 2; ++passage) {
    std::vector<std::vector<perplexity::Means>> results;
    for (const Part& part : parts) {
      const std::size_t values = part.mode == Part::Mode::growing ? setting.bins.count() : 1;
      auto& of_part = results.emplace_back();
      for (std::size_t run = 0; run < part.runs.size(); ++run)
        of_part.push_back(perplexity::Means(values, 1.0 + static_cast<double>(run + 2 * passage)));
    }
    store.append(perplexity::passage_key(passage), perplexity::cell_of(setting, parts, passage, results));
  }
  const auto shown = perplexity::tables(setting, parts, store, perplexity::Form::markdown);
  // Run 0 has 1 and 3: mean 2. The methods of one run less or more differ by the same on both passages.
  CHECK(shown.find("| plain                    | 2.000 [1.000, 3.000] |") != std::string::npos);
  const auto& dual = parts[0].methods[7];
  REQUIRE(dual.name == "dual_chunk");
  const auto difference =
      static_cast<double>(dual.runs[0]) - static_cast<double>(parts[0].methods[2].runs[0]);
  const std::string text = (difference < 0.0 ? "−" : "+") + lab::figure(std::abs(difference), 3);
  CHECK(shown.find(text + " [" + text + ", " + text + "]") != std::string::npos);
  CHECK(shown.find("W = 32 = L/16") != std::string::npos);

  const auto picture = perplexity::picture_of(setting, parts, store);
  CHECK(picture == perplexity::picture_of(setting, parts, store));
  const auto elements = lab::test::xml_elements(picture);
  for (const auto& method : parts[0].methods) CHECK(lab::test::count_texts(elements, method.name) == 2);
  CHECK(lab::test::count_texts(elements, "bits per byte") == 2);

  lab::RunFolder run_folder(folder / "out", "perplexity");
  const auto written = perplexity::write_report(setting, parts, store, run_folder);
  REQUIRE(written.size() == 2);
  CHECK(lab::test::read_file(written[0]) == shown);
  CHECK(lab::test::read_file(written[1]) == picture);
}

TEST_CASE("options: as given, and their defaults") {
  const auto standard = parse({});
  REQUIRE(standard.options);
  CHECK(standard.options->length.tokens(512) == 4096);
  CHECK(standard.options->stride.tokens(512) == 128);
  CHECK(standard.options->scored.tokens(512) == 256);
  std::vector<std::size_t> widths;
  for (const auto& width : standard.options->windows) widths.push_back(width.tokens(512));
  CHECK(widths == std::vector<std::size_t>{256, 512, 1024, 2048, 4096});
  CHECK(standard.options->modes == perplexity::Modes::both);
  CHECK(standard.options->control == perplexity::Control::none);
  const auto given = parse({"--text", "a", "--texts", "3", "--mode", "growing", "--plan", "b", "--plan", "c",
                            "--random", "--draws", "2", "--seed", "9", "--threads", "1", "--fresh"});
  CHECK(given.options->text == "a");
  CHECK(given.options->texts == 3);
  CHECK(given.options->modes == perplexity::Modes::growing);
  CHECK(given.options->plans.size() == 2);
  CHECK(given.options->control == perplexity::Control::random_heads);
  CHECK(given.options->existing == lab::ResultStore::Existing::replace);
  CHECK(!parse({"--help"}).options);
}

TEST_CASE("options and settings that do not go together are one clear error") {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--texts", "0"},
                                                {"--mode", "backwards"},
                                                {"--length", "3X"},
                                                {"--length", ""},
                                                {"--windows", "L,"},
                                                {"--bins", "0"},
                                                {"--stride", "L/0"},
                                                {"--scored", "-3"},
                                                {"--draws", "0"},
                                                {"--seed", "4294967296"},
                                                {"--threads", "many"},
                                                {"--no-such-option"},
                                                {"stray"}}) {
    CAPTURE(words.front());
    CHECK_THROWS_AS(static_cast<void>(parse(words)), dope::Error);
  }
  const std::string model = (test::source_folder() / "examples" / "model").string();
  const lab::test::TemporaryFolder folder;
  const auto matched = save_plan(folder, "matched.json",
                                 embedded_plan(dope::ByGaussian{dope::ByGaussian::Reading::replace,
                                                                dope::ByGaussian::Spread::matched, 1.0, 1},
                                               {{1, 1}}));
  const auto yarn = save_plan(folder, "yarn.json", embedded_plan(dope::ByAll{}, {{1, 1}}));
  const auto other =
      save_plan(folder, "other.json",
                dope::make_plan({2, 4, 2, 6, 6}, dope::ByAll{}, dope::GqaPolicy::per_query_head, {{1, 1}}));
  reference::write_file_whole(folder / "short", std::string(1000, 'a'));
  const std::string text = (folder / "short").string();
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--length", "1"},
                                                {"--bins", "257"},
                                                {"--stride", "256"},
                                                {"--stride", "L/1024"},
                                                {"--scored", "L/1024"},
                                                {"--windows", "128"},
                                                {"--text", text},
                                                {"--text", text + "er"},
                                                {"--plan", matched, "--random"},
                                                {"--plan", yarn},
                                                {"--plan", other},
                                                {"--plan", matched, "--plan", matched}}) {
    CAPTURE(words.front());
    CAPTURE(words.back());
    auto all = words;
    all.insert(all.end(), {"--model", model});
    CHECK_THROWS_AS(static_cast<void>(perplexity::make_setting(*parse(all).options)), dope::Error);
  }
  // The matched plan itself is taken, and so is a text that is just long enough.
  CHECK(perplexity::make_setting(*parse({"--plan", matched, "--model", model}).options).plans.size() == 1);
  CHECK_NOTHROW(static_cast<void>(perplexity::make_setting(
      *parse({"--text", text, "--texts", "1", "--length", "1001", "--mode", "growing", "--model", model})
           .options)));
}

TEST_CASE("configuration: what decides the cells is in it, threads and folders are not") {
  const auto plain = perplexity::configuration_of(small_setting({})).dump();
  CHECK(plain ==
        perplexity::configuration_of(small_setting({"--threads", "1", "--out", "elsewhere"})).dump());
  std::set<std::string> all = {plain};
  const std::vector<std::vector<std::string>> changes = {{"--seed", "2"},          {"--bins", "16"},
                                                         {"--mode", "growing"},    {"--mode", "sliding"},
                                                         {"--baselines", "plain"}, {"--baselines", "yarn"}};
  for (const auto& change : changes) all.insert(perplexity::configuration_of(small_setting(change)).dump());
  CHECK(all.size() == changes.size() + 1);
}
