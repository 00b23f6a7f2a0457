#!/usr/bin/env bash
# The CUDA port's runner as people meet it: every exported case of its tasks passes on the CPU, and on the GPU
# where there is one; without one, and for bad input, one clear error.
#   port_cuda.sh PORT_CUDA_HOST VECTORS [PORT_CUDA]
set -euo pipefail
host=$1
vectors=$2
cuda=${3:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tasks=rotate,denoise,gram,noise

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

"$vectors" export "$work/kit" --tasks "$tasks" >/dev/null

echo "== every case passes, the kernels' bodies on the CPU"
"$host" "$work/kit" "$work/host"
"$vectors" check "$work/kit" --outputs "$work/host" --tasks "$tasks"

echo "== one task alone"
"$host" --tasks gram "$work/kit" "$work/gram" >/dev/null
[ "$(ls "$work/gram")" = "$(ls "$work/host" | grep -E '^gram' || true)" ] || fail "other files than gram's"

echo "== bad input: one line that says what was given and expected, status 1"
refuse() {
  local status=0
  "$@" >"$work/out.txt" 2>"$work/error.txt" || status=$?
  [ $status -eq 1 ] || fail "status $status for: $*"
  [ "$(wc -l <"$work/error.txt")" -eq 1 ] || { cat "$work/error.txt"; fail "not one line for: $*"; }
  grep -q 'given .*expected' "$work/error.txt" || { cat "$work/error.txt"; fail "unclear error for: $*"; }
  [ ! -s "$work/out.txt" ] || fail "output beside an error for: $*"
}
mkdir "$work/empty"
refuse "$host" "$work/kit"
refuse "$host" "$work/kit" "$work/a" "$work/b"
refuse "$host" --tasks rotate,entropy "$work/kit" "$work/a"
refuse "$host" --no-such-option "$work/kit" "$work/a"
refuse "$host" "$work/empty" "$work/a"
refuse "$host" "$work/kit" "$work/kit/manifest.json"
[ ! -e "$work/a" ] || fail "a folder was made"
cp -r "$work/kit" "$work/old" && sed -i 's/"version": *1/"version": 2/' "$work/old/manifest.json"
refuse "$host" "$work/old" "$work/a"
cp -r "$work/kit" "$work/cut"
broken=("$work/cut/cases"/*)
first=$(basename "${broken[0]}")
truncate -s -8 "$work/cut/cases/$first"
refuse "$host" "$work/cut" "$work/cut_out"
[ ! -e "$work/cut_out/$first" ] || fail "a broken case has results"
cp -r "$work/kit" "$work/sneak" && sed -i '0,/"name": *"[^"]*"/s//"name": "..\/sneaky"/' "$work/sneak/manifest.json"
refuse "$host" "$work/sneak" "$work/a"

if [ -n "$cuda" ]; then
  echo "== the same cases by the kernels, or a clear word that there is no GPU"
  if "$cuda" "$work/kit" "$work/gpu" 2>"$work/error.txt"; then
    "$vectors" check "$work/kit" --outputs "$work/gpu" --tasks "$tasks"
  else
    cat "$work/error.txt"
    refuse "$cuda" "$work/kit" "$work/gpu"
    grep -q '^port_cuda: CUDA: ' "$work/error.txt" || fail "a failure that is not the lack of a GPU"
    [ ! -e "$work/gpu" ] || fail "a folder was made without a GPU"
  fi
  "$cuda" --host "$work/kit" "$work/again" >/dev/null
  diff -r "$work/host" "$work/again" || fail "--host is not what port_cuda_host does"
fi
echo "all as it should be"
