// SPDX-License-Identifier: MIT
#include "transformer/models.hpp"

#include <omp.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>

#include "benchmark/benchmark.h"
#include "dope/rope/scaling.hpp"
#include "transformer/tiny_checkpoint.hpp"

namespace bench {
namespace {

/// A folder for one checkpoint, gone at the end of the scope.
class Folder {
 public:
  Folder()
      : path_(std::filesystem::temp_directory_path() / ("dope-bench-model-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

std::size_t layer_matrices(const reference::Config& config) {
  return config.hidden * (2 * config.query_width() + 2 * config.key_width() + 3 * config.intermediate);
}

}  // namespace

ModelPointer random_model(const Sizes& sizes) {
  const Folder folder;
  test::TinyCheckpoint checkpoint;
  checkpoint.layers = sizes.layers;
  checkpoint.hidden = sizes.hidden;
  checkpoint.intermediate = sizes.intermediate;
  checkpoint.query_heads = checkpoint.key_heads = sizes.heads;
  checkpoint.head_width = sizes.head_width;
  checkpoint.vocabulary = 256;
  checkpoint.training_length = 512;
  test::write_tiny_checkpoint(folder.path(), checkpoint);
  return std::make_shared<const reference::Model>(reference::Model::load(folder.path()));
}

constinit const Subject embedded{"embedded", [] {
                                   static const ModelPointer model = std::make_shared<const reference::Model>(
                                       reference::Model::load("examples/model"));
                                   return model;
                                 }};

constinit const Subject wider{"wider", [] {
                                static const ModelPointer model = random_model({8, 1024, 2816, 16, 64});
                                return model;
                              }};

std::vector<std::int32_t> text_of(std::size_t tokens) {
  std::vector<std::int32_t> text(tokens);
  for (std::size_t i = 0; i < tokens; ++i) text[i] = static_cast<std::int32_t>('a' + i * i % 26);
  return text;
}

reference::Schedule schedule_of(const reference::Model& model, std::size_t length) {
  return reference::make_schedule(model, dope::DynamicNtk{}, length);
}

std::function<void()> prefill(ModelPointer model, reference::Schedule schedule, std::size_t tokens,
                              int threads) {
  return [model = std::move(model), schedule = std::move(schedule), text = text_of(tokens), threads] {
    omp_set_num_threads(threads);
    reference::Request request(*model, schedule);
    benchmark::DoNotOptimize(request.prefill(text).data());
  };
}

double prefill_multiply_adds(const reference::Config& config, std::size_t tokens) {
  const auto n = static_cast<double>(tokens);
  const auto whole_layers = static_cast<double>(config.layers - 1);
  const auto products = static_cast<double>(layer_matrices(config));
  const auto keys_and_values = static_cast<double>(2 * config.hidden * config.key_width());
  const auto width = static_cast<double>(config.query_width());
  const double attention = n * (n + 1.0) * width;
  const double last_token =
      products - keys_and_values + 2.0 * n * width + static_cast<double>(config.hidden * config.vocabulary);
  return whole_layers * (n * products + attention) + n * keys_and_values + last_token;
}

std::size_t decode_bytes(const reference::Config& config, std::size_t context) {
  const std::size_t norms_and_ends =
      (2 * config.layers + 1) * config.hidden + config.hidden + config.hidden * config.vocabulary;
  const std::size_t cache = 2 * config.key_width() * context;
  return sizeof(float) * (config.layers * (layer_matrices(config) + cache) + norms_and_ends);
}

}  // namespace bench
