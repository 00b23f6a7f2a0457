# Writes a folder of lab runs with every kind of cell that a report shows, and hostile names:
#   report_runs.py FOLDER
# Numbers are a function of their place alone, so that the same folder comes again.
import json
import math
import os
import random
import sys

HOSTILE = '<script>document.title="pwned"</script>'
METHODS = ["plain", "positional_interpolation", "dynamic_ntk", "by_parts", "by_all", "greedy by_all", "random by_parts",
           HOSTILE]
TRANSFORMS = ["by_parts(reading=identity, threshold=native)", "by_all(reading=identity)"]
LAYERS, HEADS, TRAINING = 4, 8, 512


def fraction(*place):
    """A number in [0, 1) that looks drawn by lot."""
    return random.Random(repr(place)).random()


def wilson(hits, prompts, z=1.959963984540054):
    share = hits / prompts
    scale = 1 + z * z / prompts
    centre = (share + z * z / (2 * prompts)) / scale
    half = z * math.sqrt(share * (1 - share) / prompts + z * z / (4 * prompts * prompts)) / scale
    return [max(0.0, centre - half), min(1.0, centre + half)]


def picture(title):
    """One that would run, ask and refer to the page if it could."""
    return ('<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="640" height="240">'
            '<title>%s</title><script>document.title="pwned"</script><style>@import "http://pictures.example/x.css";</style>'
            '<rect width="640" height="240" fill="#ffffff" id="contents"/><path d="M20 220 L620 20" stroke="#0072b2"/>'
            '<image href="http://pictures.example/x.png" width="9" height="9"/></svg>\n'
            % title.replace("&", "&amp;").replace("<", "&lt;"))


def write(folder, configuration, cells, table=None, pictures=None):
    os.makedirs(folder)
    with open(os.path.join(folder, "results.jsonl"), "w") as out:
        out.write(json.dumps({"dope_lab_results": 1, "configuration": configuration}) + "\n")
        for key, cell in cells:
            out.write(json.dumps({"key": key, "cell": cell}) + "\n")
    # As lab/support/run_folder.hpp lists what a run wrote.
    files = ([] if table is None else ["table.md"]) + list(pictures or {})
    with open(os.path.join(folder, "run.json"), "w") as out:
        json.dump({"dope_lab_run": 1, "program": configuration["program"], "files": files}, out)
    if table is not None:
        with open(os.path.join(folder, "table.md"), "w") as out:
            out.write(table)
    for name, title in (pictures or {}).items():
        with open(os.path.join(folder, name), "w") as out:
            out.write(picture(title))


def configuration(task, lengths):
    return {"program": "needle", "task": task, "model": {"layers": LAYERS, "training_length": TRAINING},
            "lengths": lengths, "gqa": "per_query_head",
            "conventions": {"interval": "Wilson, 95 %", "noise": "start tokens right after the needle"}}


