// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <variant>
#include <vector>

#include "dope/conformance/catalogue.hpp"
#include "dope/conformance/expected.hpp"
#include "dope/conformance/inputs.hpp"
#include "dope/conformance/tolerance.hpp"
#include "dope/core/error.hpp"
#include "lab/support/files.hpp"
#include "lab/support/plan_json.hpp"
#include "lab/temporary_folder.hpp"
#include "lab/vectors/check.hpp"
#include "lab/vectors/elements.hpp"
#include "lab/vectors/export.hpp"
#include "lab/vectors/manifest.hpp"
#include "lab/vectors/options.hpp"
#include "transformer/safetensors.hpp"

namespace fs = std::filesystem;
using dope::conformance::Array;
using dope::conformance::Case;
using dope::conformance::Element;
using lab::test::TemporaryFolder;
using vectors::Json;
using vectors::Outcome;

namespace {

const auto nothing_between = [] {};

template <class Work>
std::string refusal(const Work& work) {
  try {
    work();
  } catch (const dope::Error& error) {
    return error.what();
  }
  FAIL("accepted");
  return {};
}

void write(const fs::path& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

/// The first case of every task, and the first denoise case with own keys.
std::vector<Case> small_catalogue() {
  std::vector<Case> cases;
  std::vector<bool> has(std::variant_size_v<dope::conformance::Task> + 1);
  for (const Case& one : dope::conformance::catalogue()) {
    const auto* denoise = std::get_if<dope::conformance::DenoiseTask>(&one.task);
    const bool owns = denoise != nullptr && !denoise->plan.own_key_heads(denoise->layer).empty();
    const std::size_t kind = owns ? has.size() - 1 : one.task.index();
    if (!has[kind]) cases.push_back(one);
    has[kind] = true;
  }
  return cases;
}

/// Write arrays as a runner does.
void write_outputs(const fs::path& path, const std::vector<Array>& outputs) {
  std::vector<std::vector<std::byte>> bytes;
  for (const Array& output : outputs) bytes.push_back(vectors::encode(output));
  std::vector<reference::NamedTensor> tensors;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    tensors.push_back({outputs[i].name, {vectors::dtype_of(outputs[i].element), outputs[i].shape, bytes[i]}});
  }
  reference::write_safetensors(path, tensors);
}

/// An export of the small catalogue and the outputs of a right runner.
struct Fixture {
  TemporaryFolder root;
  std::vector<Case> cases = small_catalogue();
  vectors::Options options{vectors::Command::judge, root / "vectors", root / "out", {}, {}};

  Fixture() {
    vectors::export_vectors(options.folder, cases, {}, nothing_between);
    fs::create_directory(options.outputs);
    for (const Case& one : cases) write_outputs(file(one), expected_of(one));
  }
  [[nodiscard]] fs::path file(const Case& one) const { return options.outputs / (one.name + ".safetensors"); }
  [[nodiscard]] vectors::Judged check() const {
    return vectors::check_vectors(options, vectors::read_manifest(options.folder), cases, nothing_between);
  }
};

/// Every file under a folder, by its path there.
std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      files[fs::relative(entry.path(), folder).string()] = lab::test::read_file(entry.path());
    }
  }
  return files;
}

}  // namespace

TEST_CASE("elements: every 16-bit pattern but NaN is read and written back as it was") {
  std::vector<std::byte> bytes(65536 * 2);
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    std::memcpy(bytes.data() + std::size_t{2} * bits, &half, 2);
  }
  for (const auto dtype : {reference::Dtype::f16, reference::Dtype::bf16}) {
    const Array array = vectors::decode({dtype, {65536}, bytes}, "test");
    CHECK(vectors::dtype_of(array.element) == dtype);
    const auto back = vectors::encode(array);
    REQUIRE(back.size() == bytes.size());
    for (std::size_t i = 0; i < 65536; ++i) {
      if (std::isnan(array.values[i])) continue;
      CHECK(std::memcmp(back.data() + 2 * i, bytes.data() + 2 * i, 2) == 0);
    }
  }
}

