#!/usr/bin/env bash
# How the cost of each primitive grows with tokens, width, heads and threads: prints a table of fitted exponents and
# writes growth.md, growth.json (every point) and growth.svg.
#
#   bash bench/growth.sh                into out/growth
#   bash bench/growth.sh FOLDER
#   REPETITIONS=9 bash bench/growth.sh
set -euo pipefail
cd "$(dirname "$0")/.."

. cmake/packages.sh
need_packages "${bench_packages[@]}"

build=${BUILD_DIR:-build-bench}
cmake -S . -B "$build" -DCMAKE_CXX_COMPILER=g++ -DCMAKE_BUILD_TYPE=Release \
      -DDOPE_BUILD_BENCH=ON -DDOPE_BUILD_TESTS=OFF -DDOPE_BUILD_PROGRAMS=ON > /dev/null
cmake --build "$build" --target dope_growth --parallel "$(nproc)" >&2

"$build/bench/dope_growth" --benchmark_repetitions="${REPETITIONS:-5}" --benchmark_min_time="${MIN_TIME:-0.02}" \
    "${1:-out/growth}"
