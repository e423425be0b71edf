"""The number formats of weights, read and written with numpy alone: fp64, fp32, fp16 and bf16."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
SPOKEN = {"fp64": "F64", "fp32": "F32", "fp16": "F16", "bf16": "BF16"}


def decoded(raw: bytes, dtype: str) -> Floats:
    """float32 from little-endian bytes: exact for all but fp64."""
    if dtype == "BF16":  # the upper half of a float32
        return (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)
    with np.errstate(over="ignore"):
        return np.frombuffer(raw, {"F64": "<f8", "F32": "<f4", "F16": "<f2"}[dtype]).astype(np.float32)


def encoded(numbers: Floats, dtype: str) -> bytes:
    """Little-endian bytes of numbers, rounded to the nearest, ties to even; too large ones become infinite."""
    with np.errstate(over="ignore"):
        if dtype == "BF16":
            bits = np.ascontiguousarray(numbers).view(np.uint32)
            rounded = (bits + (0x7FFF + ((bits >> 16) & 1))) >> 16
            return rounded.astype("<u2").tobytes()
        return numbers.astype({"F64": "<f8", "F32": "<f4", "F16": "<f2"}[dtype]).tobytes()


def fits(numbers: Floats, dtype: str) -> bool:
    """Whether all numbers are finite and stay so in `dtype`."""
    largest = {"F16": 65519.0, "BF16": 3.38e38, "F32": 3.4028235e38, "F64": float("inf")}[dtype]
    return bool(np.isfinite(numbers).all()) and (not numbers.size or float(np.abs(numbers).max()) <= largest)
