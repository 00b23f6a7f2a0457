#!/usr/bin/env bash
# Builds answers.cpp for different targets and compares what they answer: each with plain scalar loops, and all with
# the first.
#
#   builds.sh [COMPILER [FLAGS...]]   with g++, or COMPILER: SSE2, AVX2 and AVX-512, also on emulated lesser processors;
#                                     and 64-bit Arm where Debian's cross compiler and qemu-user are installed
#   builds.sh --all                   g++, Clang and the newest Clang that is installed, each at these levels; C++23;
#                                     and, where DOPE_XSIMD names a folder of other xsimd headers, those
#
# FLAGS: how to find the libraries; -idirafter /usr/include/eigen3 where none are given.
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
. "$here/../support/levels.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

declare -A commands=() runners=()
names=()

# build NAME RUNNER COMPILER FLAGS...; RUNNER in words, or "not run: REASON".
build() {
  local name=$1 runner=$2
  shift 2
  names+=("$name")
  runners[$name]=$runner
  commands[$name]="$* -O2 -I$here/../../include ${flags[*]} $here/answers.cpp -o $work/$name"
}

# builds_of COMPILER: at every level.
builds_of() {
  local level runner short=${1##*/}
  build "$short-x86-64" "" "$1" -std=c++20 -march=x86-64
  for level in x86-64-v3 x86-64-v4; do
    runner=$(runner_of "$level") || runner="not run: $runner"
    build "$short-$level" "$runner" "$1" -std=c++20 -march="$level"
  done
}

all=
compiler=g++
flags=(-idirafter /usr/include/eigen3)
case ${1-} in
  "") ;;
  --all) all=yes ;;
  *)
    compiler=$1
    shift
    if [ $# -gt 0 ]; then flags=("$@"); fi ;;
esac

if [ "$(uname -m)" = x86_64 ]; then builds_of "$compiler"; else build native "" "$compiler" -std=c++20; fi
if [ "$all" ]; then
  builds_of clang++
  newest=$(compgen -c | grep -E '^clang\+\+-[0-9]+$' | sort -uV | tail -1)
  if [ "$newest" ]; then builds_of "$newest"; fi
  build g++-c++23 "" g++ -std=c++23 -march=x86-64
  if [ "${DOPE_XSIMD-}" ]; then build g++-other-xsimd "" g++ -std=c++20 -march=x86-64 -isystem "$DOPE_XSIMD"; fi
fi
if command -v aarch64-linux-gnu-g++ >/dev/null && command -v qemu-aarch64 >/dev/null; then
  build aarch64 "qemu-aarch64 -L /usr/aarch64-linux-gnu" aarch64-linux-gnu-g++ -std=c++20 -Wno-psabi
else
  echo "== not built: 64-bit Arm: no aarch64-linux-gnu-g++, or no qemu-aarch64"
fi

echo "== compiling ${names[*]}"
failed=
for name in "${names[@]}"; do
  while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n || failed=yes; done
  # shellcheck disable=SC2086
  ${commands[$name]} &
done
while [ "$(jobs -rp | wc -l)" -gt 0 ]; do wait -n || failed=yes; done
for name in "${names[@]}"; do
  [ -x "$work/$name" ] || { echo "FAILED to compile: ${commands[$name]}" >&2; failed=yes; }
done
[ ! "$failed" ] || exit 1

first=${names[0]}
# compared NAME FILE...: with each FILE.
compared() {
  local name=$1 other
  shift
  for other in "$@"; do
    printf '%s, %s: ' "$name" "$other"
    "$work/$first" "$work/$name.txt" "$work/$other.txt" || failed=yes
  done
}

# ran NAME PROGRAM [RUNNER...]: on the file of that name.
ran() {
  local name=$1 program=$2
  shift 2
  "$@" "$work/$program" >"$work/$name.txt" || { echo "FAILED: $name" >&2; failed=yes; }
}

"$work/$first" scalar >"$work/scalar.txt"
ran "$first" "$first"
fused=
for name in "${names[@]}"; do
  case ${runners[$name]} in
    "not run: "*) echo "== COMPILED, NOT RUN: $name: ${runners[$name]#not run: }"; continue ;;
  esac
  # shellcheck disable=SC2086
  ran "$name" "$name" ${runners[$name]}
  compared "$name" scalar "$first"
  # Equal bits of rotation wherever multiply-add is fused.
  if grep -q fused "$work/$name.txt"; then
    if [ "$fused" ]; then compared "$name" "$fused"; else fused=$name; fi
  fi
done
if command -v qemu-x86_64 >/dev/null && [ "$(uname -m)" = x86_64 ]; then
  for processor in Nehalem:x86-64 Haswell:x86-64-v3; do
    name=${compiler##*/}-${processor#*:}-on-${processor%:*}
    ran "$name" "${compiler##*/}-${processor#*:}" qemu-x86_64 -cpu "${processor%:*}" 2>"$work/error.txt"
    grep -v "^qemu-x86_64: warning: TCG" "$work/error.txt" >&2 || true
    compared "$name" scalar "$first"
  done
else
  echo "== not run: lesser processors: no qemu-x86_64"
fi
[ ! "$failed" ] || exit 1
echo "all as it should be"
