# The report's output stays what a person can look at, whatever the input:  report_bounds.py PROGRAM
# Each case is a folder made to grow some part of the page; the page has at most 10 MB, says what it left out, and comes
# within a limit that only something quadratic passes.
import json
import os
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]
MOST = 10_000_000
LIMIT = 300  # seconds, for one case under sanitizers on a busy machine
CONFIGURATION = {"program": "needle", "scaling": "dynamic_ntk", "model": {"layers": 4, "training_length": 512}}


def cell(method="plain", length=512, setup="original", depth=0.5, prompts=4, how=None):
    value = {"method": method, "length": length, "training_length": 512, "setup": setup, "depth": depth,
             "hits": prompts // 2, "prompts": prompts, "verdicts": "10" * (prompts // 2)}
    if how is not None:
        value["how"] = how
    return "test/%d/%s/%.4f/%s" % (length, setup, 100 * depth, method), value


def write(folder, cells, configuration=None):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "results.jsonl"), "w") as out:
        out.write(json.dumps({"dope_lab_results": 1, "configuration": configuration or CONFIGURATION}) + "\n")
        for key, value in cells:
            out.write(json.dumps({"key": key, "cell": value}) + "\n")


def grid(lengths, methods, setups=("original", "noisy")):
    for length in range(lengths):
        for method in ["plain", "dynamic_ntk"] + ["m%d" % m for m in range(methods - 2)]:
            for setup in setups:
                yield cell(method, 128 + 16 * length, setup)


def swept(lengths, transforms, counts):
    for length in range(lengths):
        plans = [{"transform": "t%d" % t, "heads": [[0, n % 8]], "prompts": 4, "hits": n % 5, "log_probability": -1.0,
                  "selectors": [{"stage": "post_ntk", "side": "key", "entropy": "e%d" % n, "r": n + 1,
                                 "order": "ascending", "n": n}]}
                 for t in range(transforms) for n in range(counts)]
        yield "sweep/%d" % (512 + length), {"length": 512 + length, "plans": plans,
                                            "baseline": {"prompts": 4, "hits": 2, "log_probability": -1.0}}


def attention(lengths, rows, bins):
    for length in range(512, 512 + lengths):
        tokens = max(bins, length)
        shares = [round(1.0 / bins, 7)] * bins
        yield "attention/%d" % length, {
            "length": length, "tokens": tokens, "needle": [3, 9], "bins": bins, "mean_of": tokens,
            "rows": [{"layer": r // 32, "head": r % 32, "selected_by": ["by_all"] if r % 7 == 0 else [], "last": shares,
                      "mean": shares} for r in range(rows)]}


