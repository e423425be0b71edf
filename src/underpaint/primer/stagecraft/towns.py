"""Places built by people, outdoors: a street in perspective, a market, a rooftop."""

import numpy as np

from underpaint.primer.stagecraft.colours import dim, mix
from underpaint.primer.stagecraft.kit import Kit, lamp_glow
from underpaint.primer.stagecraft.place_kit import role
from underpaint.primer.stagecraft.plants import bush
from underpaint.primer.stagecraft.seen import RGB
from underpaint.primer.stagecraft.solids import box, boxes, cone, cylinder, extrude, lathe, polygons

_FACADES: tuple[RGB, ...] = (
    (0.90, 0.80, 0.62), (0.83, 0.62, 0.50), (0.76, 0.78, 0.70), (0.92, 0.88, 0.80), (0.70, 0.56, 0.50),
    (0.80, 0.70, 0.74), (0.66, 0.72, 0.78),
)  # fmt: skip
_ROOFS: tuple[RGB, ...] = ((0.62, 0.32, 0.24), (0.45, 0.34, 0.34), (0.36, 0.40, 0.48), (0.70, 0.44, 0.30))
_LIT: RGB = (1.0, 0.80, 0.44)


def _quad(x: float, y: float, z: float, h: float, w: float) -> list[tuple[float, float, float]]:
    return [(x, y, z), (x, y, z + w), (x, y + h, z + w), (x, y + h, z)]


def _panes(kit: Kit, quads: list[list[tuple[float, float, float]]], part: int) -> None:
    if quads:
        kit.add(part, polygons(quads, closed=False))


def row_house(kit: Kit, w: float, h: float, deep: float, side: float) -> None:
    """A house of a street: its face looks along `side` * x, at x = 0; it reaches `w` along z and `deep` behind."""
    rng = kit.rng("house")
    wall = _FACADES[int(rng.integers(len(_FACADES)))]
    roof = _ROOFS[int(rng.integers(len(_ROOFS)))]
    s = side
    kit.put("walls", wall, "plaster", box(deep, h, w).moved(-s * deep / 2, 0, 0))
    rise = float(rng.uniform(0.9, 1.9))
    if rng.random() < 0.4:
        gable = [(-w / 2, h), (w / 2, h), (0, h + rise * 1.35)]
        kit.put("gable", wall, "plaster", extrude(gable, deep).turned(np.pi / 2).moved(-s * deep / 2, 0, 0))
        tiles = kit.part("roof", roof, "tile")
        for k in (-1, 1):
            a, b = (k * (w / 2 + 0.2), h - 0.25), (0.0, h + rise * 1.35 + 0.08)
            kit.add(
                tiles,
                polygons(
                    [
                        [
                            (s * 0.25, a[1], a[0]),
                            (s * 0.25, b[1], b[0]),
                            (-s * deep, b[1], b[0]),
                            (-s * deep, a[1], a[0]),
                        ]
                    ],
                    closed=False,
                ),
            )
    else:
        tiles = kit.part("roof", roof, "tile")
        kit.add(
            tiles,
            polygons(
                [
                    [
                        (s * 0.35, h - 0.15, -w / 2),
                        (s * 0.35, h - 0.15, w / 2),
                        (-s * deep / 2, h + rise, w / 2),
                        (-s * deep / 2, h + rise, -w / 2),
                    ]
                ],
                closed=False,
            ),
        )
        kit.add(
            tiles,
            polygons(
                [
                    [(s * 0.35, h - 0.15, z), (-s * deep / 2, h + rise, z), (-s * deep, h - 0.15, z)]
                    for z in (-w / 2, w / 2)
                ],
                closed=False,
            ),
        )
    _front(kit, w, h, s, wall)


