#!/usr/bin/env bash
# What no machine can do, and what a user does not want to wait for: lengths whose need of memory is said before anything
# starts, and Ctrl-C inside a long prefill.   limits.sh MODEL_FOLDER NEEDLE PERPLEXITY EFFECTS SPECTRUM
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/preamble.sh"
model=$1
needle=$2
perplexity=$3
effects=$4
spectrum=$5

# refuse OPTION PROGRAM ARGUMENTS…: one line that names option, length and need, within a minute, and no folder.
refuse() {
  local option=$1 begun=$SECONDS
  shift
  refused 1 timeout -s KILL 120 "$@" --model "$model" --out "$work/none"
  [ $((SECONDS - begun)) -le 60 ] || fail "$((SECONDS - begun)) s to refuse: $*"
  grep -Eq -- "--$option: given [0-9]+ tokens, which need at least [0-9.]+ [A-Z]?i?[Bb].* of memory .*, expected a length that fits" \
    "$work/error.txt" || { cat "$work/error.txt"; fail "no option, length and need for: $*"; }
  [ ! -e "$work/none" ] || fail "a folder for: $*"
}

echo "== a length that needs more memory than there is"
for length in 16777216L 8388608L; do
  refuse lengths "$needle" --lengths "1L,$length"
  refuse calibrate-at "$needle" --lengths 1L --calibrate-at "$length"
  refuse length "$perplexity" --length "$length"
  refuse windows "$perplexity" --mode sliding --windows "$length"
  refuse lengths "$effects" --lengths "$length"
  refuse length "$spectrum" --length "$length"
done

echo "== ulimit -v is less than the need"
if (ulimit -v 1500000 && "$needle" --help >/dev/null 2>&1); then  # not so under an address sanitizer
  (
    ulimit -v 1500000
    refuse lengths "$needle" --lengths 200000 --threads 1
    refuse length "$perplexity" --length 1000000 --threads 1
    refuse lengths "$effects" --lengths 200000 --threads 1
    refuse length "$spectrum" --length 500000 --threads 1
  )
  echo "== an allocation that fails is one line too"
  status=0
  # Little enough that loading fails, enough to start.
  for limit in 60000 80000 100000 120000 150000 200000; do
    status=0
    (ulimit -v $limit && "$spectrum" --model "$model" --out "$work/none" --length 3000 --threads 1) >"$work/out.txt" \
      2>"$work/err.txt" || status=$?
    if grep -q 'expected more memory than the system gave' "$work/err.txt"; then break; fi
  done
  [ $status -eq 1 ] && [ "$(wc -l <"$work/err.txt")" -eq 1 ] || { cat "$work/err.txt"; fail "status $status"; }
fi

# stop SECONDS PROGRAM ARGUMENTS…: Ctrl-C once results.jsonl is there ends it with status 130 in so many seconds.
stop() {
  local most=$1 job status=0 begun
  shift
  rm -rf "$work/cut"
  set -m  # a job of its own: else the shell has it ignore SIGINT
  "$@" --model "$model" --out "$work/cut" >/dev/null 2>"$work/err.txt" &
  job=$!
  set +m
  until [ -s "$work/cut/results.jsonl" ] && { [ -z "${after-}" ] || grep -q "$after" "$work/cut/results.jsonl"; }; do
    kill -0 $job 2>/dev/null || { cat "$work/err.txt"; fail "ended by itself: $*"; }
    sleep 0.05
  done
  sleep 1
  begun=$SECONDS
  kill -INT $job 2>/dev/null || fail "ended by itself: $*"
  wait $job || status=$?
  [ $status -eq 130 ] || { cat "$work/err.txt"; fail "status $status after Ctrl-C: $*"; }
  [ $((SECONDS - begun)) -le "$most" ] || fail "$((SECONDS - begun)) s to stop: $*"
  grep -q '^stopping; press Ctrl-C again' "$work/err.txt" || { cat "$work/err.txt"; fail "not a word of stopping: $*"; }
  grep -q 'are kept; the same command goes on' "$work/err.txt" || fail "no word of what is kept: $*"
}

echo "== Ctrl-C inside a prefill of minutes"
stop 60 "$needle" --lengths 65536 --calibration 1 --threads 2
stop 60 "$perplexity" --mode growing --length 65536 --texts 1 --threads 2
stop 60 "$effects" --lengths 65536 --threads 2

echo "== and the same command gives the files of a run that nothing disturbed"
long=(--lengths 16384 --calibrate-at 200 --depths 1 --prompts 1 --calibration 1 --transforms by_all
      --baselines plain,dynamic_ntk --threads 1)
after='"key":"attention/200"' stop 60 "$needle" "${long[@]}"
kept=$(wc -l <"$work/cut/results.jsonl")
"$needle" --model "$model" --out "$work/cut" "${long[@]}" >/dev/null 2>&1
[ "$kept" -lt "$(wc -l <"$work/cut/results.jsonl")" ] || fail "all cells were kept: the prefill was over"
"$needle" --model "$model" --out "$work/whole" "${long[@]}" >/dev/null 2>&1
diff -r "$work/whole" "$work/cut" || fail "a resumed run differs"
