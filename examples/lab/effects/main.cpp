// SPDX-License-Identifier: MIT
#include <exception>
#include <iostream>

#include "analysis.hpp"
#include "cells.hpp"
#include "lab/support/parallel.hpp"
#include "lab/support/program.hpp"
#include "lab/support/progress.hpp"
#include "report.hpp"
#include "transformer/stop.hpp"

namespace {

using effects::Place;
using effects::Setting;
using lab::ResultStore;

class Run {
 public:
  Run(const Setting& setting, lab::RunFolder& folder)
      : setting_(setting),
        folder_(folder),
        store_(setting.options.out / "results.jsonl", effects::configuration_of(setting),
               setting.options.existing, effects::cell_check(setting)) {}

  void all() {
    measure();
    attempt();
    store_.finish(order());
    std::vector<effects::Map> maps;
    for (std::size_t transform = 0; transform < setting_.options.transforms.size(); ++transform) {
      for (const Place& place : setting_.places) maps.push_back(map(place, transform));
    }
    const auto written = effects::write_report(setting_, maps, folder_);
    reference::print(effects::tables(setting_, maps, effects::Form::screen) + "\n");
    lab::print_paths(written, setting_.options.out / "results.jsonl");
  }

  [[nodiscard]] std::size_t finished() const { return store_.size(); }

 private:
  static std::string heads_key(const Place& place) {
    return dope::detail::text("heads/", place.length, "/", name_of(place.base));
  }

  static lab::Progress progress(std::string label, std::size_t total) {
    return {std::move(label), total, lab::Progress::display_for_stderr(), std::cerr};
  }

  void measure() {
    auto bar = progress("measure heads", setting_.places.size());
    for (const Place& place : setting_.places) {
      reference::stop_if_asked();
      if (store_.find(heads_key(place)) != nullptr) {
        bar.skip(1);
        continue;
      }
      store_.append(heads_key(place), effects::to_json(effects::measure_heads(setting_, place)));
      bar.advance(1, dope::detail::text(place.length, " tokens"));
    }
    bar.finish();
  }

  void attempt() {
    struct Task {
      std::size_t place;
      std::size_t prompt;
    };
    std::vector<Task> open;
    std::size_t total = 0;
    std::size_t to_do = 0;
    std::vector<std::vector<reference::Schedule>> schedules(setting_.places.size());
    // Longest first, so that no thread is left alone with a long one.
    for (std::size_t at = setting_.places.size(); at-- > 0;) {
      const Place& place = setting_.places[at];
      total += place.length * setting_.options.prompts;
      for (std::size_t i = 0; i < setting_.options.prompts; ++i) {
        if (store_.find(effects::trial_key(place, i)) != nullptr) continue;
        open.push_back({at, i});
        to_do += place.length;
      }
      if (!open.empty() && open.back().place == at) {
        schedules[at] = effects::schedules_of(
            setting_, place, effects::measurement_from(*store_.find(heads_key(place))).spreads);
      }
    }
    auto bar = progress("denoise heads", total);
    bar.skip(total - to_do);
    lab::for_each_in_parallel(open.size(), [&](std::size_t task) {
      const Place& place = setting_.places[open[task].place];
      const std::size_t prompt = open[task].prompt;
      store_.append(effects::trial_key(place, prompt),
                    effects::try_schedules(setting_, place, prompt, schedules[open[task].place]));
      bar.advance(place.length, dope::detail::text(place.length, " tokens, ", name_of(place.base)));
    });
    bar.finish();
  }

  [[nodiscard]] effects::Map map(const Place& place, std::size_t transform) const {
    reference::stop_if_asked();
    std::vector<ResultStore::Json> cells;
    for (std::size_t i = 0; i < setting_.options.prompts; ++i)
      cells.push_back(*store_.find(effects::trial_key(place, i)));
    return effects::analyse(setting_, place, transform, effects::effects_from(setting_, cells, transform),
                            effects::measurement_from(*store_.find(heads_key(place))));
  }

  [[nodiscard]] std::vector<std::string> order() const {
    std::vector<std::string> keys;
    for (const Place& place : setting_.places) {
      keys.push_back(heads_key(place));
      for (std::size_t i = 0; i < setting_.options.prompts; ++i) keys.push_back(effects::trial_key(place, i));
    }
    return keys;
  }

  const Setting& setting_;
  lab::RunFolder& folder_;
  ResultStore store_;
};

}  // namespace

int main(int argc, char** argv) {
  return lab::run_program<Run>("effects", "cells", argc, argv, effects::parse_options, effects::make_setting);
}
