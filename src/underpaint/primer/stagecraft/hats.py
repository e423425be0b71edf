"""Hats: straw, pointed, capped, tall, and a knight's helmet."""

import numpy as np

from underpaint.primer.stagecraft.colours import dim
from underpaint.primer.stagecraft.heads import Head, cap, lock
from underpaint.primer.stagecraft.mesh import Solid
from underpaint.primer.stagecraft.seen import RGB
from underpaint.primer.stagecraft.solids import ball, curve, lathe, tube


def hat(head: Head, kind: str, colour: RGB) -> None:
    """A hat: "straw", "pointed", "cap", "top" or "helmet"."""
    kit, h = head.kit, head.half
    top = head.centre + head.frame @ np.float32([0, 0.42 * h, -0.08 * h])
    tilt = head.frame
    if kind == "straw":
        profile = [(1.9, -0.02), (1.92, 0.04), (1.06, 0.12), (1.0, 0.62), (0.6, 0.86), (0.0, 0.9)]
        kit.put("straw hat", (0.90, 0.78, 0.48), "wood", _crown(profile, h).by(tilt, top))
        kit.put("hat band", colour, "cloth", _crown([(1.09, 0.12), (1.06, 0.32)], h).by(tilt, top))
    elif kind == "pointed":
        profile = [(1.85, -0.02), (1.86, 0.05), (1.08, 0.15), (0.72, 1.0), (0.3, 1.9), (0.0, 2.35)]
        kit.put("pointed hat", colour, "cloth", _crown(profile, h).by(tilt, top))
        kit.put("hat band", dim(colour, 0.5), "leather", _crown([(1.10, 0.14), (1.02, 0.36)], h).by(tilt, top))
    elif kind == "cap":
        kit.put("cap", colour, "cloth", _crown([(1.06, 0.0), (1.1, 0.3), (0.7, 0.66), (0.0, 0.76)], h).by(tilt, top))
        peak = ball(0.72 * h, 0.06 * h, 0.55 * h, 12, 6).by(tilt, top + tilt @ np.float32([0, 0.06 * h, 1.05 * h]))
        kit.put("peak", dim(colour, 0.8), "cloth", peak)
    elif kind == "top":
        profile = [(1.5, 0.0), (1.52, 0.06), (1.0, 0.1), (0.94, 0.7), (1.04, 1.3), (0.0, 1.32)]
        kit.put("top hat", dim(colour, 0.7), "cloth", _crown(profile, h).by(tilt, top))
    else:
        _helmet(head, colour)


def _crown(profile: list[tuple[float, float]], h: float) -> Solid:
    solid = lathe([(r * h, y * h) for r, y in profile], 18)
    return Solid(solid.points, solid.normals, solid.uv, solid.facet, closed=False)


def _helmet(head: Head, plume: RGB) -> None:
    kit, h = head.kit, head.half
    steel: RGB = (0.70, 0.73, 0.78)
    part = kit.part("helmet", steel, "metal")
    cap(head, part, low=-0.95, front=0.20, lift=0.17)
    for s in (-1, 1):
        path = np.float32([(s * 0.86, 0.30, 0.5, 0.14), (s * 0.92, -0.25, 0.42, 0.16), (s * 0.62, -0.80, 0.52, 0.16)])
        kit.add(part, lock(head, path, 0.30))
    root = head.on(np.float32([0, 0.98, -0.2]), 0.2)
    back = head.frame @ np.float32([0, 0.55 * h, -0.75 * h])
    path = curve([root, root + back, root + back * 1.5 + np.float32([0, -1.0 * h, 0])], 5)
    t = np.linspace(0, 1, len(path))
    kit.put("plume", plume, "feather", tube(path, 0.26 * h * np.sin(np.pi * np.clip(t * 0.9 + 0.1, 0, 1)) ** 0.6, 8))
    ridge = head.on(np.float32([(0, 0.3, 0.95), (0, 0.7, 0.7), (0, 1, 0)]), 0.2)
    kit.fold(part, ridge)
