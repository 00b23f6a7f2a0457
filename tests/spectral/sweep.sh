#!/usr/bin/env bash
# The eigenvalue solver on a million matrices of all kinds, or COUNT of them, at each x86-64 level.
#
#   bash tests/spectral/sweep.sh [COUNT [LEVEL …]]
#
# Levels: x86-64 (SSE2, two lanes: the least there is), x86-64-v3 (AVX2), x86-64-v4 (AVX-512), native; by default
# the first three on x86-64, native elsewhere. Each is compiled; one that this processor lacks is reported as not
# run. About 5 minutes a level on one quiet core. CXX names the compiler.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

count=${1:-1000000}
[ $# -gt 0 ] && shift
if [ $# -gt 0 ]; then
  levels=("$@")
elif [ "$(uname -m)" = x86_64 ]; then
  levels=(x86-64 x86-64-v3 x86-64-v4)
else
  levels=(native)
fi

has() {
  local flag
  for flag in "$@"; do grep -qw "$flag" /proc/cpuinfo || return 1; done
}
runs_here() {
  case $1 in
    x86-64-v3) has avx2 fma bmi2 ;;
    x86-64-v4) has avx512f avx512dq avx512bw avx512vl ;;
  esac
}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for level in "${levels[@]}"; do
  echo "== $level, $count matrices"
  "${CXX:-g++}" -std=c++20 -O2 -march="$level" -Iinclude -Itests -isystem /usr/include/eigen3 \
    tests/spectral/sweep/main.cpp -o "$folder/sweep"
  if runs_here "$level"; then
    "$folder/sweep" "$count"
  else
    echo "compiled, not run: this processor lacks $level"
  fi
done
