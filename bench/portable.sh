#!/usr/bin/env bash
# A program that is one binary for several x86-64 levels beside the same built for the processor at hand: processor
# time of a prefill of 1024 tokens of the embedded model, and of one whose heads are measured. Both run in turns;
# ratio = time(native) / time(level), the median over the turns.
#
#   bash bench/portable.sh
#   TURNS=21 bash bench/portable.sh
set -euo pipefail
cd "$(dirname "$0")/.."

. cmake/packages.sh
need_packages "${bench_packages[@]}"

for portable in OFF ON; do
  cmake -S . -B "build-portable-$portable" -DCMAKE_CXX_COMPILER=g++ -DCMAKE_BUILD_TYPE=Release -DDOPE_PORTABLE=$portable \
        -DDOPE_BUILD_BENCH=ON -DDOPE_BUILD_TESTS=OFF -DDOPE_BUILD_PROGRAMS=ON > /dev/null
  cmake --build "build-portable-$portable" --target dope_prefill --parallel "$(nproc)" >&2
done

export OMP_NUM_THREADS=1
prefill() { DOPE_LEVEL=$2 "build-portable-$1/bench/dope_prefill" examples/model; }
levels=(x86-64)
for level in x86-64-v3 x86-64-v4; do
  if prefill ON $level >/dev/null 2>&1; then levels+=("$level"); fi
done
for ((turn = 0; turn < ${TURNS:-7}; ++turn)); do
  native=$(prefill OFF '')
  for level in "${levels[@]}"; do
    echo "$level $native $(prefill ON "$level")"
  done
done | sort -s -k1,1 | awk '
  function median(values, count,   i, j, held) {
    for (i = 2; i <= count; ++i)
      for (j = i; j > 1 && values[j] < values[j - 1]; --j) { held = values[j]; values[j] = values[j - 1]; values[j - 1] = held }
    return count % 2 ? values[(count + 1) / 2] : (values[count / 2] + values[count / 2 + 1]) / 2
  }
  function show() {
    printf "| %s | %.1f ms | %.2f | %.1f ms | %.2f |\n", level, median(plain, n), median(plain_ratio, n),
           median(measured, n), median(measured_ratio, n)
  }
  BEGIN { print "| level | prefill | ratio | with a meter | ratio |\n|---|---|---|---|---|" }
  $1 != level { if (n) show(); level = $1; n = 0 }
  { ++n; plain[n] = $4; plain_ratio[n] = $2 / $4; measured[n] = $5; measured_ratio[n] = $3 / $5 }
  END { show() }'
