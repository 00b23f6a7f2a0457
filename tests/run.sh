#!/usr/bin/env bash
# Proves every law: installs what is missing, builds, runs all tests.
#
#   bash tests/run.sh [--compiler NAME] [--sanitize LIST] [--baseline] [--library] [--kernels]
#                     [--aarch64] [--benches] [--browser] [ctest arguments]
#
#   --compiler NAME   g++ (default), clang++, or any other
#   --sanitize LIST   a slow build that watches itself, with all assertions on; e.g. address,undefined
#   --baseline        built for the least processor of its kind, not the one at hand
#   --library         the library's laws alone: no program, no BLIS, no stranger's project
#   --kernels         of --library, the rooms whose code depends on the processor: core, rope, spectral, denoise
#   --aarch64         the library's laws alone, cross-compiled for the least 64-bit Arm processor, under qemu: slow
#   --benches         the benches are built too, not run
#   --browser         the pages of report and spectrum are looked at too, in headless Chromium (80 MB to fetch)
#
# The plain build is in build/, every other combination in a folder of its own beside it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. cmake/packages.sh

compiler=g++
folder=build
aarch64= benches= browser=
options=(-DCMAKE_BUILD_TYPE=Release -DDOPE_BUILD_TESTS=ON -DDOPE_UNITY=ON -DDOPE_TEST_BROWSER=OFF)
while [ $# -gt 0 ]; do
  case $1 in
    --help)
      sed -n '2,/^set/ s/^# \{0,1\}//p' tests/run.sh
      exit ;;
    --compiler)
      compiler=${2:?}
      [ "$compiler" = g++ ] || folder+=-${compiler##*/}
      shift 2 ;;
    --sanitize)
      options+=(-DDOPE_SANITIZE="${2:?}" -DDOPE_TEST_STRANGERS=OFF -DCMAKE_BUILD_TYPE=Debug
                -DCMAKE_CXX_FLAGS_DEBUG='-O1 -g1')
      export UBSAN_OPTIONS=print_stacktrace=1
      folder+=-${2//,/-}
      shift 2 ;;
    --baseline)
      options+=(-DDOPE_NATIVE=OFF)
      folder+=-baseline
      shift ;;
    --library)
      options+=(-DDOPE_BUILD_PROGRAMS=OFF -DDOPE_TEST_STRANGERS=OFF)
      folder+=-library
      shift ;;
    --kernels)
      options+=(-DDOPE_BUILD_PROGRAMS=OFF -DDOPE_TEST_STRANGERS=OFF '-DDOPE_TEST_ROOMS=core;rope;spectral;denoise')
      folder+=-kernels
      shift ;;
    --aarch64)
      options+=(--toolchain cmake/aarch64-linux-gnu.cmake -DDOPE_BUILD_PROGRAMS=OFF -DDOPE_TEST_STRANGERS=OFF)
      export ASAN_OPTIONS=detect_leaks=0  # the leak checker needs ptrace, which qemu lacks
      aarch64=yes
      folder+=-aarch64
      shift ;;
    --benches)
      options+=(-DDOPE_BUILD_BENCH=ON)
      benches=yes
      shift ;;
    --browser)
      options+=(-DDOPE_TEST_BROWSER=ON)
      browser=yes
      shift ;;
    *) break ;;
  esac
done

if [ "$aarch64" ] && [ "$benches" ]; then
  echo "error: given --aarch64 and --benches; --aarch64 builds nothing but the library's tests" >&2
  exit 2
fi

need_packages "${test_packages[@]}"
if [ "$benches" ]; then need_packages "${bench_packages[@]}"; fi
if [ "$browser" ]; then need_packages "${browser_packages[@]}"; fi
case $compiler in *clang*) need_packages "${clang_packages[@]}" ;; esac
if [ "$aarch64" ]; then
  need_packages "${aarch64_packages[@]}"
  case $compiler in g++*) compiler=aarch64-linux-gnu-$compiler ;; esac
fi

echo "== $compiler ${options[*]}, in $folder"
cmake -S . -B "$folder" -DCMAKE_CXX_COMPILER="$compiler" "${options[@]}"
cmake --build "$folder" --parallel "$(nproc)"
ctest --test-dir "$folder" --parallel "$(nproc)" --output-on-failure ${aarch64:+--timeout 7200} "$@"