TEST_CASE("elements: encode rounds once to nearest, ties to even; integers are exact or refused") {
  const auto once = [](Element element, double value) {
    const Array array{"x", element, {1}, {value}};
    return vectors::decode({vectors::dtype_of(element), {1}, vectors::encode(array)}, "test").values[0];
  };
  CHECK(once(Element::bfloat16, 1.0 + 0x1p-8) == 1.0);
  CHECK(once(Element::bfloat16, 1.0 + 0x1.8p-7) == 1.0 + 0x1p-6);
  CHECK(once(Element::bfloat16, 1.0 + 0x1p-8 + 0x1p-40) == 1.0 + 0x1p-7);  // float first would tie
  CHECK(once(Element::float16, 1.0 + 0x1p-11 + 0x1p-40) == 1.0 + 0x1p-10);
  CHECK(once(Element::float32, 1.0 + 0x1p-24) == 1.0);
  CHECK(once(Element::float64, 1.0 / 3.0) == 1.0 / 3.0);
  CHECK(once(Element::float32, -0.0) == 0.0);
  CHECK(std::signbit(once(Element::float32, -0.0)));
  CHECK(std::isinf(once(Element::float16, 70000.0)));
  CHECK(once(Element::uint32, 4294967295.0) == 4294967295.0);
  CHECK(once(Element::int64, -0x1p53) == -0x1p53);
  for (const double bad : {-1.0, 0.5, 4294967296.0, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK(refusal([&] { (void)once(Element::uint32, bad); }).find("encode x") != std::string::npos);
  }
  CHECK_THROWS_AS((void)once(Element::int64, 0x1p54), dope::Error);
  CHECK_THROWS_AS((void)vectors::encode({"x", Element::float32, {2}, {1.0}}), dope::Error);

  const std::int64_t far = (std::int64_t{1} << 53) + 1;
  CHECK_THROWS_AS(
      (void)vectors::decode({reference::Dtype::i64, {1}, std::as_bytes(std::span(&far, 1))}, "here"),
      dope::Error);
  const std::byte byte{};
  CHECK(refusal([&] {
          (void)vectors::decode({reference::Dtype::i8, {1}, {&byte, 1}}, "here");
        }) == "here: given dtype I8, expected F64, F32, F16, BF16, I64 or U32");
}

TEST_CASE("attributes: each task says all it must, each scaling its own fields") {
  const std::map<std::string, std::vector<std::string>> fields = {
      {"rotate",
       {"base", "head_width", "rotated_width", "training_length", "length", "scaling", "pairing", "angles",
        "direction", "dtype", "tokens", "heads", "token_stride", "head_stride", "placement", "position_type",
        "chunks", "tables", "given_tables"}},
      {"frequencies", {"base", "head_width", "rotated_width", "training_length", "length", "scaling"}},
      {"denoise",
       {"plan", "layer", "base", "head_width", "rotated_width", "training_length", "length", "scaling",
        "pairing", "dtype", "tokens", "chunks", "angles", "owners"}},
      {"gram", {"tokens", "width", "dtype", "centring", "rows", "chunks"}},
      {"entropy", {"tokens", "width", "pairing", "entropies"}},
      {"select", {"layers", "heads", "amount", "order"}},
      {"noise", {"seed", "layer", "head", "side", "width"}}};
  const std::map<std::string, std::vector<std::string>> parameters = {
      {"unscaled", {}},
      {"linear", {"factor"}},
      {"static_ntk", {"factor"}},
      {"dynamic_ntk", {"factor"}},
      {"yarn", {"factor", "beta_fast", "beta_slow", "ramp_ends"}},
      {"yarn_paper", {"factor", "beta_fast", "beta_slow"}},
      {"llama3", {"factor", "low_frequency_factor", "high_frequency_factor"}},
      {"longrope", {"factor", "short_factor", "long_factor"}},
      {"proportional", {"fraction"}}};
  std::map<std::string, int> tasks_seen, scalings_seen;
  for (const Case& one : dope::conformance::catalogue()) {
    CAPTURE(one.name);
    const Json attributes = vectors::attributes_of(one.task);
    const std::string task(name_of(one.task));
    ++tasks_seen[task];
    CHECK(attributes.size() == fields.at(task).size());
    for (const auto& field : fields.at(task)) CHECK(attributes.contains(field));
    if (!attributes.contains("scaling")) continue;
    const Json& scaling = attributes.at("scaling");
    const auto name = scaling.at("name").get<std::string>();
    ++scalings_seen[name];
    for (const auto& field : parameters.at(name)) CHECK(scaling.contains(field));
    for (const auto& [field, value] : scaling.items()) CHECK_FALSE(value.is_null());
  }
  CHECK(tasks_seen.size() == fields.size());
  CHECK(scalings_seen.size() == parameters.size());
}

TEST_CASE("attributes: numbers to the last bit, 64-bit seeds as text, plans as the lab saves them") {
  using namespace dope::conformance;
  CHECK(vectors::attributes_of(NoiseTask{~std::uint64_t{0}, 0, 0, dope::Side::query, 4, {}}).at("seed") ==
        "18446744073709551615");
  CHECK(vectors::attributes_of(SelectTask{.amount = dope::Quantile{1.0 / 3.0}}).at("amount") ==
        Json{{"quantile", 1.0 / 3.0}});
  CHECK(vectors::attributes_of(SelectTask{.amount = dope::Count{3}}).at("amount") == Json{{"count", 3}});
  RotateTask rotate;
  rotate.head_tables.resize(5);
  CHECK(vectors::attributes_of(rotate).at("tables") == 5);
  CHECK(vectors::attributes_of(rotate).at("given_tables") == true);
  rotate.scaling = dope::Yarn{.factor = 3.0, .mscale = 0.7};
  CHECK(vectors::attributes_of(rotate).at("scaling").at("mscale") == 0.7);
  CHECK_FALSE(vectors::attributes_of(rotate).at("scaling").contains("attention_factor"));
  for (const Case& one : catalogue()) {
    const auto* denoise = std::get_if<DenoiseTask>(&one.task);
    if (denoise == nullptr) continue;
    const Json attributes = vectors::attributes_of(one.task);
    CHECK(lab::parse_plan(attributes.at("plan").dump(), one.name).plan == denoise->plan);
    CHECK(attributes.at("owners").size() == denoise->plan.own_key_heads(denoise->layer).size());
  }
}

TEST_CASE("manifest: what is written is read back; entries say types, shapes and tolerance") {
  const TemporaryFolder folder;
  const auto cases = small_catalogue();
  std::vector<Json> entries;
  for (const Case& one : cases) {
    const auto inputs = inputs_of(one);
    const auto expected = expected_of(one, inputs);
    entries.push_back(vectors::entry_of(one, inputs, expected));
    const Json& entry = entries.back();
    CAPTURE(one.name);
    CHECK(entry.at("name") == one.name);
    CHECK(entry.at("catches") == one.catches);
    CHECK(entry.at("thread") == one.thread);
    CHECK(entry.at("tolerance").at("relative").get<double>() == tolerance_of(one).relative);
    CHECK(entry.at("inputs").size() == inputs.size());
    REQUIRE(entry.at("outputs").size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CHECK(entry.at("outputs")[i].at("shape") == expected[i].shape);
      const auto& dtypes = entry.at("outputs")[i].at("dtypes");
      CHECK(dtypes.back() == name_of(expected[i].element));
      const auto task = name_of(one.task);
      const bool either = expected[i].element == Element::float64 && task != "rotate" && task != "denoise";
      CHECK(dtypes.size() == (either ? 2 : 1));
    }
  }
  fs::create_directory(folder / "a");
  write(folder / "a/manifest.json",
        vectors::manifest_text({{"rotate", "noise"}, dope::Angles::exact}, entries));
  const auto manifest = vectors::read_manifest(folder / "a");
  CHECK(manifest.coverage.tasks == std::vector<std::string>{"rotate", "noise"});
  CHECK(manifest.coverage.angles == dope::Angles::exact);
  REQUIRE(manifest.entries.size() == entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) CHECK(manifest.entries[i] == nlohmann::json(entries[i]));
}

TEST_CASE("manifest: another format or version, or no manifest at all, is refused by name") {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& text) {
    fs::create_directories(folder / "a");
    write(folder / "a/manifest.json", text);
    const std::string said = refusal([&] { (void)vectors::read_manifest(folder / "a"); });
    CHECK(said.find("manifest.json") != std::string::npos);
    return said;
  };
  CHECK(refusal([&] { (void)vectors::read_manifest(folder / "nowhere"); }).find("manifest.json") !=
        std::string::npos);
  const Json good = Json::parse(vectors::manifest_text({{"rotate"}, {}}, {{{"name", "x"}}}));
  for (const auto& [name, value] : good.items()) {
    if (name == "conventions") continue;
    Json without = good;
    without.erase(name);
    CHECK(refused(without.dump()).find(name) != std::string::npos);
    for (const Json& wrong : {Json(nullptr), Json(7), Json("y"), Json(Json::array({1}))}) {
      Json changed = good;
      changed[name] = wrong;
      (void)refused(changed.dump());
    }
  }
  Json later = good;
  later["version"] = 2;
  CHECK(refused(later.dump()).find("another version") != std::string::npos);
  (void)refused("");
  (void)refused("[]");
  (void)refused(good.dump().substr(0, 100));
}

