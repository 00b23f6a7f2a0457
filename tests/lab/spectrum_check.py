# SPDX-License-Identifier: MIT
"""Computes again, from q and k alone and in float64, all that the spectrum program wrote.

    spectrum_check.py FOLDER          compares FOLDER/spectrum.{json,safetensors} with FOLDER/qk.safetensors
    spectrum_check.py --plant FILE    writes q and k of one layer, six heads, a spike planted in head 4
    spectrum_check.py --planted FOLDER  whether FOLDER/spectrum.json ranks that head first, or says why it cannot
"""
import json
import sys

import numpy as np

TOLERANCE = 1e-5  # relative: what the program promises beside any engine's float64
TAU = 2 * np.pi


def read(path):
    data = open(path, "rb").read()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    metadata = header.pop("__metadata__", {})
    kinds = {"F32": "<f4", "F64": "<f8"}
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(data[begin:end], kinds[entry["dtype"]]).reshape(entry["shape"])
    return tensors, metadata


def write(path, tensors, metadata):
    header, body = {"__metadata__": metadata}, b""
    for name, array in tensors.items():
        bytes_ = array.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": [len(body), len(body) + len(bytes_)]}
        body += bytes_
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + body)


worst = {}


def agree(name, given, wanted, floor=1e-12):
    """Relative to what is wanted; floor: what counts as zero beside 1, or beside a given scale."""
    given, wanted = np.asarray(given, float), np.asarray(wanted, float)
    error = np.max(np.abs(given - wanted) / np.maximum(np.abs(wanted), floor), initial=0.0)
    worst[name] = max(worst.get(name, 0.0), error)
    if not error <= TOLERANCE:
        at = np.argmax(np.abs(given - wanted) / np.maximum(np.abs(wanted), floor))
        sys.exit(f"{name}: {given.ravel()[at]} against {wanted.ravel()[at]}, {error:.1e} off, at {at}")


