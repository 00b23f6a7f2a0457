# For tests of a page in a browser, which set here (the folder of this file), chromium, work and fail.

# browse PAGE ARGUMENTS...: prints what browser_page.py finds wrong.
browse() { timeout 300 python3 "$here/browser_page.py" "$chromium" "$@"; }

# refuse_page PAGE WORDS CHANGE ARGUMENTS...: broken by CHANGE, an expression in Python of `page`, its text, the page is
# found wrong in these WORDS.
refuse_page() {
  local page=$1 words=$2 change=$3
  shift 3
  python3 - "$page" "$work/broken.html" "$change" <<'PYTHON'
import re, sys
page = open(sys.argv[1]).read()
changed = eval(sys.argv[3], {"page": page, "re": re})
assert changed != page, "nothing is broken"
open(sys.argv[2], "w").write(changed)
PYTHON
  if browse "$work/broken.html" "$@" --brief >"$work/found.txt"; then fail "not found: $words"; fi
  grep -q "$words" "$work/found.txt" || fail "found otherwise than $words: $(head -5 "$work/found.txt")"
}

# The page without its content security policy, for CHANGE: then the browser itself refuses nothing.
unguarded='re.sub("<meta http-equiv[^>]*>", "", page)'