def _front(kit: Kit, w: float, h: float, s: float, wall: RGB) -> None:
    """Windows, door, cornice and perhaps a shop sign on a row house's face."""
    rng = kit.rng("front")
    frames, shutters = (
        kit.part("frames", (0.94, 0.92, 0.87), "wood"),
        kit.part("shutters", dim(_ROOFS[int(rng.integers(4))], 1.0), "wood"),
    )
    lit = kit.part("lit panes", _LIT if kit.night else (0.42, 0.53, 0.62), "glass", lamp_glow(kit))
    dark = kit.part("panes", (0.30, 0.36, 0.44), "glass")
    storeys, columns = max(2, round(h / 1.9)), max(2, round(w / 1.7))
    shut = rng.random() < 0.5
    sh, q = h / storeys, []
    for i in range(storeys):
        for j in range(columns):
            z, y = ((j + 0.5) / columns - 0.5) * w * 0.94, sh * (i + 0.32)
            ww, hh = w / columns * 0.42, sh * 0.50
            if i == 0 and j == columns // 2:
                q.append((z, 0.0, ww * 1.25, sh * 0.78, -1))
                continue
            q.append((z, y, ww, hh, int(rng.random() < 0.6)))
    quads: dict[int, list[list[tuple[float, float, float]]]] = {frames: [], shutters: [], lit: [], dark: []}
    bases: list[tuple[float, float, float]] = []
    sizes: list[tuple[float, float, float]] = []
    for z, y, ww, hh, kind in q:
        door, pane = kind < 0, lit if kind else dark
        quads[frames].append(_quad(s * 0.02, y - 0.07, z - ww * 0.62, hh + 0.14, ww * 1.24))
        quads[shutters if door else pane].append(_quad(s * 0.05, y, z - ww / 2, hh, ww))
        if door:
            continue
        bases.append((s * 0.05, y - 0.10, z))
        sizes.append((0.10, 0.07, ww * 1.4))
        kit.fold(pane, [(s * 0.06, y, z), (s * 0.06, y + hh, z)])
        if shut:
            quads[shutters] += [_quad(s * 0.07, y, z + k * ww * 0.80 - ww * 0.21, hh, ww * 0.42) for k in (-1, 1)]
    for part, found in quads.items():
        _panes(kit, found, part)
    kit.add(frames, boxes(np.float32(bases), np.float32(sizes)))
    kit.put("cornice", mix(wall, (1, 1, 1), 0.4), "stone", box(0.22, 0.16, w).moved(s * 0.06, h - 0.22, 0))
    if rng.random() < 0.4:
        awning = dim(_ROOFS[int(rng.integers(4))], 1.15)
        p = [
            [
                (s * 0.03, sh * 0.98, -w * 0.42),
                (s * 0.03, sh * 0.98, w * 0.42),
                (s * 0.95, sh * 0.74, w * 0.42),
                (s * 0.95, sh * 0.74, -w * 0.42),
            ]
        ]
        kit.put("awning", awning, "cloth", polygons(p, closed=False))


def paving(kit: Kit, half: float, colour: RGB, joints: bool = True) -> None:
    own = role(kit, "ground", "ground")
    part = own.put("paving", colour, "stone", box(260, 0.4, 260).moved(0, -0.4, -40))
    if joints:
        for k in range(1, 13):
            z = 4.0 - 1.25 * 1.17**k
            own.fold(part, [(-half, 0.01, z), (0, 0.01, z - 0.05), (half, 0.01, z)])


def street_lamp(kit: Kit, x: float, z: float, name: str) -> None:
    """A lamp by the way."""
    own = role(kit, name, "place").child(name, (x, 0, z))
    iron: RGB = (0.22, 0.24, 0.26)
    own.put("post", iron, "metal", lathe([(0.12, 0), (0.05, 0.3), (0.04, 2.5), (0.0, 2.52)], 8))
    own.put(
        "lantern",
        (1.0, 0.85, 0.5),
        "light",
        lathe([(0.09, 2.5), (0.16, 2.85), (0.0, 2.86)], 6, smooth=False),
        glow=lamp_glow(kit),
    )
    own.put("cap", iron, "metal", cone(0.22, 0.2, 6).moved(0, 2.85, 0))