def pairs(width, pairing):
    bands = np.arange(width // 2)
    return (bands, bands + width // 2) if pairing == "half_split" else (2 * bands, 2 * bands + 1)


def rotate(x, omega, factor, pairing):
    a, b = pairs(2 * len(omega), pairing)
    angle = np.arange(len(x))[:, None] * omega[None, :]
    cos, sin = factor * np.cos(angle), factor * np.sin(angle)
    turned = x.copy()
    turned[:, a] = x[:, a] * cos - x[:, b] * sin
    turned[:, b] = x[:, a] * sin + x[:, b] * cos
    return turned


def minus_x_log_x(x):
    return np.where(x > 0, -x * np.log(np.where(x > 0, x, 1.0)), 0.0)


def entropy(name, values, centred, blocks):
    word, _, argument = name.rstrip(")").partition("(")
    r = int(argument[2:]) if argument.startswith("r=") else 0
    p = values / values.sum()
    if word == "von_neumann":
        return minus_x_log_x(p).sum()
    if word == "band_mean":
        return np.mean([minus_x_log_x(w / w.sum()).sum() for w in blocks])
    if word == "truncated_effective_rank":
        return np.exp(minus_x_log_x(values[:r] / values[:r].sum()).sum())
    if word == "truncated_mean":
        return -minus_x_log_x(values[:r]).sum() / r
    if word == "uncomp":
        return minus_x_log_x(centred[:r] / centred.sum() + 1e-10).sum() / np.log(len(values))
    return values[0] if argument == "raw" else p[0]


def check_bands(x, a, b, fields, values):
    energy = np.sum(x**2)
    for band in range(len(a)):
        xy = x[:, [a[band], b[band]]]
        norm = np.linalg.norm(xy, axis=1)
        angle = np.sort(np.arctan2(xy[:, 1], xy[:, 0]))
        gaps = np.append(np.diff(angle), angle[0] + TAU - angle[-1])
        half = (TAU - gaps.max()) / 2
        cosine = np.cos(half) if half < np.pi / 2 else 0.0
        wanted = {
            "rms_norm": np.sqrt(np.mean(norm**2)),
            "min_norm": norm.min(),
            "energy_share": np.sum(norm**2) / energy,
            "cone_half_angle": half,
            "coherent_sum": np.linalg.norm(xy.sum(axis=0)),
            "coherent_sum_bound": len(x) * norm.min() * cosine,
            "largest_eigenvalue": np.linalg.eigvalsh(xy.T @ xy)[-1],
            "largest_eigenvalue_bound": len(x) * (norm.min() * cosine) ** 2,
        }
        for i, field in enumerate(fields):
            # A cosine near 90 degrees has no digits of its own: beside the bound of γ = 0.
            floor = 1e-9 * len(x) * norm.min() ** (2 if "eigenvalue" in field else 1) if "bound" in field else 1e-12
            agree("bands." + field, values[band, i], wanted[field], floor)


def check_scores(q, k, a, b, fields, values, reports):
    """reports: the key's and query's rows of the band fields, for the bound's two factors."""
    d = q.shape[1]
    for band in range(len(a)):
        grams = [x[:, [a[band], b[band]]].T @ x[:, [a[band], b[band]]] for x in (q, k)]
        tops = [np.linalg.eigh(gram)[1][:, -1] for gram in grams]
        cosine = min(1.0, abs(tops[0] @ tops[1]))
        angle = np.arctan2(abs(np.linalg.det(np.stack(tops))), cosine)
        sigma = np.sqrt(max(np.linalg.eigvals(grams[0] @ grams[1]).real) / d)
        bounds = np.sqrt(reports[0][band] * reports[1][band])
        wanted = {
            "principal_angle": angle,
            "largest_singular_value": sigma,
            "largest_singular_value_bound": bounds * cosine / np.sqrt(d),
            "entry_bound": sigma / len(q),
        }
        for i, field in enumerate(fields):
            agree("scores." + field, values[band, i], wanted[field], 1e-9 * max(1.0, sigma))


def check_attention(q, k, rows, bins, needle, record, last, mean):
    keep = {"sink_score": [], "entropy": [], "recency": [], "distance": [], "needle_mass": []}
    binned = []
    for row in rows:
        score = k[: row + 1] @ q[row] / np.sqrt(q.shape[1])
        share = np.exp(score - score.max())
        share /= share.sum()
        keep["sink_score"].append(share[0])
        keep["entropy"].append(minus_x_log_x(share).sum())
        keep["recency"].append(share[-64:].sum())
        keep["distance"].append(share @ np.arange(row, -1, -1))
        if needle and row >= needle[1]:
            keep["needle_mass"].append(share[needle[0] : needle[1]].sum())
        whole = np.append(share, np.zeros(len(q) - row - 1))
        binned.append([whole[first:end].sum() for first, end in bins])
    for name, values in keep.items():
        if values:
            agree("attention." + name, record[name], np.mean(values), 1e-9)
    if needle:
        agree("attention.retrieval", record["retrieval"], share[needle[0] : needle[1]].sum(), 1e-9)
    agree("attention.last", last, binned[-1], 1e-9)
    agree("attention.mean", mean, np.mean(binned, axis=0), 1e-9)


def check_maps(before, after, bins, magnitude, tokens, cosines):
    for i, x in enumerate((before, after)):
        agree("magnitude", magnitude[i], [np.abs(x[first:end]).mean(axis=0) for first, end in bins])
    values, vectors = np.linalg.eigh(after.T @ after)
    values, vectors = values[::-1], vectors[:, ::-1]
    vectors = vectors * np.sign(vectors[np.argmax(np.abs(vectors), axis=0), np.arange(len(values))])
    wanted = (after[tokens] / np.linalg.norm(after[tokens], axis=1, keepdims=True)) @ vectors
    apart = np.ones(len(values), bool)  # eigenvectors of close eigenvalues are anyone's choice
    close = -np.diff(values) < 1e-6 * values[0]
    apart[:-1] &= ~close
    apart[1:] &= ~close
    agree("cosines", cosines[:, apart], wanted[:, apart], 1e-3)
    return apart.sum()


def check(folder):
    qk, said = read(folder + "/qk.safetensors")
    out, meta = read(folder + "/spectrum.safetensors")
    report = json.load(open(folder + "/spectrum.json", encoding="utf-8"))
    settings = report["settings"]
    q, k = qk["q"].astype(float), qk["k"].astype(float)
    layers, tokens, heads, width = q.shape
    base, trained = float(said["base"]), int(said["training_length"])
    rotated, pairing = int(said["rotated_width"]), said["pairing"]
    native = base ** (-np.arange(0, rotated, 2) / rotated)
    agree("native frequencies", settings["native_frequencies"], native)
    scaled = np.array(settings["scaled_frequencies"])
    if settings["scaling"].startswith("dynamic_ntk"):
        stretch = max(1.0, int(said.get("length", tokens)) / trained) ** (rotated / (rotated - 2))
        agree("scaled frequencies", scaled, (base * stretch) ** (-np.arange(0, rotated, 2) / rotated))
    needle = [int(n) for n in said["needle"].split(":")] if "needle" in said else None
    a, b = pairs(rotated, pairing)
    names = meta["entropies"].split(",")
    band_fields, score_fields = meta["band_fields"].split(","), meta["score_fields"].split(",")
    bins = len(out["attention.last"][0, 0])
    bins = [(i * tokens // bins, (i + 1) * tokens // bins) for i in range(bins)]
    count = settings["attention_rows"]
    rows = [(i + 1) * tokens // count - 1 for i in range(count)]
    map_tokens = [int(token) for token in meta["map_tokens"].split(",")]

    def turned(x):
        return [x, rotate(x, scaled, settings["attention_factor"], pairing), rotate(x, native, 1.0, pairing)]

    records = {(r["layer"], r["side"], r["head"], r["stage"]): r for r in report["heads"]}
    stages = meta["stages"].split(",")
    compared = 0
    for layer in range(layers):
        rows_of = {side: [turned(x[layer, :, h]) for h in range(x.shape[2])] for side, x in (("query", q), ("key", k))}
        for side, all_heads in rows_of.items():
            for head, of_stage in enumerate(all_heads):
                for s, x in enumerate(of_stage):
                    values = np.maximum(np.linalg.eigvalsh(x.T @ x)[::-1], 0)
                    c = x - x.mean(axis=0)
                    c /= np.linalg.norm(c, axis=1, keepdims=True)
                    centred = np.maximum(np.linalg.eigvalsh(c.T @ c)[::-1], 0)
                    blocks = [np.linalg.eigvalsh(x[:, [i, j]].T @ x[:, [i, j]]) for i, j in zip(a, b)]
                    at = (layer, head, s)
                    agree("eigenvalues", out[side + ".eigenvalues"][at], values, 1e-9 * values[0])
                    agree("centred eigenvalues", out[side + ".centred_eigenvalues"][at], centred, 1e-9 * centred[0])
                    wanted = [entropy(name, values, centred, blocks) for name in names]
                    agree("entropies", out[side + ".entropies"][at], wanted)
                    record = records[layer, side, head, stages[s]]
                    agree("entropies", [record["entropies"][name] for name in names], wanted)
                    p = values / values.sum()
                    ranks = {
                        "trace": values.sum(),
                        "effective_rank": np.exp(minus_x_log_x(p).sum()),
                        "participation_ratio": 1 / np.sum(p**2),
                        "stable_rank": 1 / p[0],
                        "mean_share": len(x) * np.sum(x.mean(axis=0) ** 2) / values.sum(),
                    }
                    for name, rank in ranks.items():
                        agree(name, record[name], rank, 1e-9)
                    check_bands(x, a, b, band_fields, out[side + ".bands"][at])
                check_maps(of_stage[0], of_stage[1], bins, out[side + ".magnitude"][layer, head], map_tokens,
                           out[side + ".cosines"][layer, head])
                compared += 1
        group = heads // k.shape[2]
        bound = band_fields.index("largest_eigenvalue_bound")
        for head in range(heads):
            for s in range(3):
                reports = [out["query.bands"][layer, head, s, :, bound], out["key.bands"][layer, head // group, s, :, bound]]
                check_scores(rows_of["query"][head][s], rows_of["key"][head // group][s], a, b, score_fields,
                             out["scores"][layer, head, s], reports)
            check_attention(rows_of["query"][head][1], rows_of["key"][head // group][1], rows, bins, needle,
                            report["attention"][layer * heads + head], out["attention.last"][layer, head],
                            out["attention.mean"][layer, head])
    sinks = [record["sink_score"] > 0.3 for record in report["attention"]]
    agree("sink rate", report["sink_rate"], np.mean(sinks))
    # The tidy records say what the tensors say.
    fields = {(r["layer"], r["side"], r["head"], r["stage"], r["band"]): r for r in report["bands"]}
    for (layer, side, head, stage, band), record in fields.items():
        agree("records of bands", [record[f] for f in band_fields],
              out[side + ".bands"][layer, head, stages.index(stage), band])
    for record in report["scores"]:
        agree("records of scores", [record[f] for f in score_fields],
              out["scores"][record["layer"], record["head"], stages.index(record["stage"]), record["band"]])
    print(f"{compared} heads of {tokens} tokens agree; furthest: "
          + ", ".join(f"{name} {error:.0e}" for name, error in sorted(worst.items(), key=lambda e: -e[1])[:4]))


def plant(path):
    random = np.random.default_rng(7)
    q, k = random.standard_normal((2, 200, 6, 32))
    direction = random.standard_normal(32)
    for x in (q, k):
        x[:, 4] += random.standard_normal((200, 1)) * 3 * direction
    write(path, {"q": q, "k": k}, {"base": "10000", "training_length": "64", "pairing": "interleaved"})


def planted(folder):
    rankings = json.load(open(folder + "/spectrum.json", encoding="utf-8"))["rankings"]
    ranked = []
    for ranking in rankings:
        name = "{stage}/{side}/{entropy}".format(**ranking)
        if ranking["refusal"]:
            assert not ranking["heads"], name
        elif ranking["stage"] == "pre_ntk":  # where the spike was planted
            assert ranking["heads"][0] == [0, 4] and len(ranking["heads"]) == 6, (name, ranking["heads"])
            assert ranking["spikiest"] == 1, name
            ranked.append(name)
    refused = {r["entropy"]: r["refusal"] for r in rankings if r["stage"] == "pre_ntk" and r["refusal"]}
    assert set(refused) == {"truncated_effective_rank(r=1)", "uncomp(r=1)"}, refused
    print(f"{len(ranked)} rankings put the planted head first; refused: {refused}")


if __name__ == "__main__":
    if sys.argv[1] == "--plant":
        plant(sys.argv[2])
    elif sys.argv[1] == "--planted":
        planted(sys.argv[2])
    else:
        check(sys.argv[1])
