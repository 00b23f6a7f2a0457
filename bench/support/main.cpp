// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "support/compare.hpp"
#include "support/median.hpp"

namespace bench {
namespace {

struct Line {
  std::string primitive, shape, bound_name;
  Work work;
  std::vector<double> ours, bound, ratios;  // one per repetition; ours and bound in seconds per call

  [[nodiscard]] std::string name() const { return primitive + "|" + shape; }
};

std::vector<Line>& lines() {
  static std::vector<Line> all;
  return all;
}

/// A bench that is not a comparison: its medians, with the rate it counts where it counts one.
struct Single {
  std::string name, label, rate_name;
  std::vector<double> seconds, rates;
};

double scale_of(const std::string& unit) { return unit == "GB/s" ? 1e-9 : unit == "M/s" ? 1e-6 : 1.0; }

class TableReporter : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
      const auto line = std::find_if(lines().begin(), lines().end(),
                                     [&](const Line& l) { return l.name() == run.run_name.function_name; });
      if (line == lines().end()) {
        collect(run);
        continue;
      }
      line->ours.push_back(run.counters.at("ours").value);
      line->bound.push_back(run.counters.at("bound").value);
      line->ratios.push_back(run.counters.at("ratio").value);
    }
  }

  void Finalize() override {
    std::printf("| primitive | shape | ours | bound | ratio |\n|---|---|---|---|---|\n");
    for (const Line& line : lines()) {
      if (line.ratios.empty()) continue;
      const double amount = line.work.amount * scale_of(line.work.unit);
      std::printf("| %s | %s | %.4g %s | %s: %.4g %s | %.3f |\n", line.primitive.c_str(), line.shape.c_str(),
                  amount / median(line.ours), line.work.unit.c_str(), line.bound_name.c_str(),
                  amount / median(line.bound), line.work.unit.c_str(), median(line.ratios));
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
  void collect(const Run& run) {
    const std::string name = run.benchmark_name().substr(0, run.benchmark_name().find("/repeats:"));
    auto single =
        std::find_if(singles_.begin(), singles_.end(), [&](const Single& s) { return s.name == name; });
    if (single == singles_.end())
      single = singles_.insert(single, Single{name, run.report_label, {}, {}, {}});
    single->seconds.push_back(run.cpu_accumulated_time / static_cast<double>(run.iterations));
    for (const auto& [rate, counter] : run.counters) {
      single->rate_name = rate;
      single->rates.push_back(counter.value);
      break;
    }
  }

  std::vector<Single> singles_;
};

double now(Clock clock) {
  timespec time{};
  clock_gettime(clock == Clock::processor ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// One side of a comparison, with the number of calls that are timed together.
class Side {
 public:
  Side(const Maker& make, const Timing& timing) : call_(make()), clock_(timing.clock), calls_(timing.calls) {
    if (calls_ > 0) return;
    call_();
    for (calls_ = 1; seconds_of_batch(seconds_per_call()) < least_seconds;) calls_ *= 2;
  }

  [[nodiscard]] double seconds_of_batch(double per_call) const {
    return per_call * static_cast<double>(calls_);
  }

  [[nodiscard]] double seconds_per_call() const {
    const double start = now(clock_);
    for (std::size_t i = 0; i < calls_; ++i) {
      call_();
      benchmark::ClobberMemory();
    }
    return (now(clock_) - start) / static_cast<double>(calls_);
  }

 private:
  static constexpr double least_seconds = 2e-3;

  std::function<void()> call_;
  Clock clock_;
  std::size_t calls_;
};

void time_pairs(benchmark::State& state, const Maker& make_ours, const Maker& make_bound,
                const Timing& timing) {
  const Side our_side(make_ours, timing);
  const Side bound_side(make_bound, timing);
  std::vector<double> ours, bound, ratios;
  for (auto _ : state) {
    const bool ours_first = ratios.size() % 2 == 0;
    if (ours_first) ours.push_back(our_side.seconds_per_call());
    bound.push_back(bound_side.seconds_per_call());
    if (!ours_first) ours.push_back(our_side.seconds_per_call());
    ratios.push_back(bound.back() / ours.back());
    state.SetIterationTime(our_side.seconds_of_batch(ours.back()) +
                           bound_side.seconds_of_batch(bound.back()));
  }
  state.counters["ours"] = median(ours);
  state.counters["bound"] = median(bound);
  state.counters["ratio"] = median(ratios);
}

}  // namespace

void compare(const std::string& primitive, const std::string& shape, const std::string& bound_name, Work work,
             Maker ours, Maker bound, Timing timing) {
  lines().push_back({primitive, shape, bound_name, std::move(work), {}, {}, {}});
  auto* const line =
      benchmark::RegisterBenchmark(lines().back().name().c_str(),
                                   [ours = std::move(ours), bound = std::move(bound), timing](
                                       benchmark::State& state) { time_pairs(state, ours, bound, timing); });
  line->UseManualTime();
  if (timing.pairs > 0) line->Iterations(static_cast<benchmark::IterationCount>(timing.pairs));
  if (timing.repetitions > 0) line->Repetitions(static_cast<int>(timing.repetitions));
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
