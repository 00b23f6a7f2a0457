#!/usr/bin/env bash
# The needle program as people meet it: same bytes for any number of threads, Ctrl-C and resume, saved plans, bad
# input.   needle.sh PROGRAM MODEL_FOLDER
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/preamble.sh"
program=$1
model=$2

. "$(dirname "${BASH_SOURCE[0]}")/interrupt.sh"

rows=plain,positional_interpolation,dynamic_ntk
small=(--model "$model" --lengths 170,230 --baselines $rows --noise 4 --draws 4 --depths 3 --prompts 2 --calibration 2 --transforms 'by_parts;by_gaussian(spread=matched)')
needle() { "$program" "${small[@]}" "$@"; }

echo "== one thread and two give the same bytes"
needle --out "$work/one" --threads 1 >"$work/one.txt" 2>/dev/null
needle --out "$work/two" --threads 2 >"$work/two.txt" 2>/dev/null
diff -r "$work/one" "$work/two" || fail "results depend on threads"
for file in table.md results.jsonl depth_by_length_original.svg depth_by_length_noisy.svg; do
  [ -s "$work/one/$file" ] || fail "no $file"
done
# Two setups, two lengths, three depths; three baselines, two transforms, two controls.
cells=$(grep -c '"key":"test/' "$work/one/results.jsonl")
[ "$cells" -eq $((2 * 2 * 3 * 7)) ] || fail "$cells test cells"
grep -q 'dynamic_ntk' "$work/one.txt" || fail "no table on screen"
grep -q '^Needle in a haystack at 170 .*the other lengths follow' "$work/one.txt" || fail "no table of the first length"
# A method against itself wins and loses nothing: at no length beyond training is anything scaled.
grep -Eq '^original +positional_interpolation +\+0 -0 p=1.000 ' "$work/one.txt" || fail "no paired comparison"

echo "== many shots: insert at every depth, skip once, and a needle's plan on them"
shots=(--model "$model" --task shots --baselines $rows --draws 4 --lengths 170,230 --prompts 2 --calibration 4 --transforms by_all)
plan=$work/one/plans/170_1_by_parts.json
"$program" "${shots[@]}" --plan "$plan" --out "$work/shots" --threads 1 >"$work/shots.txt" 2>/dev/null
"$program" "${shots[@]}" --plan "$plan" --out "$work/shots2" --threads 2 >/dev/null 2>&1
diff -r "$work/shots" "$work/shots2" || fail "results of shots depend on threads"
# Two lengths; four depths and one skip; three baselines, a transform, its control, a saved plan.
cells=$(grep -c '"key":"test/' "$work/shots/results.jsonl")
[ "$cells" -eq $((2 * 5 * 6)) ] || fail "$cells test cells of shots"
grep -q 'Skip needle' "$work/shots.txt" || fail "no table of the skipped needle"
[ -s "$work/shots/depth_by_length_insert.svg" ] || fail "no picture of the inserted needle"
if "$program" "${small[@]}" --task shots --out "$work/one" >/dev/null 2>"$work/err.txt"; then
  fail "another task went on from a needle run"
fi
grep -q '"needle" where this run has "shots"' "$work/err.txt" || fail "no word of the other task: $(cat "$work/err.txt")"
if "$program" --model "$model" --task haystack --out "$work/bad" >/dev/null 2>"$work/err.txt"; then
  fail "an unknown task was taken"
fi
grep -q 'needle or shots' "$work/err.txt" || fail "no word of the tasks there are"
[ ! -e "$work/bad" ] || fail "an unknown task left a folder"

echo "== several needles, noise on both sides, heads by measured gain, no control"
"$program" --model "$model" --lengths 300 --depths 2 --prompts 1 --calibration 3 --transforms by_all --needles 3 \
  --noise-at both --noise 3 --greedy 2 --draws 0 --out "$work/many" >"$work/many.txt" 2>/dev/null
grep -q 'Noisy: 3 start tokens on each side of the needle' "$work/many.txt" || fail "no word of where the noise stands"
grep -q '"needles":3,"noise":3,"noise_at":"both"' "$work/many/results.jsonl" || fail "needles and noise are not written out"
grep -q '^greedy by_all ' "$work/many.txt" || fail "no greedy row"
! grep -q 'random' "$work/many/table.md" || fail "a control though none was asked for"

echo "== heads chosen at another length and on the other task"
elsewhere=(--model "$model" --depths 2 --prompts 2 --calibration 4 --transforms by_all)
"$program" "${elsewhere[@]}" --lengths 170,230 --calibrate-at 170 --out "$work/at" >/dev/null 2>&1
"$program" "${elsewhere[@]}" --lengths 170 --out "$work/here" >/dev/null 2>&1
"$program" "${elsewhere[@]}" --lengths 170 --calibrate-on shots --out "$work/on" >"$work/on.txt" 2>/dev/null
verdicts() { grep "\"method\":\"$2\"" "$work/$1/results.jsonl" | grep '"key":"test/170/' | grep -o '"verdicts":"[01]*"'; }
[ "$(verdicts at 'by_all @170')" = "$(verdicts here by_all)" ] || fail "the same calibration gives other verdicts"
grep -q '^| by_all @170 ' "$work/at/table.md" || fail "no row that names its calibration length"
! grep -q '"key":"heads/230"' "$work/at/results.jsonl" || fail "heads were measured where none are chosen"
grep -q 'Calibration prompts are of the other task, shots' "$work/on.txt" || fail "no word of the other task"

