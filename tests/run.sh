#!/usr/bin/env bash
# Proves every law: installs what is missing, builds, runs all tests.
#
#   bash tests/run.sh [--compiler NAME] [--sanitize LIST] [--baseline] [--library]
#                     [--benches] [ctest arguments]
#
#   --compiler NAME   g++ (default), clang++, or any other
#   --sanitize LIST   a slow build that watches itself, with all assertions on; e.g. address,undefined
#   --baseline        built for the least processor of its kind, not the one at hand
#   --library         the library's laws alone: no program, no BLIS, no stranger's project
#   --benches         the benches are built too, not run
#
# The plain build is in build/, every other combination in a folder of its own beside it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. cmake/packages.sh

compiler=g++
folder=build
options=(-DCMAKE_BUILD_TYPE=Release -DDOPE_BUILD_TESTS=ON)
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
    --benches)
      need_packages "${bench_packages[@]}"
      options+=(-DDOPE_BUILD_BENCH=ON)
      shift ;;
    *) break ;;
  esac
done

need_packages "${test_packages[@]}"
case $compiler in *clang*) need_packages clang libomp-dev ;; esac

echo "== $compiler ${options[*]}, in $folder"
cmake -S . -B "$folder" -DCMAKE_CXX_COMPILER="$compiler" "${options[@]}"
cmake --build "$folder" --parallel "$(nproc)"
ctest --test-dir "$folder" --parallel "$(nproc)" --output-on-failure "$@"
