# SPDX-License-Identifier: MIT
"""The safetensors format in NumPy, and the one rounding to a storage type.

A file is 8 bytes N (little endian), N bytes of JSON {name: {dtype, shape, data_offsets}}, and the data.
"""
import json
import os
import struct

import numpy as np

# BF16 is the upper half of a float32, stored here as its 16 bits.
STORED = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "U32": "<u4"}


def read(path):
    """{name: array}. Floats of every width come as float64, exactly; integers as they are."""
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        array = np.frombuffer(data[begin:end], STORED[entry["dtype"]]).reshape(entry["shape"])
        if entry["dtype"] == "BF16":
            array = (array.astype(np.uint32) << 16).view(np.float32)
        tensors[name] = array.astype(np.float64) if array.dtype.kind == "f" else array
    return tensors


def write(path, tensors):
    """Write {name: (dtype, array)}, each array rounded once to its dtype; whole or not at all."""
    header, data = {}, b""
    for name, (dtype, array) in tensors.items():
        part = stored(dtype, array).tobytes()
        header[name] = {"dtype": dtype, "shape": list(array.shape),
                        "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header).encode()
    with open(path + ".tmp", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
    os.replace(path + ".tmp", path)


def stored(dtype, array):
    """The array in its storage type: to nearest, ties to even, from float64 in one step."""
    if dtype == "BF16":
        return bfloat16_bits(np.asarray(array, np.float64))
    return np.ascontiguousarray(array).astype(STORED[dtype])


def bfloat16_bits(x):
    """float64 to bfloat16: cut to 8 significant bits, ties to even, then the upper half of a float32.

    Going by way of float32 rounded to nearest would round twice.
    """
    bits = np.ascontiguousarray(x).view(np.uint64)
    dropped = np.uint64(53 - 8)
    odd = (bits >> dropped) & np.uint64(1)
    half = np.uint64((1 << 44) - 1)
    rounded = (bits + half + odd) >> dropped << dropped
    rounded = np.where(np.isfinite(x), rounded, bits).view(np.float64)
    return (rounded.astype(np.float32).view(np.uint32) >> np.uint32(16)).astype(np.uint16)
