// SPDX-License-Identifier: MIT
#include <algorithm>
#include <atomic>
#include <exception>
#include <iostream>
#include <memory>

#include "evaluation.hpp"
#include "lab/support/parallel.hpp"
#include "lab/support/program.hpp"
#include "lab/support/progress.hpp"
#include "options.hpp"
#include "report.hpp"
#include "setting.hpp"

namespace {

using lab::ResultStore;
using perplexity::Means;
using perplexity::Part;
using perplexity::Setting;

/// All runs of all parts on one passage.
struct Passage {
  std::size_t index;
  std::string text;
  std::vector<std::vector<Means>> results;         // [part][run]
  std::unique_ptr<std::atomic<std::size_t>> open;  // runs still to do
};

/// One run of one part.
struct Task {
  std::size_t part;
  std::size_t run;
  std::size_t tokens;  // that it reads
};

class Run {
 public:
  Run(const Setting& setting, lab::RunFolder& folder)
      : setting_(setting),
        folder_(folder),
        parts_(perplexity::parts_of(setting)),
        store_(setting.options.out / "results.jsonl", perplexity::configuration_of(setting),
               setting.options.existing, perplexity::cell_check(setting, parts_)) {}

  void all() {
    measure();
    std::vector<std::string> order;
    for (std::size_t i = 0; i < setting_.options.texts; ++i) order.push_back(perplexity::passage_key(i));
    store_.finish(order);
    const auto written = perplexity::write_report(setting_, parts_, store_, folder_);
    reference::print(perplexity::tables(setting_, parts_, store_, perplexity::Form::screen) + "\n");
    lab::print_paths(written, setting_.options.out / "results.jsonl");
  }

  [[nodiscard]] std::size_t finished() const { return store_.size(); }

 private:
  void measure() {
    std::vector<Passage> passages;
    for (std::size_t i = 0; i < setting_.options.texts; ++i) {
      if (store_.find(perplexity::passage_key(i)) == nullptr) passages.push_back(open_passage(i));
    }
    // Longest first within a passage, so that no thread is left alone with a long one.
    std::vector<Task> of_one;
    std::size_t tokens = 0;
    for (std::size_t part = 0; part < parts_.size(); ++part) {
      const std::size_t read = perplexity::tokens_read(setting_, parts_[part]);
      for (std::size_t run = 0; run < parts_[part].runs.size(); ++run) of_one.push_back({part, run, read});
      tokens += read * parts_[part].runs.size();
    }
    std::stable_sort(of_one.begin(), of_one.end(),
                     [](const Task& a, const Task& b) { return a.tokens > b.tokens; });

    const std::size_t done = setting_.options.texts - passages.size();
    lab::Progress bar("tokens", tokens * setting_.options.texts, lab::Progress::display_for_stderr(),
                      std::cerr);
    bar.skip(tokens * done);
    lab::for_each_in_parallel(passages.size() * of_one.size(), [&](std::size_t i) {
      Passage& passage = passages[i / of_one.size()];
      const Task& task = of_one[i % of_one.size()];
      passage.results[task.part][task.run] =
          perplexity::measure(setting_, parts_[task.part], task.run, passage.text);
      bar.advance(task.tokens, dope::detail::text("passage ", passage.index + 1));
      if (--*passage.open == 0) {
        store_.append(perplexity::passage_key(passage.index),
                      perplexity::cell_of(setting_, parts_, passage.index, passage.results));
      }
    });
    bar.finish();
  }

  [[nodiscard]] Passage open_passage(std::size_t index) const {
    Passage passage{index, setting_.passage(index), {}, nullptr};
    std::size_t runs = 0;
    for (const Part& part : parts_) {
      passage.results.emplace_back(part.runs.size());
      runs += part.runs.size();
    }
    passage.open = std::make_unique<std::atomic<std::size_t>>(runs);
    return passage;
  }

  const Setting& setting_;
  lab::RunFolder& folder_;
  std::vector<Part> parts_;
  ResultStore store_;
};

}  // namespace

int main(int argc, char** argv) {
  return lab::run_program<Run>("perplexity", "passages", argc, argv, perplexity::parse_options,
                               perplexity::make_setting);
}