def street(kit: Kit) -> None:
    """A street that runs away from the viewer between rows of houses, a tower at its end."""
    rng = kit.rng("street")
    half = 3.9
    paving(kit, half, mix((0.66, 0.62, 0.58), (0.58, 0.56, 0.58), float(rng.random())))
    own = role(kit, "pavement", "ground")
    for s in (-1, 1):
        own.put("kerb", (0.74, 0.72, 0.68), "stone", box(1.1, 0.12, 70).moved(s * (half - 0.1), 0, -25))
        z, i = 6.0, 0
        while z > -46:
            w = float(rng.uniform(3.4, 5.4))
            h = float(rng.uniform(4.2, 7.2))
            name = f"house {'left' if s < 0 else 'right'} {i}"
            row_house(role(kit, name, "place").child(name, (s * (half + 0.4), 0, z - w / 2)), w, h, 5.0, -s)
            z, i = z - w, i + 1
    for i, z in enumerate((-2.6, -8.5, -15.0)):
        for s in (-1, 1):
            street_lamp(kit, s * (half - 0.25), z, f"lamp {i} {s}")
    end = role(kit, "church", "place").child("church", (float(rng.uniform(-2, 2)), 0, -50))
    end.put("tower", (0.72, 0.68, 0.64), "stone", box(4.2, 12, 4.2))
    end.put("spire", _ROOFS[2], "tile", cone(3.0, 7.5, 8, smooth=False).moved(0, 12, 0))
    end.put("clock", (0.95, 0.93, 0.86), "paper", cylinder(1.1, 0.1, 18).turned(0, np.pi / 2).moved(0, 9.6, 2.1))


def _block(kit: Kit, x: float, z: float, w: float, d: float, low: float, top: float) -> None:
    """A building of the skyline: a box with rows of windows."""
    rng = kit.rng("block")
    wall = mix(_FACADES[int(rng.integers(len(_FACADES)))], (0.52, 0.56, 0.64), 0.45)
    kit.put("wall", wall, "plaster", box(w, top - low, d).moved(x, low, z))
    roof = ((0.40, 0.38, 0.42), (0.58, 0.38, 0.32))[int(rng.integers(2))]
    if rng.random() < 0.35:
        kit.put(
            "roof",
            roof,
            "tile",
            extrude([(-w / 2 - 0.2, top), (w / 2 + 0.2, top), (0, top + w * 0.35)], d).moved(x, 0, z),
        )
    else:
        kit.put("roof", roof, "stone", box(w * 1.04, 0.3, d * 1.04).moved(x, top, z))
        if rng.random() < 0.5:
            kit.put(
                "tank",
                (0.50, 0.38, 0.30),
                "wood",
                cylinder(0.7, 1.4, 10).moved(x + w * 0.2, top + 0.3, z),
                cone(0.8, 0.5, 10).moved(x + w * 0.2, top + 1.7, z),
            )
    lit = kit.part("lit windows", _LIT if kit.night else (0.62, 0.72, 0.80), "glass", lamp_glow(kit))
    dark = kit.part("windows", (0.30, 0.35, 0.44), "glass")
    columns, rows = max(2, int(w / 1.3)), max(2, int((top - low) / 1.9))
    groups: dict[int, list[list[tuple[float, float, float]]]] = {lit: [], dark: []}
    for i in range(max(0, rows - 6), rows):
        for j in range(columns):
            a, y = x + ((j + 0.5) / columns - 0.5) * w, low + (i + 0.35) * (top - low) / rows
            quad = [
                (a - 0.28, y, z + d / 2 + 0.03),
                (a + 0.28, y, z + d / 2 + 0.03),
                (a + 0.28, y + 0.85, z + d / 2 + 0.03),
                (a - 0.28, y + 0.85, z + d / 2 + 0.03),
            ]
            groups[lit if rng.random() < (0.45 if kit.night else 0.3) else dark].append(quad)
    for part, quads in groups.items():
        _panes(kit, quads, part)


