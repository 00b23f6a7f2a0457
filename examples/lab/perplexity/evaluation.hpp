// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "setting.hpp"

namespace perplexity {

/// A row of the tables: one run, or for a random control one a draw.
struct Method {
  std::string name;
  std::vector<std::size_t> runs;  // into Part::runs
};

/// One measurement at one length of request: all methods, and the schedules they run. Methods that come to
/// the same schedule, as scalings do within the training length, share its run.
struct Part {
  enum class Mode { growing, sliding };

  Mode mode = Mode::growing;
  std::size_t tokens = 0;  // of a request
  std::vector<Method> methods;
  std::vector<reference::Schedule> runs;
};

/// Growing where it is asked for, then each width of window, ascending. All have the same methods.
[[nodiscard]] std::vector<Part> parts_of(const Setting& setting);

/// Bits per byte of one run on one passage: a mean for each bin while growing, one in all while sliding.
using Means = std::vector<double>;
[[nodiscard]] Means measure(const Setting& setting, const Part& part, std::size_t run,
                            const std::string& passage);

/// Tokens that one run of a part reads in a passage.
[[nodiscard]] std::size_t tokens_read(const Setting& setting, const Part& part);

/// "passage/0".
[[nodiscard]] std::string passage_key(std::size_t index);

/// The finished cell of a passage: results[part][run].
[[nodiscard]] lab::ResultStore::Json cell_of(const Setting& setting, const std::vector<Part>& parts,
                                             std::size_t index,
                                             const std::vector<std::vector<Means>>& results);

/// What refuses a cell of results that no run of these parts can have written: it lacks a part, a method, a
/// draw or a bin, or its bits are no numbers from 0 up.
[[nodiscard]] lab::ResultStore::Check cell_check(const Setting& setting, const std::vector<Part>& parts);

/// What a method has in a finished cell, the mean over its draws.
[[nodiscard]] Means means_in(const lab::ResultStore::Json& cell, const Part& part, const std::string& method);

}  // namespace perplexity
