# What the tests of programs share. To be sourced first, under set -euo pipefail; makes the folder work, which is gone at
# the end.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# refused STATUS COMMAND…: ends with this status, nothing on standard output, and on standard error one line that says what
# was given and what was expected. It is in $work/error.txt.
refused() {
  local wanted=$1 status=0
  shift
  "$@" >"$work/out.txt" 2>"$work/error.txt" || status=$?
  [ $status -eq "$wanted" ] || { cat "$work/error.txt"; fail "status $status, not $wanted, for: $*"; }
  [ "$(wc -l <"$work/error.txt")" -eq 1 ] || { cat "$work/error.txt"; fail "not one line for: $*"; }
  grep -q 'given .*expected' "$work/error.txt" || { cat "$work/error.txt"; fail "unclear error for: $*"; }
  [ ! -s "$work/out.txt" ] || fail "output beside an error for: $*"
}
