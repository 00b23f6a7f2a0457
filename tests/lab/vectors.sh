#!/usr/bin/env bash
# The vectors program as porters meet it: export, the NumPy runner, check; wrong runners, broken files, bad
# options.   vectors.sh PROGRAM RUNNER.py
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/preamble.sh"
program=$(realpath "$1")
runner=$(realpath "$2")
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
cd "$work"

. "$here/numpy.sh"
export PYTHONDONTWRITEBYTECODE=1

# expect STATUS COMMAND...: its output is in said.txt.
expect() {
  local wanted=$1 status=0
  shift
  "$@" >said.txt 2>&1 || status=$?
  [ $status -eq "$wanted" ] || { cat said.txt; fail "status $status, not $wanted: $*"; }
}
said() { grep -qF -- "$1" said.txt || { head -20 said.txt; fail "not said: $1"; }; }

echo "== the same bytes for any number of threads, within size and time"
begun=$SECONDS
OMP_NUM_THREADS=1 expect 0 "$program" export one
OMP_NUM_THREADS=3 expect 0 "$program" export two
[ $((SECONDS - begun)) -lt 60 ] || fail "two exports took $((SECONDS - begun)) s"
diff -r one two || fail "the bytes depend on threads"
[ "$(du -sb one | cut -f1)" -le 67108864 ] || fail "an export larger than 64 MiB"
cases=$(ls one/cases | wc -l)
said "$cases cases"
expect 0 "$program" export two --tasks noise
[ "$(ls two/cases | wc -l)" -lt "$cases" ] || fail "--tasks exported everything"
expect 0 "$program" export two
diff -r one two || fail "an earlier export was not replaced as a whole"

echo "== the NumPy runner passes every case"
expect 0 "$python" "$runner" one out
expect 0 "$program" check one --outputs out
said "$cases of $cases cases passed"
OMP_NUM_THREADS=1 expect 0 "$program" check one --outputs out --tasks rotate,noise --skip noise_key
said "left out"

echo "== and every case of a kernel whose angles are float32 products, which the exact oracle tells apart"
expect 0 "$program" export product --angles float32_product
expect 0 "$python" "$runner" product product_out
expect 0 "$program" check product --outputs product_out
expect 1 "$program" check one --outputs product_out --only far-half_split-float
said 'angle rounded to float32'

echo "== a wrong runner fails, by name"
# wrong FILE OLD NEW TASK VERDICT: the runner with one line changed.
wrong() {
  rm -rf wrong bad
  cp -r "$(dirname "$runner")" wrong
  grep -qF -- "$2" "wrong/$1" || fail "no such line in $1: $2"
  OLD=$2 NEW=$3 "$python" - "wrong/$1" <<'CHANGE'
import os, sys
text = open(sys.argv[1], encoding="utf-8").read()
open(sys.argv[1], "w", encoding="utf-8").write(text.replace(os.environ["OLD"], os.environ["NEW"], 1))
CHANGE
  expect 0 "$python" wrong/runner.py one bad
  expect 1 "$program" check one --outputs bad --tasks "$4"
  said "$5"
}
wrong rope.py 'c * x1 - s * x2, s * x1 + c * x2' 'c * x1 + s * x2, c * x2 - s * x1' rotate 'sign transposed'
wrong rope.py '(f, f + bands)' '(2 * f, 2 * f + 1)' rotate 'pairing swapped'
wrong heads.py '/ 2**32))' '/ 2**32)) + 1e-6' noise 'FAIL noise_query'
wrong tensors.py 'half = np.uint64((1 << 44) - 1)' 'half = odd * 0 - odd' rotate 'storage truncated'

echo "== files that cannot be judged: file, tensor, given, expected; status 2"
name=prefill-half_split-bfloat
# spoil PYTHON: change the outputs of one case, {name: (dtype, array)}.
spoil() {
  cp "out/$name.safetensors" kept
  "$python" - "$(dirname "$runner")" "out/$name.safetensors" <<CHANGE
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
import tensors
outputs = {name: ("BF16", array) for name, array in tensors.read(sys.argv[2]).items()}
y = outputs["y"][1].copy()
$1
tensors.write(sys.argv[2], outputs)
CHANGE
}
mended() {
  cp kept "out/$name.safetensors"
  expect 0 "$program" check one --outputs out
}
unusable() {
  expect 2 "$program" check one --outputs out
  said "$name.safetensors"
  said "given $1"
  said ", expected "
  said "1 cannot be judged"
  mended
}
spoil 'outputs["y"] = ("F16", y)'
unusable 'dtype F16'
spoil 'outputs["y"] = ("F32", y)'
unusable 'dtype F32'
spoil 'outputs["y"] = ("BF16", y[None])'
unusable 'shape [1, '
spoil 'outputs = {"z": ("BF16", y)}'
unusable "tensor 'z'"
spoil 'outputs = {}'
unusable "no tensor 'y'"
head -c 1000 kept >"out/$name.safetensors"
unusable 'data_offsets'
: >"out/$name.safetensors"
unusable 'a file of 0 bytes'

echo "== values that are wrong, or no file: the case fails, status 1"
spoil 'y[5] = np.nan; outputs["y"] = ("BF16", y)'
expect 1 "$program" check one --outputs out
said "FAIL $name: not finite"
said 'given nan, expected'
mended
rm "out/$name.safetensors"
expect 1 "$program" check one --outputs out
said "FAIL $name: no file"
said '1 failed'
expect 0 "$program" check one --outputs out --skip "$name"
expect 0 "$program" check one --outputs out --tasks noise
mended

echo "== bad input: one line that says what was given and expected, status 2, nothing written"
refuse() {
  refused 2 "$program" "$@"
  cp error.txt said.txt
  [ ! -e new ] || fail "something written for: $*"
}
mkdir mine && echo x >mine/notes.txt
refuse
refuse export
refuse import new
refuse export new --tasks turn
refuse export new --outputs out
refuse export new stray
refuse export mine
refuse export mine/notes.txt
refuse check one
refuse check one --outputs nowhere
refuse check nowhere --outputs out
refuse check one --outputs out --only no_such_case
refuse check one --outputs out --no-such-option
[ "$(cat mine/notes.txt)" = x ] && [ "$(ls -A mine)" = notes.txt ] || fail "a stranger's folder was changed"
cp -r one old
sed -i 's/"version": 1/"version": 9/' old/manifest.json
refuse check old --outputs out
said 'another version'
cp one/manifest.json old/manifest.json
sed -i 's/"base":10000.0/"base":10001.0/' old/manifest.json
refuse check old --outputs out
said 'another version'
head -c 5000 one/manifest.json >old/manifest.json
refuse check old --outputs out
[ -z "$(find . -mindepth 1 -name '.*')" ] || fail "temporary files are left"

echo "== Ctrl-C leaves no half export"
set -m
OMP_NUM_THREADS=1 "$program" export cut >/dev/null 2>&1 &
job=$!
set +m
until compgen -G '.cut.new/cases/*' >/dev/null || ! kill -0 $job 2>/dev/null; do :; done
kill -INT $job 2>/dev/null || true
status=0
wait $job || status=$?
case $status in
  0) diff -r one cut || fail "an export that ended well is not whole" ;;
  130) [ ! -e cut ] && [ -z "$(find . -mindepth 1 -name '.*')" ] || fail "a cut export left something" ;;
  *) fail "status $status after Ctrl-C" ;;
esac

echo "== --help explains every option"
expect 0 "$program" --help
for option in export check outputs tasks angles only skip; do said "$option"; done
echo "all as it should be"