def head_maps(methods, heads, chosen):
    indicator = "post_ntk/query/von_neumann"
    yield "heads/512", {"scores": {indicator: [float(i % 97) for i in range(4 * heads)]}}
    how = {"indicator": indicator, "order": "ascending", "n": chosen,
           "heads": [[i % 4, i // 4 % heads] for i in range(chosen)]}
    for m in range(methods):
        yield cell("m%d" % m, how=how)


def svg(title, inside):
    return '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><title>%s</title>%s</svg>' % (title, inside)


def files(folder, table=None, pictures=()):
    write(folder, [], {"program": "effects"})
    names = ([] if table is None else ["table.md"]) + ["p%04d.svg" % i for i in range(len(pictures))]
    with open(os.path.join(folder, "run.json"), "w") as out:
        json.dump({"dope_lab_run": 1, "program": "effects", "files": names}, out)
    if table is not None:
        with open(os.path.join(folder, "table.md"), "w") as out:
            out.write(table)
    for i, picture in enumerate(pictures):
        with open(os.path.join(folder, "p%04d.svg" % i), "w") as out:
            out.write(picture)


def many_runs(folder):
    for run in range(60):
        write(os.path.join(folder, "run%03d" % run), grid(14, 30, ["s%d" % s for s in range(7)]) if run < 3 else grid(2, 3))


def lists(folder):
    os.makedirs(folder)
    with open(os.path.join(folder, "results.jsonl"), "w") as out:
        out.write(json.dumps({"dope_lab_results": 1, "configuration": CONFIGURATION}) + "\n")
        out.write('{"key":"other/1","cell":{"list":[' + ",".join(["0"] * 3_000_000) + "]}}\n")
        out.write(json.dumps(dict(zip(("key", "cell"), cell()))) + "\n")


EVENLY = "evenly spaced, the first and the last among them."
CASES = [
    ("many lengths and methods", lambda f: write(f, grid(250, 50)),
     ["Lengths: 12 of 250 are shown, " + EVENLY, "Methods: 24 of 50 are shown, the first in the file, and dynamic_ntk."]),
    ("more lengths", lambda f: write(f, grid(500, 4)), ["Lengths: 12 of 500 are shown"]),
    ("only methods", lambda f: write(f, (cell("m%d" % i) for i in range(20000))), ["Methods: 24 of 20000 are shown"]),
    ("only setups", lambda f: write(f, (cell(setup="s%d" % i) for i in range(20000))), ["Setups: 6 of 20000 are shown"]),
    ("only depths", lambda f: write(f, (cell(depth=i / 20000) for i in range(20000))),
     ["Depths: 21 of 20000 are shown"]),
    ("many verdicts", lambda f: write(f, [cell(m, prompts=2_000_000) for m in ("plain", "dynamic_ntk", "by_all")]), []),
    ("many sweeps", lambda f: write(f, swept(40, 20, 60)),
     ["Sweeps: 6 of 40 are shown", "Transforms of the sweep at 512: 9 of 20 are shown",
      "Values of n: 32 of 60 are shown", "Values of entropy: 32 of 60 are shown"]),
    ("one wide sweep", lambda f: write(f, swept(1, 3000, 1)), ["Transforms of the sweep at 512: 9 of 3000 are shown"]),
    ("many attention cells", lambda f: write(f, attention(60, 100, 64)),
     ["Pictures of attention: 6 of 60 are shown", "Attention of heads at 512: 48 of 100 are shown, selected ones first"]),
    ("fine attention", lambda f: write(f, attention(1, 200, 4096)), ["Attention of heads at 512: 6 of 200 are shown"]),
    ("many maps of heads", lambda f: write(f, head_maps(24, 64, 200)), ["and 152 more"]),
    ("maps of many heads", lambda f: write(f, head_maps(5, 4000, 10)), ["5 maps of more than 8192 heads"]),
    ("many runs", many_runs, ["Left out: 28 further runs; the first 32 by name are shown."]),
    ("long lists that no one shows", lists, []),
    ("long text", lambda f: files(f, "".join("## h%d\n\nword_ &amp; <word>\n\n" % i for i in range(200000))),
     ["Left out here:", "a page holds at most 10 MB"]),
    ("long table", lambda f: files(f, "| a | b |\n| - | - |\n" + "| 1 | 2 |\n" * 200000),
     ["Rows: the first 500 of 200000 are shown."]),
    ("wide table", lambda f: files(f, "|" * 100000 + "\n|" + "-|" * 100000 + "\n" + "|\n" * 100000),
     ["Columns: the first 64 of 99999 are shown."]),
    ("table of underscores", lambda f: files(f, "| a |\n| - |\n| " + "_" * 1_000_000 + " |\n| [" + "[]" * 300_000 + " |\n"),
     []),
    ("many pictures", lambda f: files(f, None, [svg("p", "<!--" + "x" * 200000 + "-->")] * 100), ["Left out here:"]),
    ("picture of attributes", lambda f: files(f, None, [svg("p", "<g " + " ".join('a%d="1"' % i for i in range(200000)) + "/>")]),
     []),
]


def refused(name, make, words):
    with tempfile.TemporaryDirectory() as work:
        folder = os.path.join(work, "runs")
        make(folder)
        done = subprocess.run([PROGRAM, folder], capture_output=True, text=True, timeout=LIMIT)
        assert done.returncode == 1, (name, done.returncode)
        assert done.stderr.count("\n") == 1 and len(done.stderr) < 1000, (name, done.stderr[:2000])
        for word in words:
            assert word in done.stderr, (name, word, done.stderr)
        assert not os.path.exists(os.path.join(folder, "report.html")), name


def huge(folder):
    write(folder, grid(1, 3))
    os.truncate(os.path.join(folder, "results.jsonl"), 64_000_001)


def huge_together(folder):
    for run in "ab":
        write(os.path.join(folder, run), grid(1, 3))
        os.truncate(os.path.join(folder, run, "results.jsonl"), 40_000_000)


for name, make, words in CASES:
    with tempfile.TemporaryDirectory() as work:
        folder = os.path.join(work, "runs")
        make(folder)
        done = subprocess.run([PROGRAM, folder], capture_output=True, text=True, timeout=LIMIT)
        assert done.returncode == 0, (name, done.stderr[:2000])
        sizes = [os.path.getsize(os.path.join(folder, "report." + kind)) for kind in ("html", "md")]
        assert max(sizes) <= MOST, (name, sizes)
        for kind in ("html", "md"):
            page = open(os.path.join(folder, "report." + kind)).read().replace("\\", "")
            for word in words:
                assert word in page, (name, kind, word)
        print("%s: %d and %d bytes" % (name, *sizes), flush=True)

refused("a file too large", huge, ["results.jsonl", "64000001 bytes", "at most 64000000 bytes"])
refused("files too large together", huge_together, ["b/results.jsonl", "80000000 bytes"])
refused("a long name", lambda f: write(f, [cell("m" * 1_000_000)]), ["method", "a name of at most 300 bytes"])
refused("a long first line", lambda f: write(f, [], dict(CONFIGURATION, more="x" * 130_000)),
        ["line 1", "a configuration of at most 128000 bytes"])
