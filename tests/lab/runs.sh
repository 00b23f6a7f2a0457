#!/usr/bin/env bash
# What every program of the lab does with its output, its folder and its input files.
#   runs.sh MODEL_FOLDER NEEDLE PERPLEXITY EFFECTS SPECTRUM REPORT VECTORS ATLAS PORT_CUDA_HOST LESSON
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/preamble.sh"
model=$(realpath "$1")
needle=$2 perplexity=$3 effects=$4 spectrum=$5 report=$6 vectors=$7 atlas=$8 port=$9 lesson=${10}
cd "$work"

# The least that each does: ten options at most, a second or less.
needle() { "$needle" --model "$model" --lengths 170 --depths 1 --prompts 1 --calibration 1 --transforms by_all --draws 0 "$@"; }
perplexity() {
  "$perplexity" --model "$model" --mode growing --length 256 --bins 8 --texts 2 "$@"
}
effects() {
  "$effects" --model "$model" --lengths 170 --prompts 4 --measured 1 --rows 4 --scalings plain --transforms by_all "$@"
}
spectrum() { "$spectrum" --model "$model" --length 150 --rows 8 --bins 8 "$@"; }
atlas() { "$atlas" --positions 64 --width 16 "$@"; }
vectors() { "$vectors" "$@"; }
report() { "$report" "$@"; }
port() { "$port" "$@"; }

# one_line STATUS WORDS…: error.txt is one line of at most 400 characters without control characters, and has all WORDS.
one_line() {
  [ "$1" -ne 0 ] || fail "status 0: $(cat error.txt)"
  shift
  [ "$(wc -l <error.txt)" -eq 1 ] || fail "not one line: $(head -5 error.txt)"
  [ "$(LC_ALL=C.UTF-8 wc -m <error.txt)" -le 401 ] || fail "a line of $(wc -c <error.txt) bytes"
  if LC_ALL=C grep -q '[^[:print:][:space:]'$'\x80''-'$'\xff'']' error.txt; then fail "control characters: $(cat -v error.txt)"; fi
  for word in "$@"; do grep -qF -- "$word" error.txt || fail "no '$word' in: $(cat error.txt)"; done
}
# run COMMAND…: its status in $status, what it says in out.txt and, without progress, in error.txt.
run() {
  status=0
  "$@" >out.txt 2>all.txt || status=$?
  grep -v ': done in \|% *[0-9a-z ]* left\|^ *$' all.txt >error.txt || true
}

echo "== the standard runs, and an output that cannot be written, is closed, or has no reader: never status 0"
vectors export kit --tasks noise >/dev/null
needle --out needle >/dev/null 2>&1
for program in needle perplexity effects spectrum atlas; do
  out=(--out "$program")
  [ $program = needle ] || "$program" "${out[@]}" >/dev/null 2>&1 || fail "$program"
done
check_output() {
  status=0
  "$@" >/dev/full 2>all.txt || status=$?
  grep -v ': done in \|% *[0-9a-z ]* left\|^ *$' all.txt >error.txt || true
  one_line $status 'standard output: given No space left on device, expected'
  status=0
  "$@" >&- 2>error.txt || status=$?
  one_line $status 'standard output: given a closed one, expected'
  status=0
  # A reader that is gone: SIGPIPE, and nothing is said of it; the program's status is the shell's 141.
  { "$@" 2>all.txt || echo $? >status.txt; } | true
  [ "$(cat status.txt)" = 141 ] || [ "$(cat status.txt)" = 0 ] || fail "status $(cat status.txt) without a reader"
  if grep -q 'given' all.txt; then fail "words about a reader that left: $(cat all.txt)"; fi
}
echo 0 >status.txt
for program in needle perplexity effects spectrum atlas; do check_output $program --out $program; done
check_output report needle
check_output port kit kit_out --tasks noise
check_output vectors check kit --outputs kit_out
check_output vectors export kit2 --tasks noise
status=0
"$lesson" >/dev/full 2>error.txt || status=$?
one_line $status 'standard output: given No space left on device'
# More than a pipe holds, to a reader that leaves.
set +o pipefail
status=$({ "$needle" --help 2>error.txt; echo $? >status.txt; } | head -c 1 >/dev/null; cat status.txt)
set -o pipefail
case $status in 0 | 141) ;; *) fail "status $status from a pipe to head" ;; esac
[ ! -s error.txt ] || fail "$(cat error.txt)"

