#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compute every case of an exported conformance kit with NumPy. Copy it, and put your kernel in.

    build/examples/vectors export vectors
    python3 examples/port_numpy/runner.py vectors out
    build/examples/vectors check vectors --outputs out

Each function below serves one task: attributes and inputs of a case in, {name: array} out, in float64.
Leave out of TASKS what your kernel does not do, and name the rest to check: --tasks rotate,gram. A function
may return None for a case that it cannot run; check is then told by --skip.
"""
import json
import os
import sys

import numpy as np

import heads
import rope
import tensors


def spans(chunks):
    """Slices of the tokens of each call: a long prompt in parts, then token by token."""
    first = 0
    for count in chunks:
        yield slice(first, first + count)
        first += count


def rotate(task, x, positions, omega, attention_factor):
    """x is the caller's whole buffer. Its rows are turned, and what lies between them stays."""
    y = x.copy()
    view = np.lib.stride_tricks.as_strided(
        y, (task["tokens"], task["heads"], task["head_width"]),
        (8 * task["token_stride"], 8 * task["head_stride"], 8))
    if not task["given_tables"]:
        omega, attention_factor = (np.array([value]) for value in rope.frequencies(task))
    positions = positions.astype(task["position_type"])
    for span in spans(task["chunks"]):
        for head in range(task["heads"]):
            table = head % task["tables"]
            rope.rotate(view[span, head], positions[span], omega[table], attention_factor[table],
                        task["pairing"], task["angles"], task["direction"])
    return {"y": y}


def frequencies(task):
    omega, attention = rope.frequencies(task)
    return {"omega": omega, "attention_factor": np.array([attention])}


def denoise(task, q, k, positions):
    """q and k of one layer; a copy of the key for each query head that reads one of its own."""
    denoiser = heads.Denoiser(task)
    owners = task["owners"]
    q, k, own = q.copy(), k.copy(), k[:, [owner // denoiser.group for owner in owners]]
    for span in spans(task["chunks"]):
        for head in range(q.shape[1]):
            denoiser.query(q[span, head], head, positions[span])
        for head in range(k.shape[1]):
            denoiser.shared_key(k[span, head], head, positions[span])
        for i, owner in enumerate(owners):
            denoiser.own_key(own[span, i], owner, positions[span])
    return {"q": q, "k": k, "own_keys": own} if owners else {"q": q, "k": k}


def gram(task, x):
    return {"gram": heads.gram(x, task["centring"], task["rows"])}


def entropy(task, x):
    return {"scores": np.array([heads.entropy(name, x, task["pairing"]) for name in task["entropies"]])}


def select(task, scores):
    return {"heads": heads.select(scores, task["amount"], task["order"])}


def noise(task, positions):
    words = heads.noise_words(int(task["seed"]), task["layer"], task["head"], task["side"], positions,
                              task["width"])
    return {"words": words, "values": heads.normals(words, task["width"])}


TASKS = {"rotate": rotate, "frequencies": frequencies, "denoise": denoise, "gram": gram,
         "entropy": entropy, "select": select, "noise": noise}


def run(folder, out):
    with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as file:
        manifest = json.load(file)
    if (manifest["format"], manifest["version"]) != ("dope-conformance", 1):
        sys.exit(f"{folder}: given {manifest['format']} {manifest['version']}, expected dope-conformance 1")
    os.makedirs(out, exist_ok=True)
    for case in manifest["cases"]:
        if case["task"] not in TASKS:
            continue
        stored = tensors.read(os.path.join(folder, case["file"]))
        inputs = {i["name"]: stored["input." + i["name"]] for i in case["inputs"]}
        results = TASKS[case["task"]](case["attributes"], **inputs)
        if results is None:
            continue
        # Where more than one dtype is allowed, the last is the widest.
        tensors.write(os.path.join(out, case["name"] + ".safetensors"),
                      {o["name"]: (o["dtypes"][-1], results[o["name"]]) for o in case["outputs"]})


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: runner.py DIR OUT")
    try:
        run(sys.argv[1], sys.argv[2])
    except OSError as error:
        sys.exit(f"runner.py: {error}")
