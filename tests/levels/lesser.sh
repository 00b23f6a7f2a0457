#!/usr/bin/env bash
# A program of several levels on the processor at hand and on lesser ones (emulated; status 77 where there is no
# emulator): it picks the highest level that runs, DOPE_LEVEL picks another, results agree.   lesser.sh LEVELS_PROGRAM
set -euo pipefail
program=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

echo "== every level that runs here gives the same results"
"$program" >"$work/own.txt"
highest=$(sed -n 's/^level \(.*\) of .*/\1/p' "$work/own.txt")
levels=$(sed -n 's/^level .* of \(.*\)/\1/p' "$work/own.txt" | tr -d ,)
[ "$highest" = "${levels##* }" ] || fail "of $levels, $highest was picked"
for level in $levels; do
  DOPE_LEVEL=$level "$program" >"$work/$level.txt"
  grep -q "^level $level of" "$work/$level.txt" || fail "DOPE_LEVEL=$level: $(head -1 "$work/$level.txt")"
  diff <(tail -n +2 "$work/own.txt") <(tail -n +2 "$work/$level.txt") || fail "$level differs"
done

# refused WHAT COMMAND...: status 1, one line, no output.
refused() {
  local what=$1 status=0
  shift
  "$@" >"$work/out.txt" 2>"$work/error.txt" || status=$?
  [ $status -eq 1 ] || fail "$what: status $status"
  [ "$(grep -vc '^qemu-x86_64: warning' "$work/error.txt")" -eq 1 ] || fail "$what: $(cat "$work/error.txt")"
  grep -q 'DOPE_LEVEL: given .*, expected .*x86-64' "$work/error.txt" || fail "$what: $(cat "$work/error.txt")"
  [ ! -s "$work/out.txt" ] || fail "$what: output beside an error"
}

echo "== a level that is none is refused"
refused "level x86-64-v9" env DOPE_LEVEL=x86-64-v9 "$program"

command -v qemu-x86_64 >/dev/null || { echo "no qemu-x86_64 (Debian: qemu-user): no lesser processor"; exit 77; }

echo "== on lesser processors"
on() {
  local processor=$1 level=$2
  qemu-x86_64 -cpu "$processor" "$program" >"$work/$processor.txt" 2>"$work/error.txt" ||
    fail "$processor: status $?, $(cat "$work/error.txt")"
  grep -q "^level $level of" "$work/$processor.txt" || fail "$processor runs $(head -1 "$work/$processor.txt")"
  diff <(tail -n +2 "$work/own.txt") <(tail -n +2 "$work/$processor.txt") || fail "$processor differs"
}
on qemu64 x86-64
on Nehalem x86-64
on Haswell x86-64-v3
on Haswell,-f16c x86-64
on Haswell,-movbe x86-64
on Haswell,-bmi2 x86-64
refused "x86-64-v3 on Nehalem" qemu-x86_64 -cpu Nehalem -E DOPE_LEVEL=x86-64-v3 "$program"
refused "x86-64-v4 on Haswell" qemu-x86_64 -cpu Haswell -E DOPE_LEVEL=x86-64-v4 "$program"
echo "all as it should be"
