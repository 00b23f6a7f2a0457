// SPDX-License-Identifier: MIT

// Grams beside their rival and their bound, one thread: BLIS ssyrk on the same rows in float, and the
// processor's multiply-add peak. What is counted: multiply-adds of the lower triangle, d(d + 1)/2 a token.

#include <benchmark/benchmark.h>
#include <blis.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>
#include <xsimd/xsimd.hpp>

#include "dope/denoise/sampling.hpp"
#include "dope/spectral.hpp"
#include "support/compare.hpp"

namespace {

template <class T>
std::vector<T> rows_of(std::size_t tokens, std::size_t width) {
  std::mt19937 random(1);
  std::vector<T> rows(tokens * width);
  for (T& value : rows) value = T(static_cast<float>(random() >> 8) * 0x1p-23f - 1.0f);
  return rows;
}

/// BLIS 0.9 runs plain C on processors newer than itself: name the widest kernels that run here, unless the
/// environment names some. Before BLIS starts, which reads it once.
void start_blis() {
#if defined(__x86_64__)
  int architecture = BLIS_ARCH_GENERIC;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    architecture = BLIS_ARCH_SKX;
  } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    architecture = BLIS_ARCH_HASWELL;
  }
  if (architecture != BLIS_ARCH_GENERIC) setenv("BLIS_ARCH_TYPE", std::to_string(architecture).c_str(), 0);
#endif
  bli_init();
}

double work_of(std::size_t tokens, std::size_t width) {
  return static_cast<double>(tokens) * static_cast<double>(width * (width + 1)) / 2.0;
}

template <class T, dope::Accumulation accumulation>
bench::Maker gram(std::size_t tokens, std::size_t width) {
  return [=] {
    const auto rows = std::make_shared<const std::vector<T>>(rows_of<T>(tokens, width));
    return [=] {
      dope::Gram sum(width, {.accumulation = accumulation});
      sum.add(dope::dense_head(rows->data(), tokens, width));
      benchmark::DoNotOptimize(sum);
    };
  };
}

/// The rival: one ssyrk over all tokens, summed in float throughout, from rows in float.
bench::Maker ssyrk(std::size_t tokens, std::size_t width) {
  return [=] {
    const auto rows = std::make_shared<std::vector<float>>(rows_of<float>(tokens, width));
    const auto sum = std::make_shared<std::vector<float>>(width * width);
    return [=] {
      float one = 1.0f;
      float zero = 0.0f;
      bli_ssyrk(BLIS_LOWER, BLIS_TRANSPOSE, static_cast<dim_t>(width), static_cast<dim_t>(tokens), &one,
                rows->data(), static_cast<inc_t>(width), 1, &zero, sum->data(), static_cast<inc_t>(width), 1);
      benchmark::DoNotOptimize(sum->data());
    };
  };
}

/// The von Neumann entropy of one head: its Gram, its spectrum. stratum: of how many tokens one is read;
/// which ones is drawn once for all heads, as a meter does.
void entropy_of_head(benchmark::State& state) {
  const auto tokens = static_cast<std::size_t>(state.range(0));
  const auto stratum = static_cast<std::size_t>(state.range(1));
  constexpr std::size_t width = 128;
  const auto rows = rows_of<float>(tokens, width);
  std::vector<std::int64_t> positions(tokens);
  std::iota(positions.begin(), positions.end(), std::int64_t{0});
  const auto taken = dope::detail::taken_tokens({stratum, 42}, positions);
  std::vector<float> read(width * taken.size());
  for (auto _ : state) {
    dope::Gram sum(width);
    if (stratum == 1) {
      sum.add(dope::dense_head(rows.data(), tokens, width));
    } else {
      for (std::size_t i = 0; i < taken.size(); ++i)
        std::copy_n(rows.data() + taken[i] * width, width, read.data() + i * width);
      sum.add(dope::dense_head(read.data(), taken.size(), width));
    }
    double entropy = dope::von_neumann(dope::spectrum_of(sum));
    benchmark::DoNotOptimize(entropy);
  }
}

template <class T, dope::Accumulation accumulation>
void compare_gram(const std::string& name, std::size_t tokens, std::size_t width) {
  bench::compare(name, std::to_string(tokens) + " x " + std::to_string(width),
                 "ssyrk, BLIS " + std::string(bli_arch_string(bli_arch_query_id())),
                 {work_of(tokens, width), "M/s"}, gram<T, accumulation>(tokens, width), ssyrk(tokens, width));
}

