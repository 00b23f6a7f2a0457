#!/usr/bin/env bash
# The needle lab on the embedded model: installs what is missing, builds into build/, runs, and leaves its table
# and pictures in out/needle. Arguments go to the program: `bash examples/run.sh --help` explains them.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/cmake/packages.sh"

need_packages "${program_packages[@]}"
{
  cmake -S "$root" -B "$root/build" -DCMAKE_CXX_COMPILER=g++ -DCMAKE_BUILD_TYPE=Release -DDOPE_BUILD_PROGRAMS=ON
  cmake --build "$root/build" --target needle --parallel "$(nproc)"
} >&2
exec "$root/build/examples/needle" --model "$root/examples/model" --out "$root/out/needle" "$@"
