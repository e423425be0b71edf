"""Places under a roof: a room and a library."""

import numpy as np

from underpaint.primer.stagecraft.colours import dim, mix
from underpaint.primer.stagecraft.kit import Kit, lamp_glow
from underpaint.primer.stagecraft.place_kit import role
from underpaint.primer.stagecraft.plants import bush
from underpaint.primer.stagecraft.seen import RGB
from underpaint.primer.stagecraft.solids import ball, box, boxes, capsule, cylinder, lathe, polygons, sheet
from underpaint.primer.stagecraft.things import table

_SKY = {True: (0.16, 0.22, 0.42), False: (0.72, 0.86, 0.95)}
_WOOD: RGB = (0.56, 0.39, 0.25)


def _shell(kit: Kit, wall: RGB, floor: RGB, half: float, back: float, high: float) -> None:
    """Floor, three walls and ceiling; walls are seen from inside only."""
    own = role(kit, "room", "ground")
    front = 3.2
    part = own.put("floor", floor, "wood", polygons([[(-12, 0, 12), (12, 0, 12), (12, 0, back), (-12, 0, back)]]))
    for x in np.linspace(-half, half, 15):
        own.fold(part, [(float(x), 0.005, 3.0), (float(x), 0.005, back)])
    walls = role(kit, "walls", "place")
    face = walls.part("wall", wall, "plaster")
    walls.add(face, polygons([[(-half, 0, back), (half, 0, back), (half, high, back), (-half, high, back)]]))
    side = walls.part("side walls", dim(wall, 0.94), "plaster")
    walls.add(side, polygons([[(-half, 0, front), (-half, 0, back), (-half, high, back), (-half, high, front)]]))
    walls.add(side, polygons([[(half, 0, back), (half, 0, front), (half, high, front), (half, high, back)]]))
    walls.put(
        "ceiling",
        mix(wall, (1, 1, 1), 0.6),
        "plaster",
        polygons([[(-half, high, back), (half, high, back), (half, high, front), (-half, high, front)]]),
    )
    skirting = walls.part("skirting", mix(wall, (1, 1, 1), 0.7), "wood")
    walls.add(skirting, box(2 * half, 0.16, 0.05).moved(0, 0, back + 0.03))
    for s in (-1, 1):
        walls.add(skirting, box(0.05, 0.16, front - back).moved(s * (half - 0.03), 0, (front + back) / 2))


def _window(kit: Kit, x: float, y: float, z: float, w: float, h: float, curtain: RGB | None) -> None:
    """A window with the hour's sky in it."""
    own = role(kit, "window", "place")
    sky: RGB = _SKY[kit.night]
    own.put("view", sky, "glass", box(w, h, 0.03).moved(x, y, z + 0.02), glow=0.8 if not kit.night else 0.35)
    frame = own.part("frame", (0.95, 0.93, 0.89), "wood")
    for dx in (-w / 2, 0.0, w / 2):
        own.add(frame, box(0.08, h + 0.08, 0.1).moved(x + dx, y, z + 0.05))
    for dy in (0.0, h * 0.55, h):
        own.add(frame, box(w + 0.08, 0.08, 0.1).moved(x, y + dy, z + 0.05))
    own.put("sill", (0.92, 0.88, 0.80), "wood", box(w + 0.3, 0.06, 0.25).moved(x, y - 0.06, z + 0.12))
    if curtain is not None:
        for s in (-1, 1):
            u = np.linspace(0, 1, 13)
            px = x + s * (w / 2 + 0.28 - 0.5 * u)
            rows = [
                np.stack(
                    [
                        px * (1 - 0.0 * k) + s * 0.10 * k * (1 - u),
                        0 * u + y + h + 0.2 - k * (h + 0.55),
                        z + 0.16 + 0.05 * np.cos(u * 22),
                    ],
                    axis=1,
                )
                for k in np.linspace(0, 1, 5)
            ]
            own.put("curtain", curtain, "cloth", sheet(np.stack(rows).astype(np.float32)))
        own.put(
            "rod",
            _WOOD,
            "wood",
            capsule(
                (x - w / 2 - 0.4, y + h + 0.22, z + 0.16), (x + w / 2 + 0.4, y + h + 0.22, z + 0.16), 0.03, 0.03, 6
            ),
        )


