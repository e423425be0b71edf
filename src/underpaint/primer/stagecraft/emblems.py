"""Emblems: plain signs that can sit on anything."""

import numpy as np

from underpaint.primer.stagecraft.kit import Kit
from underpaint.primer.stagecraft.mesh import aim
from underpaint.primer.stagecraft.seen import RGB, Floats
from underpaint.primer.stagecraft.solids import extrude


def _star() -> Floats:
    a = np.pi / 2 + np.arange(10) * np.pi / 5
    r = np.where(np.arange(10) % 2 == 0, 1.0, 0.45)
    return np.stack([np.cos(a) * r, np.sin(a) * r], axis=1).astype(np.float32)


def _heart() -> Floats:
    t = np.linspace(0, 2 * np.pi, 26, endpoint=False) + np.pi
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.stack([x / 16, y / 16 + 0.12], axis=1).astype(np.float32)


def _moon() -> Floats:
    a = np.linspace(0.28 * np.pi, 1.72 * np.pi, 20)
    outer = np.stack([np.cos(a), np.sin(a)], axis=1)
    b = np.linspace(1.62 * np.pi, 0.38 * np.pi, 16)
    inner = np.stack([0.30 + 0.78 * np.cos(b), 0.80 * np.sin(b)], axis=1)
    return np.concatenate([outer, inner]).astype(np.float32)


def _crown() -> Floats:
    return np.asarray(
        [(-0.9, -0.6), (0.9, -0.6), (1.0, 0.6), (0.5, 0.05), (0.0, 0.8), (-0.5, 0.05), (-1.0, 0.6)], np.float32
    )


def _leaf() -> Floats:
    t = np.linspace(0, np.pi, 14)
    right = np.stack([0.55 * np.sin(t) ** 0.9, -0.8 * np.cos(t) + 0.1], axis=1)
    stem = np.float32([(-0.05, -1.0), (0.05, -1.0)])
    return np.concatenate([stem, right[1:], (right * [-1, 1])[::-1][1:-1]]).astype(np.float32)


def _anchor() -> Floats:
    half = [
        (0.10, -0.62),
        (0.10, 0.30),
        (0.45, 0.30),
        (0.45, 0.48),
        (0.10, 0.48),
        (0.10, 0.60),
        (0.22, 0.72),
        (0.16, 0.95),
        (0.0, 1.0),
    ]
    low = [(0.0, -0.95), (0.45, -0.80), (0.80, -0.40), (0.95, -0.10), (0.62, -0.16), (0.50, -0.45)]
    right = np.float32(low + half)
    left = (right * np.float32([-1, 1]))[::-1]
    return np.concatenate([right[:-1], left[:-1]]).astype(np.float32)


EMBLEMS = {"star": _star, "heart": _heart, "moon": _moon, "crown": _crown, "leaf": _leaf, "anchor": _anchor}


def emblem(kit: Kit, kind: str, size: float) -> None:
    """Sets an emblem of `size` metres (half width) on every place the object keeps for one."""
    outline = EMBLEMS[kind]() * np.float32(size)
    pale: RGB = (0.97, 0.83, 0.32)
    colour = pale if kit.thing.colour not in ("yellow", "orange", "white") else (0.70, 0.16, 0.20)
    part = kit.part(f"emblem {kind}", colour, "metal")
    for name, way in (
        ("emblem", (0, 0, 1)),
        ("back emblem", (0, 0, -1)),
        ("left emblem", (1, 0, 0)),
        ("right emblem", (-1, 0, 0)),
    ):
        at = kit.stage.spots.get(f"{kit.name}/{name}")
        if at is None:
            continue
        frame = aim((0, 1, 0), way)
        solid = extrude(outline, size * 0.16).by((kit.turn @ frame).astype(np.float32), at)
        kit.stage.add(part, solid)
