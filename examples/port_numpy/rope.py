# SPDX-License-Identifier: MIT
"""Rotary position embedding: frequencies, their scalings, and the rotation. All in float64.

`rope` is a case's attributes: base b, rotated_width d, training_length L, length (of the request),
scaling {"name": ..., its parameters}.
"""
import numpy as np


def native(rope, base=None):
    """omega_f = b^(-2f/d), radians per position, f = 0 ... d/2 - 1."""
    d = rope["rotated_width"]
    return (base or rope["base"]) ** (-np.arange(0, d, 2) / d)


def rebased(rope, stretch):
    """NTK: the frequencies of the base b * stretch^(d/(d-2)). A single band has omega = 1 in any base."""
    d = rope["rotated_width"]
    return native(rope) if d == 2 else native(rope, rope["base"] * stretch ** (d / (d - 2)))


def blend(omega, factor, kept):
    """`kept` is the share that keeps its frequency; the rest is interpolated."""
    kept = np.clip(kept, 0, 1)
    return (1 - kept) * omega / factor + kept * omega


def turns(rope):
    """Full turns of each band over the training length."""
    return rope["training_length"] * native(rope) / (2 * np.pi)


def yarn_kept(rope, s):
    """YaRN as the field's code has it: a ramp that is linear in the band's index."""
    d, context, base = rope["rotated_width"], rope["training_length"], rope["base"]

    def band_of(rotations):
        return d * np.log(context / (2 * np.pi * rotations)) / (2 * np.log(base))

    low, high = band_of(s["beta_fast"]), band_of(s["beta_slow"])
    if s["ramp_ends"] == "whole_bands":
        low, high = np.floor(low), np.ceil(high)
    low, high = max(low, 0), min(high, d - 1)
    return 1 - np.clip((np.arange(d // 2) - low) / max(0.001, high - low), 0, 1)


def yarn_attention(s):
    """What cos and sin are multiplied by. Given by name, by two mscales, or from the factor."""
    def mscale(k):
        return 0.1 * k * np.log(s["factor"]) + 1 if s["factor"] > 1 else 1.0

    if s.get("attention_factor") is not None:
        return s["attention_factor"]
    if s.get("mscale") and s.get("mscale_all_dim"):
        return mscale(s["mscale"]) / mscale(s["mscale_all_dim"])
    return mscale(1)


def longrope_attention(rope, s):
    if s.get("attention_factor") is not None:
        return s["attention_factor"]
    return np.sqrt(1 + np.log(s["factor"]) / np.log(rope["training_length"])) if s["factor"] > 1 else 1.0


def frequencies(rope):
    """(omega [d/2], attention factor) of a request."""
    s, omega = rope["scaling"], native(rope)
    name, context, length = s["name"], rope["training_length"], rope["length"]
    if name == "unscaled":
        return omega, 1.0
    if name == "linear":
        return omega / s["factor"], 1.0
    if name == "static_ntk":
        return rebased(rope, s["factor"]), 1.0
    if name == "dynamic_ntk":
        longer = max(length, context) / context
        return rebased(rope, s["factor"] * longer - (s["factor"] - 1)), 1.0
    if name == "yarn":
        return blend(omega, s["factor"], yarn_kept(rope, s)), yarn_attention(s)
    if name == "yarn_paper":
        kept = (turns(rope) - s["beta_slow"]) / (s["beta_fast"] - s["beta_slow"])
        return blend(omega, s["factor"], kept), yarn_attention(s)
    if name == "llama3":
        low, high = s["low_frequency_factor"], s["high_frequency_factor"]
        return blend(omega, s["factor"], (turns(rope) - low) / (high - low)), 1.0
    if name == "longrope":
        divisors = s["long_factor"] if length > context else s["short_factor"]
        return omega / np.array(divisors), longrope_attention(rope, s)
    if name == "proportional":
        turning = np.floor(s["fraction"] * len(omega))
        return np.where(np.arange(len(omega)) < turning, omega, 0), 1.0
    raise ValueError(f"scaling {name!r}: unknown to this runner")


def exact_product(a, b):
    """a * b as an unevaluated sum of two doubles, without error (Dekker 1971)."""
    def split(x):
        high = x * 134217729.0
        high = high - (high - x)
        return high, x - high

    product = a * b
    (a1, a2), (b1, b2) = split(a), split(b)
    return product, ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2


def cos_sin(positions, omega, angles):
    """cos and sin of m * omega, [tokens, bands].

    exact: of the real product. float32_product: of fl32(fl32(m) * fl32(omega)), as most engines have it.
    """
    if angles == "float32_product":
        angle = positions.astype(np.float32)[:, None] * omega.astype(np.float32)
        return np.cos(angle.astype(np.float64)), np.sin(angle.astype(np.float64))
    angle, rest = exact_product(positions.astype(np.float64)[:, None], omega)
    c, s, dc, ds = np.cos(angle), np.sin(angle), np.cos(rest), np.sin(rest)
    return c * dc - s * ds, s * dc + c * ds


def pairs(pairing, bands):
    """The two channels that each band turns: (2f, 2f + 1), or (f, f + d/2)."""
    f = np.arange(bands)
    return (2 * f, 2 * f + 1) if pairing == "interleaved" else (f, f + bands)


def rotate(x, positions, omega, attention, pairing, angles="exact", direction="forward"):
    """One head, x [tokens, width], turned in place; channels past 2 * bands are left as they are."""
    c, s = cos_sin(positions, omega, angles)
    c, s = c * attention, s * attention
    if direction == "adjoint":
        s = -s
    first, second = pairs(pairing, len(omega))
    x1, x2 = x[:, first], x[:, second]
    x[:, first], x[:, second] = c * x1 - s * x2, s * x1 + c * x2