echo "== heads denoised under another scaling, which then has a row and is the yardstick"
"$program" --model "$model" --lengths 700 --depths 2 --prompts 1 --calibration 2 --transforms by_all --scaling llama3 \
  --draws 0 --out "$work/llama3" >"$work/llama3.txt" 2>/dev/null
grep -q '^llama3 ' "$work/llama3.txt" || fail "no row of the scaling that heads are denoised under"
grep -q 'Against llama3 on the same prompts' "$work/llama3.txt" || fail "another yardstick"
! grep -q '^yarn_paper ' "$work/llama3.txt" || fail "rows that nobody asked for"

echo "== a finished run is not run again"
needle --out "$work/one" >"$work/again.txt" 2>/dev/null
diff "$work/one.txt" "$work/again.txt" || fail "a finished run shows another table"
diff -r "$work/one" "$work/two" || fail "a finished run changes its files"

echo "== --baselines all adds rows; patterns that a prompt does not outgrow answer as plain does"
"$program" --model "$model" --lengths 230,600 --depths 2 --prompts 2 --calibration 1 --transforms by_all --baselines all \
  --noise 4 --draws 4 --out "$work/all" >/dev/null 2>&1
# Two setups, two lengths, two depths; three baselines and six more, a transform, its control.
cells=$(grep -c '"key":"test/' "$work/all/results.jsonl")
[ "$cells" -eq $((2 * 2 * 2 * 11)) ] || fail "$cells test cells of all baselines"
for method in static_ntk yarn yarn_paper llama3 dual_chunk sink_window; do
  grep -q "^| $method " "$work/all/table.md" || fail "no row $method"
done
grep -qF 'dual_chunk(chunk=384, local=128)' "$work/all/results.jsonl" || fail "dual_chunk does not say its chunk"
hits() { grep -F "\"method\":\"$1\"" "$work/all/results.jsonl" | grep -F '"key":"test/230/' | grep -o '"setup":"[a-z]*"\|"hits":[0-9]*'; }
[ -n "$(hits plain)" ] || fail "no hits of plain"
for method in dual_chunk sink_window; do
  [ "$(hits $method)" = "$(hits plain)" ] || fail "$method differs from plain inside its chunk or cache"
done

echo "== Ctrl-C keeps finished cells, and the same command goes on"
interrupt "4 2 1" cells

echo "== a saved plan, read back, scores what it scored"
plan=$work/one/plans/230_1_by_parts.json
"$program" --model "$model" --lengths 230 --depths 3 --prompts 2 --calibration 2 --transforms by_parts --plan "$plan" \
  --noise 4 --out "$work/plan" >/dev/null 2>&1
row() { grep -F "\"method\":\"$1\"" "$work/plan/results.jsonl" | grep -o '"setup":"[a-z]*".*"prompts":[0-9]*'; }
[ "$(row by_parts)" = "$(row 230_1_by_parts.json)" ] || fail "the plan read back scores otherwise"

echo "== bad input: one line that says what was given and expected, status 1, nothing written"
mkdir "$work/broken"
cp "$model/config.json" "$model/lexicon.json" "$work/broken"
head -c 100000 "$model/model.safetensors" >"$work/broken/model.safetensors"
echo '{' >"$work/plan.json"
: >"$work/empty.txt"
refuse() {
  refused 1 "$program" --model "$model" --out "$work/bad" --lengths 170 "$@"
  [ ! -e "$work/bad" ] || fail "something written for: $*"
}
refuse --no-such-option
refuse stray
refuse --lengths 3X
refuse --lengths ''
refuse --lengths 20
refuse --lengths 0
refuse --depths 0
refuse --needles 0
refuse --needles 5
refuse --noise-at left
refuse --calibrate-at 20
refuse --calibrate-at 3X
refuse --calibrate-on haystack
refuse --greedy -1
refuse --prompts -1
refuse --prompts 1e3
refuse --seed 4294967296
refuse --transforms by_magic
refuse --transforms 'by_gaussian(sigma=-1)'
refuse --transforms 'by_all;by_all(reading=identity)'
refuse --gqa sometimes
refuse --scaling alibi
refuse --baselines some
refuse --baselines plain,plain
refuse --baselines plain,some
refuse --sweep wide
refuse --model "$work/nowhere"
refuse --model "$work/broken"
refuse --haystack "$work/nowhere.txt"
refuse --haystack "$work/empty.txt"
refuse --plan "$work/plan.json"
# Rows are named by files.
refuse --plan "$plan" --plan "$work/shots/../one/plans/$(basename "$plan")"

echo "== a folder of another run is not overwritten unasked"
status=0
needle --out "$work/one" --seed 2 >/dev/null 2>"$work/error.txt" || status=$?
[ $status -eq 1 ] && grep -q 'seed' "$work/error.txt" || fail "another run's cells were taken: $(cat "$work/error.txt")"
diff -r "$work/one" "$work/two" || fail "another run's files changed"

echo "== --help explains every option"
"$program" --help >"$work/help.txt"
for option in model lengths depths needles noise noise-at calibrate-at calibrate-on greedy prompts haystack transforms baselines scaling gqa sweep calibration draws plan out seed threads fresh; do
  grep -q -- "--$option" "$work/help.txt" || fail "--help is silent on --$option"
done
echo "all as it should be"
