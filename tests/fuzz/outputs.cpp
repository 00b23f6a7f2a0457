// SPDX-License-Identifier: MIT
// A porter's file of one case's outputs, read and judged. The first byte chooses the case.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "dope/conformance/catalogue.hpp"
#include "dope/conformance/expected.hpp"
#include "dope/conformance/inputs.hpp"
#include "dope/conformance/judge.hpp"
#include "fuzz/target.hpp"
#include "lab/vectors/check.hpp"

namespace {

using dope::conformance::Array;
using dope::conformance::Case;

struct Prepared {
  Case one;
  std::vector<Array> expected;
};

/// Of each task, the case of least expected output.
std::vector<Prepared> smallest_cases() {
  std::vector<Prepared> found;
  std::vector<std::size_t> sizes;
  for (const Case& one : dope::conformance::catalogue()) {
    auto expected = expected_of(one, inputs_of(one));
    std::size_t size = 0;
    for (const Array& array : expected) size += array.values.size();
    const auto same = std::find_if(found.begin(), found.end(), [&](const Prepared& other) {
      return other.one.task.index() == one.task.index();
    });
    const auto at = static_cast<std::size_t>(same - found.begin());
    if (same == found.end()) {
      found.push_back({one, std::move(expected)});
      sizes.push_back(size);
    } else if (size < sizes[at]) {
      *same = {one, std::move(expected)};
      sizes[at] = size;
    }
  }
  return found;
}

void read(std::string_view bytes) {
  static const fuzz::Folder folder;
  static const std::vector<Prepared> cases = smallest_cases();
  const Prepared& prepared = cases[fuzz::take_choice(bytes, cases.size())];
  const auto path = folder.write("outputs.safetensors", fuzz::safetensors_file(bytes));
  std::vector<Array> outputs;
  if (!fuzz::reads([&] { outputs = vectors::read_outputs(path, prepared.one, prepared.expected); })) return;
  fuzz::reads([&] {
    const auto verdict = dope::conformance::judge(prepared.one, outputs);
    fuzz::require(verdict.passed || !verdict.text.empty(), "a verdict says why");
  });
}

}  // namespace

DOPE_FUZZ_TARGET(read)
