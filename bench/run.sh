#!/usr/bin/env bash
# Builds the benches and prints one table: primitive, shape, ours, bound, ratio (1 is at the bound).
# Figures are medians over repetitions, one thread, in processor time; ours and bound run interleaved.
#
#   bash bench/run.sh                 the whole table
#   bash bench/run.sh rotate          lines whose name matches (Google Benchmark's filter)
#   REPETITIONS=21 bash bench/run.sh
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(g++ cmake ninja-build libeigen3-dev libxsimd-dev libblis-dev libblis-serial-dev librandom123-dev
          nlohmann-json3-dev libcxxopts-dev libbenchmark-dev)
missing=()
for package in "${packages[@]}"; do
  dpkg -s "$package" > /dev/null 2>&1 || missing+=("$package")
done
if ((${#missing[@]})); then
  as_root=()
  if [[ $(id -u) != 0 ]]; then
    command -v sudo > /dev/null || { echo "missing packages, and no root: ${missing[*]}" >&2; exit 1; }
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get update -q >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" >&2
fi

build=${BUILD_DIR:-build-bench}
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DDOPE_BUILD_BENCH=ON -DDOPE_BUILD_TESTS=OFF \
      -DDOPE_BUILD_PROGRAMS=OFF > /dev/null
cmake --build "$build" --target dope_bench >&2

"$build/bench/dope_bench" --benchmark_filter="${1:-.}" --benchmark_repetitions="${REPETITIONS:-9}" \
    --benchmark_min_time="${MIN_TIME:-0.05}" --benchmark_enable_random_interleaving=true
