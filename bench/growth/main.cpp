// SPDX-License-Identifier: MIT

// Measures how costs grow with tokens, width, heads and threads, fits exponents, and writes
// FOLDER/growth.json (every point), FOLDER/growth.md (the table, printed too) and FOLDER/growth.svg.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "growth/picture.hpp"
#include "growth/series.hpp"
#include "lab/support/table.hpp"
#include "support/median.hpp"
#include "transformer/atomic_file.hpp"

namespace growth {
namespace {

std::string name_of(const Series& series, const Point& point) {
  return series.primitive + "/" + std::string(name_of(series.axis)) + "/" +
         std::to_string(static_cast<long>(point.at));
}

/// Seconds per call by the benchmark's name, one per repetition; processor time, wall time where that was
/// asked for.
class Collector : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
      const bool wall = run.run_name.time_type == "real_time";
      seconds_[run.run_name.function_name].push_back(
          (wall ? run.real_accumulated_time : run.cpu_accumulated_time) /
          static_cast<double>(run.iterations));
    }
  }

  [[nodiscard]] double seconds_of(const std::string& name) const {
    const auto found = seconds_.find(name);
    return found == seconds_.end() ? 0.0 : bench::median(found->second);
  }

 private:
  std::map<std::string, std::vector<double>> seconds_;
};

void register_point(const std::string& name, Axis axis, const Point& point) {
  auto* const line = benchmark::RegisterBenchmark(name.c_str(), [make = point.make](benchmark::State& state) {
    const auto call = make();
    for (auto _ : state) {
      call();
      benchmark::ClobberMemory();
    }
  });
  if (axis == Axis::threads) line->UseRealTime();
  if (point.calls > 0) line->Iterations(static_cast<benchmark::IterationCount>(point.calls));
}

std::string printed(const char* format, double value) {
  char text[40];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string time_text(double seconds) {
  if (seconds < 1e-3) return printed("%.3g µs", seconds * 1e6);
  return seconds < 1.0 ? printed("%.3g ms", seconds * 1e3) : printed("%.3g s", seconds);
}

lab::Table table_of(const std::vector<Series>& measured) {
  using lab::Align;
  lab::Table table({{"primitive"},
                    {"against"},
                    {"of"},
                    {"smallest", Align::right},
                    {"time", Align::right},
                    {"largest", Align::right},
                    {"time", Align::right},
                    {"expected exponent", Align::right},
                    {"fitted", Align::right},
                    {"residual", Align::right}});
  for (const Series& series : measured) {
    const Fit line = fit(series);
    const Point& first = series.points.front();
    const Point& last = series.points.back();
    table.add_row({series.primitive, std::string(name_of(series.axis)), series.fixed,
                   printed("%.0f", first.at), time_text(first.seconds), printed("%.0f", last.at),
                   time_text(last.seconds), series.expected, printed("%.2f", line.exponent),
                   std::isnan(line.residual) ? "–" : printed("%.1f %%", 100.0 * line.residual)});
  }
  return table;
}

nlohmann::json json_of(const std::vector<Series>& measured) {
  auto all = nlohmann::json::array();
  for (const Series& series : measured) {
    const Fit line = fit(series);
    nlohmann::json entry = {{"primitive", series.primitive},
                            {"axis", name_of(series.axis)},
                            {"fixed", series.fixed},
                            {"clock", series.axis == Axis::threads ? "wall" : "processor"},
                            {"expected_exponent", series.expected},
                            {"exponent", line.exponent},
                            {"constant_seconds", line.constant},
                            {"points", nlohmann::json::array()}};
    entry["residual"] = std::isnan(line.residual) ? nlohmann::json(nullptr) : nlohmann::json(line.residual);
    for (const Point& point : series.points) {
      entry["points"].push_back({{"at", static_cast<long>(point.at)}, {"seconds", point.seconds}});
    }
    all.push_back(std::move(entry));
  }
  return {{"series", std::move(all)}};
}

void run(const std::filesystem::path& folder) {
  auto all = all_series();
  for (const Series& series : all) {
    for (const Point& point : series.points) register_point(name_of(series, point), series.axis, point);
  }
  Collector collector;
  benchmark::RunSpecifiedBenchmarks(&collector);
  // What a filter left out is not there, and one point alone is no line.
  for (Series& series : all) {
    for (Point& point : series.points) point.seconds = collector.seconds_of(name_of(series, point));
    std::erase_if(series.points, [](const Point& point) { return point.seconds == 0.0; });
  }
  std::erase_if(all, [](const Series& series) { return series.points.size() < 2; });

  const std::string table = table_of(all).markdown();
  std::fputs(table.c_str(), stdout);
  std::filesystem::create_directories(folder);
  reference::write_file_whole(folder / "growth.md", table);
  reference::write_file_whole(folder / "growth.json", json_of(all).dump(1) + "\n");
  reference::write_file_whole(folder / "growth.svg", picture_of(all));
}

}  // namespace
}  // namespace growth

int main(int count, char** arguments) {
  benchmark::Initialize(&count, arguments);
  if (count != 2 || arguments[1][0] == '-') {
    std::fprintf(stderr,
                 "error: given %d arguments besides Google Benchmark's, expected one, the folder to write\n",
                 count - 1);
    return 1;
  }
  try {
    growth::run(arguments[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
