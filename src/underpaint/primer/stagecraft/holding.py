"""What people hold in their hands."""

from collections.abc import Callable

import numpy as np

from underpaint.primer.stagecraft.colours import dim
from underpaint.primer.stagecraft.kit import Kit, lamp_glow
from underpaint.primer.stagecraft.mesh import Solid, aim, unit
from underpaint.primer.stagecraft.seen import Floats
from underpaint.primer.stagecraft.skeleton import Skeleton
from underpaint.primer.stagecraft.solids import ball, box, capsule, cone, cylinder, extrude, lathe, sheet, spindle, tube

HOLD: dict[str, dict[str, tuple[float, float, float]]] = {
    "lantern": {"right": (-0.25, 0.60, 0.16)},
    "flower": {"right": (-0.10, 0.60, 0.22)},
    "umbrella": {"right": (-0.16, 0.62, 0.16)},
    "book": {"right": (-0.07, 0.58, 0.22), "left": (0.07, 0.58, 0.22)},
    "sword": {"right": (-0.28, 0.60, 0.14)},
    "balloon": {"right": (-0.22, 0.68, 0.12)},
    "basket": {"right": (-0.20, 0.44, 0.12)},
}
"""Where the wrists go, in shares of the height."""


def _grip(bones: Skeleton, side: str = "right") -> Floats:
    along = unit(bones[f"{side} wrist"] - bones[f"{side} elbow"])
    return np.asarray(bones[f"{side} wrist"] + along * np.float32(0.035 * bones.body.height), np.float32)


def lantern(kit: Kit, bones: Skeleton) -> None:
    """A lantern on a ring."""
    h = bones.body.height
    at = _grip(bones) - np.float32([0, 0.13 * h, 0])
    iron = (0.24, 0.22, 0.22)
    kit.put(
        "lantern light",
        (1.0, 0.83, 0.42),
        "light",
        cylinder(0.038 * h, 0.075 * h, 8).moved(*at.tolist()),
        glow=lamp_glow(kit),
    )
    frame = kit.part("lantern", iron, "metal")
    kit.add(frame, cylinder(0.048 * h, 0.014 * h, 8).moved(*(at - np.float32([0, 0.012 * h, 0])).tolist()))
    kit.add(frame, cone(0.052 * h, 0.04 * h, 8).moved(*(at + np.float32([0, 0.074 * h, 0])).tolist()))
    kit.add(frame, capsule(at + np.float32([0, 0.11 * h, 0]), _grip(bones), 0.005 * h, 0.005 * h, 5))


def flower(kit: Kit, bones: Skeleton) -> None:
    """A bunch of flowers."""
    h = bones.body.height
    at = _grip(bones)
    stems = kit.part("stems", (0.30, 0.52, 0.24), "leaf")
    for i, (x, z) in enumerate(((-0.03, 0.0), (0.03, 0.01), (0.0, 0.03), (0.01, -0.02))):
        tip = at + np.float32([x * h, 0.10 * h + 0.012 * h * (i % 2), 0.03 * h + z * h])
        kit.add(stems, capsule(at - np.float32([0, 0.05 * h, 0]), tip, 0.004 * h, 0.004 * h, 5))
        colour = (kit.coat.light, (0.96, 0.85, 0.4), (0.95, 0.92, 0.88), (0.90, 0.55, 0.62))[i]
        kit.put("blossom", colour, "petal", ball(0.026 * h, 0.02 * h, 0.026 * h, 8, 6).moved(*tip.tolist()))


def umbrella(kit: Kit, bones: Skeleton) -> None:
    """An open umbrella in the person's colour."""
    h = bones.body.height
    at = _grip(bones)
    top = np.float32([at[0] * 0.55, 1.06 * h + 0.12 * h, at[2] * 0.5])
    kit.put(
        "umbrella stick",
        (0.42, 0.28, 0.18),
        "wood",
        capsule(at - (top - at) * np.float32(0.12), top, 0.008 * h, 0.008 * h, 6),
    )
    n = 24
    a = np.linspace(0, 2 * np.pi, n + 1)
    rows = []
    for t in (0.0, 0.4, 0.75, 1.0):
        scallop = 1 - 0.05 * t * (1 - np.cos(a * 8)) / 2
        r = 0.40 * h * np.sin(t * np.pi / 2) * scallop
        y = 0.16 * h * (np.cos(t * np.pi / 2) - 1) * np.ones_like(a) * 1.15
        rows.append(np.stack([-np.sin(a) * r, y, np.cos(a) * r], axis=1))
    dome = sheet(np.stack(rows[::-1], axis=1).astype(np.float32)).by(aim(unit(top - at)), top)
    part = kit.put("umbrella", kit.coat.main, "cloth", dome)
    for i in range(0, n, 3):
        kit.fold(part, np.stack([r[i] for r in rows]) @ aim(unit(top - at)).T + top + np.float32([0, 0.006 * h, 0]))


