// SPDX-License-Identifier: MIT
#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <numeric>
#include <optional>

#include "attention.hpp"
#include "calibration.hpp"
#include "cells.hpp"
#include "evaluation.hpp"
#include "lab/support/parallel.hpp"
#include "lab/support/program.hpp"
#include "lab/support/progress.hpp"
#include "options.hpp"
#include "report.hpp"
#include "setting.hpp"
#include "transformer/stop.hpp"

namespace {

using lab::ResultStore;
using needle::Calibration;
using needle::Setting;
using needle::Setup;

/// Plans of a transform that see every calibration prompt, at least.
constexpr std::size_t finalists = 8;

class Run {
 public:
  Run(const Setting& setting, lab::RunFolder& folder)
      : setting_(setting),
        folder_(folder),
        store_(setting.options.out / "results.jsonl", needle::configuration_of(setting),
               setting.options.existing, needle::cell_check(setting)) {}

  void all() {
    std::vector<Calibration> calibrations;
    std::vector<needle::Method> methods;
    // Shortest first: a table soon.
    for (const std::size_t length : setting_.lengths) {
      for (const std::size_t source : setting_.sources_of(length)) {
        if (std::none_of(calibrations.begin(), calibrations.end(),
                         [&](const Calibration& known) { return known.length == source; }))
          calibrations.push_back(calibrate(source));
      }
      methods = test(calibrations, length);
      // The last one's stands in the tables of all.
      if (length != setting_.lengths.back()) {
        reference::print(needle::table_of_length({setting_, calibrations, methods, store_}, length) + "\n");
      }
    }
    store_.finish(order(methods));
    const needle::Finished finished{setting_, calibrations, methods, store_};
    const auto written = needle::write_report(finished, folder_);
    reference::print(needle::tables(finished, needle::Form::screen) + "\n");
    lab::print_paths(written, setting_.options.out / "results.jsonl");
  }

  [[nodiscard]] std::size_t finished() const { return store_.size(); }

 private:
  static std::string heads_key(std::size_t length) { return dope::detail::text("heads/", length); }
  static std::string sweep_key(std::size_t length) { return dope::detail::text("sweep/", length); }
  static std::string attention_key(std::size_t length) { return dope::detail::text("attention/", length); }

  lab::Progress progress(std::string label, std::size_t total) const {
    return {std::move(label), total, lab::Progress::display_for_stderr(), std::cerr};
  }

  Calibration calibrate(std::size_t length) {
    reference::stop_if_asked();
    if (store_.find(heads_key(length)) == nullptr) {
      store_.append(heads_key(length), needle::to_json(needle::measure_heads(setting_, length)));
    }
    Calibration calibration;
    calibration.length = length;
    calibration.measurement = needle::measurement_from(setting_, *store_.find(heads_key(length)));
    const auto candidates = needle::candidates_of(setting_, calibration.measurement);
    const auto trials = sweep(length, candidates);
    calibration.baseline = trials.back();
    calibration.choices = needle::choose(setting_, candidates, trials);
    if (setting_.options.greedy > 0) {
      for (std::size_t t = 0; t < setting_.options.transforms.size(); ++t)
        calibration.greedy.push_back(grow(calibration, t));
    }
    if (store_.find(sweep_key(length)) == nullptr)
      store_.append(sweep_key(length), needle::sweep_cell(setting_, length, candidates, trials));
    if (store_.find(attention_key(length)) == nullptr)
      store_.append(attention_key(length), needle::attention_cell(setting_, calibration));
    return calibration;
  }

  /// Plans of one cell: few enough to lose little at an interruption, enough to share most of their layers.
  static constexpr std::size_t plans_per_cell = 32;