def bookcase(kit: Kit, w: float, h: float, shelves: int, fill: float = 1.0) -> None:
    """A case of books, standing on y = 0 with its back at z = 0."""
    rng = kit.rng("books")
    wood = kit.part("case", _WOOD, "wood")
    d = 0.34
    for x in (-w / 2, w / 2):
        kit.add(wood, box(0.06, h, d).moved(x, 0, d / 2))
    for i in range(shelves + 1):
        kit.add(wood, box(w, 0.05, d).moved(0, i * (h - 0.05) / shelves, d / 2))
    kit.put("back", dim(_WOOD, 0.62), "wood", box(w, h, 0.03))
    tones: tuple[RGB, ...] = (
        (0.62, 0.22, 0.20),
        (0.24, 0.36, 0.50),
        (0.30, 0.44, 0.32),
        (0.78, 0.62, 0.36),
        (0.44, 0.28, 0.40),
        (0.86, 0.80, 0.68),
        (0.36, 0.28, 0.24),
    )
    parts = [kit.part(f"books {i}", c, "paper") for i, c in enumerate(tones)]
    bases: list[list[tuple[float, float, float]]] = [[] for _ in tones]
    sizes: list[list[tuple[float, float, float]]] = [[] for _ in tones]
    for i in range(shelves):
        y, room = i * (h - 0.05) / shelves + 0.05, (h - 0.05) / shelves - 0.05
        x = -w / 2 + 0.06
        while x < w / 2 - 0.12:
            thick, tall = float(rng.uniform(0.05, 0.11)), room * float(rng.uniform(0.62, 0.93))
            tone = int(rng.integers(7))
            if rng.random() < fill * 0.95:
                bases[tone].append((x + thick / 2, y, 0.19))
                sizes[tone].append((thick * 0.9, tall, 0.22))
            x += thick
    for part, at, size in zip(parts, bases, sizes, strict=True):
        if at:
            kit.add(part, boxes(np.float32(at), np.float32(size)))


def room(kit: Kit) -> None:
    """A lived-in room: window with curtains, rug, shelf, table, picture, plant, lamp."""
    rng = kit.rng("room")
    papers: tuple[RGB, ...] = (
        (0.84, 0.76, 0.64),
        (0.66, 0.74, 0.70),
        (0.78, 0.66, 0.64),
        (0.62, 0.68, 0.78),
        (0.90, 0.84, 0.70),
    )
    wall = papers[int(rng.integers(5))]
    half, back, high = 3.7, -3.0, 3.1
    _shell(kit, wall, mix(_WOOD, (0.75, 0.56, 0.38), 0.5), half, back, high)
    s = 1.0 if rng.random() < 0.5 else -1.0
    curtain = ((0.72, 0.34, 0.30), (0.40, 0.52, 0.56), (0.86, 0.74, 0.50))[int(rng.integers(3))]
    _window(kit, s * 1.35, 0.95, back, 1.3, 1.45, curtain)
    rug = ((0.66, 0.30, 0.28), (0.34, 0.44, 0.56), (0.78, 0.64, 0.42))[int(rng.integers(3))]
    own = role(kit, "rug", "ground")
    own.put("rug", rug, "cloth", lathe([(1.7, 0.012), (0.0, 0.012)], 36))
    own.put("rug ring", mix(rug, (0.95, 0.9, 0.8), 0.6), "cloth", lathe([(1.5, 0.016), (1.35, 0.016)], 36))
    bookcase(role(kit, "bookcase", "place").child("bookcase", (-s * 2.55, 0, back + 0.02)), 1.3, 2.2, 5, 0.85)
    table_kit = role(kit, "table", "place").child("table", (s * 2.9, 0, -1.6))
    table(table_kit, 1.2, 0.8, 0.75, dim(_WOOD, 1.1))
    table_kit.put("lamp foot", (0.80, 0.64, 0.34), "metal", lathe([(0.12, 0.75), (0.03, 0.8), (0.03, 1.1)], 10))
    table_kit.put(
        "lamp shade", (0.98, 0.86, 0.60), "light", lathe([(0.24, 1.08), (0.14, 1.38)], 14), glow=lamp_glow(kit)
    )
    table_kit.put("cup", (0.90, 0.88, 0.84), "plaster", cylinder(0.06, 0.12, 10).moved(-0.35, 0.75, 0.1))
    picture = role(kit, "picture", "place")
    picture.put("frame", (0.72, 0.56, 0.30), "wood", box(0.9, 0.7, 0.05).moved(-s * 0.6, 1.7, back + 0.04))
    picture.put("canvas", (0.60, 0.72, 0.78), "paper", box(0.76, 0.56, 0.06).moved(-s * 0.6, 1.77, back + 0.05))
    picture.put("hill", (0.46, 0.58, 0.36), "paper", box(0.76, 0.2, 0.07).moved(-s * 0.6, 1.77, back + 0.05))
    pot = role(kit, "house plant", "place").child("house plant", (s * 0.15, 0, back + 0.5))
    pot.put("pot", (0.74, 0.44, 0.32), "brick", cylinder(0.2, 0.35, 12, 0.25))
    bush(pot.child("house plant", (0, 0.3, 0)), 0.42, (0.30, 0.50, 0.28), 16)