echo "== a folder has one owner at a time, which is named"
for program in needle perplexity effects spectrum atlas report port; do
  folder=$program
  [ $program = port ] && folder=kit_out
  [ $program = report ] && folder=needle
  exec 9>"$folder/.dope.lock"
  flock 9
  echo "somebody, process 77" >"$folder/.dope.lock"
  case $program in
    report) run report needle ;;
    port) run port kit kit_out ;;
    *) run $program --out $program ;;
  esac
  one_line $status "$folder" 'somebody, process 77 is writing to' 'another folder'
  exec 9>&-
  rm "$folder/.dope.lock"
done
mkdir .kit.new
exec 9<.kit.new
flock 9
run vectors export kit
one_line $status 'another export'
exec 9>&-

echo "== what a killed export left is cleared by the next; what something else left is not"
mkdir -p .kit.new/cases
echo half >.kit.new/cases/.noise_key.safetensors.tmp
echo whole >.kit.new/cases/noise_key.safetensors
cp -r kit .kit.old
vectors export kit --tasks noise >/dev/null
[ -z "$(find . -maxdepth 1 -name '.kit*')" ] || fail "left: $(ls -d .kit*)"
mv kit .kit.old
vectors export kit --tasks noise >/dev/null
[ -z "$(find . -maxdepth 1 -name '.kit*')" ] && [ -s kit/manifest.json ] || fail "killed between two renames"
mkdir .kit.new
echo mine >.kit.new/notes
run vectors export kit --tasks noise
one_line $status "'notes' in " .kit.new
[ "$(cat .kit.new/notes)" = mine ] || fail "a user's file is gone"
rm -r .kit.new

echo "== a folder of another program is refused by its name, with --fresh too, and nothing in it changes"
cp -r effects kept
for fresh in '' --fresh; do
  run needle --out effects $fresh
  one_line $status "the program 'effects'" needle
done
rm effects/run.json
run needle --out effects --fresh
one_line $status "the program 'effects'"
cp kept/run.json effects/
run atlas --out effects
one_line $status "the program 'effects'"
diff -r effects kept || fail "another program's folder changed"

echo "== --fresh clears what this run does not write, and nothing of the user's; report shows what is listed alone"
echo mine >needle/plans/mine.json
echo '<svg xmlns="http://www.w3.org/2000/svg"><title>Not of the run</title></svg>' >perplexity/mine.svg
needle --out needle --fresh --transforms by_parts --noise 0 >/dev/null 2>&1
[ "$(ls needle/plans | tr '\n' ' ')" = "170_1_by_parts.json mine.json " ] || fail "plans: $(ls needle/plans)"
[ "$(ls needle/*.svg | tr '\n' ' ')" = "needle/depth_by_length_original.svg needle/heads_170_1_by_parts.svg " ] ||
  fail "pictures: $(ls needle/*.svg)"
report perplexity >/dev/null
grep -q 'bits_by_position.svg' perplexity/report.md || fail "the run's picture is not in the report"
if grep -q 'Not of the run\|mine.svg' perplexity/report.md; then fail "a picture that is not of the run is in the report"; fi
spectrum --out spectrum --save-qk >/dev/null 2>&1
run "$spectrum" --qk spectrum/qk.safetensors --rows 8 --bins 8 --out spectrum
[ $status -eq 0 ] && [ -e spectrum/qk.safetensors ] || fail "the run's own input was cleared: $(cat error.txt)"
spectrum --out spectrum >/dev/null 2>&1
[ ! -e spectrum/qk.safetensors ] || fail "q and k of an earlier run stay"

