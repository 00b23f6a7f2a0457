# Ctrl-C ends a lab program with status 130 and keeps what is finished; the same command goes on, and leaves the files of
# a run that nothing disturbed. To be sourced: needs program, small (its arguments), work with the finished run
# "one", and fail.
#
#   interrupt "LINES…" WORD    finished lines after which to try, in turn; what the program calls them
interrupt() {
  local stopped=no status job kept wanted
  for wanted in $1; do
    rm -rf "$work/cut"
    set -m  # a job of its own: else the shell has it ignore SIGINT
    "$program" "${small[@]}" --out "$work/cut" --threads 1 >/dev/null 2>"$work/cut.txt" &
    job=$!
    set +m
    until [ "$(grep -c . "$work/cut/results.jsonl" 2>/dev/null || true)" -gt "$wanted" ] 2>/dev/null; do
      kill -0 $job 2>/dev/null || break
      sleep 0.01
    done
    kill -INT $job 2>/dev/null || true
    status=0
    wait $job || status=$?
    if [ $status -eq 130 ]; then
      stopped=yes
      break
    fi
  done
  [ $stopped = yes ] || fail "Ctrl-C does not end the run with status 130 (got $status)"
  grep -q "finished $2 are kept" "$work/cut.txt" || fail "no word of what is kept"
  [ ! -e "$work/cut/table.md" ] || fail "a cut run left a table"
  kept=$(wc -l <"$work/cut/results.jsonl")
  "$program" "${small[@]}" --out "$work/cut" >/dev/null 2>&1
  diff -r "$work/one" "$work/cut" || fail "a resumed run differs"
  [ "$kept" -gt 1 ] && [ "$kept" -lt "$(wc -l <"$work/one/results.jsonl")" ] || fail "$kept lines were kept"
}
