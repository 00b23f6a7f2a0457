#!/usr/bin/env bash
# Draws the pictures of the course's pages again, docs/pictures/course: installs what is missing, builds the lessons
# into build/, and runs each.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/cmake/packages.sh"

need_packages "${program_packages[@]}"
{
  cmake -S "$root" -B "$root/build" -DCMAKE_CXX_COMPILER=g++ -DCMAKE_BUILD_TYPE=Release -DDOPE_BUILD_TESTS=OFF
  cmake --build "$root/build" --target course --parallel "$(nproc)"
} >&2
mkdir -p "$root/docs/pictures/course"
cd "$root"
for lesson in examples/course/[0-9]*.cpp; do
  name=$(basename "$lesson" .cpp)
  [ "$name" = 00_first_program ] && continue  # prints, draws nothing
  "build/examples/course_$name" --svg "docs/pictures/course/$name.svg" >/dev/null
  echo "docs/pictures/course/$name.svg"
done
