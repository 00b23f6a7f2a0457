#!/usr/bin/env bash
# The effects program as people meet it: same bytes for any number of threads, Ctrl-C and resume, many shots, bad
# input.   effects.sh PROGRAM MODEL_FOLDER
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/preamble.sh"
program=$1
model=$2

. "$(dirname "${BASH_SOURCE[0]}")/interrupt.sh"

small=(--model "$model" --lengths 130,160 --prompts 4 --measured 2 --rows 8 --scalings dynamic_ntk
       --transforms 'by_all;by_gaussian(spread=matched)')
effects() { "$program" "${small[@]}" "$@"; }

echo "== one thread and two give the same files"
effects --out "$work/one" --threads 1 >"$work/one.txt" 2>/dev/null
effects --out "$work/two" --threads 2 >"$work/two.txt" 2>/dev/null
diff -r "$work/one" "$work/two" || fail "results depend on threads"
for file in table.md indicators.csv results.jsonl effects_1_by_all.svg correlations_2_by_gaussian.svg; do
  [ -s "$work/one/$file" ] || fail "no $file"
done
# Two lengths, one scaling: four prompts each, and what was measured.
[ "$(grep -c '"key":"effects/' "$work/one/results.jsonl")" -eq 8 ] || fail "not 8 cells of effects"
[ "$(grep -c '"key":"heads/' "$work/one/results.jsonl")" -eq 2 ] || fail "not 2 cells of heads"
head -1 "$work/one/results.jsonl" | grep -q '"program":"effects"' || fail "no word of the program"
# Every measure of every map once: two lengths, two transforms.
awk -F, 'NR > 1 { seen[$1 $2 $3]++ } END { for (map in seen) print seen[map] }' "$work/one/indicators.csv" |
  sort -u >"$work/counts.txt"
[ "$(wc -l <"$work/counts.txt")" -eq 1 ] || fail "maps with unlike numbers of measures: $(cat "$work/counts.txt")"
# No scaling below L: post_ntk is post_rope. 18 entropies at two stages and three sides, 20 others, the layer.
[ "$(cat "$work/counts.txt")" -eq $((2 * 3 * 18 + 20 + 1)) ] || fail "$(cat "$work/counts.txt") measures"
grep -q 'heads drawn by lot' "$work/one.txt" || fail "no comparison with chance"

echo "== a finished run is not run again"
effects --out "$work/one" >"$work/again.txt" 2>/dev/null
diff "$work/one.txt" "$work/again.txt" || fail "a finished run shows other tables"
diff -r "$work/one" "$work/two" || fail "a finished run changes its files"

echo "== both scalings, many shots"
"$program" --model "$model" --task shots --lengths 600 --prompts 4 --measured 1 --rows 4 --transforms by_parts \
  --out "$work/shots" >"$work/shots.txt" 2>/dev/null
grep -q 'Many shots' "$work/shots.txt" || fail "no word of the task"
for scaling in plain dynamic_ntk; do
  [ "$(grep -c "\"key\":\"effects/600/$scaling/" "$work/shots/results.jsonl")" -eq 4 ] || fail "not 4 cells of $scaling"
done
grep -q '^600,dynamic_ntk,"by_parts","post_ntk/' "$work/shots/indicators.csv" || fail "no post_ntk under Dynamic NTK"
grep -q '^600,plain,"by_parts","post_ntk/' "$work/shots/indicators.csv" && fail "post_ntk where nothing is scaled"

echo "== Ctrl-C keeps finished cells, and the same command goes on"
interrupt "4 3 2" cells

echo "== bad input: one line that says what was given and expected, status 1, nothing written"
: >"$work/empty.txt"
refuse() {
  refused 1 "$program" --model "$model" --out "$work/bad" --lengths 170 "$@"
  [ ! -e "$work/bad" ] || fail "something written for: $*"
}
refuse --no-such-option
refuse stray
refuse --task haystack
refuse --lengths 3X
refuse --lengths ''
refuse --lengths 20
refuse --depths 0
refuse --prompts 3
refuse --measured 0
refuse --rows 0
refuse --seed 4294967296
refuse --threads many
refuse --transforms by_magic
refuse --transforms 'by_all;by_all'
refuse --scalings linear
refuse --scalings plain,plain
refuse --model "$work/nowhere"
refuse --haystack "$work/nowhere.txt"
refuse --haystack "$work/empty.txt"

echo "== a folder of another run is not overwritten unasked"
status=0
effects --out "$work/one" --seed 2 >/dev/null 2>"$work/error.txt" || status=$?
[ $status -eq 1 ] && grep -q 'seed' "$work/error.txt" || fail "another run's cells were taken: $(cat "$work/error.txt")"
diff -r "$work/one" "$work/two" || fail "another run's files changed"
effects --out "$work/one" --rows 9 --fresh >/dev/null 2>&1 || fail "--fresh does not begin anew"
head -1 "$work/one/results.jsonl" | grep -q '"rows":9' || fail "--fresh kept the old run"

echo "== --help explains every option"
"$program" --help >"$work/help.txt"
for option in model task lengths depths prompts haystack transforms scalings measured rows out seed threads fresh; do
  grep -q -- "--$option" "$work/help.txt" || fail "--help is silent on --$option"
done
echo "all as it should be"
