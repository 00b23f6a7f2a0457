#!/usr/bin/env bash
# Proves every law: installs what is missing, builds, runs all tests.
#
#   bash tests/run.sh [--compiler NAME] [--sanitize LIST] [--baseline] [--march LEVEL] [--light] [--library]
#                     [--kernels] [--aarch64] [--benches] [--browser] [ctest arguments]
#   bash tests/run.sh --levels [any of the above]
#   bash tests/run.sh --all
#
#   --compiler NAME   g++ (default), clang++, or any other
#   --sanitize LIST   a slow build that watches itself, with all assertions on; e.g. address,undefined. thread, which
#                     needs clang++: of what threads share, in denoise, the transformer and the lab's parts
#   --baseline        built for the least processor of its kind, not the one at hand
#   --march LEVEL     built for x86-64-v2, x86-64-v3 or x86-64-v4; the tests run here or under qemu-user where one of
#                     the two has the level, and are compiled only where neither has, which is said
#   --light           at -O1: half the time to compile
#   --library         the library's laws alone: no program, no BLIS, no consumer's project
#   --kernels         of --library, the modules whose code depends on the processor: core, rope, spectral, denoise
#   --aarch64         the library's laws alone, cross-compiled for the least 64-bit Arm processor, under qemu: slow
#   --benches         the benches are built too, not run
#   --browser         the pages of report and spectrum are looked at too, in headless Chromium (80 MB to fetch)
#   --levels          --march LEVEL --kernels --light for each of the three levels
#   --all             everything, hours: both compilers, all levels, sanitizers, 64-bit Arm, and the scripts in tests/
#                     that take long
#
# The plain build is in build/, every other combination in a folder of its own beside it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. cmake/packages.sh
. tests/support/levels.sh

all=("tests/run.sh --browser --benches" "tests/run.sh --compiler clang++"
     "tests/run.sh --compiler clang++ --sanitize address,undefined" "tests/run.sh --compiler clang++ --sanitize thread"
     "tests/run.sh --baseline --kernels" "tests/run.sh --levels" "tests/run.sh --levels --compiler clang++"
     "tests/run.sh --aarch64" "tests/answers/builds.sh --all" "tests/spectral/sweep.sh"
     "tests/fuzz/run.sh" "tests/mutate.sh")

fail() {
  echo "error: $*" >&2
  exit 2
}

# run_each COMMAND...: bash runs each, a failed one does not stop the next. Status 1 where one failed.
run_each() {
  local command started failed=()
  for command in "$@"; do
    started=$SECONDS
    # shellcheck disable=SC2086
    bash $command || failed+=("$command")
    echo "== took $((SECONDS - started)) s: $command"
  done
  [ ${#failed[@]} -eq 0 ] || { printf 'FAILED: %s\n' "${failed[@]}" >&2; return 1; }
}

compiler=g++
folder=build
aarch64='' benches='' browser='' march='' emulator='' threads=''
targets=() selection=()
options=(-DCMAKE_BUILD_TYPE=Release -DDOPE_BUILD_TESTS=ON -DDOPE_BUILD_PROGRAMS=ON -DDOPE_BUILD_BENCH=OFF -DDOPE_UNITY=ON
         -DDOPE_TEST_BROWSER=OFF)
while [ $# -gt 0 ]; do
  case $1 in
    --help)
      sed -n '2,/^set/ s/^# \{0,1\}//p' tests/run.sh
      exit ;;
    --all)
      [ $# -eq 1 ] || fail "given --all $2, expected --all alone"
      run_each "${all[@]}"
      exit ;;
    --levels)
      shift
      run_each "${levels[@]/#/tests/run.sh --kernels --light $* --march }"
      exit ;;
    --compiler)
      compiler=${2:?}
      [ "$compiler" = g++ ] || folder+=-${compiler##*/}
      shift 2 ;;
    --sanitize)
      options+=(-DDOPE_SANITIZE="${2:?}" -DDOPE_TEST_CONSUMERS=OFF -DCMAKE_BUILD_TYPE=Debug
                -DCMAKE_CXX_FLAGS_DEBUG='-O1 -g1')
      export UBSAN_OPTIONS=print_stacktrace=1
      [ "$2" != thread ] || threads=yes
      folder+=-${2//,/-}
      shift 2 ;;
    --baseline)
      options+=(-DDOPE_NATIVE=OFF)
      folder+=-baseline
      shift ;;
    --march)
      march=${2:?}
      [[ " ${levels[*]} " == *" $march "* ]] || fail "given --march $march, expected one of ${levels[*]}"
      [ "$(uname -m)" = x86_64 ] || fail "given --march $march on $(uname -m), expected x86_64"
      options+=(-DDOPE_MARCH="$march")
      folder+=-$march
      shift 2 ;;
    --light)
      options+=(-DCMAKE_CXX_FLAGS_RELEASE='-O1 -DNDEBUG')
      folder+=-light
      shift ;;
    --library)
      options+=(-DDOPE_BUILD_PROGRAMS=OFF -DDOPE_TEST_CONSUMERS=OFF)
      folder+=-library
      shift ;;
    --kernels)
      options+=(-DDOPE_BUILD_PROGRAMS=OFF -DDOPE_TEST_CONSUMERS=OFF '-DDOPE_TEST_MODULES=core;rope;spectral;denoise')
      folder+=-kernels
      shift ;;
    --aarch64)
      options+=(--toolchain cmake/aarch64-linux-gnu.cmake -DDOPE_BUILD_PROGRAMS=OFF -DDOPE_TEST_CONSUMERS=OFF)
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
  fail "given --aarch64 and --benches; --aarch64 builds nothing but the library's tests"
