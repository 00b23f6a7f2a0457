#!/usr/bin/env bash
# The spectrum program: its numbers beside NumPy's, its outputs, bad input; and with a fourth argument its page in that
# browser, headless.   spectrum.sh PROGRAM MODEL CHECK.py [CHROMIUM]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/preamble.sh"
program=$(realpath "$1")
model=$(realpath "$2")
check=$(realpath "$3")
chromium=${4:-}
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
cd "$work"

. "$here/numpy.sh"

echo "== every number equals NumPy's, from the q and k that the program saves"
"$program" --model "$model" --length L/2 --rows 40 --bins 16 --save-qk --out needle >said.txt 2>err.txt || { cat err.txt; fail "a needle prompt"; }
"$python" "$check" needle
grep -q "^3.7 " said.txt || fail "no line of the last head"
grep -q "violated" said.txt || fail "no bounds"
head -c 4000 /bin/bash >bytes.txt
"$program" --model "$model" --text bytes.txt --needle 20:40 --length 150 --scaling yarn --save-qk --out text >/dev/null 2>&1 ||
  fail "any file"
"$python" "$check" text

echo "== the same bytes for any number of threads, and from the q and k that were saved"
"$program" --model "$model" --length L/2 --rows 40 --bins 16 --threads 1 --out one >/dev/null 2>&1
for name in spectrum.json spectrum.safetensors spectrum.html; do
  cmp "needle/$name" "one/$name" || fail "$name depends on threads"
done
"$program" --qk needle/qk.safetensors --rows 40 --bins 16 --save-qk --out again >/dev/null 2>&1
cmp needle/spectrum.safetensors again/spectrum.safetensors || fail "--qk measures something else"
cmp <(grep -v '"origin"' needle/spectrum.json) <(grep -v '"origin"' again/spectrum.json) || fail "--qk says something else"

echo "== a planted spike comes first under every entropy that ranks, and the others say why they do not"
"$python" "$check" --plant spike.safetensors
"$program" --qk spike.safetensors --save-qk --out spike >/dev/null 2>&1 || fail "q and k of another engine"
"$python" "$check" spike
"$python" "$check" --planted spike
"$program" --qk spike.safetensors --pairing half_split --training-length 100 --out other >/dev/null 2>&1
cmp -s spike/spectrum.json other/spectrum.json && fail "options do not go over metadata"

echo "== bad input: one line that says what was given and expected, nothing written"
refuse() {
  refused 1 "$program" "$@" --out new
  [ ! -e new ] || fail "something written for: $*"
}
# tensors NAME PYTHON: NAME.safetensors from q and k of zeros and the metadata that the words change.
tensors() {
  PYTHONDONTWRITEBYTECODE=1 "$python" - "$(dirname "$check")" "$1.safetensors" <<CHANGE
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
import spectrum_check
q, k = np.random.default_rng(1).standard_normal((2, 9, 2, 4))
said = {"base": "100", "training_length": "8"}
$2
spectrum_check.write(sys.argv[2], {"q": q, "k": k}, said)
CHANGE
}
tensors good ''
"$program" --qk good.safetensors --out good >/dev/null 2>&1 || fail "the least that a file may be"
# Width 4096 and two tokens are 64 KB: what costs width³ takes over a minute, on any machine.
tensors wide 'q, k = np.random.default_rng(2).standard_normal((2, 2, 1, 4096))'
timeout 60 "$program" --qk wide.safetensors --out wide >/dev/null 2>&1 || fail "two tokens of width 4096"
tensors nan 'q[3, 1, 2] = np.nan'
tensors zero 'k[:, 0] = 0'
tensors shape 'k = k[:5]'
tensors flat 'q = q[0]'
tensors odd 'q, k = q[:, :, :3], k[:, :, :3]'
tensors group 'q = np.repeat(q, 2, axis=1)[:, :3]'
tensors base 'del said["base"]'
tensors trained 'said["training_length"] = "eight"'
tensors long 'said["length"] = "8"'
tensors pairing 'said["pairing"] = "neox"'
tensors rotated 'said["rotated_width"] = "6"'
for name in nan zero shape flat odd group base trained long pairing rotated; do refuse --qk $name.safetensors; done
refuse --qk nothing.safetensors
head -c 100 good.safetensors >short.safetensors
refuse --qk short.safetensors
refuse --qk good.safetensors --needle 5:20
refuse --qk good.safetensors --needle 5
refuse --qk good.safetensors --length 5
refuse --qk good.safetensors --base 0.5
refuse --model "$model" --base 100
refuse --model "$model" --needle 1:2
refuse --model "$model" --text bytes.txt --length 16L
refuse --model "$model" --length 20
refuse --model "$model" --depth 2
refuse --model "$model" --scaling linear
refuse --model "$model" --rows 0
refuse --model "$work"
refuse --unknown
refuse "$model"

if [ "$chromium" ]; then
  . "$here/browser_page.sh"
  title=(--title "The spectral microscope")
  in_panels=(--panel-figures eigenvalues=1 cumulative-energy=1 attention=1 magnitudes=1 cosines=1)

  echo "== in a browser: one head at a time, the one that an address or a cell of a map leads to; every figure, no script"
  echo "   error, no request; light, dark, phone, print, without script"
  figures=(--figures head-map=11 band-energy=1 cone-angles=1 bounds=1)
  browse needle/spectrum.html "${title[@]}" "${figures[@]}" "${in_panels[@]}" --panels head-0-0 head-2-0 head-3-7 ||
    fail "the page is not as it should be"
  # The least heads that may be, and no needle.
  browse good/spectrum.html "${title[@]}" --figures head-map=10 band-energy=1 cone-angles=1 bounds=1 \
    "${in_panels[@]}" --panels head-0-0 head-0-1 || fail "the page of a small file is not as it should be"

  echo "== the same browser finds what is broken on purpose"
  broken() {
    refuse_page needle/spectrum.html "$@" "${title[@]}" "${figures[@]}" "${in_panels[@]}" --panels head-0-0 head-3-7
  }
  broken 'panels .* are shown' 'page.replace(".panel{display:none}", "")'
  broken 'panels .* are shown' 'page.replace(".panel:target,.panel:has(:target),", "")'
  broken 'is not in view' 'page.replace(".panel{display:none}", ".panel{display:none;scroll-margin-top:200vh}")'
  broken 'no cell leads to head-3-7' 'page.replace("href=\"#head-3-7\"", "href=\"#maps\"")'
  broken 'panel figures {' 're.sub("<figure id=\"figure-[0-9]+-cosines\".*?</figure>", "", page, 1, re.S)'
  broken 'a hidden figure' 'page.replace("</style>", "figure[id$=bounds]{display:none}</style>")'
  broken 'request for' "$unguarded.replace('<main>', '<main><img src=\"http://pictures.example/x.png\" alt=\"\">')"
  broken 'script error' "$unguarded.replace('</body>', '<script>nothing.here()</script></body>')"
  broken 'contrast' 're.sub("--link:#[0-9a-f]+", "--link:#c0c0c0", page)'
fi
echo "all as it should be"