  /// Plans `ids` on calibration prompts, in cells "STEM/PROMPT/PART"; adds to trials[id].
  void try_all(const std::string& label, const std::string& stem, std::size_t length,
               const std::vector<std::size_t>& prompts, const std::vector<std::size_t>& ids,
               const std::function<const dope::Plan&(std::size_t id)>& plan_of,
               std::vector<lab::Trial>& trials) {
    struct Task {
      std::string key;
      std::size_t prompt;
      std::vector<std::size_t> ids;
    };
    std::vector<Task> tasks;
    for (const std::size_t prompt : prompts) {
      for (std::size_t first = 0; first < ids.size(); first += plans_per_cell) {
        const auto from = ids.begin() + static_cast<std::ptrdiff_t>(first);
        const auto count = std::min(plans_per_cell, ids.size() - first);
        tasks.push_back({dope::detail::text(stem, '/', prompt, '/', first / plans_per_cell),
                         prompt,
                         {from, from + static_cast<std::ptrdiff_t>(count)}});
      }
    }
    std::vector<const Task*> open;
    for (const Task& task : tasks) {
      if (store_.find(task.key) == nullptr) open.push_back(&task);
    }
    auto bar = progress(label, ids.size() * prompts.size());
    std::size_t left = 0;
    for (const Task* task : open) left += task->ids.size();
    bar.skip(ids.size() * prompts.size() - left);
    lab::for_each_in_parallel(open.size(), [&](std::size_t i) {
      const Task& task = *open[i];
      std::vector<dope::Plan> plans;
      for (const std::size_t id : task.ids) plans.push_back(plan_of(id));
      store_.append(task.key, needle::try_plans(setting_, length, task.prompt, plans));
      bar.advance(task.ids.size());
    });
    bar.finish();
    for (const Task& task : tasks)
      needle::add_cell(*store_.find(task.key), store_.place_of(task.key), task.ids, trials);
  }

  /// Trials of all candidates, and last of the empty plan, which sees every prompt.
  std::vector<lab::Trial> sweep(std::size_t length, const std::vector<lab::Candidate>& candidates) {
    const dope::Plan none = dope::empty_plan(setting_.model.shape());
    const auto plan_of = [&](std::size_t id) -> const dope::Plan& {
      return id < candidates.size() ? candidates[id].plan : none;
    };
    const auto groups = needle::transforms_of(setting_, candidates);
    std::vector<lab::Trial> trials(candidates.size() + 1);
    std::vector<std::size_t> alive(candidates.size());
    std::iota(alive.begin(), alive.end(), std::size_t{0});
    const auto rounds = needle::rounds_of(setting_);
    for (std::size_t round = 0; round < rounds.size(); ++round) {
      if (round > 0) alive = lab::survivors(alive, trials, groups, finalists);
      std::vector<const dope::Plan*> plans;
      for (const std::size_t id : alive) plans.push_back(&plan_of(id));
      std::vector<std::size_t> ids;
      for (const std::size_t at : lab::neighbours_first(plans)) ids.push_back(alive[at]);
      ids.push_back(candidates.size());
      const auto label = dope::detail::text("sweep at ", length, ", ", alive.size(), " plans on ",
                                            rounds[round].size(), " prompts");
      try_all(label, dope::detail::text("trial/", length), length, rounds[round], ids, plan_of, trials);
    }
    return trials;
  }

  /// The greedy plan of a transform: one head more while that gains.
  needle::Greedy grow(const Calibration& calibration, std::size_t transform) {
    const std::size_t length = calibration.length;
    std::vector<std::size_t> prompts(setting_.options.calibration_prompts);
    std::iota(prompts.begin(), prompts.end(), std::size_t{0});
    needle::Greedy best{dope::empty_plan(setting_.model.shape()), calibration.baseline};
    best.plan.transform = setting_.options.transforms[transform];
    best.plan.gqa = setting_.options.gqa;
    for (std::size_t step = 0; step < setting_.options.greedy; ++step) {
      const auto plans = needle::extensions_of(setting_, calibration.measurement, best.plan);
      std::vector<std::size_t> ids(plans.size());
      std::iota(ids.begin(), ids.end(), std::size_t{0});
      std::vector<lab::Trial> trials(plans.size());
      try_all(
          dope::detail::text("greedy at ", length, ", head ", step + 1),
          dope::detail::text("greedy/", length, '/', transform, '/', step), length, prompts, ids,
          [&](std::size_t id) -> const dope::Plan& { return plans[id]; }, trials);
      bool gained = false;
      for (std::size_t i = 0; i < plans.size(); ++i) {
        if (!lab::better(trials[i], best.trial)) continue;
        best = {plans[i], trials[i]};
        gained = true;
      }
      if (!gained) break;
    }
    return best;
  }