def book(kit: Kit, bones: Skeleton) -> None:
    """An open book between both hands."""
    h = bones.body.height
    at = (_grip(bones, "left") + _grip(bones, "right")) / 2 + np.float32([0, 0.01 * h, 0.01 * h])
    for s in (-1, 1):
        leaf = box(0.10 * h, 0.012 * h, 0.13 * h).moved(s * 0.05 * h, 0, 0).turned(0, 0.6, s * 0.28)
        kit.put("cover", kit.coat.dark, "leather", leaf.moved(*at.tolist()))
        page = box(0.092 * h, 0.010 * h, 0.12 * h).moved(s * 0.048 * h, 0.010 * h, 0).turned(0, 0.6, s * 0.28)
        kit.put("pages", (0.97, 0.95, 0.89), "paper", page.moved(*at.tolist()))


def sword(kit: Kit, bones: Skeleton) -> None:
    """A sword held up across the body."""
    h = bones.body.height
    rng = kit.rng("sword")
    at = _grip(bones)
    way = unit(np.float32([-0.35 + 0.5 * float(rng.random()), 0.9, 0.25]))
    frame = aim(way, (0.2, 0, 1))
    blade = [(-0.020, 0.05), (0.020, 0.05), (0.017, 0.42), (0.0, 0.50), (-0.017, 0.42)]
    solid = extrude(np.float32(blade) * np.float32(h), 0.012 * h)
    part = kit.put("blade", (0.84, 0.88, 0.93), "metal", solid.by(frame, at))
    kit.put(
        "guard", (0.83, 0.66, 0.28), "metal", box(0.13 * h, 0.022 * h, 0.03 * h).moved(0, 0.035 * h, 0).by(frame, at)
    )
    kit.put(
        "hilt", kit.coat.leather, "leather", spindle([(0.012 * h, -0.07 * h), (0.012 * h, 0.04 * h)], 7).by(frame, at)
    )
    kit.put(
        "pommel",
        (0.83, 0.66, 0.28),
        "metal",
        ball(0.018 * h, around=8, rows=6).by(frame, at + frame @ np.float32([0, -0.075 * h, 0])),
    )
    kit.fold(part, np.float32([(0, 0.07 * h, 0.008 * h), (0, 0.42 * h, 0.008 * h)]) @ frame.T + at)


def balloon(kit: Kit, bones: Skeleton) -> None:
    """A balloon on a string."""
    h = bones.body.height
    at = _grip(bones)
    sway = 0.03 * float(np.sin(kit.frame * 2.1))
    top = at + np.float32([(-0.16 + sway) * h, 0.42 * h, 0.02 * h])
    kit.put("string", (0.85, 0.83, 0.78), "cloth", capsule(at, top, 0.0035 * h, 0.0035 * h, 4))
    colour = (0.85, 0.20, 0.18) if kit.thing.colour != "red" else (0.95, 0.78, 0.25)
    kit.put(
        "balloon",
        colour,
        "glass",
        ball(0.105 * h, 0.13 * h, 0.105 * h, 16, 11).moved(*(top + np.float32([0, 0.12 * h, 0])).tolist()),
    )


def basket(kit: Kit, bones: Skeleton) -> None:
    """A basket of apples."""
    h = bones.body.height
    at = _grip(bones) - np.float32([0, 0.16 * h, 0])
    straw = (0.72, 0.55, 0.32)
    bowl: Solid = lathe([(0.05 * h, 0), (0.075 * h, 0.03 * h), (0.085 * h, 0.075 * h)], 14)
    kit.put(
        "basket", straw, "wood", Solid(bowl.points, bowl.normals, bowl.uv, bowl.facet, closed=False).moved(*at.tolist())
    )
    a = np.linspace(0, np.pi, 9)
    arch = np.stack([np.cos(a) * 0.08 * h, 0.07 * h + np.sin(a) * 0.10 * h, 0 * a], axis=1) + at
    kit.put("handle", dim(straw, 0.85), "wood", tube(arch.astype(np.float32), np.full(9, 0.007 * h), 6))
    fruit = kit.part("apples", (0.80, 0.22, 0.18), "petal")
    for x, z in ((-0.035, 0.02), (0.035, 0.02), (0.0, -0.03), (0.0, 0.035)):
        kit.add(fruit, ball(0.03 * h, around=9, rows=7).moved(*(at + np.float32([x * h, 0.075 * h, z * h])).tolist()))


HELD: dict[str, Callable[[Kit, Skeleton], None]] = {
    "lantern": lantern, "flower": flower, "umbrella": umbrella, "book": book, "sword": sword, "balloon": balloon,
    "basket": basket,
}  # fmt: skip
"""What can be held."""
