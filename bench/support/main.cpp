// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "support/compare.hpp"

namespace bench {
namespace {

struct Line {
  std::string primitive, shape, bound_name;
  Work work;
  std::vector<double> ours, bound;  // seconds per call, one per repetition
};

std::vector<Line>& lines() {
  static std::vector<Line> all;
  return all;
}

double median(std::vector<double> times) {
  if (times.empty()) return 0;
  std::sort(times.begin(), times.end());
  const std::size_t middle = times.size() / 2;
  return times.size() % 2 == 1 ? times[middle] : (times[middle - 1] + times[middle]) / 2;
}

/// A bench that is not half of a comparison: its medians, with the rate it counts where it counts one.
struct Single {
  std::string name, label, rate_name;
  std::vector<double> seconds, rates;
};

/// Collects processor time per repetition: ours and bound run interleaved on one thread, and time that
/// the machine gave to others does not count.
class TableReporter : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
      const std::string name = run.run_name.function_name;
      const double seconds = run.cpu_accumulated_time / static_cast<double>(run.iterations);
      bool compared = false;
      for (Line& line : lines()) {
        const std::string stem = line.primitive + "|" + line.shape;
        if (name == stem + "|ours") line.ours.push_back(seconds);
        if (name == stem + "|bound") line.bound.push_back(seconds);
        compared = compared || name == stem + "|ours" || name == stem + "|bound";
      }
      if (!compared) collect(run, seconds);
    }
  }

  void Finalize() override {
    std::printf("| primitive | shape | ours | bound | ratio |\n|---|---|---|---|---|\n");
    for (const Line& line : lines()) {
      const double ours = median(line.ours);
      const double bound = median(line.bound);
      if (ours == 0 || bound == 0) continue;
      const double scale = line.work.unit == "GB/s" ? 1e-9 : 1e-6;
      std::printf("| %s | %s | %.4g %s | %s: %.4g %s | %.3f |\n", line.primitive.c_str(), line.shape.c_str(),
                  line.work.amount / ours * scale, line.work.unit.c_str(), line.bound_name.c_str(),
                  line.work.amount / bound * scale, line.work.unit.c_str(), bound / ours);
    }
    for (const Single& single : singles_) {
      std::printf("| %s | %s | %.4g us", single.name.c_str(), single.label.c_str(),
                  median(single.seconds) * 1e6);
      if (!single.rates.empty())
        std::printf(", %.4g G/s %s", median(single.rates) * 1e-9, single.rate_name.c_str());
      std::printf(" | | |\n");
    }
  }

 private:
  void collect(const Run& run, double seconds) {
    const std::string name = run.benchmark_name().substr(0, run.benchmark_name().find("/repeats:"));
    auto single =
        std::find_if(singles_.begin(), singles_.end(), [&](const Single& s) { return s.name == name; });
    if (single == singles_.end())
      single = singles_.insert(single, Single{name, run.report_label, {}, {}, {}});
    single->seconds.push_back(seconds);
    for (const auto& [rate, counter] : run.counters) {
      single->rate_name = rate;
      single->rates.push_back(counter.value);
      break;
    }
  }

  std::vector<Single> singles_;
};

void time(benchmark::State& state, const Maker& make) {
  const auto call = make();
  call();
  for (auto _ : state) {
    call();
    benchmark::ClobberMemory();
  }
}

}  // namespace

void compare(const std::string& primitive, const std::string& shape, const std::string& bound_name, Work work,
             Maker ours, Maker bound) {
  lines().push_back({primitive, shape, bound_name, std::move(work), {}, {}});
  const std::string stem = primitive + "|" + shape;
  const auto add = [](const std::string& name, Maker make) {
    benchmark::RegisterBenchmark(name.c_str(),
                                 [make = std::move(make)](benchmark::State& state) { time(state, make); });
  };
  add(stem + "|ours", std::move(ours));
  add(stem + "|bound", std::move(bound));
}

}  // namespace bench

/// Google Benchmark's options hold; without --benchmark_format the table is printed.
int main(int count, char** arguments) {
  const bool own_format = std::any_of(arguments, arguments + count, [](const char* argument) {
    return std::strncmp(argument, "--benchmark_format", 18) == 0;
  });
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 1;
  bench::TableReporter table;
  if (own_format) {
    benchmark::RunSpecifiedBenchmarks();
  } else {
    benchmark::RunSpecifiedBenchmarks(&table);
  }
}