TEST_CASE("export: whole, replaceable, and the same bytes again") {
  const TemporaryFolder folder;
  const auto cases = small_catalogue();
  const auto first = vectors::export_vectors(folder / "a/b", cases, {}, nothing_between);
  CHECK(first.cases == cases.size());
  const auto files = contents(folder / "a/b");
  CHECK(files.size() == cases.size() + 1);
  CHECK(std::accumulate(files.begin(), files.end(), std::size_t{0}, [](std::size_t sum, const auto& file) {
          return sum + file.second.size();
        }) == first.bytes);
  fs::create_directory(folder / "empty");
  vectors::export_vectors(folder / "empty/", cases, {}, nothing_between);
  CHECK(contents(folder / "empty") == files);

  vectors::export_vectors(folder / "a/b", cases, {{"noise"}, {}}, nothing_between);
  const auto fewer = contents(folder / "a/b");
  CHECK(fewer.size() == 2);
  vectors::export_vectors(folder / "a/b", cases, {}, nothing_between);
  CHECK(contents(folder / "a/b") == files);
  for (const char* place : {"a", "empty/.."}) {
    for (const auto& entry : fs::directory_iterator(folder / place)) {
      CHECK(entry.path().filename().string()[0] != '.');
    }
  }
}

TEST_CASE("export: a case's file holds the inputs in their type and the expected values in double") {
  const Fixture fixture;
  for (const Case& one : fixture.cases) {
    CAPTURE(one.name);
    const auto file =
        reference::Safetensors::open(fixture.options.folder / "cases" / (one.name + ".safetensors"));
    const auto inputs = inputs_of(one);
    const auto expected = expected_of(one, inputs);
    CHECK(file.names().size() == inputs.size() + expected.size());
    for (const Array& input : inputs) {
      const auto read = vectors::decode(file.tensor("input." + input.name), "test");
      CHECK(read.element == input.element);
      CHECK(read.shape == input.shape);
      CHECK(read.values == input.values);
    }
    for (const Array& array : expected) {
      const auto read = vectors::decode(file.tensor("expected." + array.name), "test");
      CHECK(read.element == Element::float64);
      CHECK(read.values == array.values);
    }
  }
}

