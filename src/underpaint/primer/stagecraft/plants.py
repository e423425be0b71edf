"""Trees, bushes, flowers and grass."""

import numpy as np

from underpaint.primer.stagecraft.colours import dim, mix
from underpaint.primer.stagecraft.kit import Kit
from underpaint.primer.stagecraft.mesh import Solid, aim, cross, rotation, unit
from underpaint.primer.stagecraft.seen import RGB, Floats
from underpaint.primer.stagecraft.solids import ball, curve, disc, lathe, sheet, spindle, tube

_BARK: RGB = (0.40, 0.28, 0.19)


def clump(radius: float, rng: np.random.Generator, leaves: int = 46, size: float = 0.34) -> tuple[Solid, Floats]:
    """A rounded mass of leaves, each a small pointed blade facing outwards, with a shade 0..1 for each triangle."""
    d = unit(rng.normal(size=(leaves, 3)).astype(np.float32))
    d[:, 1] = np.maximum(d[:, 1], -0.55)
    blade = np.float32([(0, -0.9, 0), (0.62, -0.1, 0.1), (0.32, 0.62, 0.02), (0, 1.0, -0.1), (-0.32, 0.62, 0.02),
                        (-0.62, -0.1, 0.1)])  # fmt: skip
    scale = (size * radius * rng.uniform(0.8, 1.35, (leaves, 1, 1))).astype(np.float32)
    y = unit(cross(d, rng.normal(size=(leaves, 3)).astype(np.float32)))
    turn = np.stack([cross(y, d), y, d], axis=2)
    out = (radius * rng.uniform(0.72, 0.98, (leaves, 1))).astype(np.float32)
    points = np.einsum("lij,kj->lki", turn, blade) * scale + (d * out)[:, None]
    tri = points[:, [[0, i, i + 1] for i in range(1, 5)]].reshape(-1, 3, 3)
    normal = np.repeat(unit(d * 0.8 + np.float32([0, 0.25, 0])), 4, axis=0)
    uv = (np.broadcast_to(blade[None, :, :2], (leaves, 6, 2)) * scale)[:, [[0, i, i + 1] for i in range(1, 5)], ::-1]
    shade = np.repeat(np.clip(0.5 + 0.5 * d[:, 1] + rng.normal(size=leaves) * 0.18, 0, 1), 4)
    solid = Solid(
        tri.astype(np.float32), np.repeat(normal[:, None], 3, axis=1).astype(np.float32),
        uv.reshape(-1, 3, 2).astype(np.float32), np.zeros(len(tri), np.int32), closed=False,
    )  # fmt: skip
    return solid, np.asarray(shade, np.float32)


def _leafy(kit: Kit, part: int, base: RGB, at: Floats, radius: float, rng: np.random.Generator, leaves: int) -> None:
    """A core and its leaves: the core is the shadow between them."""
    core = ball(radius * 0.86, radius * 0.8, around=10, rows=6)
    dark, light = np.float32(dim(base, 0.62)), np.float32(mix(base, (1.0, 0.98, 0.6), 0.22))
    kit.add(part, core.moved(*at.tolist()), colours=np.broadcast_to(dark, (*core.points.shape[:1], 3)))
    if leaves:
        solid, shade = clump(radius, rng, leaves)
        kit.add(part, solid.moved(*at.tolist()), colours=dark + (light - dark) * shade[:, None])


def tree(kit: Kit) -> None:
    """A broad tree in its colour, about 4 m high."""
    rng = kit.rng("tree")
    h = float(rng.uniform(3.4, 4.4))
    crown_tree(kit, h, kit.coat.main, 7, 40)
    kit.spot("emblem", (0, h * 0.25, 0.26))


def crown_tree(kit: Kit, h: float, leaf: RGB, masses: int, leaves: int) -> None:
    """A trunk that forks, and leaf masses around its forks; `leaves` a mass (0: bare masses, for far trees)."""
    rng = kit.rng("crown")
    sway = float(np.sin(kit.frame * 1.7 + rng.uniform(0, 6))) * 0.02 * h if kit.frame else 0.0
    lean = float(rng.uniform(-0.08, 0.08)) * h
    fork = np.array([lean * 0.5, h * 0.42, 0], np.float32)
    bark = kit.part("trunk", mix(_BARK, (0.3, 0.25, 0.22), float(rng.random())), "bark")
    r = 0.055 * h
    trunk = curve([(0, -0.1, 0), (lean * 0.15, h * 0.2, 0), fork], 4)
    kit.add(bark, tube(trunk, np.linspace(1.35 * r, 0.8 * r, len(trunk)), 8))
    part = kit.part("leaves", leaf, "leaf")
    for i in range(masses):
        a = 2 * np.pi * i / masses + float(rng.uniform(-0.4, 0.4))
        out, up = float(rng.uniform(0.16, 0.26)) * h, float(rng.uniform(0.52, 0.76)) * h
        if i == 0:
            out, up = 0.0, 0.86 * h
        tip = np.array([lean + np.cos(a) * out + sway, up, np.sin(a) * out * 0.8], np.float32)
        if i % 2 == 0:
            kit.add(bark, tube(curve([fork, (fork + tip) / 2 + np.float32([0, -0.04 * h, 0]), tip], 3),
                               np.linspace(0.6 * r, 0.2 * r, 7), 6))  # fmt: skip
        _leafy(kit, part, leaf, tip, float(rng.uniform(0.17, 0.24)) * h, rng, leaves)
    for s in (-1, 1):
        kit.fold(bark, [(s * r * 0.4, 0.08 * h, 1.1 * r), (s * r * 0.3 + lean * 0.2, 0.26 * h, 0.95 * r)])