fi
if [ "$threads" ]; then
  # The OpenMP library of g++ orders threads in ways that the sanitizer does not see.
  case $compiler in *clang*) ;; *) fail "given --sanitize thread with $compiler, expected --compiler clang++" ;; esac
  [ -z "$aarch64$march$benches$browser" ] || fail "given --sanitize thread with other options than --compiler"
  options+=(-DDOPE_TEST_MODULES=denoise)
  targets=(--target test_denoise test_transformer test_lab)
  # Programs are left out, and tests that fork, which the sanitizer does not follow.
  selection=(--tests-regex '^(denoise|transformer|lab)/'
             --exclude-regex '_program$|^lab/(needle|interrupt|runs|report_bounds|limits)|^transformer/(memory|mapped_file)$')
fi

need_packages "${test_packages[@]}"
if [ "$benches" ]; then need_packages "${bench_packages[@]}"; fi
if [ "$browser" ]; then need_packages "${browser_packages[@]}"; fi
case $compiler in *clang*) need_packages "${clang_packages[@]}" ;; esac
if [ "$aarch64" ]; then
  need_packages "${aarch64_packages[@]}"
  case $compiler in g++*) compiler=aarch64-linux-gnu-$compiler ;; esac
fi
if [ "$threads" ]; then
  # Archer, beside Clang's OpenMP library, tells the sanitizer what that orders. Without it every loop looks like a race.
  [ -e "$("$compiler" -print-resource-dir)/../../libarcher.so" ] ||
    fail "$compiler has no libarcher.so: expected the libomp-dev of its version"
  export TSAN_OPTIONS=suppressions=$PWD/tests/support/threads.supp
fi
runs=yes
if [ "$march" ]; then
  emulator=$(runner_of "$march") || runs=
  options+=("-DCMAKE_CROSSCOMPILING_EMULATOR=${runs:+${emulator// /;}}")
fi

echo "== $compiler ${options[*]}, in $folder"
cmake -S . -B "$folder" -DCMAKE_CXX_COMPILER="$compiler" "${options[@]}"
cmake --build "$folder" --parallel "$(nproc)" "${targets[@]}"
if [ ! "$runs" ]; then
  echo "== COMPILED, NOT RUN: $emulator"
  exit
fi
if [ "$emulator" ]; then echo "== run under $emulator: this processor does not have $march"; fi
slow=$aarch64$emulator
ctest --test-dir "$folder" --parallel "$(nproc)" --output-on-failure ${slow:+--timeout 7200} "${selection[@]}" "$@"