echo "== inputs: a pipe is read once and counts, a device, a folder, a limit; the option and the file are named"
plan=$(cat needle/plans/170_1_by_parts.json)
mkfifo plan
for i in 1 2; do
  echo "$plan" >plan &
  run needle --out piped --plan plan
  wait
  [ $status -eq 0 ] || fail "a plan from a pipe: $(cat error.txt)"
done
echo "$plan" | sed 's/"origin"/ "origin"/' >plan &
run needle --out piped --plan plan
wait
one_line $status 'another configuration: /plans/0'
refuse() {
  local words=$1
  shift
  run "$@"
  one_line $status $words expected
  [ ! -e new ] || fail "something written by: $*"
}
refuse '--plan /dev/zero device' needle --out new --plan /dev/zero
refuse '--plan directory' needle --out new --plan "$work"
refuse '--haystack /dev/zero device' needle --out new --haystack /dev/zero
refuse '--text /dev/zero device' perplexity --out new --text /dev/zero
refuse '--text /dev/zero device' spectrum --out new --text /dev/zero
refuse '--text nowhere file' perplexity --out new --text nowhere
refuse '--plan more than bytes' needle --out new --plan <(head -c 20000000 /dev/zero)
refuse '--plan nested' needle --out new --plan <(printf '{"a":%s' "$(head -c 100000 /dev/zero | tr '\0' '[')")
printf '{"dope_plan":1,"\033[31m%s":1}' "$(head -c 1000000 /dev/zero | tr '\0' 'x')" >loud
refuse '--plan loud JSON' needle --out new --plan loud
sed 's/"head":/"\\u001b]0;owned":/; s/"origin"/"\\u001b[31m"/' needle/plans/170_1_by_parts.json >loud
refuse '--plan loud field' needle --out new --plan loud
echo '{"dope_plan":1}' >short
refuse "--plan short shape" needle --out new --plan short
sed 's/"head_width": [0-9]*/"head_width": 4/; s/"rotated_width": [0-9]*/"rotated_width": 4/' needle/plans/170_1_by_parts.json >other
refuse '--plan other' needle --out new --plan other
refuse 'characters' needle "--$(head -c 100000 /dev/zero | tr '\0' x)"
refuse '--out' needle --out ''
refuse '--out config.json' needle --out "$model/config.json"
BLIS_ARCH_TYPE=99 refuse 'BLIS_ARCH_TYPE 99' needle --out new
BLIS_ARCH_TYPE=skx! refuse 'BLIS_ARCH_TYPE skx' spectrum --out new

echo "== a folder shaped like Llama 3's, whose tokens nobody said to be bytes: refused by every program that takes --model"
mkdir llama3
cat >llama3/config.json <<'CONFIG'
{"model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": 128256, "hidden_size": 4096,
 "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
 "max_position_embeddings": 131072, "rms_norm_eps": 1e-05, "rope_theta": 500000.0, "hidden_act": "silu",
 "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                  "original_max_position_embeddings": 8192},
 "bos_token_id": 128000, "eos_token_id": [128001, 128008, 128009], "tie_word_embeddings": false}
CONFIG
echo '{}' >llama3/tokenizer.json
taking=()
for program in needle perplexity effects spectrum report vectors atlas; do
  "${!program}" --help >help.txt
  if grep -q -- '--model' help.txt; then taking+=($program); fi
