#!/usr/bin/env bash
# The output that README.md shows is what the program prints.   first_program.sh PROGRAM README
set -euo pipefail
shown=$(sed -n '/^<!-- output of examples\/course\/00_first_program.cpp -->$/,/^```$/p' "$2" | sed '1,2d;$d')
[ -n "$shown" ] || { echo "FAILED: no output in $2" >&2; exit 1; }
diff <(echo "$shown") <("$1")
