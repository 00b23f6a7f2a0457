#!/usr/bin/env bash
# The output that a page shows is what the program prints, and the picture in docs is the one it draws, to a pixel's
# fifth.   lesson.sh PROGRAM NAME PAGE [PICTURE]      NAME: the file in examples/course, without .cpp
set -euo pipefail
program=$1 name=$2 page=$3 picture=${4-}
shown=$(sed -n "/^<!-- output of examples\/course\/$name.cpp -->\$/,/^\`\`\`\$/p" "$page" | sed '1,2d;$d')
[ -n "$shown" ] || { echo "FAILED: no output of $name in $page" >&2; exit 1; }
if [ -z "$picture" ]; then
  diff <(echo "$shown") <("$program")
  exit
fi

folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
diff <(echo "$shown") <("$program" --svg "$folder/picture.svg")

# Another compiler's last bit may turn a rounding around: coordinates may differ by 0.2, twice their rounding,
# and colours by 2 of 255.
python3 - "$picture" "$folder/picture.svg" <<'PROGRAM'
import re
import sys

def pieces(path):
    with open(path, encoding="utf-8") as file:
        return re.findall(r"#[0-9a-f]{6}|[0-9]+(?:[.][0-9]+)?|[^0-9#]+|#", file.read())

def alike(a, b):
    if a[0] == b[0] == "#" and len(a) == len(b) == 7:
        return all(abs(int(a[i : i + 2], 16) - int(b[i : i + 2], 16)) <= 2 for i in (1, 3, 5))
    return a == b or (a[0].isdigit() and b[0].isdigit() and abs(float(a) - float(b)) <= 0.2)

committed, drawn = (pieces(path) for path in sys.argv[1:])
for a, b in zip(committed + [" end"], drawn + [" end"]):
    if not alike(a, b):
        sys.exit(f'FAILED: {sys.argv[1]} has "{a}" where the program draws "{b}"')
PROGRAM

# A word that is no option, and a file that cannot be written: one line, and nothing left behind.
refused() {
  if "$program" "$@" >/dev/null 2>"$folder/error"; then
    echo "FAILED: $name takes $*" >&2
    exit 1
  fi
  [ "$(wc -l <"$folder/error")" -eq 1 ] || { echo "FAILED: not one line of error for $*" >&2; exit 1; }
}
refused --nonsense
refused --svg