TEST_CASE("export: a folder of something else is refused and left alone") {
  const TemporaryFolder folder;
  const auto cases = small_catalogue();
  const auto refused = [&](const fs::path& path) {
    const auto before = contents(folder / "");
    const std::string said = refusal([&] {
      vectors::export_vectors(path, cases, {{"select"}, {}}, nothing_between);
    });
    CHECK(said.find("export") != std::string::npos);
    CHECK(said.find("expected a folder") != std::string::npos);
    CHECK(contents(folder / "") == before);
  };
  write(folder / "file", "x");
  refused(folder / "file");
  refused(folder / "file/below");
  fs::create_directory(folder / "other");
  write(folder / "other/notes.txt", "x");
  refused(folder / "other");
  write(folder / "other/manifest.json", "{\"format\":\"mine\"}");
  refused(folder / "other");
  for (const char* added : {"mine.txt", "cases/mine.txt", "cases/sub"}) {
    const fs::path export_folder = folder / ("export_" + std::to_string(std::string_view(added).size()));
    vectors::export_vectors(export_folder, cases, {{"select"}, {}}, nothing_between);
    if (fs::path(added).has_extension()) {
      write(export_folder / added, "x");
    } else {
      fs::create_directory(export_folder / added);
    }
    refused(export_folder);
  }
}