def tests(lengths, setups, depths, prompts):
    for length in lengths:
        for setup in setups:
            for depth in [0.5] if setup == "skip" else depths:
                for method in METHODS:
                    right = max(0.05, 1.0 - 0.3 * math.log2(length / TRAINING)) if length >= TRAINING else 0.95
                    verdicts = "".join("1" if fraction(length, setup, depth, method, i) < right else "0"
                                       for i in range(prompts))
                    how = {"scaling": "dynamic_ntk"}
                    if method.startswith("by_"):
                        how |= {"indicator": "post_ntk/key/truncated_mean(r=%d)" % (8 if length > 600 else 1),
                                "order": "ascending", "n": 2, "heads": [[0, 1], [2, 7]]}
                    if method.startswith("greedy "):
                        how |= {"chosen_by": "measured gain, head by head", "n": 1, "heads": [[1, 1]]}
                    hits = verdicts.count("1")
                    # A control's draws meet the same prompts.
                    scored = {"draws": [verdicts[:prompts // 2], verdicts[prompts // 2:]]} \
                        if method.startswith("random ") else {"verdicts": verdicts}
                    yield "test/%d/%s/%.1f/%s" % (length, setup, 100 * depth, method), {
                        "method": method, "length": length, "training_length": TRAINING, "setup": setup,
                        "noise": 4 if setup == "noisy" else 0, "depth": depth, "hits": hits, "prompts": prompts,
                        **scored, "wilson_95": wilson(hits, prompts), "first_seed": 1, "how": how}


def heads(length):
    names = ["post_ntk/key/truncated_mean(r=%d)" % r for r in (1, 8)]
    return "heads/%d" % length, {"scores": {
        name: [1.0 + 30.0 * fraction(name, length, i) for i in range(LAYERS * HEADS)] for name in names}}


def sweep(length):
    plans = []
    for transform in TRANSFORMS:
        for entropy in ("truncated_mean", "truncated_effective_rank", "uncomp", "von_neumann"):
            for r in ([None] if entropy == "von_neumann" else [1, 4, 8, 16, 32]):
                for n in range(1, 17):
                    place = (length, transform, entropy, r, n)
                    prompts = 44 if fraction(*place, "round") > 0.7 else 11
                    share = 0.55 - 0.02 * n + 0.3 * (fraction(*place) - 0.5)
                    hits = max(0, min(prompts, round(share * prompts)))
                    plans.append({
                        "transform": transform, "heads": [[i % LAYERS, i // LAYERS] for i in range(n)],
                        "selectors": [{"stage": stage, "side": side, "entropy": entropy, "r": r, "order": order, "n": n}
                                      for stage, side, order in (("post_ntk", "key", "ascending"),
                                                                 ("pre_ntk", "query", "descending"))],
                        "prompts": prompts, "hits": hits, "log_probability": -0.8 - share + 0.05 * n})
    return "sweep/%d" % length, {"length": length, "prompts_per_round": [11, 44],
                                 "baseline": {"prompts": 44, "hits": 22, "log_probability": -1.1}, "plans": plans}


def attention(length):
    bins = 128
    first = int(0.4 * length)
    rows = []
    for layer, head, by in ((0, 1, ["by_parts", "by_all"]), (2, 7, ["by_parts"]), (1, 3, []), (3, 0, [])):
        shares = {}
        for side in ("last", "mean"):
            weights = [0.05 + fraction(layer, head, side, b) for b in range(bins)]
            weights[0] += 60.0 if by else 20.0
            weights[-1] += 15.0
            if not by:
                weights[first * bins // length] += 25.0
            shares[side] = [weight / sum(weights) for weight in weights]
        rows.append({"layer": layer, "head": head, "selected_by": by, **shares})
    return "attention/%d" % length, {"length": length, "tokens": length - 6, "needle": [first, first + 25],
                                     "bins": bins, "mean_of": length // 8, "rows": rows}


def main(folder):
    lengths = [512, 1536, 4096]
    depths = [0.0, 0.25, 0.5, 0.75, 1.0]
    write(os.path.join(folder, "a-needle"), configuration("needle", lengths),
          [heads(length) for length in lengths] + list(tests(lengths, ["original", "noisy"], depths, 4)) +
          [sweep(length) for length in lengths[1:]] + [attention(length) for length in lengths[1:]])
    write(os.path.join(folder, "b-shots"), configuration("shots", [256, 512, 1024]),
          list(tests([256, 512, 1024], ["insert", "skip"], [0.0, 0.5, 1.0], 4)))
    write(os.path.join(folder, "c-perplexity"), {"program": "perplexity", "seed": 1},
          [("loss/512", {"nats": 2.5})],
          "# Perplexity\n\nOf the last half, by length.\n\n| method | 512 = L |\n| --- | ---: |\n"
          "| plain " + HOSTILE + " | 7.5 |\n\n- one note\n",
          {"bits.svg": "Bits against position, " + HOSTILE, "aside.svg": ""})
    write(os.path.join(folder, "d-unknown"), {"program": "unheard of"}, [("thing/1", {"x": 1})])


if __name__ == "__main__":
    main(sys.argv[1])
