#!/usr/bin/env bash
# The whole experiment on the embedded model, as docs/results.md shows it: both tasks with every baseline, the full
# sweep, greedy and random heads, heads chosen at other lengths and on the other task, perplexity, the effect of each
# head alone, and one page of it all. Hours on two cores; may be interrupted, and goes on where it was.
#
#   bash examples/results.sh            into out/results
#   bash examples/results.sh --docs     and its tables into docs/results.md
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/cmake/packages.sh"

docs=
case ${1-} in
  '') ;;
  --docs) docs=yes ;;
  --help) sed -n '2,/^set/ s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit ;;
  *) echo "error: given $1; expected --docs, --help or nothing" >&2; exit 2 ;;
esac

need_packages "${program_packages[@]}"
{
  cmake -S "$root" -B "$root/build" -DCMAKE_CXX_COMPILER=g++ -DCMAKE_BUILD_TYPE=Release -DDOPE_BUILD_PROGRAMS=ON
  cmake --build "$root/build" --target needle perplexity effects report --parallel "$(nproc)"
} >&2
out=$root/out/results
lab() { "$root/build/examples/$1" --model "$root/examples/model" "${@:2}" >&2; }

# All spelled out, whatever the program's defaults.
rows=plain,positional_interpolation,dynamic_ntk
prompts=(--depths 11 --prompts 4 --calibration 11 --noise 4)
lab needle "${prompts[@]}" --lengths 3L,8L --baselines all --sweep full --greedy 4 --draws 20 --out "$out/needle"
lab needle "${prompts[@]}" --lengths 3L --baselines $rows --transforms all --draws 0 --out "$out/readings"
lab needle "${prompts[@]}" --lengths 8L --baselines $rows --scaling llama3 --draws 8 --out "$out/llama3"
lab needle --depths 11 --prompts 8 --calibration 1 --noise 4 --lengths 8L --baselines $rows --scaling llama3 --seed 2 \
  --transforms by_gaussian --draws 0 --plan "$out/llama3/plans/4096_3_by_gaussian.json" --out "$out/again"
lab needle "${prompts[@]}" --lengths 8L --baselines $rows --scaling llama3 --calibrate-at 2L,4L,6L,8L --draws 0 \
  --out "$out/other_length"
lab needle "${prompts[@]}" --lengths 3L --baselines $rows --calibrate-on shots --draws 0 --out "$out/other_task"
lab needle --task shots --depths 4 --prompts 12 --calibration 11 --noise 4 --lengths 2L --baselines $rows \
  --calibrate-on needle --draws 0 --out "$out/shots_by_needle"
lab needle --task shots --depths 4 --prompts 16 --calibration 16 --lengths L/2,L,2L,3L,4L,8L --baselines all --draws 4 \
  --out "$out/shots"
plans=()
for plan in "$out"/needle/plans/1536_*.json; do plans+=(--plan "$plan"); done
lab perplexity "${plans[@]}" --out "$out/perplexity"
lab effects --out "$out/effects"
"$root/build/examples/report" "$out" >&2
echo "$out/report.html"

# Between "<!-- table: FILE -->" and "<!-- end -->" of the page stands FILE of out/results, its headings one lower.
if [ "$docs" ]; then
  page=$root/docs/results.md
  awk -v out="$out" '
    /^<!-- table: .* -->$/ {
      print
      file = out "/" $3
      print ""
      lines = 0
      while ((getline line < file) > 0) {
        ++lines
        if (line ~ /^# /) continue
        if (line ~ /^#/) line = "#" line
        print line
      }
      close(file)
      if (!lines || inside) exit bad = 1
      inside = 1
      next
    }
    /^<!-- end -->$/ { inside = 0 }
    !inside { print }
    END {
      if (!bad && !inside) exit
      print "error: given " file ", expected a table there, and <!-- end --> before the next" >"/dev/stderr"
      exit 1
    }
  ' "$page" >"$page.new" || { rm -f "$page.new"; exit 1; }
  mv "$page.new" "$page"
  echo "$page"
fi
