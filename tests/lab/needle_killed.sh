#!/usr/bin/env bash
# A full sweep that is killed 20 times, each time at another moment: nothing finished is lost, nothing counted twice,
# and in the end stands what an undisturbed run gives.   needle_killed.sh PROGRAM MODEL_FOLDER
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/preamble.sh"
program=$1
model=$2

sweep=("$program" --model "$model" --lengths 150 --depths 2 --prompts 1 --calibration 8 --transforms 'by_all;by_parts'
  --sweep full --greedy 2 --draws 2 --noise 4)
keys() { grep -o '^{"key":"[^"]*"' "$1" || true; }

"${sweep[@]}" --out "$work/whole" >/dev/null 2>&1
lines=$(wc -l <"$work/whole/results.jsonl")
[ "$lines" -gt 60 ] || fail "only $lines lines to be killed among"

kills=0
finished=0
tries=0
while [ $kills -lt 20 ]; do
  tries=$((tries + 1))
  [ $tries -le 200 ] || fail "only $kills kills in $tries tries"
  before=0
  [ ! -e "$work/cut/results.jsonl" ] || before=$(wc -l <"$work/cut/results.jsonl")
  # Not through a function: its shell would be killed, and the program live on.
  "${sweep[@]}" --out "$work/cut" --threads $((1 + tries % 2)) >/dev/null 2>&1 &
  job=$!
  sleep "0.$(printf '%03d' $((30 + tries * 37 % 170)))"
  kill -KILL $job 2>/dev/null || true
  status=0
  wait $job 2>/dev/null || status=$?
  if [ $status -eq 0 ]; then
    diff -r "$work/whole" "$work/cut" || fail "a run that was killed and went on differs"
    finished=$((finished + 1))
    rm -rf "$work/cut"
    continue
  fi
  [ $status -eq 137 ] || fail "status $status"
  kills=$((kills + 1))
  [ -e "$work/cut/results.jsonl" ] || continue
  after=$(wc -l <"$work/cut/results.jsonl")
  [ "$after" -ge "$before" ] || fail "$before lines before, $after after"
  [ -z "$(keys "$work/cut/results.jsonl" | sort | uniq -d)" ] || fail "a cell stands twice"
done
"${sweep[@]}" --out "$work/cut" >/dev/null 2>&1
diff -r "$work/whole" "$work/cut" || fail "the run that was killed last differs"
echo "killed $kills times over $((finished + 1)) runs of $lines lines: same bytes"
