// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <ostream>
#include <string>
#include <string_view>

namespace lab {

/// "0s", "59s", "1m 05s", "2h 03m"; rounded to the nearest second below an hour, to the minute above.
[[nodiscard]] std::string duration_text(double seconds);

/// Shows how far a run is and how long it still takes, in units of work the caller chooses (tokens
/// rather than cells, where cells cost unlike amounts). Threads may report at once.
///
/// Time left = time so far · units to go / units done in this run; units skipped count as done but not
/// as speed.
class Progress {
 public:
  /// bar: one line rewritten in place, at most 10 times a second. lines: a line every 15 seconds.
  enum class Display { bar, lines };
  using Clock = std::function<double()>;  // seconds, never falling

  /// bar where standard error is a terminal that can rewrite a line, else lines.
  [[nodiscard]] static Display display_for_stderr();

  Progress(std::string label, std::uint64_t total, Display display, std::ostream& out,
           Clock clock = steady_seconds);

  /// Ends a line that the bar has begun.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Units that an earlier run has done.
  void skip(std::uint64_t units);

  /// Units done just now; the note says what at.
  void advance(std::uint64_t units, std::string_view note = {});

  /// The last line: "label: done in 2m 10s".
  void finish();

  [[nodiscard]] static double steady_seconds();

 private:
  [[nodiscard]] std::string status(double now, std::string_view note) const;

  std::string label_;
  std::uint64_t total_;
  Display display_;
  std::ostream& out_;
  Clock clock_;
  double begun_;
  double shown_;
  std::uint64_t skipped_ = 0;
  std::uint64_t done_ = 0;
  bool line_open_ = false;
  std::mutex mutex_;
};

}  // namespace lab
