#!/usr/bin/env bash
# The compile time of each umbrella header in a unit that uses nothing of it: seconds of processor time, g++ -O2,
# the median of five.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "| umbrella header | seconds |"
echo "|---|---|"
for header in core rope spectral denoise dope conformance; do
  for _ in 1 2 3 4 5; do
    TIMEFORMAT=%U
    { time echo "#include <dope/$header.hpp>" |
        g++ -std=c++20 -O2 -Iinclude -isystem /usr/include/eigen3 -x c++ -c - -o /dev/null; } 2>&1
  done | sort -n | sed -n "3s|.*|\| dope/$header.hpp \| & \||p"
done
