# SPDX-License-Identifier: MIT
"""The entropy of one head of width 128 in NumPy, as rows of the bench's table: one thread, processor time.

    gram + eigvalsh  X^T X in float by whatever BLAS this NumPy has, eigvalsh in double, von Neumann entropy
    centred recipe   in double: centre the rows, normalise them, their covariance, its singular values,
                     entropy of the first r (UNComp's way)

    OMP_NUM_THREADS=1 python3 numpy_entropy.py [REPETITIONS]
"""
import statistics
import sys
import time

import numpy as np

WIDTH = 128
R = 8


def entropy(values):
    p = values[values > 0] / values.sum()
    return -(p * np.log(p)).sum()


def gram_and_eigvalsh(x):
    return entropy(np.linalg.eigvalsh((x.T @ x).astype(np.float64)))


def uncomp(x):
    rows = x.astype(np.float64)
    rows -= rows.mean(axis=0)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    covariance = rows.T @ rows / len(rows)
    values = np.linalg.svd(covariance, compute_uv=False)
    p = values / values.sum() + 1e-10
    return -(p[:R] * np.log(p[:R])).sum() / np.log(WIDTH)


def seconds_of(function, x):
    function(x)
    start = time.process_time()
    count = 0
    while count < 3 or time.process_time() - start < 0.05:
        function(x)
        count += 1
    return (time.process_time() - start) / count


def main():
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    random = np.random.default_rng(1)
    for tokens in (4096, 65536):
        x = random.uniform(-1, 1, (tokens, WIDTH)).astype(np.float32)
        for name, function in (("gram + eigvalsh", gram_and_eigvalsh), ("centred recipe", uncomp)):
            seconds = statistics.median(seconds_of(function, x) for _ in range(repetitions))
            print(f"| NumPy {np.__version__}, {name} | {tokens} x {WIDTH} | {seconds * 1e6:.4g} us | | |")


main()