def rooftop(kit: Kit) -> None:
    """A flat roof high over a city: its edge to the front, chimneys and a tank behind, the skyline beyond."""
    rng = kit.rng("rooftop")
    front = 0.02 if kit.edge else 1.5
    low = -15.0
    own = role(kit, "roof", "ground")
    wall = _FACADES[int(rng.integers(len(_FACADES)))]
    deep, half = 6.5, 5.2
    own.put(
        "house wall", wall, "plaster", box(2 * half, -low - 0.15, deep + front - 0.02).moved(0, low, (front - deep) / 2)
    )
    part = own.put(
        "roof top",
        (0.60, 0.56, 0.54),
        "stone",
        box(2 * half + 0.3, 0.22, deep + front).moved(0, -0.22, (front - deep) / 2),
    )
    for k in range(1, 5):
        own.fold(part, [(-half, 0.01, front - 1.4 * k), (half, 0.01, front - 1.4 * k)])
    panes = own.part("house windows", _LIT if kit.night else (0.40, 0.50, 0.60), "glass", lamp_glow(kit))
    quads = [
        [
            (x - 0.5, y, front + 0.02),
            (x + 0.5, y, front + 0.02),
            (x + 0.5, y + 1.4, front + 0.02),
            (x - 0.5, y + 1.4, front + 0.02),
        ]
        for x in (-3.6, -1.2, 1.2, 3.6)
        for y in (-2.6, -5.6, -8.6)
    ]
    _panes(own, quads, panes)
    things = role(kit, "roof things", "place")
    brick: RGB = (0.62, 0.38, 0.30)
    for x, z in ((-3.3, -3.2), (3.6, -4.6)):
        things.put("chimney", brick, "brick", box(0.8, 1.5, 0.6).moved(x, 0, z), box(0.95, 0.16, 0.75).moved(x, 1.5, z))
        for dx in (-0.2, 0.2):
            things.put("pot", (0.70, 0.46, 0.36), "brick", cylinder(0.13, 0.35, 8).moved(x + dx, 1.66, z))
    hut = things.put("hut", dim(wall, 0.92), "plaster", box(1.8, 2.1, 1.6).moved(1.9, 0, -5.2))
    things.put("hut door", (0.36, 0.44, 0.46), "wood", box(0.75, 1.7, 0.08).moved(1.6, 0, -4.4))
    things.fold(hut, [(1.0, 2.0, -4.39), (2.8, 2.0, -4.39)])
    rail = things.part("rail", (0.30, 0.32, 0.35), "metal")
    for x in np.linspace(-half, half, 12):
        things.add(rail, box(0.05, 0.85, 0.05).moved(float(x), 0, -deep + 0.2))
    things.add(rail, box(2 * half, 0.06, 0.06).moved(0, 0.82, -deep + 0.2))
    pots = role(kit, "pots", "place")
    for i, x in enumerate((-2.2, -1.6)):
        pots.put("flower pot", (0.72, 0.42, 0.30), "brick", cylinder(0.16, 0.3, 10, 0.2).moved(x, 0, -2.6))
        bush(
            role(kit, f"pot plant {i}", "place").child(f"pot plant {i}", (x, 0.25, -2.6)), 0.24, (0.32, 0.52, 0.28), 10
        )
    _skyline(kit, low)


def _skyline(kit: Kit, low: float) -> None:
    rng = kit.rng("skyline")
    role(kit, "far streets", "place").put(
        "streets", (0.46, 0.46, 0.50), "stone", box(500, 0.3, 500).moved(0, low - 0.3, 0)
    )
    for ring, (z0, z1, count, tall) in enumerate(((-13, -22, 7, 0.0), (-28, -42, 9, 3.5), (-52, -80, 11, 9.0))):
        for i in range(count):
            x = ((i + 0.5) / count - 0.5) * (44 + ring * 44) + float(rng.uniform(-1.5, 1.5))
            w = float(rng.uniform(3.5, 6.0)) * (1 + 0.4 * ring)
            top = float(rng.uniform(-5.5, 1.0)) + tall * float(rng.uniform(0.3, 1.3))
            name = f"block {ring} {i}"
            _block(role(kit, name, "place"), x, float(rng.uniform(z1, z0)), w, w, low, top)
    for i, x in enumerate((-15.0, 15.5)):
        name = f"neighbour {i}"
        _block(role(kit, name, "place"), x, -3.0, 8.0, 9.0, low, float(rng.uniform(-3.5, -0.5)))
