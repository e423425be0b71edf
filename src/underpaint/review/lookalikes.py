"""Look-alikes: takes that show the same picture again, grouped so that one is looked at instead of five."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from underpaint.errors import PlanError
from underpaint.imaging.arrays import FloatArray

SAME_BITS = 6
"""Hashes of 64 bits that differ in so few are of one picture, resized or saved again."""
SAME_VECTOR = 0.965
"""Unit vectors as near as this are of pictures that look alike."""
_MOST = 20_000


@dataclass(frozen=True)
class Group:
    """Look-alikes, by their positions in what was given; `best` is the one to look at."""

    members: tuple[int, ...]
    best: int


def group(likeness: Sequence[str], vectors: FloatArray | None = None, scores: Sequence[float] | None = None, *,
          bits: int = SAME_BITS, near: float = SAME_VECTOR) -> list[Group]:
    """Group pictures by their hashes (16 hex digits each) and, where given, their unit vectors (N x D).

    A picture joins a group when it is like its best one, so that no chain of small steps joins what looks different;
    the best have the highest `scores`, else come first. Groups come in the order of their best. Raises PlanError for
    more than 20,000 pictures, and for lists of different lengths.
    """
    count = len(likeness)
    if count > _MOST:
        raise PlanError(f"{count:,} pictures are too many to compare", hint=f"Compare up to {_MOST:,} at once.")
    if (vectors is not None and len(vectors) != count) or (scores is not None and len(scores) != count):
        raise PlanError("hashes, vectors and scores of look-alikes must be equally many", field="lookalikes")
    if not count:
        return []
    hashes = np.frombuffer(bytes.fromhex("".join(likeness)), np.uint8).reshape(count, 8)
    order = np.argsort(-np.asarray(scores, np.float64), kind="stable") if scores is not None else np.arange(count)
    free, groups = np.ones(count, bool), []
    for first in order.tolist():
        if not free[first]:
            continue
        alike = free & _alike(first, hashes, vectors, bits, near)
        alike[first] = True
        free &= ~alike
        groups.append(Group((first, *(int(one) for one in np.flatnonzero(alike) if one != first)), first))
    return groups


def _alike(one: int, hashes: np.ndarray, vectors: FloatArray | None, bits: int, near: float) -> np.ndarray:
    away = np.unpackbits(hashes ^ hashes[one], axis=1).sum(axis=1)
    alike = away <= bits
    # Plain pictures have hashes of noise and few large shapes have like hashes: where vectors are known, both must fit.
    if vectors is None:
        return np.asarray(alike)
    close = vectors @ vectors[one]
    return np.asarray((alike & (close >= near - 0.1)) | ((away <= 3 * bits) & (close >= near)))
