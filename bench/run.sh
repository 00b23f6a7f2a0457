#!/usr/bin/env bash
# Builds the benches and prints one table: primitive, shape, ours, bound, ratio (1 is at the bound).
# Figures are medians over repetitions, one thread, in processor time; ours and bound run interleaved.
#
#   bash bench/run.sh                 the whole table
#   bash bench/run.sh rotate          lines whose name matches (Google Benchmark's filter)
#   REPETITIONS=21 bash bench/run.sh
set -euo pipefail
cd "$(dirname "$0")/.."

. cmake/packages.sh
need_packages "${bench_packages[@]}"

build=${BUILD_DIR:-build-bench}
cmake -S . -B "$build" -DCMAKE_CXX_COMPILER=g++ -DCMAKE_BUILD_TYPE=Release \
      -DDOPE_BUILD_BENCH=ON -DDOPE_BUILD_TESTS=OFF -DDOPE_BUILD_PROGRAMS=OFF > /dev/null
cmake --build "$build" --target dope_bench --parallel "$(nproc)" >&2

"$build/bench/dope_bench" --benchmark_filter="${1:-.}" --benchmark_repetitions="${REPETITIONS:-9}" \
    --benchmark_min_time="${MIN_TIME:-0.05}" --benchmark_enable_random_interleaving=true
