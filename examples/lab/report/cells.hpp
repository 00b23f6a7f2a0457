// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dope/denoise/head.hpp"
#include "lab/report/input.hpp"

namespace report {

/// One way of selecting heads, in the words of the file. Heads that no score selected have no stage, and for
/// entropy what they were chosen by.
struct Selection {
  std::string stage;
  std::string side;
  std::string entropy;
  std::optional<std::size_t> r;  // none: over all eigenvalues
  std::string order;
  std::size_t n = 0;
};

/// "test/LENGTH/SETUP/DEPTH/METHOD": a method on the test prompts of one depth.
struct TestCell {
  std::string method;
  std::string setup;
  std::size_t length = 0;
  std::size_t training_length = 0;
  double depth = 0.0;  // 0 to 1
  std::size_t hits = 0;
  std::size_t prompts = 0;
  std::string verdicts;            // '1' or '0' per prompt; empty where the run kept none
  std::vector<std::size_t> draws;  // of a control: hits of each draw, all of them on the same prompts
  std::optional<Selection> selection;
  std::string indicator;  // "stage/side/entropy" of the selection
  std::vector<dope::HeadId> heads;
};

/// "heads/LENGTH": scores of all heads, layer after layer, by each indicator.
struct HeadsCell {
  std::size_t length = 0;
  std::vector<std::pair<std::string, std::vector<double>>> scores;
};

/// What a plan did on calibration prompts. log_probability: mean, of the expected digits, nats; not-a-number
/// where the file has null.
struct Trial {
  std::size_t prompts = 0;
  std::size_t hits = 0;
  double log_probability = 0.0;
  [[nodiscard]] double share() const { return static_cast<double>(hits) / static_cast<double>(prompts); }
};

struct SweptPlan {
  std::string transform;
  std::vector<dope::HeadId> heads;
  std::vector<Selection> selectors;
  Trial trial;
};

/// "sweep/LENGTH": every distinct plan that calibration tried. baseline: no plan.
struct SweepCell {
  std::size_t length = 0;
  Trial baseline;
  std::vector<SweptPlan> plans;
};

/// Attention of one head over bins of positions: shares of the last token's, and the mean
/// of many tokens'.
struct AttentionRow {
  dope::HeadId head;
  std::vector<std::string> selected_by;  // none: kept
  std::vector<double> last;
  std::vector<double> mean;
};

/// "attention/LENGTH". Bin b holds the tokens [b·tokens/bins, (b + 1)·tokens/bins); needle: first, end.
struct AttentionCell {
  std::size_t length = 0;
  std::size_t tokens = 0;
  std::size_t needle_first = 0;
  std::size_t needle_end = 0;
  std::size_t bins = 0;
  std::size_t mean_of = 0;  // tokens that the mean is over
  std::vector<AttentionRow> rows;
};

/// Cells of a needle run, by kind, in the file's order; those of other kinds are passed over.
struct NeedleCells {
  std::vector<TestCell> tests;
  std::vector<HeadsCell> heads;
  std::vector<SweepCell> sweeps;
  std::vector<AttentionCell> attentions;
};

/// The scaling that heads are denoised under where a file does not say, by its row's name.
inline constexpr std::string_view usual_scaling = "dynamic_ntk";

/// "Dynamic NTK" of dynamic_ntk; of others the row's name.
[[nodiscard]] std::string scaling_title(std::string_view row);

/// Throws dope::Error, naming file and key, for a cell of a known kind that is not as above.
[[nodiscard]] NeedleCells read_needle_cells(const Run& run);

/// "post_ntk/key/truncated_mean(r=8)" into its parts; of a text of another form all is the entropy.
[[nodiscard]] Selection selection_of(std::string_view indicator, std::string order, std::size_t n);

}  // namespace report
