#!/usr/bin/env bash
# Feeds made-up inputs to everything that reads a file or an option, and keeps those that break it.
#
#   bash tests/fuzz/run.sh [--seconds N | --runs N] [--jobs N] [--fast] [TARGET...]
#
#   --seconds N   how long each target runs (default: 60)
#   --runs N      how many inputs each target gets instead
#   --jobs N      targets that run side by side (default: one for each core)
#   --fast        without sanitizers: more inputs a second. What it finds is where the next run without --fast starts
#   TARGET        a name in tests/fuzz, such as plan or config (default: all of them)
#
# Builds with Clang and sanitizers in build-fuzz/, or without them in build-fuzz-fast/. Inputs that reach new code are
# kept in build-fuzz/corpus/TARGET and are where the next run starts; build-fuzz/executions.tsv has the number of
# inputs tried so far, one line a run.
# An input that breaks a law lies in build-fuzz/failures/TARGET-*; to see it again: build-fuzz/tests/fuzz/fuzz_TARGET FILE.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cores=$(env -u OMP_NUM_THREADS nproc)

# What every input is held to. No input is longer than 4096 bytes, so none needs an allocation of 64 MB. A target
# measures its own second of processor time; the longer timeout, by the clock, is for those that never end.
limits=(-max_len=4096 -timeout=30 -rss_limit_mb=1024 -malloc_limit_mb=64 -print_final_stats=1 -entropic=0)
export ASAN_OPTIONS=quarantine_size_mb=4:malloc_context_size=1
export UBSAN_OPTIONS=print_stacktrace=1
export OMP_NUM_THREADS=1 BLIS_NUM_THREADS=1
if [ -z "${TMPDIR:-}" ] && [ -w /dev/shm ]; then export TMPDIR=/dev/shm; fi
TMPDIR=$(mktemp -d -t dope-fuzz-run-XXXXXX)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

# As a test: the seeds of one target and ten thousand inputs made from them, the same ones each time.
if [ "${1:-}" = --test ]; then
  target=${2:?}
  name=$(basename "$target")
  mkdir "$TMPDIR/found"  # what the first folder is for; the seeds stay as they are
  "$target" "${limits[@]}" -print_final_stats=0 -runs="${DOPE_FUZZ_RUNS:-10000}" -seed=1 \
    -artifact_prefix="${DOPE_FUZZ_FAILURES:-$TMPDIR}/" "$TMPDIR/found" "tests/fuzz/corpus/${name#fuzz_}"
  exit
fi

. cmake/packages.sh
amount=-max_total_time=60
jobs=$cores
fast=
while [ $# -gt 0 ]; do
  case $1 in
    --help)
      sed -n '2,/^set/ s/^# \{0,1\}//p' tests/fuzz/run.sh
      exit ;;
    --seconds) amount=-max_total_time=${2:?}; shift 2 ;;
    --runs) amount=-runs=${2:?}; shift 2 ;;
    --jobs) jobs=${2:?}; shift 2 ;;
    --fast) fast=yes; shift ;;
    -*)
      echo "error: given $1, expected --seconds, --runs, --jobs, --fast or a target" >&2
      exit 2 ;;
    *) break ;;
  esac
done
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for source in tests/fuzz/*.cpp; do targets+=("$(basename "$source" .cpp)"); done
fi
for target in "${targets[@]}"; do
  if [ ! -e "tests/fuzz/$target.cpp" ]; then
    echo "error: given target $target, expected one of: $(cd tests/fuzz && echo *.cpp | sed 's/\.cpp//g')" >&2
    exit 2
  fi
done

need_packages "${test_packages[@]}" "${clang_packages[@]}"
folder=build-fuzz
build=$folder
sanitizers=address,undefined
flags='-O2 -g1'
if [ "$fast" ]; then
  build=$folder-fast
  sanitizers=
  flags+=' -D_GLIBCXX_ASSERTIONS'
fi
cmake -S . -B $build -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="$flags" \
  -DDOPE_SANITIZE=$sanitizers -DDOPE_FUZZ=ON -DDOPE_BUILD_PROGRAMS=ON -DDOPE_BUILD_TESTS=ON -DDOPE_BUILD_BENCH=OFF \
  -DDOPE_TEST_CONSUMERS=OFF >/dev/null
cmake --build $build --parallel "$cores" --target "${targets[@]/#/fuzz_}"
mkdir -p $folder/failures

run_target() {
  local name=$1 folder=$2 build=$3 status=0 number
  shift 3
  mkdir -p "$folder/corpus/$name"
  "$build/tests/fuzz/fuzz_$name" "$@" -artifact_prefix="$folder/failures/$name-" \
    "$folder/corpus/$name" "tests/fuzz/corpus/$name" >"$folder/$name.log" 2>&1 || status=$?
  number=$(sed -n 's/^stat::number_of_executed_units: *//p' "$folder/$name.log")
  printf '%s\t%s\t%s\n' "$name${build#"$folder"}" "${number:-0}" "$status" >>"$folder/executions.tsv"
  if [ "$status" -ne 0 ]; then
    echo "FAIL $name: see $folder/$name.log"
    return 1
  fi
  echo "$name: ${number:-0} inputs"
}
export -f run_target
status=0
printf '%s\n' "${targets[@]}" |
  xargs -P "$jobs" -I{} bash -c 'run_target "$@"' _ {} $folder $build "$amount" "${limits[@]}" || status=1
awk -F'\t' '{ sum[$1] += $2 } END { for (name in sum) { print name "\t" sum[name]; all += sum[name] }
            print "all runs so far\t" all }' $folder/executions.tsv | sort
exit $status
