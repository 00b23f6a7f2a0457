#!/usr/bin/env bash
# The report program as people meet it: files of its own writing, what it refuses; and with a third argument its page
# in that browser, headless.   report.sh REPORT NEEDLE|- MODEL_FOLDER [CHROMIUM]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/preamble.sh"
program=$1
needle=$2
model=$3
chromium=${4:-}
here=$(dirname "${BASH_SOURCE[0]}")

echo "== every kind of cell, hostile names, an unknown program: two files, the same bytes again"
python3 "$here/report_runs.py" "$work/runs"
"$program" "$work/runs" >"$work/out.txt" 2>"$work/error.txt" || fail "$(cat "$work/error.txt")"
[ "$(ls "$work/runs" | tr '\n' ' ')" = "a-needle b-shots c-perplexity d-unknown report.html report.md " ] || fail "$(ls "$work/runs")"
[ ! -s "$work/error.txt" ] || fail "words on stderr: $(cat "$work/error.txt")"
grep -q "d-unknown.*'unheard of' is unknown" "$work/out.txt" || fail "no word of the unknown program: $(cat "$work/out.txt")"
cp "$work/runs/report.html" "$work/first.html"
cp "$work/runs/report.md" "$work/first.md"
"$program" "$work/runs" >/dev/null
cmp "$work/runs/report.html" "$work/first.html" || fail "another page from the same results"
cmp "$work/runs/report.md" "$work/first.md" || fail "another text from the same results"
[ "$(grep -c '<script' "$work/runs/report.html")" -eq 1 ] || fail "a foreign script element"
if grep -q '<script' "$work/runs/report.md"; then fail "markup from a file in report.md"; fi
grep -q '&lt;script&gt;' "$work/runs/report.md" || fail "the hostile name is not in report.md"

echo "== the script's hash in the page's policy is that of its script"
python3 - "$work/runs/report.html" <<'PYTHON' || fail "the browser would refuse the theme switch"
import base64, hashlib, re, sys
page = open(sys.argv[1]).read()
script = re.search("<script>(.*?)</script>", page, re.S).group(1)
digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
sys.exit("'sha256-%s'" % digest not in page)
PYTHON

if [ "$needle" != - ]; then
  echo "== a run of the needle program: its own numbers, whatever its cells"
  "$needle" --model "$model" --lengths 170,230 --depths 2 --prompts 2 --calibration 2 --transforms by_all \
    --noise 4 --draws 4 --out "$work/real" >/dev/null 2>&1
  "$program" "$work/real" >/dev/null
  for setup in original noisy; do
    for method in plain dynamic_ntk by_all; do
      # All entries of the row in the needle's own table stand in the report's row of that method.
      grep -A 30 -i "^## $setup" "$work/real/table.md" | grep -m1 "^| $method " | grep -o '[0-9.]* \[[^]]*\]' >"$work/entries.txt"
      [ "$(wc -l <"$work/entries.txt")" -eq 2 ] || fail "no row $method in the needle's table"
      while read -r entry; do
        grep -m1 "^| $method " "$work/real/report.md" | grep -qF "$entry" || fail "$method $setup: no $entry in report.md"
      done <"$work/entries.txt"
    done
  done
fi

echo "== bad input: one line that says what was given and expected, status 1, nothing written"
header='{"dope_lab_results":1,"configuration":{"program":"needle"}}'
refuse() {
  refused 1 "$program" "$@"
  [ -z "$(find "$work/bad" -name 'report*' 2>/dev/null)" ] || fail "something written for: $*"
}
refuse_bytes() {
  rm -rf "$work/bad"
  mkdir -p "$work/bad"
  printf "$1" >"$work/bad/results.jsonl"
  refuse "$work/bad"
}
refuse
refuse "$work/nowhere"
refuse "$work/runs" "$work/runs"
refuse "$work/runs" --no-such-option
refuse "$work/first.md"
mkdir "$work/bad"
refuse "$work/bad"
refuse_bytes ''
refuse_bytes 'nonsense\n'
refuse_bytes '{"dope_lab_results":1,"configuration":{"program":"loom"}}\n'
refuse_bytes "$header\n"
refuse_bytes "$header\\n{\"key\":\"test/1\",\"cell\":{\"method\":\"m\"}}\\n"
refuse_bytes "$header\\n\\377\\376\\n"
refuse_bytes "$header\\n\\0\\n"
rm -rf "$work/bad"
mkdir "$work/bad"
printf '{"dope_lab_results":1,"configuration":{"program":"perplexity"}}\n' >"$work/bad/results.jsonl"
head -c 300 /bin/bash >"$work/bad/bits.svg"
refuse "$work/bad"
rm -rf "$work/bad"
# One broken run among good ones: nothing is written, and what was there stays.
cp -r "$work/runs" "$work/mixed"
echo 'nonsense' >>"$work/mixed/b-shots/results.jsonl"
status=0
"$program" "$work/mixed" >/dev/null 2>"$work/error.txt" || status=$?
[ $status -eq 1 ] && grep -q 'b-shots.*line' "$work/error.txt" || fail "a broken run was taken: $(cat "$work/error.txt")"
cmp "$work/mixed/report.html" "$work/first.html" || fail "a refused run changed the page"
# A last line cut short is a run that was killed, not a broken one.
cp -r "$work/runs" "$work/cut"
printf '{"key":"test/51' >>"$work/cut/b-shots/results.jsonl"
"$program" "$work/cut" >/dev/null || fail "a run that was killed was refused"
cmp "$work/cut/report.html" "$work/first.html" || fail "a cell cut short counted"
"$program" --help | grep -q 'results.jsonl' || fail "--help is silent on what is read"

if [ "$chromium" ]; then
  echo "== in a browser: every figure, no script error, no request; light, dark, phone, print, without script"
  figures=(accuracy-against-length=4 depth-by-length=3 head-scores=6 accuracy-against-n=1 accuracy-against-r=1
           log-probability-against-n=1 log-probability-against-r=1 accuracy-by-choice=2 attention=2 file=2)
  page=(--title "Lab report" --figures "${figures[@]}")
  . "$here/browser_page.sh"
  browse "$work/runs/report.html" "${page[@]}" || fail "the page is not as it should be"

  echo "== the same browser finds what is broken on purpose"
  broken() { refuse_page "$work/runs/report.html" "$@" "${page[@]}"; }
  broken 'request for' "$unguarded.replace('<main>', '<main><img src=\"http://pictures.example/x.png\" alt=\"\">')"
  broken 'console' 'page.replace("<main>", "<main><img src=\"http://pictures.example/x.png\" alt=\"\">")'
  broken 'script error' "$unguarded.replace('</body>', '<script>nothing.here()</script></body>')"
  broken 'figures {' 're.sub("<figure id=\"figure-[0-9]+-attention\".*?</figure>", "", page, 1, re.S)'
  broken 'texts on each other' 're.sub("<text x=\"[0-9.]+\" y=\"[0-9.]+\"", "<text x=\"200\" y=\"99\"", page)'
  broken 'contrast' 'page.replace("--ink:#1a1a1a", "--ink:#c0c0c0")'
  broken 'contrast .*depth-by-length' 'page.replace("</style>", "[id$=depth-by-length] text{fill:#808080}</style>")'
  broken 'a broken picture' 'page.replace("svg+xml;base64,", "svg+xml;base64,AAAA", 1)'
  broken 'wide in a view' 'page.replace(".scroll{overflow-x:auto", ".scroll{overflow-x:visible")'
fi
echo "all as it should be"
