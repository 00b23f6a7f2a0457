#!/usr/bin/env bash
# Builds the benches and prints one table: primitive, shape, ours, bound, ratio (1 is at the bound).
# Ours and bound are timed in turns, and figures are medians: on one thread in processor time, in wall time where a
# second thread is what is measured.
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
      -DDOPE_BUILD_BENCH=ON -DDOPE_BUILD_TESTS=OFF -DDOPE_BUILD_PROGRAMS=ON > /dev/null
cmake --build "$build" --target dope_bench --parallel "$(nproc)" >&2

"$build/bench/dope_bench" --benchmark_filter="${1:-.}" --benchmark_repetitions="${REPETITIONS:-9}" \
    --benchmark_min_time="${MIN_TIME:-0.05}" --benchmark_enable_random_interleaving=true

# NumPy beside entropy_of_head: the same work in the field's usual tool, with the BLAS that this system gives it.
# BLIS 0.9 runs plain C on processors newer than itself; 0 and 3 are its AVX-512 and AVX2 kernels.
if [ "${1:-.}" = . ] || [[ entropy_of_head =~ ${1} ]]; then
  if grep -qw avx512vl /proc/cpuinfo 2>/dev/null; then kernels=0; else kernels=3; fi
  python=
  for candidate in python3 /usr/bin/python3; do
    "$candidate" -c "import numpy" 2>/dev/null && python=$candidate && break
  done
  if [ -n "$python" ]; then
    BLIS_ARCH_TYPE=${BLIS_ARCH_TYPE:-$kernels} OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 BLIS_NUM_THREADS=1 \
        "$python" bench/spectral/numpy_entropy.py "${REPETITIONS:-9}"
  else
    echo "NumPy's rows are missing: no python3 with NumPy (Debian: python3-numpy)" >&2
  fi
fi
