#!/usr/bin/env bash
# What CMake decides, says and refuses where packages are missing; some are hidden from it.
#
#   configure.sh few_packages|asked_for|refused|subdirectory|components COMPILER PREFIX
#
# PREFIX: where dope is installed, for components.
set -euo pipefail
case=$1 compiler=$2 prefix=$3
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$root/cmake/packages.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset CMAKE_TOOLCHAIN_FILE CMAKE_GENERATOR

fail() {
  echo "FAILED: $*" >&2
  cat "$work/said" >&2
  exit 1
}

# configure SOURCE OPTION...: its status; $said is all that it printed, in one line.
configure() {
  local status=0
  cmake -S "$1" -B "$work/build" -DCMAKE_CXX_COMPILER="$compiler" "${@:2}" >"$work/said" 2>&1 || status=$?
  said=$(tr -s '[:space:]' ' ' <"$work/said")
  return $status
}
expect() { [[ $said == *"$1"* ]] || fail "CMake does not say \"$1\""; }
hide() { printf -- '-DCMAKE_DISABLE_FIND_PACKAGE_%s=ON ' "$@"; }

openmp=g++
if "$compiler" --version | grep -q clang; then openmp=libomp-dev; fi
declare -A parts=([PROGRAMS]="nlohmann_json=nlohmann-json3-dev cxxopts=libcxxopts-dev OpenMP=$openmp BLIS=libblis-serial-dev
                             ZLIB=zlib1g-dev xxHash=libxxhash-dev"
                  [TESTS]="doctest=doctest-dev Random123=librandom123-dev" [BENCH]="benchmark=libbenchmark-dev")
hidden=$(for part in "${!parts[@]}"; do for pair in ${parts[$part]}; do hide "${pair%=*}"; done; done)

