#!/usr/bin/env bash
# Ctrl-C, and SIGTERM, in programs that keep nothing of an unfinished run: a line at once and one at the end, status 130,
# and the folder as it was before, or none.
#   interrupted.sh MODEL_FOLDER NEEDLE PERPLEXITY EFFECTS SPECTRUM REPORT VECTORS ATLAS PORT_CUDA_HOST
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/preamble.sh"
model=$(realpath "$1")
needle=$2 perplexity=$3 effects=$4 spectrum=$5 report=$6 vectors=$7 atlas=$8 port=$9
cd "$work"

# stop SIGNAL FILE SECONDS COMMAND…: the signal, so many seconds after FILE is there. 0 where it ended the program as it
# should, 1 where the program was done before.
stop() {
  local signal=$1 file=$2 delay=$3 job status=0 begun
  shift 3
  set -m  # a job of its own: else the shell has it ignore SIGINT
  "$@" >said.txt 2>all.txt &
  job=$!
  set +m
  until [ -e "$file" ] || ! kill -0 $job 2>/dev/null; do :; done
  sleep "$delay"
  begun=$SECONDS
  kill -"$signal" $job 2>/dev/null || true
  wait $job || status=$?
  [ $status -ne 0 ] || return 1
  [ $status -eq 130 ] || { cat all.txt; fail "status $status after SIG$signal: $*"; }
  [ $((SECONDS - begun)) -le 20 ] || fail "$((SECONDS - begun)) s to stop: $*"
  [ ! -s said.txt ] || fail "output of a run that was stopped: $*"
  grep -v ': done in \|% *[0-9a-z ]* left\|^ *$' all.txt >error.txt || true
  [ "$(sed -n 1p error.txt)" = 'stopping; press Ctrl-C again to end at once' ] || { cat all.txt; fail "not a word of stopping: $*"; }
  [ "$(sed -n '2,$p' error.txt)" = "$(basename "$1"): interrupted; nothing was written" ] || { cat all.txt; fail "other words: $*"; }
}

# stops FOLDER COMMAND…: both signals, at three moments after it is locked, leave FOLDER as it was, or none. One of them at
# least must come before the end.
stops() {
  local folder=$1 signal delay hits=0
  shift
  rm -rf before
  [ ! -e "$folder" ] || cp -r "$folder" before
  for delay in 0 0.05 0.5; do
    for signal in INT TERM; do
      stop $signal "$folder/.dope.lock" $delay "$@" || break 2
      hits=$((hits + 1))
      if [ -e before ]; then
        diff -r before "$folder" || fail "SIG$signal after $delay s changed $folder: $*"
      else
        [ ! -e "$folder" ] || fail "SIG$signal after $delay s left $(ls -A "$folder"): $*"
      fi
    done
  done
  [ $hits -gt 0 ] || fail "done before the signal: $*"
}

echo "== spectrum: a new folder, and one of an earlier run"
microscope=("$spectrum" --model "$model" --length 8L --threads 1)
stops new "${microscope[@]}" --out new
"$spectrum" --model "$model" --length L/2 --rows 4 --bins 4 --out kept >/dev/null 2>&1
stops kept "${microscope[@]}" --out kept
stop INT made/by/this/.dope.lock 0 "${microscope[@]}" --out made/by/this && [ ! -e made ] || fail "left $(find made)"

echo "== atlas"
OMP_NUM_THREADS=1 stops drawn "$atlas" --width 1024 --out drawn
"$atlas" --positions 64 --width 32 --out table >/dev/null
OMP_NUM_THREADS=1 stops table "$atlas" --width 1024 --out table

echo "== report: of many runs"
"$needle" --model "$model" --lengths 170 --depths 2 --prompts 2 --calibration 2 --transforms by_all --noise 4 --draws 2 \
  --out run >/dev/null 2>&1
for i in $(seq 32); do mkdir -p "runs/$i" && cp run/results.jsonl "runs/$i"; done
stops runs "$report" runs
"$report" runs >/dev/null
echo old >runs/report.md
stops runs "$report" runs

mkdir large
cells=$(tail -n +2 run/results.jsonl)
{ head -1 run/results.jsonl && for i in $(seq $((60000000 / ${#cells}))); do echo "$cells"; done; } >large/results.jsonl
begun=$(date +%s%N)
"$report" large >/dev/null
third=$((($(date +%s%N) - begun) / 3000000))  # milliseconds: read, and half parsed
rm large/report.*
stop INT large/.dope.lock "$((third / 1000)).$(printf %03d $((third % 1000)))" "$report" large || fail "not ended among its lines"
[ "$(ls -A large)" = results.jsonl ] || fail "a large run: $(ls -A large)"

echo "== port_cuda_host: a new folder, and one of an earlier run"
"$vectors" export kit --tasks rotate,gram >/dev/null
stops outputs "$port" kit outputs
rm -rf outputs
"$port" --tasks gram kit outputs >/dev/null
stops outputs "$port" kit outputs

echo "== a program that waits for its input: needle, perplexity, effects, spectrum"
mkfifo text
exec 8<>text  # somebody who never writes
for program in needle perplexity effects spectrum; do
  case $program in needle | effects) option=--haystack ;; *) option=--text ;; esac
  stop INT new/.dope.lock 0.2 "${!program}" --model "$model" $option text --out new || fail "$program did not wait"
  [ ! -e new ] || fail "$program left $(ls -A new)"
done
exec 8>&-
echo "all as it should be"