def pine(kit: Kit, h: float, leaf: RGB) -> None:
    """A fir: tiers of drooping boughs."""
    rng = kit.rng("pine")
    kit.put("trunk", _BARK, "bark", spindle([(0.035 * h, 0), (0.03 * h, h * 0.3)], 7))
    part = kit.part("needles", leaf, "leaf")
    tiers = 5
    for i in range(tiers):
        k = 1 - i / tiers
        y, r = h * (0.16 + 0.155 * i), 0.26 * h * k + 0.03 * h
        a = np.linspace(0, 2 * np.pi, 15)
        jag = np.where(np.arange(15) % 2, 0.8, 1.05) * rng.uniform(0.92, 1.08, 15)
        jag[-1] = jag[0]
        low = np.stack([-np.sin(a) * r * jag, y - 0.04 * h * (jag > 0.9), np.cos(a) * r * jag], axis=1)
        top = np.stack([-np.sin(a) * 0.02, np.full(15, y + 0.26 * h * (0.55 + 0.45 * k)), np.cos(a) * 0.02], axis=1)
        skirt = sheet(np.stack([low, (low + top) / 2 + np.float32([0, -0.02 * h, 0]), top], axis=1), closed=False)
        shade = 0.8 + 0.25 * i / tiers
        kit.add(part, skirt, colours=np.broadcast_to(np.float32(dim(leaf, shade)), (len(skirt.points), 3)))


def bush(kit: Kit, r: float, leaf: RGB, leaves: int = 26) -> None:
    """A low round bush."""
    rng = kit.rng("bush")
    part = kit.part("leaves", leaf, "leaf")
    for i in range(3):
        x = (i - 1) * r * 0.7 + float(rng.uniform(-0.1, 0.1)) * r
        s = r * (0.75 if i != 1 else 1.0)
        _leafy(kit, part, leaf, np.float32([x, s * 0.6, float(rng.uniform(-0.3, 0.3)) * r]), s * 0.7, rng, leaves)


def grass(kit: Kit, spots: Floats, height: float, colour: RGB) -> None:
    """Tufts of blades at N x 3 places, as one part."""
    rng = kit.rng("grass")
    part = kit.part("grass", colour, "grass")
    n = len(spots)
    if not n:
        return
    blades = 5
    base = np.repeat(spots, blades, axis=0) + rng.normal(size=(n * blades, 3)) * np.float32([0.5, 0, 0.3]) * height
    lean = rng.normal(size=(n * blades, 3)) * np.float32([0.4, 0, 0.25]) * height
    tall = height * rng.uniform(0.55, 1.15, (n * blades, 1))
    half = np.float32([0.075, 0, 0]) * height
    tip = base + lean + np.float32([0, 1, 0]) * tall
    points = np.stack([base - half, base + half, tip], axis=1).astype(np.float32)
    up = np.broadcast_to(np.float32([0.0, 0.9, 0.44]), points.shape)
    uv = np.broadcast_to(np.float32([[0, 0], [0, 0.02], [1, 0]]) * np.float32(height), (len(points), 3, 2))
    tint = np.float32(colour) * rng.uniform(0.85, 1.2, (len(points), 1)).astype(np.float32)
    solid = Solid(points, up.astype(np.float32), uv.copy(), np.zeros(len(points), np.int32), closed=False)
    kit.add(part, solid, colours=np.clip(tint, 0, 1))
    for k in rng.choice(n * blades, size=min(n, 70), replace=False):
        kit.fold(part, [base[k], (base[k] + tip[k]) / 2 + np.float32([0.0, 0.01, 0.0]), tip[k]])


