// SPDX-License-Identifier: MIT
#include "lab/support/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <utility>

namespace lab {
namespace {

constexpr double bar_interval = 0.1;    // seconds
constexpr double line_interval = 15.0;  // seconds
constexpr int bar_width = 24;
constexpr std::size_t line_width = 79;

std::string two_digits(long value) { return (value < 10 ? "0" : "") + std::to_string(value); }

/// At most `count` code points from the front.
std::string_view leading(std::string_view text, std::size_t count) {
  std::size_t bytes = 0;
  for (std::size_t points = 0; bytes < text.size(); ++bytes) {
    const bool begins = (static_cast<unsigned char>(text[bytes]) & 0xc0u) != 0x80u;
    if (begins && ++points > count) break;
  }
  return text.substr(0, bytes);
}

}  // namespace

std::string duration_text(double seconds) {
  if (!(seconds < 3.6e8)) return "ages";  // more than ten years, or unknown
  const long whole = std::lround(std::max(seconds, 0.0));
  if (whole < 60) return std::to_string(whole) + "s";
  if (whole < 3600) return std::to_string(whole / 60) + "m " + two_digits(whole % 60) + "s";
  const long minutes = std::lround(seconds / 60.0);
  return std::to_string(minutes / 60) + "h " + two_digits(minutes % 60) + "m";
}

Progress::Display Progress::display_for_stderr() {
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
  return isatty(STDERR_FILENO) == 1 && !dumb ? Display::bar : Display::lines;
}

double Progress::steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Progress::Progress(std::string label, std::uint64_t total, Display display, std::ostream& out, Clock clock)
    : label_(std::move(label)),
      total_(total),
      display_(display),
      out_(out),
      clock_(std::move(clock)),
      begun_(clock_()),
      shown_(display == Display::bar ? -std::numeric_limits<double>::infinity() : begun_) {}

Progress::~Progress() {
  if (line_open_) out_ << '\n' << std::flush;
}

void Progress::skip(std::uint64_t units) {
  const std::lock_guard lock(mutex_);
  skipped_ += units;
}

void Progress::advance(std::uint64_t units, std::string_view note) {
  const std::lock_guard lock(mutex_);
  done_ += units;
  const double now = clock_();
  if (now - shown_ < (display_ == Display::bar ? bar_interval : line_interval)) return;
  shown_ = now;
  const std::string line(leading(status(now, note), line_width));
  if (display_ == Display::bar) {
    out_ << '\r' << line << "\x1b[K" << std::flush;
    line_open_ = true;
  } else {
    out_ << line << '\n' << std::flush;
  }
}

void Progress::finish() {
  const std::lock_guard lock(mutex_);
  if (line_open_) out_ << "\r\x1b[K";
  line_open_ = false;
  out_ << label_ << ": done in " << duration_text(clock_() - begun_) << '\n' << std::flush;
}

std::string Progress::status(double now, std::string_view note) const {
  const std::uint64_t reached = std::min(done_ + skipped_, total_);
  const double share = total_ == 0 ? 1.0 : static_cast<double>(reached) / static_cast<double>(total_);
  std::string text = label_;
  if (display_ == Display::bar) {
    const auto filled = static_cast<std::size_t>(share * bar_width);
    text += " [" + std::string(filled, '#') + std::string(bar_width - filled, '.') + "]";
  }
  const std::string percent = std::to_string(static_cast<int>(100.0 * share));
  text += std::string(4 - std::min<std::size_t>(percent.size(), 3), ' ') + percent + "%  ";
  if (done_ > 0) {
    const double left = (now - begun_) * static_cast<double>(total_ - reached) / static_cast<double>(done_);
    text += duration_text(left) + " left";
  }
  if (!note.empty()) text += "  " + std::string(note);
  return text;
}

}  // namespace lab
