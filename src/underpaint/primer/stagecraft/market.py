"""A market square: stalls, a crowd, bunting."""

import numpy as np

from underpaint.primer.stagecraft.colours import dim
from underpaint.primer.stagecraft.kit import Kit
from underpaint.primer.stagecraft.mesh import Solid
from underpaint.primer.stagecraft.place_kit import role, scatter
from underpaint.primer.stagecraft.seen import RGB
from underpaint.primer.stagecraft.solids import ball, box, capsule, lathe, polygons
from underpaint.primer.stagecraft.towns import paving, row_house


def pawn(kit: Kit) -> None:
    """A passer-by, simple enough for a crowd."""
    rng = kit.rng("pawn")
    h = float(rng.uniform(1.35, 1.75))
    coats: tuple[RGB, ...] = (
        (0.62, 0.26, 0.24),
        (0.28, 0.40, 0.56),
        (0.40, 0.50, 0.34),
        (0.82, 0.68, 0.42),
        (0.48, 0.36, 0.52),
        (0.88, 0.84, 0.76),
        (0.34, 0.32, 0.36),
    )
    coat, skin, hair = (
        coats[int(rng.integers(7))],
        kit.coat.skin if rng.random() < 0.4 else ((0.93, 0.76, 0.63), (0.62, 0.44, 0.34))[int(rng.integers(2))],
        ((0.22, 0.15, 0.12), (0.55, 0.38, 0.22), (0.80, 0.78, 0.75))[int(rng.integers(3))],
    )
    skirt = rng.random() < 0.5
    profile = [(0.15 if skirt else 0.09, 0.10), (0.11, 0.45), (0.075, 0.58), (0.10, 0.76), (0.085, 0.82), (0.03, 0.85)]
    kit.put("coat", coat, "cloth", lathe([(r * h, y * h) for r, y in profile], 12).scaled(1, 1, 0.75))
    legs = kit.part("legs", (0.28, 0.24, 0.24), "cloth")
    arms = kit.part("arms", dim(coat, 0.9), "cloth")
    for s in (-1, 1):
        kit.add(legs, capsule((s * 0.05 * h, 0.2 * h, 0), (s * 0.055 * h, 0.03 * h, 0.02 * h), 0.045 * h, 0.035 * h, 8))
        bend = float(rng.uniform(0.0, 0.16))
        kit.add(
            arms,
            capsule(
                (s * 0.105 * h, 0.79 * h, 0), (s * 0.145 * h, (0.52 + bend) * h, bend * h), 0.036 * h, 0.028 * h, 8
            ),
        )
    head = np.float32([0, 0.925 * h, 0.01 * h])
    kit.put("head", skin, "skin", ball(0.075 * h, 0.088 * h, 0.078 * h, 12, 8).moved(*head.tolist()))
    kit.put(
        "hair",
        hair,
        "hair",
        ball(0.082 * h, 0.080 * h, 0.084 * h, 12, 8).moved(head[0], head[1] + 0.022 * h, head[2] - 0.022 * h),
    )
    eyes = kit.part("eyes", (0.12, 0.1, 0.1), "eye")
    for s in (-1, 1):
        kit.add(eyes, ball(0.009 * h, 0.012 * h, 0.006 * h, 6, 5).moved(s * 0.028 * h, head[1] - 0.012 * h, 0.083 * h))
    if rng.random() < 0.4:
        brim = lathe([(0.15 * h, 0.0), (0.085 * h, 0.01 * h), (0.07 * h, 0.07 * h), (0.0, 0.08 * h)], 12)
        kit.put(
            "hat",
            dim(coat, 0.7),
            "cloth",
            Solid(brim.points, brim.normals, brim.uv, brim.facet, closed=False).moved(0, head[1] + 0.045 * h, 0),
        )