def library(kit: Kit) -> None:
    """A tall library: cases of books on all walls, a ladder, a globe, an arched window, a chandelier."""
    rng = kit.rng("library")
    half, back, high = 4.3, -3.8, 4.6
    _shell(kit, (0.56, 0.44, 0.34), (0.46, 0.32, 0.22), half, back, high)
    for i, x in enumerate((-3.2, -1.55, 1.55, 3.2)):
        name = f"bookcase {i}"
        bookcase(role(kit, name, "place").child(name, (x, 0, back + 0.02)), 1.5, 3.6, 7)
    for s in (-1, 1):
        for j in range(2):
            name = f"side case {s} {j}"
            bookcase(
                role(kit, name, "place").child(name, (s * (half - 0.02), 0, back + 1.4 + 1.9 * j), -s * np.pi / 2),
                1.6,
                3.6,
                7,
            )
    _window(kit, 0.0, 1.3, back, 1.1, 2.2, None)
    carpet = role(kit, "carpet", "ground")
    carpet.put("carpet", (0.58, 0.22, 0.22), "cloth", box(2.6, 0.012, 6.0).moved(0, 0, 0.2))
    carpet.put("carpet border", (0.85, 0.68, 0.40), "cloth", box(2.3, 0.016, 5.7).moved(0, 0, 0.2))
    carpet.put("carpet field", (0.62, 0.26, 0.24), "cloth", box(2.1, 0.02, 5.5).moved(0, 0, 0.2))
    ladder = role(kit, "ladder", "place")
    rail = ladder.part("ladder", (0.70, 0.52, 0.33), "wood")
    x = float(rng.choice([-2.4, 2.4]))
    for dx in (-0.25, 0.25):
        ladder.add(rail, capsule((x + dx, 0, back + 1.1), (x + dx, 3.2, back + 0.42), 0.03, 0.03, 6))
    for k in range(8):
        t = (k + 0.6) / 8.6
        ladder.add(
            rail,
            capsule(
                (x - 0.25, 3.2 * t, back + 1.1 - 0.68 * t), (x + 0.25, 3.2 * t, back + 1.1 - 0.68 * t), 0.022, 0.022, 6
            ),
        )
    globe = role(kit, "globe", "place").child("globe", (-x * 0.95, 0, -1.7))
    globe.put("stand", _WOOD, "wood", lathe([(0.25, 0), (0.05, 0.1), (0.05, 0.6), (0.0, 0.62)], 10))
    globe.put("globe", (0.36, 0.54, 0.64), "paper", ball(0.32, around=18, rows=11).moved(0, 0.92, 0))
    land = globe.part("lands", (0.76, 0.66, 0.42), "paper")
    for a, y, r in ((0.3, 0.1, 0.14), (1.0, -0.08, 0.1), (-0.7, 0.05, 0.12), (2.4, 0.1, 0.15)):
        globe.add(land, ball(r, r * 0.9, 0.05, 9, 6).moved(0, y, 0.29).turned(a).moved(0, 0.92, 0))
    lamps = role(kit, "chandelier", "place")
    ring = lamps.part("ring", (0.74, 0.58, 0.30), "metal")
    lamps.add(ring, lathe([(0.66, 3.6), (0.74, 3.6), (0.74, 3.68), (0.66, 3.68)], 22).moved(0, 0, -1.4))
    lamps.add(ring, capsule((0, 3.66, -1.4), (0, 4.6, -1.4), 0.02, 0.02, 5))
    flames = lamps.part("flames", (1.0, 0.88, 0.55), "light", 0.9)
    for k in range(8):
        a = 2 * np.pi * k / 8
        lamps.add(flames, ball(0.05, 0.10, 0.05, 8, 6).moved(np.sin(a) * 0.7, 3.78, -1.4 + np.cos(a) * 0.7))