  /// All methods on the test prompts of one setup and depth.
  struct Group {
    Setup setup;
    std::size_t depth;
    std::vector<needle::Answered> by_prompt;
    std::unique_ptr<std::atomic<std::size_t>> open;  // prompts still to run
  };

  /// Tests at a length; its methods.
  std::vector<needle::Method> test(const std::vector<Calibration>& calibrations, std::size_t length) {
    const std::size_t prompts = setting_.options.prompts;
    auto methods = needle::methods_of(setting_, calibrations, length);
    std::vector<Group> groups;
    for (const Setup setup : setting_.setups) {
      for (std::size_t depth = 0; depth < setting_.depths_of(setup); ++depth) {
        const bool done = std::all_of(methods.begin(), methods.end(), [&](const needle::Method& method) {
          return store_.find(needle::test_key(setting_, length, setup, depth, method.name)) != nullptr;
        });
        if (done) continue;
        groups.push_back({setup, depth, std::vector<needle::Answered>(prompts),
                          std::make_unique<std::atomic<std::size_t>>(prompts)});
      }
    }
    std::size_t total = 0;
    for (const Setup setup : setting_.setups) total += setting_.depths_of(setup) * prompts;
    auto bar = progress(dope::detail::text("test at ", length), total);
    bar.skip(total - groups.size() * prompts);
    lab::for_each_in_parallel(groups.size() * prompts, [&](std::size_t task) {
      Group& group = groups[task / prompts];
      const std::size_t prompt = task % prompts;
      group.by_prompt[prompt] =
          needle::answer_test(setting_, methods, length, group.setup, group.depth, prompt);
      bar.advance(1, needle::name_of(group.setup));
      if (--*group.open == 0) keep(methods, length, group);
    });
    bar.finish();
    return methods;
  }

  void keep(const std::vector<needle::Method>& methods, std::size_t length, const Group& group) {
    for (std::size_t m = 0; m < methods.size(); ++m) {
      const auto key = needle::test_key(setting_, length, group.setup, group.depth, methods[m].name);
      if (store_.find(key) != nullptr) continue;
      store_.append(
          key, needle::test_cell(setting_, methods, m, length, group.setup, group.depth, group.by_prompt));
    }
  }

  /// Measurements, sweeps, attention and tests first; single trials follow by key.
  [[nodiscard]] std::vector<std::string> order(const std::vector<needle::Method>& methods) const {
    std::vector<std::string> keys;
    for (const std::size_t length : setting_.calibration_lengths) {
      keys.push_back(heads_key(length));
      keys.push_back(sweep_key(length));
      keys.push_back(attention_key(length));
    }
    for (const std::size_t length : setting_.lengths) {
      for (const Setup setup : setting_.setups) {
        for (std::size_t depth = 0; depth < setting_.depths_of(setup); ++depth) {
          for (const auto& method : methods)
            keys.push_back(needle::test_key(setting_, length, setup, depth, method.name));
        }
      }
    }
    return keys;
  }

  const Setting& setting_;
  lab::RunFolder& folder_;
  ResultStore store_;
};

}  // namespace

int main(int argc, char** argv) {
  return lab::run_program<Run>("needle", "cells", argc, argv, needle::parse_options, needle::make_setting);
}
