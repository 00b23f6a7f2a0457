#!/usr/bin/env bash
# Tests the tests: makes small wrong changes to the headers, one at a time, and sees whether a test fails.
#
#   bash tests/mutate.sh [--list] [--again] [--check] [--jobs N] [--total N] [HEADER...]
#
#   --list      only sum up the table of verdicts, tests/mutation/mutants.tsv
#   --again     try all mutants anew; otherwise those without a verdict, and those that survived
#   --check     status 1 unless 95 % are killed and every other one is argued equivalent
#   --jobs N    compile so many files at once (default: one for each core)
#   --total N   how many are made (default: 440)
#   HEADER      only mutants of these, as rope/scaling.hpp
#
# Killed half-way, it goes on from there the next time. docs/testing.md says how it works.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. cmake/packages.sh
case " $* " in
  *" --help "*)
    sed -n '2,/^set/ s/^# \{0,1\}//p' tests/mutate.sh
    exit ;;
  *" --list "*) need_packages python3 ;;
  *) need_packages "${test_packages[@]}" ;;
esac
exec python3 -B tests/mutation/mutate.py "$@"
