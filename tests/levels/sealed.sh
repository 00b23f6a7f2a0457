#!/usr/bin/env bash
# A program of several x86-64 levels, taken apart: nothing outside of the levels' own code needs more than x86-64, no
# level's code needs more than its level, and no symbol of a level but its entry is seen by another.
#   sealed.sh ENTRY PROGRAM LEVEL_OBJECT...
set -euo pipefail
entry=$1
program=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

echo "== of a level, only its entry is global"
levels=
for object in "$@"; do
  level=${object%.o}
  level=${level##*_}
  levels+=" $level"
  globals=$(nm --defined-only --extern-only --format=posix "$object" | cut -d' ' -f1,2)
  [ "$globals" = "${entry}_$level T" ] || fail "$object has other global symbols: $globals"
  readelf --section-headers --wide "$object" >"$work/sections.txt"
  if grep -E ' \.(text|init_array|ctors)' "$work/sections.txt"; then fail "$object has code or constructors elsewhere"; fi
done
[ "$levels" = " baseline v3 v4" ] || fail "levels are$levels"

# Instructions by section: in AVX all names begin with v (but those of virtual machines), and so do the registers that
# only AVX-512 has. BLIS chooses its own kernels by processor: functions of its name are left out.
objdump --disassemble --no-show-raw-insn "$program" | awk -v blis="$([ "$entry" = main ] && echo bli_)" '
  /^Disassembly of section / { section = $4; sub(/:$/, "", section) }
  /^[0-9a-f]+ <.*>:$/ { name = $2; skipped = blis != "" && index(name, "<" blis) == 1 }
  /^ *[0-9a-f]+:\t/ {
    if (skipped) next
    split($0, part, "\t")
    instruction = part[2]
    ++all[section]
    if (instruction ~ /%zmm|%[xy]mm(1[6-9]|2[0-9]|3[01])|\{%k[0-7]\}/) {
      if (!(section in v4)) v4[section] = name
    } else if (instruction ~ /^v/ && instruction !~ /^(verr|verw|vm)/ ||
               instruction ~ /^(andn|bextr|bls|bzhi|mulx|pdep|pext|rorx|sarx|shlx|shrx|lzcnt|movbe) /) {
      if (!(section in v3)) v3[section] = name
    }
  }
  END {
    for (section in all)
      print section, all[section], (section in v3) ? v3[section] : "-", (section in v4) ? v4[section] : "-"
  }' >"$work/instructions.txt"

echo "== instructions of x86-64-v3 and -v4 are in the code of these levels alone"
cat "$work/instructions.txt"
seen=
while read -r section count v3 v4; do
  case $section in
    dope_code_v4) [ "$v4" != - ] || fail "$section has no AVX-512: not compiled for its level" ;;
    dope_code_v3) [ "$v4" = - ] || fail "$section needs AVX-512: $v4"
      [ "$v3" != - ] || fail "$section has no AVX: not compiled for its level" ;;
    *) [ "$v3$v4" = -- ] || fail "$section needs AVX: $v3 $v4" ;;
  esac
  [ "$count" -gt 0 ] && seen+=" $section"
done <"$work/instructions.txt"
for section in .text dope_code_baseline dope_code_v3 dope_code_v4; do
  [[ "$seen " == *" $section "* ]] || fail "no code in $section"
done
echo "all as it should be"
