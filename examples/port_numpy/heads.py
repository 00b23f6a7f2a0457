# SPDX-License-Identifier: MIT
"""Heads: their Grams and entropies, which of them are selected, noise, and what a denoised head loses."""
import re

import numpy as np

from rope import frequencies, native, pairs, rotate


def gram(x, centring="none", rows="none"):
    """X^T X of x [tokens, width]; rows centred first, then divided by their norms, as asked."""
    if centring == "token_mean":
        x = x - x.mean(axis=0)
    if rows == "unit":
        norm = np.linalg.norm(x, axis=1, keepdims=True)
        x = np.divide(x, norm, out=np.zeros_like(x), where=norm > 0)
    return x.T @ x


def eigenvalues(matrix):
    """Largest first; what rounding puts below 0 is 0."""
    return np.maximum(np.linalg.eigvalsh(matrix)[::-1], 0)


def plogp(p):
    """Sum of -p ln p, with 0 ln 0 = 0."""
    p = p[p > 0]
    return -np.sum(p * np.log(p))


def entropy(name, x, pairing):
    """A score of one head's rows by its name, such as "truncated_mean(r=8)". Natural logarithms."""
    kind, _, r = re.fullmatch(r"(\w+)(\(r=(\d+)\)|\(\w+\))?", name).groups()
    r = int(r or 0)
    if kind == "band_mean":
        bands = [eigenvalues(gram(x[:, pair])) for pair in np.transpose(pairs(pairing, x.shape[1] // 2))]
        return np.mean([plogp(values / values.sum()) for values in bands])
    if kind == "uncomp":
        values = eigenvalues(gram(x, "token_mean", "unit"))
        return plogp(values[:r] / values.sum() + 1e-10) / np.log(len(values))
    values = eigenvalues(gram(x))
    if kind == "von_neumann":
        return plogp(values / values.sum())
    if kind == "truncated_effective_rank":
        return np.exp(plogp(values[:r] / values[:r].sum()))
    if kind == "truncated_mean":
        return -plogp(values[:r]) / r
    if kind == "spectral_norm":
        return values[0] if name.endswith("(raw)") else values[0] / values.sum()
    raise ValueError(f"entropy {name!r}: unknown to this runner")


def select(scores, amount, order):
    """(layer, head) of the chosen heads, [n, 2]: by score, then layer, then head."""
    sign = 1 if order == "ascending" else -1
    ranked = sorted((sign * scores[index], index) for index in np.ndindex(scores.shape))
    count = amount.get("count")
    if count is None:
        count = max(k for k in range(scores.size + 1) if k / scores.size <= amount["quantile"])
    return np.array([index for _, index in ranked[:count]], np.int64).reshape(count, 2)


def philox(counter, key):
    """Philox4x32-10 (Salmon et al. 2011): ten rounds on four 32-bit words, here in uint64 arrays."""
    low = np.uint64(0xFFFFFFFF)
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        a, b = c0 * np.uint64(0xD2511F53), c2 * np.uint64(0xCD9E8D57)
        c0, c1, c2, c3 = b >> 32 ^ c1 ^ k0, b & low, a >> 32 ^ c3 ^ k1, a & low
        k0, k1 = (k0 + np.uint64(0x9E3779B9)) & low, (k1 + np.uint64(0xBB67AE85)) & low
    return np.stack([c0, c1, c2, c3], axis=-1)


def noise_words(seed, layer, head, side, positions, width):
    """uint32 words [tokens, 4 * ceil(width / 4)]: four for every block of four channels."""
    position, block = np.meshgrid(positions.astype(np.int64).view(np.uint64),
                                  np.arange((width + 3) // 4, dtype=np.uint64), indexing="ij")
    low, bits = np.uint64(0xFFFFFFFF), np.uint64(32)
    site = np.full_like(block, layer << 17 | head << 1 | (side == "key"))
    key = np.uint64(seed & 0xFFFFFFFF), np.uint64(seed >> 32)
    words = philox((block, position & low, position >> bits, site), key)
    return words.reshape(len(positions), -1).astype(np.uint32)


def normals(words, width):
    """Box-Muller on each pair of words: standard normals [tokens, width]."""
    words = words.astype(np.float64)
    radius = np.sqrt(-2 * np.log((words[:, 0::2] + 0.5) / 2**32))
    angle = 2 * np.pi * (words[:, 1::2] / 2**32)
    both = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
    return both.reshape(len(words), -1)[:, :width]


def low_bands(rope, transform):
    """Bands whose wavelength is at least the training length."""
    omega = native(rope) if transform["threshold"] == "native" else frequencies(rope)[0]
    return omega <= 2 * np.pi / rope["training_length"]


class Denoiser:
    """One layer of a plan: turns a head, and takes from it what the plan says, if it is selected."""

    def __init__(self, task):
        self.task, self.plan = task, task["plan"]
        self.units = {u["head"]: u for u in self.plan["heads"] if u["layer"] == task["layer"]}
        shape = self.plan["shape"]
        self.group = shape["query_heads"] // shape["key_heads"]
        self.per_group = self.plan["gqa"] == "per_key_group"

    def query(self, x, head, positions):
        unit = self.units.get(head // self.group if self.per_group else head)
        self.turn(x, head, "query", unit, positions)

    def shared_key(self, x, head, positions):
        """The key the model itself holds is denoised only where all who read it are."""
        alone = self.per_group or self.group == 1
        self.turn(x, head, "key", self.units.get(head) if alone else None, positions)

    def own_key(self, x, query_head, positions):
        """A copy of the key that one denoised query head alone reads."""
        self.turn(x, query_head, "key", self.units[query_head], positions)

    def turn(self, x, head, side, unit, positions):
        """x [tokens, width] in place; unit is the selected unit, or None."""
        omega, attention = frequencies(self.task)
        transform, pairing = self.plan["transform"], self.task["pairing"]
        name, reading = (transform["name"], transform["reading"]) if unit else (None, None)
        low = np.full(len(omega), name == "by_all")
        if name == "by_parts":
            low = low_bands(self.task, transform)
        # Where a position is lost, the attention factor stays.
        rotate(x, positions, np.where(low, 0, omega), attention, pairing, self.task["angles"])
        if name == "by_gaussian":
            sigma = unit[side + "_spread"] if transform["spread"] == "matched" else transform["sigma"]
            words = noise_words(transform["seed"], self.task["layer"], head, side, positions, x.shape[1])
            noise = sigma * normals(words, x.shape[1])
            x[:] = noise if reading == "replace" else x * noise
        elif name == "by_all" and reading == "remove":
            x[:] = 0
        elif name == "by_parts" and reading == "remove":
            first, second = pairs(pairing, len(omega))
            x[:, first[low]] = x[:, second[low]] = 0
