#!/usr/bin/env bash
# The CUDA port's runner as people meet it: every exported case of its tasks passes on the CPU, and on the GPU
# where there is one; without one, and for bad input, one clear error.
#   port_cuda.sh PORT_CUDA_HOST VECTORS [PORT_CUDA]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/preamble.sh"
host=$1
vectors=$2
cuda=${3:-}
tasks=rotate,denoise,gram,noise

"$vectors" export "$work/kit" --tasks "$tasks" >/dev/null

echo "== every case passes, the kernels' bodies on the CPU"
"$host" "$work/kit" "$work/host"
"$vectors" check "$work/kit" --outputs "$work/host" --tasks "$tasks"

echo "== one task alone"
"$host" --tasks gram "$work/kit" "$work/gram" >/dev/null
[ "$(ls "$work/gram")" = "$(ls "$work/host" | grep -E '^gram' || true)" ] || fail "other files than gram's"

echo "== bad input: one line that says what was given and expected, status 1"
mkdir "$work/empty"
refused 1 "$host" "$work/kit"
refused 1 "$host" "$work/kit" "$work/a" "$work/b"
refused 1 "$host" --tasks rotate,entropy "$work/kit" "$work/a"
refused 1 "$host" --no-such-option "$work/kit" "$work/a"
refused 1 "$host" "$work/empty" "$work/a"
refused 1 "$host" "$work/kit" "$work/kit/manifest.json"
[ ! -e "$work/a" ] || fail "a folder was made"
cp -r "$work/kit" "$work/old" && sed -i 's/"version": *1/"version": 2/' "$work/old/manifest.json"
refused 1 "$host" "$work/old" "$work/a"
cp -r "$work/kit" "$work/cut"
last=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["cases"][-1]["file"])' "$work/kit/manifest.json")
truncate -s -8 "$work/cut/$last"
refused 1 "$host" "$work/cut" "$work/a"
[ ! -e "$work/a" ] || fail "results of the cases before a broken one"
cp -r "$work/host" "$work/kept"
rm "$work/kept/$(basename "$last")" && echo old >"$work/kept/$(ls "$work/host" | head -1)" && cp -r "$work/kept" "$work/before"
refused 1 "$host" "$work/cut" "$work/kept"
diff -r "$work/before" "$work/kept" || fail "a run that failed changed earlier results"
refused 1 bash -c 'ulimit -f 1; exec "$@"' - "$host" "$work/kit" "$work/kept"
grep -q 'File too large' "$work/error.txt" || fail "no word of the full disk: $(cat "$work/error.txt")"
diff -r "$work/before" "$work/kept" || fail "a full disk changed earlier results"
cp -r "$work/kit" "$work/twice" && python3 - "$work/twice/manifest.json" <<'PYTHON'
import json, sys
manifest = json.load(open(sys.argv[1]))
manifest["cases"].append(manifest["cases"][0])
json.dump(manifest, open(sys.argv[1], "w"))
PYTHON
refused 1 timeout -s KILL 60 "$host" "$work/twice" "$work/a"
grep -q 'two cases named' "$work/error.txt" || fail "no word of a name that is there twice: $(cat "$work/error.txt")"
cp -r "$work/kit" "$work/sneak" && sed -i '0,/"name": *"[^"]*"/s//"name": "..\/sneaky"/' "$work/sneak/manifest.json"
refused 1 "$host" "$work/sneak" "$work/a"

if [ -n "$cuda" ]; then
  echo "== the same cases by the kernels, or a clear word that there is no GPU"
  if "$cuda" "$work/kit" "$work/gpu" 2>"$work/error.txt"; then
    "$vectors" check "$work/kit" --outputs "$work/gpu" --tasks "$tasks"
  else
    cat "$work/error.txt"
    refused 1 "$cuda" "$work/kit" "$work/gpu"
    grep -q '^port_cuda: CUDA: ' "$work/error.txt" || fail "a failure that is not the lack of a GPU"
    [ ! -e "$work/gpu" ] || fail "a folder was made without a GPU"
  fi
  "$cuda" --host "$work/kit" "$work/again" >/dev/null
  diff -r "$work/host" "$work/again" || fail "--host is not what port_cuda_host does"
fi
echo "all as it should be"