/// The bound: independent fused multiply-adds on registers, nothing loaded.
void multiply_add_peak(benchmark::State& state) {
  using Batch = xsimd::batch<float>;
  constexpr std::size_t chains = 12;
  constexpr std::size_t rounds = 1024;
  Batch sums[chains];
  for (std::size_t i = 0; i < chains; ++i) sums[i] = Batch(static_cast<float>(i));
  Batch x(0.999f);
  Batch y(0.001f);
  benchmark::DoNotOptimize(x);
  benchmark::DoNotOptimize(y);
  for (auto _ : state) {
    for (std::size_t round = 0; round < rounds; ++round) {
      for (auto& sum : sums) sum = xsimd::fma(sum, x, y);
    }
    benchmark::DoNotOptimize(sums);
  }
  state.counters["multiply_adds"] =
      benchmark::Counter(static_cast<double>(chains * rounds * Batch::size),
                         benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::kIs1000);
}

void band_grams(benchmark::State& state) {
  const auto tokens = static_cast<std::size_t>(state.range(0));
  const auto width = static_cast<std::size_t>(state.range(1));
  const auto rows = rows_of<float>(tokens, width);
  for (auto _ : state) {
    dope::BandGrams sums(width / 2, dope::Pairing::half_split);
    sums.add(dope::dense_head(rows.data(), tokens, width));
    benchmark::DoNotOptimize(sums);
  }
}

template <dope::Accumulation accumulation>
void spectrum(benchmark::State& state) {
  const auto width = static_cast<std::size_t>(state.range(0));
  const auto rows = rows_of<float>(1024, width);
  const auto gram_of_rows =
      dope::gram_of(dope::dense_head(rows.data(), 1024, width), {.accumulation = accumulation});
  for (auto _ : state) {
    auto values = dope::spectrum_of(gram_of_rows);
    benchmark::DoNotOptimize(values);
  }
}

void all_entropies(benchmark::State& state) {
  const auto width = static_cast<std::size_t>(state.range(0));
  const auto rows = rows_of<float>(1024, width);
  const auto view = dope::dense_head(rows.data(), 1024, width);
  const auto sums = dope::gram_of(view);
  const dope::HeadSpectra spectra{
      dope::spectrum_of(sums),
      dope::spectrum_of(dope::gram_of(view, {dope::Centring::token_mean, dope::RowScaling::unit})),
      dope::band_grams_of(sums, dope::Pairing::half_split, width / 2)};
  const dope::Entropy all[] = {
      dope::VonNeumann{},     dope::BandMean{}, dope::TruncatedEffectiveRank{8},
      dope::TruncatedMean{8}, dope::Uncomp{8},  dope::SpectralNorm{dope::NormScale::raw}};
  for (auto _ : state) {
    double total = 0.0;
    for (const auto& entropy : all) total += dope::evaluate(entropy, spectra);
    benchmark::DoNotOptimize(total);
  }
}

constexpr auto in_float = dope::Accumulation::float_blocks;
constexpr auto in_double = dope::Accumulation::double_blocks;
constexpr auto as_factor = dope::Accumulation::triangular_factor;

const bench::Register lines([] {
  start_blis();
  for (const std::size_t width : {64u, 128u}) {
    for (const std::size_t tokens : {8192u, 65536u}) {
      compare_gram<float, in_float>("gram of float", tokens, width);
      compare_gram<dope::float16, in_float>("gram of float16", tokens, width);
      compare_gram<dope::bfloat16, in_float>("gram of bfloat16", tokens, width);
    }
  }
  compare_gram<float, in_double>("gram in double", 8192, 128);
  compare_gram<float, as_factor>("gram as factor", 8192, 128);
});

BENCHMARK(multiply_add_peak);
BENCHMARK(band_grams)->Args({8192, 128});
BENCHMARK(spectrum<in_float>)->Arg(64)->Arg(128);
BENCHMARK(spectrum<as_factor>)->Arg(64)->Arg(128);
BENCHMARK(all_entropies)->Arg(128);
BENCHMARK(entropy_of_head)->ArgNames({"tokens", "stratum"})->ArgsProduct({{4096, 65536}, {1, 8, 32}});

}  // namespace