done
[ "${taking[*]}" = "needle perplexity effects spectrum" ] || fail "--model is an option of: ${taking[*]}"
for program in "${taking[@]}"; do
  refused 1 "${!program}" --model llama3 --out new
  for word in llama3/config.json 'a vocabulary of 128256' 'tokenizer.json beside it' '"dope_tokens": "bytes"' '--bytes'; do
    grep -qF -- "$word" error.txt || fail "$program: no '$word' in: $(cat error.txt)"
  done
  [ ! -e new ] || fail "$program left $(ls -A new)"
  # Said to be bytes it is refused for its missing weights alone, and leaves nothing either.
  refused 1 "${!program}" --model llama3 --bytes --out new
  if grep -q 'vocabulary' error.txt; then fail "$program: --bytes is not heard: $(cat error.txt)"; fi
  [ ! -e new ] || fail "$program left $(ls -A new)"
done

echo "== results that a run did not write: file, line and key are named"
cp -r needle sound
damage() { # damage WORDS PYTHON: needle/results.jsonl with its lines changed
  rm -rf damaged
  cp -r sound damaged
  python3 - damaged/results.jsonl "$2" <<'PYTHON'
import json, sys
lines = open(sys.argv[1]).read().splitlines()
def change(stem, act):
    for i, line in enumerate(lines):
        if line.startswith('{"key":"' + stem):
            cell = json.loads(line)
            act(cell["cell"])
            lines[i] = json.dumps(cell)
            return
    raise SystemExit("no cell " + stem)
exec(sys.argv[2])
open(sys.argv[1], "w").write("\n".join(lines) + "\n")
PYTHON
  run needle --out damaged --transforms by_parts --noise 0
  one_line $status damaged/results.jsonl 'line ' $1
  if grep -q 'exception' error.txt; then fail "a parser's words: $(cat error.txt)"; fi
}
damage 'nested' 'lines[2] = "{\"key\":\"x\",\"cell\":{\"a\":" + "[" * 100000 + "]" * 100000 + "}}"'
damage "'scores'" 'change("heads/", lambda cell: cell.clear())'
damage "'hits'" 'change("trial/", lambda cell: cell.clear())'
damage "'method'" 'change("test/", lambda cell: cell.clear())'
damage "'verdicts'" 'change("test/", lambda cell: cell.pop("verdicts"))'
damage "'log_probability' 1e+300" 'change("trial/", lambda cell: cell["log_probability"].__setitem__(0, 1e300))'
damage "'log_probability' array" 'change("trial/", lambda cell: cell["log_probability"].extend([-1.0] * 100))'
damage "'hits'" 'change("test/", lambda cell: cell.update(hits=7))'
damage "'spreads'" 'change("heads/", lambda cell: cell["spreads"][0].__setitem__(0, -1))'
damage 'double' 'lines[2] = lines[2].replace("0.", "1e999, 0.", 1)'

echo "== a full disk: what was there stays, whole"
for program in spectrum atlas perplexity; do
  cp -r $program before
  case $program in spectrum) limit=20 ;; *) limit=1 ;; esac
  run bash -c "ulimit -f $limit; exec \"\$@\"" - "${!program}" $([ $program = spectrum ] && echo --model "$model" --length 140 --rows 8 --bins 8) \
    $([ $program = atlas ] && echo --positions 64 --width 32) \
    $([ $program = perplexity ] && echo --model "$model" --mode growing --length 256 --bins 8 --texts 2) --out $program
  one_line $status 'File too large'
  diff -r before $program || fail "$program: some files of a run that failed"
  rm -r before
done

echo "== weights that are shortened while they are read: one line"
mkdir cut
cp "$model"/*.json cut
cp "$model/model.safetensors" cut
"$needle" --model cut --lengths 4L --prompts 4 --out slow >/dev/null 2>all.txt &
job=$!
until [ -s slow/results.jsonl ] || ! kill -0 $job 2>/dev/null; do sleep 0.05; done
: >cut/model.safetensors
status=0
wait $job || status=$?
grep -v ': done in \|% *[0-9a-z ]* left\|^ *$' all.txt >error.txt || true
one_line $status 'needle: cut/model.safetensors: given a file that was shortened'
echo "all as it should be"
