// SPDX-License-Identifier: MIT
#include "lab/support/halving.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "dope/core/error.hpp"

using lab::Trial;

TEST_CASE("rounds double, and hold every prompt once") {
  for (std::size_t prompts = 1; prompts <= 130; ++prompts) {
    const auto rounds = lab::halving_rounds(prompts);
    std::vector<std::size_t> all;
    for (std::size_t r = 0; r < rounds.size(); ++r) {
      const std::size_t full = r == 0 ? 1 : std::size_t{1} << (r - 1);
      if (r + 1 < rounds.size()) {
        CHECK(rounds[r].size() == full);
      } else {
        CHECK(rounds[r].size() <= full);
        CHECK(!rounds[r].empty());
      }
      all.insert(all.end(), rounds[r].begin(), rounds[r].end());
    }
    std::sort(all.begin(), all.end());
    REQUIRE(all.size() == prompts);
    for (std::size_t i = 0; i < prompts; ++i) CHECK(all[i] == i);
  }
  CHECK(lab::halving_rounds(0).empty());
}

TEST_CASE("the first rounds do not sit at one end of the list") {
  for (const std::size_t prompts : {std::size_t{11}, std::size_t{22}, std::size_t{44}, std::size_t{88}}) {
    std::size_t low = 0, high = 0, seen = 0;
    for (const auto& round : lab::halving_rounds(prompts)) {
      for (const std::size_t prompt : round) {
        low += prompt < prompts / 2 ? 1 : 0;
        high += prompt >= prompts / 2 ? 1 : 0;
        if (++seen == 8) {
          CHECK(low >= 2);
          CHECK(high >= 2);
        }
      }
    }
  }
}

TEST_CASE("hits come before log probabilities") {
  CHECK(lab::better({4, 2, -9.0}, {4, 1, -1.0}));
  CHECK(!lab::better({4, 1, -1.0}, {4, 2, -9.0}));
  CHECK(lab::better({4, 1, -1.0}, {4, 1, -2.0}));
  CHECK(!lab::better({4, 1, -1.0}, {4, 1, -1.0}));
  CHECK(Trial{4, 1, -2.0}.mean_log_probability() == -0.5);
  CHECK(Trial{}.mean_log_probability() == 0.0);
}

TEST_CASE("of each group its best quarter goes on, never fewer than the least, ties to the lower id") {
  // Group 0: ids 0 … 9; group 1: ids 10 … 12; ids 3 and 10 are no longer in the race.
  std::vector<Trial> trials(13);
  std::vector<std::size_t> groups(13, 0), alive;
  for (std::size_t id = 0; id < 13; ++id) {
    trials[id] = {1, 0, -static_cast<double>((id * 7) % 10)};  // group 0: 0 7 4 1 8 5 2 9 6 3
    if (id >= 10) groups[id] = 1;
    if (id != 3 && id != 10) alive.push_back(id);
  }
  trials[8].hits = 1;
  CHECK(lab::survivors(alive, trials, groups, 1) == std::vector<std::size_t>{0, 6, 8, 12});
  CHECK(lab::survivors(alive, trials, groups, 4) == std::vector<std::size_t>{0, 6, 8, 9, 11, 12});
  for (Trial& trial : trials) trial = {1, 0, -1.0};
  CHECK(lab::survivors(alive, trials, groups, 1) == std::vector<std::size_t>{0, 1, 2, 11});
  CHECK(lab::survivors({}, trials, groups, 1).empty());
  CHECK_THROWS_AS(static_cast<void>(lab::survivors(std::vector<std::size_t>{13}, trials, groups, 1)),
                  dope::Error);
}
