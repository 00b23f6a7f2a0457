#!/usr/bin/env bash
# What a unit pays that includes a door of the library and uses nothing of it: seconds of processor time,
# g++ -O2, the median of five.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "| door | seconds |"
echo "|---|---|"
for door in core rope spectral denoise dope conformance; do
  for _ in 1 2 3 4 5; do
    TIMEFORMAT=%U
    { time echo "#include <dope/$door.hpp>" |
        g++ -std=c++20 -O2 -Iinclude -isystem /usr/include/eigen3 -x c++ -c - -o /dev/null; } 2>&1
  done | sort -n | sed -n "3s|.*|\| dope/$door.hpp \| & \||p"
done
