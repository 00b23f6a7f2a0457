#!/usr/bin/env bash
# Draws the pictures of docs/pictures again: installs what is missing, builds the programs into build/, and runs each.
# Two need long runs of their own, which their pages name: bits_by_position.svg and growth.svg.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/cmake/packages.sh"

need_packages "${program_packages[@]}"
{
  cmake -S "$root" -B "$root/build" -DCMAKE_CXX_COMPILER=g++ -DCMAKE_BUILD_TYPE=Release -DDOPE_BUILD_PROGRAMS=ON
  cmake --build "$root/build" --target course atlas spectrum --parallel "$(nproc)"
} >&2
mkdir -p "$root/docs/pictures/course"
cd "$root"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build/examples/atlas --out "$work/atlas" >/dev/null
cp "$work/atlas/atlas.svg" docs/pictures/
build/examples/spectrum --out "$work/spectrum" >/dev/null
for name in bands cones bounds; do cp "$work/spectrum/$name.svg" "docs/pictures/spectrum_$name.svg"; done
printf 'docs/pictures/%s.svg\n' atlas spectrum_bands spectrum_cones spectrum_bounds
for lesson in examples/course/[0-9]*.cpp; do
  name=$(basename "$lesson" .cpp)
  [ "$name" = 00_first_program ] && continue  # prints, draws nothing
  "build/examples/course_$name" --svg "docs/pictures/course/$name.svg" >/dev/null
  echo "docs/pictures/course/$name.svg"
done