def flower(kit: Kit) -> None:
    """One large flower on a bent stem with two leaves, about 1.2 m high in its own, small world."""
    rng = kit.rng("flower")
    c = kit.coat
    h = float(rng.uniform(0.95, 1.15))
    bend = float(rng.uniform(-0.14, 0.14)) + 0.02 * float(np.sin(kit.frame * 2))
    stem = curve([(0, -0.03, 0), (bend * 0.2, h * 0.4, 0), (bend, h, 0.02)], 6)
    green: RGB = (0.28, 0.52, 0.22)
    kit.put("stem", green, "leaf", tube(stem, 0.024, 7))
    for s in (-1, 1):
        leaf = _petal(0.46, 0.13, 0.10).by(aim((s * 0.8, 0.62, 0.15), (0, 0.3, 1)))
        kit.put("leaf", dim(green, 0.9 + 0.15 * s), "leaf", leaf.moved(bend * 0.15, h * (0.2 + 0.08 * s), 0.0))
    tilt = rotation(float(rng.uniform(-0.3, 0.3)), float(rng.uniform(0.05, 0.4)))
    top = stem[-1]
    kind = int(rng.integers(3))
    petals = (6, 9, 5)[kind]
    for ring, (scale, lift) in enumerate(((1.0, 0.0), (0.66, 0.05)) if kind == 2 else ((1.0, 0.0),)):
        part = kit.part("petals", mix(c.main, c.light, 0.5 * ring), "petal")
        for i in range(petals):
            a = 2 * np.pi * (i + 0.5 * ring) / petals
            length, wide = scale * (0.34, 0.32, 0.36)[kind], scale * (0.15, 0.085, 0.2)[kind]
            p = _petal(length, wide, 0.06).by(aim((np.cos(a), np.sin(a), 0.22 + lift * 2), (0, 0, 1)))
            kit.add(part, p.by(tilt, top + tilt @ np.float32([0, 0, lift])))
            v = np.float32([np.cos(a), np.sin(a), 0.25])
            kit.fold(part, np.stack([v * 0.12, v * length * 0.6]) @ tilt.T + top + np.float32([0, 0, 0.012]))
    heart: RGB = (0.93, 0.74, 0.18) if kit.thing.colour not in ("yellow", "orange") else (0.45, 0.26, 0.12)
    kit.put("heart", heart, "petal", ball(0.095, 0.095, 0.06, 12, 7).by(tilt, top + tilt @ np.float32([0, 0, 0.05])))
    kit.spot("emblem", (bend, h, 0.2))


def _petal(length: float, width: float, cup: float) -> Solid:
    """A petal or leaf along +y, cupped towards +z, seen from both sides."""
    t = np.linspace(0, 1, 6)
    half = width * np.sin(np.pi * np.clip(t * 0.92 + 0.06, 0, 1)) ** 0.8
    across = np.linspace(-1, 1, 4)
    x = half[:, None] * across[None]
    y = np.broadcast_to(length * t[:, None], x.shape)
    z = cup * (np.sin(np.pi * t)[:, None] * 0.8 + across[None] ** 2 * 0.6) * np.ones_like(x)
    return sheet(np.stack([x, y, z], axis=-1).astype(np.float32))


def cypress(kit: Kit, h: float, leaf: RGB) -> None:
    """A slender tree like a flame."""
    kit.put("trunk", _BARK, "bark", spindle([(0.03 * h, 0), (0.03 * h, h * 0.15)], 6))
    profile = [(0.0, h * 0.08), (0.09 * h, h * 0.16), (0.12 * h, h * 0.4), (0.09 * h, h * 0.7), (0.0, h)]
    kit.put("leaves", leaf, "leaf", spindle(profile, 9))


def palm(kit: Kit, h: float) -> None:
    """A palm: a bent ringed trunk and a star of fronds."""
    rng = kit.rng("palm")
    lean = float(rng.uniform(-0.25, 0.25)) * h
    trunk = curve([(0, -0.05, 0), (lean * 0.3, h * 0.5, 0), (lean, h, 0)], 5)
    kit.put("trunk", (0.55, 0.42, 0.28), "bark", tube(trunk, np.linspace(0.045 * h, 0.03 * h, len(trunk)), 7))
    part = kit.part("fronds", (0.24, 0.50, 0.22), "leaf")
    for i in range(9):
        a = 2 * np.pi * i / 9 + float(rng.uniform(-0.2, 0.2))
        lift = float(rng.uniform(0.1, 0.7))
        frond = _petal(0.42 * h, 0.06 * h, -0.12 * h).by(aim((np.cos(a), lift, np.sin(a)), (0, 1, 0)))
        kit.add(part, frond.moved(lean, h, 0))


def mushroom(kit: Kit, h: float, colour: RGB) -> None:
    """A toadstool with dots."""
    kit.put(
        "stalk", (0.93, 0.89, 0.80), "plaster", spindle([(0.13 * h, 0), (0.09 * h, 0.3 * h), (0.1 * h, 0.62 * h)], 9)
    )
    cap = [(0.1 * h, 0.55 * h), (0.42 * h, 0.52 * h), (0.38 * h, 0.75 * h), (0.2 * h, 0.95 * h), (0.0, h)]
    kit.put("cap", colour, "petal", lathe(cap, 14))
    dots = kit.part("dots", (0.96, 0.94, 0.90), "petal")
    for a in (0.2, 1.4, 2.6, 4.0, 5.2):
        n = unit(np.float32([np.sin(a) * 0.8, 0.7, np.cos(a) * 0.8]))
        spot = disc(0.07 * h, 8).by(aim(unit(cross(n, np.float32([0.3, 1, 0.2]))), n))
        kit.add(dots, spot.moved(np.sin(a) * 0.33 * h, 0.80 * h, np.cos(a) * 0.33 * h))