TEST_CASE("export: cut short, it leaves the folder as it was and nothing beside it") {
  const TemporaryFolder folder;
  const auto cases = small_catalogue();
  struct Cut {};
  const auto cut = [&](const fs::path& path) {
    int left = 3;
    CHECK_THROWS_AS(vectors::export_vectors(path, cases, {},
                                            [&] {
                                              if (--left == 0) throw Cut{};
                                            }),
                    Cut);
  };
  fs::create_directory(folder / "all");
  cut(folder / "all/new");
  CHECK(fs::is_empty(folder / "all"));
  vectors::export_vectors(folder / "all/new", cases, {}, nothing_between);
  const auto before = contents(folder / "all");
  cut(folder / "all/new");
  CHECK(contents(folder / "all") == before);
}

TEST_CASE("check: the oracle's own values, rounded once, pass; a missing file fails its case") {
  const Fixture fixture;
  CHECK(fixture.check().status() == 0);
  CHECK(fixture.check().count(Outcome::passed) == fixture.cases.size());
  fs::remove(fixture.file(fixture.cases[1]));
  const auto judged = fixture.check();
  CHECK(judged.status() == 1);
  CHECK(judged.count(Outcome::failed) == 1);
  CHECK(judged.results[1].outcome == Outcome::failed);
  CHECK(judged.text().find("FAIL " + fixture.cases[1].name + ": no file") != std::string::npos);
  auto options = fixture.options;
  options.selection.skip = {fixture.cases[1].name};
  const auto without =
      vectors::check_vectors(options, vectors::read_manifest(options.folder), fixture.cases, nothing_between);
  CHECK(without.status() == 0);
  CHECK(without.left_out == 1);
  CHECK(without.text().find("1 left out") != std::string::npos);
}

TEST_CASE("check: one element wrong, or not a number, fails the case and is named") {
  const Fixture fixture;
  for (std::size_t i = 0; i < fixture.cases.size(); ++i) {
    const Case& one = fixture.cases[i];
    CAPTURE(one.name);
    for (const double wrong : {std::nan(""), 1e6, -HUGE_VAL}) {
      auto outputs = expected_of(one);
      Array& last = outputs.back();
      const bool integer = last.element == Element::int64 || last.element == Element::uint32;
      if (integer && !std::isfinite(wrong)) continue;
      last.values.back() = wrong;
      write_outputs(fixture.file(one), outputs);
      const auto judged = fixture.check();
      CHECK(judged.status() == 1);
      CHECK(judged.results[i].outcome == Outcome::failed);
      CHECK(judged.results[i].text.find("FAIL " + one.name) != std::string::npos);
      if (std::isnan(wrong)) CHECK(judged.results[i].text.find("given nan") != std::string::npos);
    }
    write_outputs(fixture.file(one), expected_of(one));
  }
  CHECK(fixture.check().status() == 0);
}

TEST_CASE(
    "check: a file of another dtype, shape or set of tensors is refused: file, tensor, given, expected") {
  const Fixture fixture;
  for (std::size_t i = 0; i < fixture.cases.size(); ++i) {
    const Case& one = fixture.cases[i];
    const auto expected = expected_of(one);
    CAPTURE(one.name);
    const auto refused = [&](const std::vector<Array>& outputs, const std::string& given) {
      write_outputs(fixture.file(one), outputs);
      const std::string said =
          refusal([&] { (void)vectors::read_outputs(fixture.file(one), one, expected); });
      CAPTURE(said);
      CHECK(said.find(fixture.file(one).string()) != std::string::npos);
      CHECK(said.find(given) != std::string::npos);
      const auto judged = fixture.check();
      CHECK(judged.status() == 2);
      CHECK(judged.results[i].outcome == Outcome::unusable);
      CHECK(judged.results[i].text.find(said) != std::string::npos);
    };
    auto changed = expected;
    changed.back().element = Element::float16;
    for (double& value : changed.back().values) value = 1.0;
    if (expected.back().element != Element::float16) refused(changed, "dtype F16");
    changed = expected;
    changed.back().shape.push_back(1);
    refused(changed, "shape [");
    changed = expected;
    changed.back().name = "other";
    refused(changed, "'other'");
    changed = expected;
    changed.pop_back();
    refused(changed, "no tensor '" + expected.back().name + "'");
    changed = expected;
    changed.push_back({"more", Element::float32, {1}, {0.0}});
    refused(changed, "'more'");

    write_outputs(fixture.file(one), expected);
    const std::string whole = lab::test::read_file(fixture.file(one));
    for (const std::size_t size : {std::size_t{0}, std::size_t{7}, std::size_t{20}, whole.size() - 1}) {
      write(fixture.file(one), whole.substr(0, size));
      CHECK(fixture.check().status() == 2);
    }
    write(fixture.file(one), whole);
  }
  CHECK(fixture.check().status() == 0);
}

