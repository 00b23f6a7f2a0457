// SPDX-License-Identifier: MIT
#include <omp.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>

#include "calibration.hpp"
#include "evaluation.hpp"
#include "lab/support/interrupt.hpp"
#include "lab/support/parallel.hpp"
#include "lab/support/progress.hpp"
#include "options.hpp"
#include "report.hpp"
#include "setting.hpp"

namespace {

using lab::ResultStore;
using needle::Calibration;
using needle::Setting;
using needle::Setup;

/// As shells report a program that Ctrl-C ended.
constexpr int interrupted_status = 130;

/// Thrown between cells once Ctrl-C was pressed.
struct Interrupted {};

class Run {
 public:
  explicit Run(const Setting& setting)
      : setting_(setting),
        store_(setting.options.out / "results.jsonl", needle::configuration_of(setting),
               setting.options.existing) {}

  void all() {
    std::vector<Calibration> calibrations;
    for (const std::size_t length : setting_.lengths) calibrations.push_back(calibrate(length));
    // Longest first, so that no thread is left alone with a long one.
    for (auto calibration = calibrations.rbegin(); calibration != calibrations.rend(); ++calibration)
      test(*calibration);
    std::vector<std::string> methods;
    for (const auto& method : needle::methods_of(setting_, calibrations.front()))
      methods.push_back(method.name);
    store_.finish(order(methods));
    const auto written = needle::write_report(setting_, calibrations, methods, store_);
    std::cout << needle::tables(setting_, calibrations, methods, store_, needle::Form::screen) << '\n';
    for (const auto& path : written) std::cout << path.string() << '\n';
    std::cout << (setting_.options.out / "results.jsonl").string() << '\n';
  }

  [[nodiscard]] std::size_t cells() const { return store_.size(); }

 private:
  static std::string heads_key(std::size_t length) { return dope::detail::text("heads/", length); }
  static std::string calibration_key(std::size_t length, std::size_t prompt) {
    return dope::detail::text("calibration/", length, "/", prompt);
  }

  lab::Progress progress(std::string label, std::size_t total) const {
    return {std::move(label), total, lab::Progress::display_for_stderr(), std::cerr};
  }

  void stop_if_interrupted() const {
    if (interrupt_.raised()) throw Interrupted{};
  }

  Calibration calibrate(std::size_t length) {
    const std::size_t prompts = setting_.options.calibration_prompts;
    auto bar = progress(dope::detail::text("calibrate at ", length), prompts);
    stop_if_interrupted();
    if (store_.find(heads_key(length)) == nullptr) {
      store_.append(heads_key(length), needle::to_json(needle::measure_heads(setting_, length)));
    }
    auto measurement = needle::measurement_from(setting_, *store_.find(heads_key(length)));
    auto candidates = needle::candidates_of(setting_, measurement);
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < prompts; ++i) {
      if (store_.find(calibration_key(length, i)) == nullptr) open.push_back(i);
    }
    bar.skip(prompts - open.size());
    if (!open.empty()) {
      const auto schedules = needle::schedules_of(setting_, length, candidates);
      lab::for_each_in_parallel(open.size(), [&](std::size_t i) {
        stop_if_interrupted();
        store_.append(calibration_key(length, open[i]),
                      needle::try_schedules(setting_, length, open[i], schedules));
        bar.advance(1, dope::detail::text(candidates.size(), " plans"));
      });
    }
    bar.finish();
    std::vector<ResultStore::Json> cells;
    for (std::size_t i = 0; i < prompts; ++i) cells.push_back(*store_.find(calibration_key(length, i)));
    return needle::choose(setting_, length, std::move(measurement), std::move(candidates), cells);
  }

  /// All methods on the test prompts of one setup and depth.
  struct Group {
    Setup setup;
    std::size_t depth;
    std::vector<std::vector<lab::Verdict>> by_prompt;  // then by method
    std::unique_ptr<std::atomic<std::size_t>> open;    // prompts still to run
  };

  void test(const Calibration& calibration) {
    const std::size_t length = calibration.length;
    const std::size_t prompts = setting_.options.prompts;
    const auto methods = needle::methods_of(setting_, calibration);
    std::vector<Group> groups;
    for (const Setup setup : setting_.setups) {
      for (std::size_t depth = 0; depth < setting_.depths_of(setup); ++depth) {
        const bool done = std::all_of(methods.begin(), methods.end(), [&](const needle::Method& method) {
          return store_.find(needle::test_key(setting_, length, setup, depth, method.name)) != nullptr;
        });
        if (done) continue;
        groups.push_back({setup, depth, std::vector<std::vector<lab::Verdict>>(prompts),
                          std::make_unique<std::atomic<std::size_t>>(prompts)});
      }
    }
    std::size_t total = 0;
    for (const Setup setup : setting_.setups) total += setting_.depths_of(setup) * prompts;
    auto bar = progress(dope::detail::text("test at ", length), total);
    bar.skip(total - groups.size() * prompts);
    lab::for_each_in_parallel(groups.size() * prompts, [&](std::size_t task) {
      stop_if_interrupted();
      Group& group = groups[task / prompts];
      const std::size_t prompt = task % prompts;
      group.by_prompt[prompt] =
          needle::answer_test(setting_, methods, length, group.setup, group.depth, prompt);
      bar.advance(1, needle::name_of(group.setup));
      if (--*group.open == 0) keep(methods, length, group);
    });
    bar.finish();
  }

  void keep(const std::vector<needle::Method>& methods, std::size_t length, const Group& group) {
    for (std::size_t m = 0; m < methods.size(); ++m) {
      const auto key = needle::test_key(setting_, length, group.setup, group.depth, methods[m].name);
      if (store_.find(key) != nullptr) continue;
      std::vector<lab::Verdict> verdicts;
      for (const auto& of_prompt : group.by_prompt) verdicts.push_back(of_prompt[m]);
      store_.append(key, needle::test_cell(setting_, methods[m], length, group.setup, group.depth, verdicts));
    }
  }

  [[nodiscard]] std::vector<std::string> order(const std::vector<std::string>& methods) const {
    std::vector<std::string> keys;
    for (const std::size_t length : setting_.lengths) {
      keys.push_back(heads_key(length));
      for (std::size_t i = 0; i < setting_.options.calibration_prompts; ++i)
        keys.push_back(calibration_key(length, i));
      for (const Setup setup : setting_.setups) {
        for (std::size_t depth = 0; depth < setting_.depths_of(setup); ++depth) {
          for (const auto& method : methods)
            keys.push_back(needle::test_key(setting_, length, setup, depth, method));
        }
      }
    }
    return keys;
  }

  const Setting& setting_;
  ResultStore store_;
  lab::Interrupt interrupt_;
};

int run(int argc, const char* const* argv) {
  auto parsed = needle::parse_options(argc, argv);
  if (!parsed.options) {
    std::cout << parsed.help;
    return 0;
  }
  if (parsed.options->threads > 0) omp_set_num_threads(parsed.options->threads);
  const Setting setting = needle::make_setting(std::move(*parsed.options));
  std::filesystem::create_directories(setting.options.out);
  Run run(setting);
  try {
    run.all();
  } catch (const Interrupted&) {
    std::cerr << "\ninterrupted: " << run.cells()
              << " finished cells are kept; the same command goes on from them\n";
    return interrupted_status;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "needle: " << error.what() << '\n';
    return 1;
  }
}
