// SPDX-License-Identifier: MIT
#include "check.hpp"

#include <algorithm>
#include <utility>

#include "dope/conformance/expected.hpp"
#include "dope/conformance/inputs.hpp"
#include "dope/conformance/judge.hpp"
#include "dope/core/error.hpp"
#include "elements.hpp"
#include "lab/support/parallel.hpp"
#include "transformer/checked_json.hpp"
#include "transformer/safetensors.hpp"

namespace vectors {
namespace {

namespace fs = std::filesystem;
using dope::conformance::Array;
using dope::conformance::Case;
using dope::conformance::Element;
using dope::detail::text;
using reference::printable;

/// "y, gram": the names that a file must hold.
std::string listed(const std::vector<Array>& expected) {
  std::vector<std::string_view> names;
  for (const Array& array : expected) names.push_back(array.name);
  return joined(names);
}

/// The catalogue's cases of the manifest's tasks, which must be the manifest's cases.
std::vector<Case> matching_cases(const fs::path& folder, const Manifest& manifest,
                                 const std::vector<Case>& catalogue) {
  const std::string where = (folder / manifest_name).string();
  const auto other = [&](const std::string& given, const std::string& expected) {
    return dope::Error(where, given + ", exported by another version", expected + ": export again");
  };
  for (const auto& task : manifest.coverage.tasks) {
    const auto known = task_names();
    if (std::find(known.begin(), known.end(), task) == known.end()) {
      throw other("task " + printable(task), "one of " + joined(known));
    }
  }
  const Selection covered{manifest.coverage.tasks, {}, {}};
  std::vector<Case> cases;
  for (const Case& one : catalogue) {
    if (!manifest.coverage.tasks.empty() && covered.wants(one)) cases.push_back(one);
  }
  for (std::size_t i = 0; i < std::max(cases.size(), manifest.entries.size()); ++i) {
    const auto name = [&] { return manifest.entries[i].at("name").get<std::string>(); };
    if (i >= manifest.entries.size()) throw other("no case " + printable(cases[i].name), "that case");
    if (i >= cases.size()) throw other("case " + printable(name()), text(cases.size(), " cases"));
    if (name() != cases[i].name) throw other("case " + printable(name()), "case " + printable(cases[i].name));
  }
  return cases;
}

/// In the form of a failed verdict.
Result failure(const Case& one, Outcome outcome, const std::string& what, const std::string& why) {
  return {one.name, outcome, "FAIL " + one.name + ": " + what + "\n  " + why};
}

Result judge_case(const Options& options, const Case& one, const nlohmann::json& entry) {
  const auto inputs = inputs_of(one);
  const auto expected = expected_of(one, inputs);
  if (nlohmann::json(entry_of(one, inputs, expected)) != entry) {
    throw dope::Error((options.folder / manifest_name).string(),
                      "case " + printable(one.name) + " with other contents, exported by another version",
                      "this version's: export again");
  }
  const fs::path path = options.outputs / (one.name + ".safetensors");
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    return failure(one, Outcome::failed, "no file",
                   path.string() + " is not there; --tasks, --only or --skip leave it out");
  }
  std::vector<Array> outputs;
  try {
    outputs = read_outputs(path, one, expected);
  } catch (const dope::Error& error) {
    return failure(one, Outcome::unusable, "cannot be judged", error.what());
  }
  const auto verdict = dope::conformance::judge(one, outputs);
  return {one.name, verdict.passed ? Outcome::passed : Outcome::failed, verdict.text};
}

}  // namespace

std::vector<Array> read_outputs(const fs::path& path, const Case& one, const std::vector<Array>& expected) {
  const auto file = reference::Safetensors::open(path);
  for (const auto& name : file.names()) {
    if (std::none_of(expected.begin(), expected.end(),
                     [&](const Array& array) { return array.name == name; })) {
      throw dope::Error(path.string(), "tensor " + printable(name),
                        "the tensors " + listed(expected) + " only");
    }
  }
  std::vector<Array> outputs;
  for (const Array& wanted : expected) {
    if (!file.contains(wanted.name)) {
      throw dope::Error(path.string(), "no tensor " + printable(wanted.name),
                        "the tensors " + listed(expected));
    }
    const auto& tensor = file.tensor(wanted.name);
    const std::string where = path.string() + ", tensor " + printable(wanted.name);
    const auto elements = elements_of(wanted, one.task);
    if (std::none_of(elements.begin(), elements.end(),
                     [&](Element element) { return dtype_of(element) == tensor.dtype; })) {
      std::string names;
      for (const Element element : elements)
        names += (names.empty() ? "" : " or ") + std::string(name_of(element));
      throw dope::Error(where, text("dtype ", name_of(tensor.dtype)), "dtype " + names);
    }
    if (tensor.shape != wanted.shape) {
      throw dope::Error(where, "shape " + reference::text_of(tensor.shape),
                        "shape " + reference::text_of(wanted.shape));
    }
    outputs.push_back(decode(tensor, where));
    outputs.back().name = wanted.name;
  }
  return outputs;
}

std::size_t Judged::count(Outcome outcome) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(results.begin(), results.end(), [=](const Result& r) { return r.outcome == outcome; }));
}

int Judged::status() const noexcept {
  if (count(Outcome::unusable) != 0) return 2;
  return count(Outcome::failed) != 0 ? 1 : 0;
}

std::string Judged::text() const {
  std::string lines;
  for (const Result& result : results) {
    if (result.outcome != Outcome::passed) lines += result.text + '\n';
  }
  lines += dope::detail::text(count(Outcome::passed), " of ", results.size(), " cases passed");
  if (const auto failed = count(Outcome::failed); failed != 0)
    lines += dope::detail::text(", ", failed, " failed");
  if (const auto unusable = count(Outcome::unusable); unusable != 0)
    lines += dope::detail::text(", ", unusable, " cannot be judged");
  if (left_out != 0) lines += dope::detail::text(", ", left_out, " left out");
  return lines + '\n';
}

Judged check_vectors(const Options& options, const Manifest& manifest, const std::vector<Case>& catalogue,
                     const std::function<void()>& between) {
  const auto cases = matching_cases(options.folder, manifest, catalogue);
  require_cases(options.selection, cases);
  if (!fs::is_directory(options.outputs)) {
    throw dope::Error("--outputs", options.outputs.string(), "the folder that your runner wrote");
  }
  Judged judged;
  std::vector<std::size_t> meant;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (options.selection.wants(cases[i])) meant.push_back(i);
  }
  judged.left_out = cases.size() - meant.size();
  judged.results.resize(meant.size());
  lab::for_each_in_parallel(meant.size(), [&](std::size_t i) {
    between();
    judged.results[i] = judge_case(options, cases[meant[i]], manifest.entries[meant[i]]);
  });
  return judged;
}

}  // namespace vectors