TEST_CASE("check: float32 is enough for what is computed in double, and for nothing that is stored") {
  const Fixture fixture;
  for (const Case& one : fixture.cases) {
    auto outputs = expected_of(one);
    const auto task = name_of(one.task);
    if (task != "gram" && task != "frequencies" && task != "entropy") continue;
    for (Array& output : outputs) output.element = Element::float32;
    write_outputs(fixture.file(one), outputs);
  }
  CHECK(fixture.check().status() == 0);
}

TEST_CASE("check: vectors of another version, an unknown case or no folder of outputs is an error") {
  const Fixture fixture;
  const auto refused = [&](const vectors::Options& options, const std::vector<Case>& catalogue) {
    return refusal([&] {
      (void)vectors::check_vectors(options, vectors::read_manifest(options.folder), catalogue,
                                   nothing_between);
    });
  };
  auto renamed = fixture.cases;
  renamed[0].name += "_";
  auto changed = fixture.cases;
  changed[0].catches += "!";
  auto longer = fixture.cases;
  longer.push_back(longer.back());
  longer.back().name = "one_more";
  auto shorter = fixture.cases;
  shorter.pop_back();
  for (const auto& catalogue : {renamed, changed, longer, shorter}) {
    const std::string said = refused(fixture.options, catalogue);
    CHECK(said.find("exported by another version") != std::string::npos);
    CHECK(said.find("manifest.json") != std::string::npos);
  }
  auto options = fixture.options;
  options.selection.only = {"no_such_case"};
  CHECK(refused(options, fixture.cases).find("--only: given \"no_such_case\"") != std::string::npos);
  options.selection = {{}, {}, {"no_such_case"}};
  CHECK(refused(options, fixture.cases).find("--skip") != std::string::npos);
  options = fixture.options;
  options.outputs = fixture.root / "nowhere";
  CHECK(refused(options, fixture.cases).find("--outputs") != std::string::npos);
}

TEST_CASE("options: one command, one folder, known names") {
  const auto parse = [](std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "vectors");
    return vectors::parse_options(static_cast<int>(arguments.size()), arguments.data());
  };
  const auto made = parse({"export", "dir", "--tasks", "rotate,gram"}).options;
  REQUIRE(made);
  CHECK(made->command == vectors::Command::write);
  CHECK(made->folder == "dir");
  CHECK(made->selection.tasks == std::vector<std::string>{"rotate", "gram"});
  CHECK_FALSE(made->angles);
  CHECK(parse({"export", "dir", "--angles", "float32_product"}).options->angles ==
        dope::Angles::float32_product);
  const auto check = parse({"check", "dir", "--outputs", "out", "--only", "a,b", "--skip", "c"}).options;
  REQUIRE(check);
  CHECK(check->command == vectors::Command::judge);
  CHECK(check->outputs == "out");
  CHECK(check->selection.only == std::vector<std::string>{"a", "b"});
  CHECK(check->selection.skip == std::vector<std::string>{"c"});
  CHECK_FALSE(parse({"--help"}).help.empty());
  const std::vector<std::vector<const char*>> bad = {
      {},
      {"export"},
      {"import", "dir"},
      {"export", "dir", "more"},
      {"export", "dir", "--tasks", "turn"},
      {"export", "dir", "--tasks", "rotate,,gram"},
      {"export", "dir", "--tasks", ""},
      {"export", "dir", "--outputs", "out"},
      {"export", "dir", "--only", "a"},
      {"export", "dir", "--angles", "float64"},
      {"check", "dir", "--outputs", "out", "--angles", "exact"},
      {"check", "dir"},
      {"check", "dir", "--outputs", ""},
      {"check", "dir", "--outputs"},
      {"check", "--outputs", "out"},
      {"check", "dir", "--outputs", "out", "--no-such-option"}};
  for (const auto& arguments : bad) {
    CHECK(refusal([&] { (void)parse(arguments); }).find("expected") != std::string::npos);
  }
}