def stall(kit: Kit) -> None:
    """A market stall: striped awning, table, crates of fruit."""
    rng = kit.rng("stall")
    stripe = ((0.80, 0.25, 0.22), (0.24, 0.50, 0.44), (0.90, 0.66, 0.24), (0.30, 0.42, 0.66))[int(rng.integers(4))]
    wood: RGB = (0.56, 0.40, 0.26)
    kit.put("counter", wood, "wood", box(2.2, 0.85, 0.9))
    posts = kit.part("posts", dim(wood, 0.8), "wood")
    for x in (-1.05, 1.05):
        kit.add(posts, box(0.08, 2.2, 0.08).moved(x, 0, 0.5), box(0.08, 2.5, 0.08).moved(x, 0, -0.5))
    n = 7
    for parity, colour in ((0, stripe), (1, (0.95, 0.93, 0.87))):
        quads = []
        for i in range(parity, n, 2):
            a, b = -1.25 + 2.5 * i / n, -1.25 + 2.5 * (i + 1) / n
            quads.append([(a, 2.15, 0.95), (b, 2.15, 0.95), (b, 2.6, -0.55), (a, 2.6, -0.55)])
            quads.append([(a, 1.93, 0.95), (b, 1.93, 0.95), (b, 2.15, 0.95), (a, 2.15, 0.95)])
        kit.put(f"awning {parity}", colour, "cloth", polygons(quads, closed=False))
    fruits: tuple[RGB, ...] = (
        (0.82, 0.22, 0.18),
        (0.95, 0.62, 0.16),
        (0.50, 0.66, 0.24),
        (0.95, 0.82, 0.32),
        (0.50, 0.28, 0.50),
    )
    for i in range(3):
        x = (i - 1) * 0.7
        kit.put("crate", (0.66, 0.50, 0.33), "wood", box(0.62, 0.2, 0.6).moved(x, 0.85, 0.12))
        part = kit.part("fruit", fruits[int(rng.integers(5))], "petal")
        for dx in (-0.2, 0.0, 0.2):
            for dz in (-0.12, 0.1, 0.3):
                kit.add(part, ball(0.12, around=8, rows=6).moved(x + dx, 1.07 + 0.03 * (dx == 0), dz + 0.05))


def market(kit: Kit) -> None:
    """A market square: stalls on both sides, a crowd, houses behind, bunting."""
    rng = kit.rng("market")
    paving(kit, 6.0, (0.74, 0.68, 0.60))
    for i, (x, z, turn) in enumerate(
        (
            (-3.5, -1.6, 1.05),
            (3.5, -1.6, -1.05),
            (-4.4, -5.4, 0.8),
            (4.4, -5.4, -0.8),
            (-1.6, -7.2, 0.0),
            (1.7, -7.4, 0.0),
        )
    ):
        name = f"stall {i}"
        stall(role(kit, name, "place").child(name, (x, 0, z), turn + float(rng.uniform(-0.1, 0.1))))
    people = scatter(kit, "crowd", 13, (-4.2, 4.2, -6.6, -2.0), 0.75)
    for i, (x, z) in enumerate(people):
        if abs(x) > 0.75 or z < -4.2:
            name = f"passer-by {i}"
            pawn(role(kit, name, "place").child(name, (x, 0, z), float(rng.uniform(-1.6, 1.6))))
    z, i = -11.0, 0
    x = -15.0
    while x < 15:
        w = float(rng.uniform(3.6, 5.0))
        name = f"house {i}"
        row_house(
            role(kit, name, "place").child(name, (x + w / 2, 0, z), -np.pi / 2),
            w,
            float(rng.uniform(4.4, 7.0)),
            4.0,
            1.0,
        )
        x, i = x + w, i + 1
    for s in (-1, 1):
        for j in range(3):
            name = f"side {s} {j}"
            row_house(
                role(kit, name, "place").child(name, (s * 7.2, 0, -8.0 + j * 4.6)),
                4.5,
                float(rng.uniform(4.6, 6.4)),
                4.0,
                -s,
            )
    _bunting(role(kit, "bunting", "place"))


def _bunting(kit: Kit) -> None:
    colours: tuple[RGB, ...] = ((0.85, 0.30, 0.26), (0.95, 0.78, 0.32), (0.36, 0.58, 0.66), (0.94, 0.92, 0.86))
    parts = [kit.part(f"pennants {i}", c, "cloth") for i, c in enumerate(colours)]
    for y0, z0, z1 in ((4.4, -2.0, -6.5), (4.8, -6.0, -3.0)):
        for i in range(18):
            t = (i + 0.5) / 18
            x, y, z = -6.6 + 13.2 * t, y0 - 1.1 * np.sin(np.pi * t), z0 + (z1 - z0) * t
            kit.add(parts[i % 4], polygons([[(x - 0.2, y, z), (x + 0.2, y, z), (x, y - 0.42, z)]], closed=False))
