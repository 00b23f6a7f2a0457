// SPDX-License-Identifier: MIT
#include "lab/support/progress.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

using lab::duration_text;
using lab::Progress;

TEST_CASE("durations") {
  CHECK(duration_text(0.0) == "0s");
  CHECK(duration_text(0.6) == "1s");
  CHECK(duration_text(59.4) == "59s");
  CHECK(duration_text(59.6) == "1m 00s");
  CHECK(duration_text(65.0) == "1m 05s");
  CHECK(duration_text(3599.6) == "1h 00m");
  CHECK(duration_text(7380.0) == "2h 03m");
  CHECK(duration_text(-1.0) == "0s");
  CHECK(duration_text(std::numeric_limits<double>::infinity()) == "ages");
}

TEST_CASE("a bar is rewritten in place and tells share and time left by this run's speed") {
  double now = 100.0;
  std::ostringstream out;
  {
    Progress progress("needle", 1000, Progress::Display::bar, out, [&] { return now; });
    progress.skip(500);  // of an earlier run: done, but not in no time
    now += 10.0;
    progress.advance(100, "plain RoPE");
    CHECK(out.str() == "\rneedle [##############..........]  60%  40s left  plain RoPE\x1b[K");
    now += 0.05;
    progress.advance(100);  // too soon to show
    CHECK(out.str().find("70%") == std::string::npos);
    now += 29.95;
    progress.advance(300);
    CHECK(out.str().find("[########################] 100%  0s left") != std::string::npos);
    progress.finish();
  }
  const std::string shown = out.str();
  CHECK(shown.ends_with("\r\x1b[Kneedle: done in 40s\n"));
  CHECK(std::count(shown.begin(), shown.end(), '\n') == 1);
}

TEST_CASE("a bar that is left unfinished ends its line; one never shown writes nothing") {
  double now = 0.0;
  std::ostringstream out;
  {
    Progress progress("needle", 10, Progress::Display::bar, out, [&] { return now; });
  }
  CHECK(out.str().empty());
  {
    Progress progress("needle", 10, Progress::Display::bar, out, [&] { return now; });
    progress.advance(1);
  }
  CHECK(out.str().back() == '\n');
}

TEST_CASE("without a terminal: a line now and then, no control characters") {
  double now = 0.0;
  std::ostringstream out;
  Progress progress("needle", 100, Progress::Display::lines, out, [&] { return now; });
  for (int i = 0; i < 60; ++i) {
    now += 1.0;
    progress.advance(1);
  }
  CHECK(out.str() ==
        "needle  15%  1m 25s left\nneedle  30%  1m 10s left\nneedle  45%  55s left\nneedle  60%  40s left\n");
  progress.finish();
  CHECK(out.str().ends_with("needle: done in 1m 00s\n"));
}

TEST_CASE("lines are at most 79 characters; more work than the total stays at 100 %") {
  double now = 0.0;
  std::ostringstream out;
  Progress progress("ü", 3, Progress::Display::lines, out, [&] { return now; });
  now = 20.0;
  progress.advance(7, std::string(200, 'x'));
  const std::string line = out.str();
  CHECK(line.starts_with("ü 100%  0s left  xxx"));
  CHECK(line.size() == 79 + 1 + 1);  // ü has two bytes; the line break
  std::ostringstream none;
  Progress empty("nothing", 0, Progress::Display::bar, none, [&] { return now; });
  empty.advance(0);
  CHECK(none.str().find("100%") != std::string::npos);
}

TEST_CASE("threads may report at once") {
  std::ostringstream out;
  double now = 0.0;
  Progress progress("needle", 4000, Progress::Display::bar, out, [&] { return now += 1.0; });
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) progress.advance(1);
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(out.str().find("100%") != std::string::npos);
}
