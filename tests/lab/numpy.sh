# Sets python to a python3 that has NumPy. To be sourced: needs fail.
python=
for candidate in python3 /usr/bin/python3; do
  if "$candidate" -c 'import numpy' 2>/dev/null; then
    python=$candidate
    break
  fi
done
[ -n "$python" ] || fail "no python3 with NumPy (Debian: python3-numpy)"
