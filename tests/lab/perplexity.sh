#!/usr/bin/env bash
# The perplexity program as people meet it: same bytes for any number of threads, Ctrl-C and resume, saved plans, any
# text, bad input.   perplexity.sh PROGRAM MODEL_FOLDER
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/preamble.sh"
program=$1
model=$2

. "$(dirname "${BASH_SOURCE[0]}")/interrupt.sh"

cat >"$work/low.json" <<'PLAN'
{"dope_plan": 1,
 "shape": {"layers": 4, "query_heads": 8, "key_heads": 4, "head_width": 32, "rotated_width": 32},
 "gqa": "per_query_head",
 "transform": {"name": "by_parts", "reading": "identity", "threshold": "native"},
 "heads": [{"layer": 0, "head": 1}, {"layer": 2, "head": 7}]}
PLAN
small=(--model "$model" --texts 5 --length 200 --bins 16 --windows 64,150 --stride 32 --scored 48
       --plan "$work/low.json" --random --draws 2)
perplexity() { "$program" "${small[@]}" "$@"; }

echo "== one thread and two give the same bytes"
perplexity --out "$work/one" --threads 1 >"$work/one.txt" 2>/dev/null
perplexity --out "$work/two" --threads 2 >"$work/two.txt" 2>/dev/null
diff -r "$work/one" "$work/two" || fail "results depend on threads"
for file in table.md results.jsonl bits_by_position.svg; do
  [ -s "$work/one/$file" ] || fail "no $file"
done
cells=$(grep -c '"key":"passage/' "$work/one/results.jsonl")
[ "$cells" -eq 5 ] || fail "$cells passages"
for method in plain positional_interpolation dynamic_ntk static_ntk yarn yarn_paper llama3 dual_chunk sink_window low \
              'random low'; do
  # Means and differences, growing and sliding; Dynamic NTK does not differ from itself.
  rows=$(grep -c "^| $method  *|" "$work/one/table.md")
  [ "$rows" -eq $([ "$method" = dynamic_ntk ] && echo 2 || echo 4) ] || fail "$rows rows of $method"
  grep -q "^$method  *[0-9]" "$work/one.txt" || fail "$method is not on the screen"
done

echo "== a finished run is not run again"
perplexity --out "$work/one" >"$work/again.txt" 2>/dev/null
diff "$work/one.txt" "$work/again.txt" || fail "a finished run shows another table"
diff -r "$work/one" "$work/two" || fail "a finished run changes its files"

echo "== Ctrl-C keeps finished passages, and the same command goes on"
interrupt "3 2 1" passages

echo "== one mode alone gives that mode's figures"
"$program" "${small[@]}" --mode growing --out "$work/growing" >/dev/null 2>&1
"$program" "${small[@]}" --mode sliding --out "$work/sliding" >/dev/null 2>&1
grep -q 'Sliding' "$work/growing/table.md" && fail "--mode growing slides"
grep -q 'Growing' "$work/sliding/table.md" && fail "--mode sliding grows"
growing() { grep -o '"growing":{"plain":[^}]*' "$1/results.jsonl"; }
[ "$(growing "$work/growing" | wc -l)" -eq 5 ] || fail "no growing context"
[ "$(growing "$work/growing")" = "$(growing "$work/one")" ] || fail "growing depends on sliding"

echo "== rows that are asked for, and dynamic_ntk; a training length of 4 tokens, too short for sink_window"
"$program" "${small[@]}" --texts 2 --baselines llama3,plain --out "$work/rows" >/dev/null 2>&1
rows=$(grep -oE '^\| [a-z0-9_]+ +\|' "$work/rows/table.md" | tr -d '| ' | grep -v method | sort | uniq -c | tr -s ' \n' ' ')
[ "$rows" = " 2 dynamic_ntk 4 llama3 4 low 4 plain " ] || fail "other rows: $rows"
grep -q '"baselines":\["plain","dynamic_ntk","llama3"\]' "$work/rows/results.jsonl" || fail "no word of the rows"
if grep -q '"baselines"' "$work/one/results.jsonl"; then fail "all rows are another configuration than before"; fi
cp -r "$model" "$work/short"
sed -i 's/"max_position_embeddings": *[0-9]*/"max_position_embeddings": 4/' "$work/short/config.json"
grids=(--texts 2 --length 16 --bins 1 --windows 4,8 --stride 2 --scored 4)
refused 1 "$program" --model "$work/short" "${grids[@]}" --out "$work/bad"
for word in --baselines 'a training length of 4' sink_window; do
  grep -qF -- "$word" "$work/error.txt" || fail "no $word in: $(cat "$work/error.txt")"
done
[ ! -e "$work/bad" ] || fail "a refused training length left a folder"
"$program" --model "$work/short" "${grids[@]}" --baselines plain,yarn --out "$work/four" >"$work/out.txt" 2>&1 ||
  { cat "$work/out.txt"; fail "a training length of 4 without sink_window"; }

echo "== the text of a file, with bytes of any value"
for i in $(seq 0 255); do printf "\\x$(printf %02x "$i")"; done >"$work/bytes"
"$program" --model "$model" --text "$work/bytes" --texts 2 --length 100 --mode growing --out "$work/file" >/dev/null 2>&1
grep -q '"text":"prose' "$work/file/results.jsonl" && fail "a file passes for prose"

echo "== bad input: one line that says what was given and expected, status 1, nothing written"
mkdir "$work/broken"
cp "$model/config.json" "$model/lexicon.json" "$work/broken"
head -c 100000 "$model/model.safetensors" >"$work/broken/model.safetensors"
echo '{' >"$work/plan.json"
: >"$work/empty.txt"
refuse() {
  refused 1 "$program" --model "$model" --out "$work/bad" --texts 2 --length 200 --windows 64 --stride 32 "$@"
  [ ! -e "$work/bad" ] || fail "something written for: $*"
}
refuse --no-such-option
refuse stray
refuse --mode backwards
refuse --texts 0
refuse --length 3X
refuse --length 1
refuse --bins 0
refuse --bins 300
refuse --windows ''
refuse --windows 32
refuse --stride 0
refuse --scored 0
refuse --draws 0
refuse --seed 4294967296
refuse --model "$work/nowhere"
refuse --model "$work/broken"
refuse --text "$work/nowhere.txt"
refuse --text "$work/empty.txt"
refuse --text "$work/bytes"
refuse --plan "$work/plan.json"
refuse --baselines some
refuse --baselines plain,plain
refuse --baselines ''
refuse --plan "$work/low.json" --plan "$work/low.json"

echo "== a folder of another run is not overwritten unasked"
status=0
perplexity --out "$work/one" --seed 2 >/dev/null 2>"$work/error.txt" || status=$?
[ $status -eq 1 ] && grep -q 'seed' "$work/error.txt" || fail "another run's cells were taken: $(cat "$work/error.txt")"
diff -r "$work/one" "$work/two" || fail "another run's files changed"

echo "== --help explains every option"
"$program" --help >"$work/help.txt"
for option in model text texts mode length bins windows stride scored baselines plan random draws out seed threads fresh; do
  grep -q -- "--$option" "$work/help.txt" || fail "--help is silent on --$option"
done
echo "all as it should be"