case $case in
  few_packages)
    # shellcheck disable=SC2086
    configure "$root" $hidden || fail "CMake does not accept a machine with Eigen and xsimd alone"
    [ "$(grep -c 'dope: not built' "$work/said")" = 1 ] || fail "not one line about what is left out"
    expect "dope: not built: transformer, lab and lesson 13 (not found: nlohmann_json, cxxopts, OpenMP, BLIS, ZLIB, xxHash), tests (not found: doctest, Random123), benches (not found: benchmark, BLIS)."
    for part in "${!parts[@]}"; do
      for pair in ${parts[$part]}; do
        [[ " ${test_packages[*]} ${bench_packages[*]} ${clang_packages[*]} " == *" ${pair#*=} "* ]] ||
          fail "cmake/packages.sh does not have ${pair#*=}"
        [[ ${said#*"On Debian: apt-get"} == *" ${pair#*=}"[\ .]* ]] || fail "CMake does not say ${pair#*=}"
      done
    done
    targets=$(cmake --build "$work/build" --target help)
    [[ $targets == *course_05_cone* ]] || fail "no lessons"
    [[ $targets != *course_13* && $targets != *dope_transformer* && $targets != *test_* ]] || fail "more than the lessons: $targets"

    # Installed later, packages are seen by the next run in the same folder.
    configure "$root" -U 'CMAKE_DISABLE_FIND_PACKAGE_*' -DDOPE_BUILD_CUDA=OFF -DDOPE_TEST_CONSUMERS=OFF \
      -Ddoctest_DIR=doctest_DIR-NOTFOUND -DRandom123_INCLUDE_DIR=Random123_INCLUDE_DIR-NOTFOUND ||
      fail "CMake does not accept a machine with more packages"
    [[ $said != *"tests (not found"* ]] || fail "tests are left out where their packages are"
    targets=$(cmake --build "$work/build" --target help)
    [[ $targets == *test_rope* ]] || fail "no tests where their packages are" ;;

  asked_for)
    for part in "${!parts[@]}"; do
      for pair in ${parts[$part]}; do
        # shellcheck disable=SC2046
        ! configure "$root" $(hide "${pair%=*}") -DDOPE_BUILD_PROGRAMS=OFF -DDOPE_BUILD_TESTS=OFF -DDOPE_BUILD_BENCH=OFF \
          -DDOPE_BUILD_"$part"=ON || fail "DOPE_BUILD_$part=ON is accepted without ${pair%=*}"
        [[ $said == *"DOPE_BUILD_$part is ON, and not found: "*"${pair%=*}"*" On Debian: apt-get install "*"${pair#*=}"* ]] ||
          fail "DOPE_BUILD_$part=ON without $pair: another message"
        rm -f "$work/build/CMakeCache.txt"
      done
    done ;;

  refused)
    ! configure "$root" -DDOPE_BUILD_BENCH=maybe || fail "DOPE_BUILD_BENCH=maybe is accepted"
    expect "given DOPE_BUILD_BENCH=maybe, expected ON, OFF or AUTO"
    # shellcheck disable=SC2046
    ! configure "$root" -DDOPE_BUILD_BENCH=OFF $(hide Eigen3 xsimd) || fail "neither Eigen nor xsimd is accepted"
    expect "not found: xsimd 8.1 or later; not found: Eigen3 3.4 or later"
    expect "On Debian: apt-get install libxsimd-dev libeigen3-dev."
    # shellcheck disable=SC2046
    configure "$root" $(hide Eigen3) -UCMAKE_DISABLE_FIND_PACKAGE_xsimd -DDOPE_BUILD_PROGRAMS=OFF -DDOPE_BUILD_TESTS=OFF ||
      fail "dope::rope alone is not accepted without Eigen"
    expect "dope: not built: dope::dope and dope::conformance (not found: Eigen3 3.4 or later)."
    configure "$root" -U 'CMAKE_DISABLE_FIND_PACKAGE_*' -DDOPE_BUILD_TESTS=ON -DDOPE_TEST_CONSUMERS=OFF -DDOPE_TEST_MODULES=room &&
      fail "a module of another name is accepted"
    expect "DOPE_TEST_MODULES: given room, expected some of core, rope" ;;

  subdirectory)
    # With its tests built too, dope changes nothing in its parent, which sets no build type.
    configure "$root/tests/package/add_subdirectory" -DDOPE_FOLDER="$root" -DDOPE_BUILD_TESTS=ON -DDOPE_TEST_CONSUMERS=OFF ||
      fail "not in a subdirectory, with tests"
    configure "$root/tests/package/add_subdirectory" -DDOPE_FOLDER="$root" -UDOPE_BUILD_TESTS ||
      fail "not in a subdirectory"
    [[ $said != *"dope:"* ]] || fail "more than the parent says"
    cmake --install "$work/build" --prefix "$work/installed"
    [ ! -e "$work/installed" ] || fail "installed by a parent: $(ls "$work/installed")"
    ctest --test-dir "$work/build" -N 2>&1 | grep -q 'Total Tests: 0\|No tests were found' || fail "tests in the parent"
    # shellcheck disable=SC2046
    ! configure "$root/tests/package/add_subdirectory" $(hide Eigen3) || fail "dope::dope is accepted without Eigen"
    expect "dope::dope and dope::conformance (not found: Eigen3 3.4 or later). On Debian: apt-get install libeigen3-dev."
    expect "Eigen3::Eigen but the target was not found" ;;

  components)
    consumer=$root/tests/package/find_package
    configure "$consumer" -DCMAKE_PREFIX_PATH="$prefix" "-DDOPE_ASK_FOR=COMPONENTS;conformance" || fail "no conformance"
    ! configure "$consumer" "-DDOPE_ASK_FOR=COMPONENTS;rope;nonsense" || fail "a component of another name is accepted"
    expect "given component nonsense, expected rope, dope or conformance"
    # shellcheck disable=SC2046
    ! configure "$consumer" -DDOPE_ASK_FOR= $(hide Eigen3) || fail "all of dope is found without Eigen"
    expect "Eigen3" ;;

  *) echo "error: given $case, expected few_packages, asked_for, refused, subdirectory or components" >&2; exit 2 ;;
esac
