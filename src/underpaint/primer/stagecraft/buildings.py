"""Buildings, in metres: houses, castles, towers, lighthouses, pagodas, windmills, bridges."""

import numpy as np

from underpaint.primer.stagecraft.colours import dim, mix
from underpaint.primer.stagecraft.kit import Kit, lamp_glow
from underpaint.primer.stagecraft.mesh import Solid
from underpaint.primer.stagecraft.seen import RGB
from underpaint.primer.stagecraft.solids import ball, box, cone, cylinder, extrude, lathe, polygons, sheet

_STONE: RGB = (0.66, 0.63, 0.58)
_PLASTER: RGB = (0.93, 0.89, 0.80)
_WOOD: RGB = (0.42, 0.28, 0.18)
_LIT: RGB = (1.0, 0.80, 0.42)
_PANE: RGB = (0.36, 0.48, 0.58)


def window(kit: Kit, x: float, y: float, z: float, w: float, h: float, side: str = "front") -> None:
    """A framed window standing a little out of a wall, lit at night."""
    yaw = {"front": 0.0, "right": np.pi / 2, "left": -np.pi / 2, "back": np.pi}[side]
    pane = _LIT if kit.night else _PANE
    frame = box(w * 1.24, h * 1.2, 0.06).moved(0, -h * 0.1, 0).turned(yaw).moved(x, y, z)
    kit.put("window frame", (0.95, 0.93, 0.88), "wood", frame)
    kit.put("pane", pane, "glass", box(w, h, 0.1).turned(yaw).moved(x, y, z), glow=lamp_glow(kit))
    bar = kit.part("bar", (0.92, 0.90, 0.85), "wood")
    kit.add(
        bar,
        box(w * 0.1, h, 0.12).turned(yaw).moved(x, y, z),
        box(w, h * 0.08, 0.12).moved(0, h * 0.48, 0).turned(yaw).moved(x, y, z),
    )


def door(kit: Kit, x: float, z: float, w: float, h: float, colour: RGB) -> None:
    """An arched door in a front wall."""
    a = np.linspace(0, np.pi, 9)
    arch = np.stack([x + np.cos(a) * w / 2, h - w / 2 + np.sin(a) * w / 2], axis=1)
    outline = np.concatenate([[(x - w / 2, 0), (x + w / 2, 0)], arch])
    rim = (outline - [x, 0]) * [1.2, 1.08] + [x, 0]
    kit.put("door frame", mix(colour, (0.9, 0.86, 0.78), 0.7), "stone", extrude(rim, 0.1).moved(0, 0, z))
    part = kit.put("door", colour, "wood", extrude(outline, 0.16).moved(0, 0, z))
    kit.fold(part, [(x, 0.05, z + 0.09), (x, h * 0.95, z + 0.09)])
    kit.put("knob", (0.85, 0.68, 0.3), "metal", ball(0.045, around=6, rows=5).moved(x + w * 0.3, h * 0.45, z + 0.11))


def gable(kit: Kit, width: float, depth: float, base: float, rise: float, colour: RGB) -> None:
    """A ridged roof along z over walls of this width, with eaves and rows of tiles."""
    w, d = width / 2 + 0.35, depth / 2 + 0.35
    slope = rise / (width / 2)
    y0 = base - 0.35 * slope
    t = 0.16
    part = kit.part("roof", colour, "tile")
    for s in (-1, 1):
        eave, ridge = (s * w, y0), (0.0, base + rise)
        p = [(eave[0], eave[1], d), (ridge[0], ridge[1], d), (ridge[0], ridge[1], -d), (eave[0], eave[1], -d)]
        q = [(a, b + t, c) for a, b, c in p]
        up = q if s < 0 else q[::-1]
        top = [up[0], up[1], up[2], up[3]]
        down = p[::-1] if s < 0 else p
        lip = [p[0], p[3], q[3], q[0]] if s > 0 else [p[3], p[0], q[0], q[3]]
        front = [p[0], q[0], q[1], p[1]] if s < 0 else [p[1], q[1], q[0], p[0]]
        front = front[::-1]
        back = [p[2], q[2], q[3], p[3]] if s < 0 else [p[3], q[3], q[2], p[2]]
        back = back[::-1]
        kit.add(part, polygons([top[::-1], down, lip, front, back], closed=False))
        for k in (0.25, 0.5, 0.75):
            x, y = s * w * (1 - k), y0 + (base + rise - y0) * k + t + 0.015
            kit.fold(part, [(x, y, d), (x, y, 0), (x, y, -d)])


def house(kit: Kit) -> None:
    """A cottage with a gable towards the viewer: its roof has the named colour; chimney, door, windows."""
    rng = kit.rng("house")
    w, d, h = float(rng.uniform(3.4, 4.6)), float(rng.uniform(4.0, 5.2)), float(rng.uniform(2.3, 3.2))
    rise = float(rng.uniform(1.6, 2.5))
    c = kit.coat
    pale = kit.thing.colour in ("white", "grey")
    walls = [_PLASTER, (0.86, 0.80, 0.68), (0.80, 0.72, 0.62), (0.72, 0.52, 0.42)][int(rng.integers(4))]
    if pale:
        walls = mix(walls, (0.55, 0.42, 0.34), 0.55)
    outline = [(-w / 2, 0), (w / 2, 0), (w / 2, h), (0, h + rise), (-w / 2, h)]
    wall = kit.put("walls", walls, "plaster", extrude(outline, d))
    if rng.random() < 0.5:
        beam = kit.part("beams", _WOOD, "wood")
        for x in (-w / 2 + 0.08, w / 2 - 0.08):
            kit.add(beam, box(0.16, h, 0.1).moved(x, 0, d / 2))
        kit.add(beam, box(w, 0.16, 0.1).moved(0, h - 0.1, d / 2))
        kit.add(
            beam,
            extrude([(-0.07, h), (0.07, h), (0.07, h + rise * 0.92), (-0.07, h + rise * 0.92)], 0.1).moved(0, 0, d / 2),
        )
    else:
        for _ in range(4):
            x, y = float(rng.uniform(-0.4, 0.3)) * w, float(rng.uniform(0.4, 1.0)) * h
            kit.fold(wall, [(x, y, d / 2 + 0.01), (x + 0.35, y, d / 2 + 0.01)])
    gable(kit, w, d, h, rise, c.main)
    s = 1 if rng.random() < 0.5 else -1
    door(kit, -s * w * 0.2, d / 2, 0.95, 1.95, c.dark if not pale else (0.35, 0.5, 0.55))
    window(kit, s * w * 0.24, 0.95, d / 2, 0.8, 0.95)
    window(kit, 0, h + rise * 0.18, d / 2, 0.62, 0.7)
    for z in (-d * 0.22, d * 0.22):
        window(kit, w / 2, 0.95, z, 0.8, 0.95, "right")
        window(kit, -w / 2, 0.95, z, 0.8, 0.95, "left")
    x = s * w * 0.26
    kit.put("chimney", (0.62, 0.38, 0.30), "brick", box(0.55, 1.5, 0.55).moved(x, h + rise * 0.35, -d * 0.2))
    kit.put("chimney pot", (0.5, 0.3, 0.24), "brick", box(0.68, 0.14, 0.68).moved(x, h + rise * 0.35 + 1.5, -d * 0.2))
    kit.spot("emblem", (0, h + rise * 0.62, d / 2 + 0.08))
    kit.spot("seat", (0, h + rise, 0))


def battlements(kit: Kit, part: int, radius: float, y: float, teeth: int = 10) -> None:
    """A ring of merlons on a round tower."""
    for i in range(teeth):
        a = 2 * np.pi * (i + 0.5) / teeth
        tooth = box(radius * 3.2 / teeth, radius * 0.34, radius * 0.2)
        kit.add(part, tooth.turned(a).moved(np.sin(a) * radius * 0.95, y, np.cos(a) * radius * 0.95))


def round_tower(kit: Kit, x: float, z: float, r: float, h: float, roof: RGB | None, stone: RGB = _STONE) -> None:
    """A round stone tower with a pointed roof, or battlements when there is none."""
    profile = [(r * 1.12, 0), (r, h * 0.08), (r * 0.96, h * 0.86), (r * 1.16, h * 0.92), (r * 1.16, h)]
    wall = kit.put(
        "tower", stone, "stone", lathe(profile, 16).moved(x, 0, z), cylinder(r * 1.15, 0.02, 16).moved(x, h, z)
    )
    if roof is None:
        battlements(kit.child(kit.name, (x, 0, z)), wall, r * 1.16, h)
    else:
        kit.put("roof", roof, "tile", cone(r * 1.38, r * 2.5, 16).moved(x, h, z))
        kit.put("finial", (0.85, 0.70, 0.35), "metal", ball(r * 0.1, around=6, rows=5).moved(x, h + r * 2.5, z))
    slit = kit.part("slits", _LIT if kit.night else (0.2, 0.2, 0.24), "glass", lamp_glow(kit))
    for k, a in ((0.35, -0.5), (0.6, 0.3), (0.72, -0.9), (0.5, 1.2)):
        s = box(r * 0.2, r * 0.5, 0.12).moved(0, k * h, r * 0.98).turned(a)
        kit.add(slit, s.moved(x, 0, z))
    rng = kit.rng(f"stones {x:.2f}")
    for _ in range(7):
        a, y = float(rng.uniform(-1.1, 1.1)), float(rng.uniform(0.1, 0.8)) * h
        t = np.linspace(a, a + 0.3, 4)
        kit.fold(wall, np.stack([x + np.sin(t) * r * 1.01, np.full(4, y), z + np.cos(t) * r * 1.01], axis=1))


def tower(kit: Kit) -> None:
    """A lone tower in two stages, its roof in the named colour, a banner on top."""
    rng = kit.rng("tower")
    r, h = float(rng.uniform(1.1, 1.4)), float(rng.uniform(5.6, 7.0))
    round_tower(kit, 0, 0, r, h, kit.coat.main)
    door(kit, 0, r * 1.02, 0.9, 1.7, _WOOD)
    kit.put(
        "turret",
        _STONE,
        "stone",
        lathe([(0.1, h * 0.5), (r * 0.45, h * 0.62), (r * 0.45, h * 0.85)], 12).moved(r * 1.1, 0, 0.3),
    )
    kit.put("turret roof", kit.coat.main, "tile", cone(r * 0.62, r * 1.2, 12).moved(r * 1.1, h * 0.85, 0.3))
    kit.spot("emblem", (0, h * 0.45, r * 1.06))


def castle(kit: Kit) -> None:
    """A castle: keep, gate, walls and four towers with roofs of the named colour."""
    rng = kit.rng("castle")
    stone = mix(_STONE, (0.78, 0.70, 0.58), float(rng.random()))
    w, h = float(rng.uniform(7.0, 8.5)), 3.4
    roof = kit.coat.main
    wall = kit.part("walls", stone, "stone")
    kit.add(wall, box(w, h, 0.8).moved(0, 0, 2.4), box(w, h, 0.8).moved(0, 0, -2.4))
    kit.add(wall, box(0.8, h, 4.8).moved(-w / 2, 0, 0), box(0.8, h, 4.8).moved(w / 2, 0, 0))
    for i in range(11):
        x = (i - 5) * w / 11
        kit.add(wall, box(w / 22, 0.45, 0.8).moved(x, h, 2.4))
    kit.put("keep", dim(stone, 0.95), "stone", box(3.4, 6.2, 2.6, 0.94))
    kit.put("keep roof", roof, "tile", polygons(_hip(3.8, 6.2, 3.0, 2.2)))
    door(kit, 0, 2.82, 1.6, 2.3, _WOOD)
    for x, z, k in ((-w / 2, 2.4, 1.0), (w / 2, 2.4, 1.05), (-w / 2, -2.4, 1.35), (w / 2, -2.4, 1.25)):
        round_tower(kit, x, z, 0.95, 4.9 * k + float(rng.uniform(-0.3, 0.4)), roof, stone)
    round_tower(kit, 1.2, -0.3, 0.8, 9.2, roof, stone)
    for x in (-0.9, 0.3):
        window(kit, x, 4.2, 1.3, 0.5, 0.9)
    for _ in range(9):
        x, y = float(rng.uniform(-0.46, 0.4)) * w, float(rng.uniform(0.4, 0.9)) * h
        kit.fold(wall, [(x, y, 2.81), (x + 0.5, y, 2.81)])
    kit.spot("emblem", (-0.3, 5.7, 1.4))


def _hip(w: float, y: float, d: float, rise: float) -> list[list[tuple[float, float, float]]]:
    """A pyramid roof's faces."""
    a, b, top = w / 2, d / 2, (0.0, y + rise, 0.0)
    c = [(-a, y, b), (a, y, b), (a, y, -b), (-a, y, -b)]
    return [[c[i], c[(i + 1) % 4], top] for i in range(4)] + [c[::-1]]


def lighthouse(kit: Kit) -> None:
    """A lighthouse banded in the named colour, with gallery and lamp."""
    rng = kit.rng("lighthouse")
    h, r = float(rng.uniform(6.2, 7.2)), 1.15
    white: RGB = (0.95, 0.94, 0.90) if kit.thing.colour != "white" else (0.72, 0.22, 0.2)
    bands = 5
    radius = np.linspace(r, r * 0.62, bands + 1)
    for i in range(bands):
        y0, y1 = h * i / bands, h * (i + 1) / bands
        kit.put(
            f"band {i}",
            kit.coat.main if i % 2 == 0 else white,
            "plaster",
            lathe([(radius[i], y0), (radius[i + 1], y1)], 18),
        )
    dark: RGB = (0.26, 0.26, 0.30)
    kit.put("gallery", dark, "metal", lathe([(0.6, h - 0.15), (1.05, h), (1.05, h + 0.12), (0.0, h + 0.12)], 16))
    rail = kit.part("rail", dark, "metal")
    for i in range(12):
        a = 2 * np.pi * i / 12
        kit.add(rail, box(0.05, 0.5, 0.05).moved(np.sin(a), h + 0.12, np.cos(a)))
    kit.add(rail, lathe([(0.97, h + 0.56), (1.03, h + 0.56), (1.03, h + 0.64), (0.97, h + 0.64)], 16))
    kit.put(
        "lamp",
        (1.0, 0.88, 0.5),
        "light",
        cylinder(0.5, 0.95, 12).moved(0, h + 0.12, 0),
        glow=0.9 if kit.night else 0.35,
    )
    kit.put(
        "cap",
        kit.coat.main,
        "tile",
        cone(0.78, 0.75, 14).moved(0, h + 1.05, 0),
        ball(0.12, around=6, rows=5).moved(0, h + 1.85, 0),
    )
    door(kit, 0, r * 0.99, 0.75, 1.5, _WOOD)
    for k in (0.42, 0.72):
        window(kit, 0, h * k, r * (1 - 0.38 * k) * 0.99, 0.36, 0.5)
    kit.spot("emblem", (0, h * 0.56, r * 0.82))


def pagoda(kit: Kit) -> None:
    """A pagoda of five storeys with upswept roofs in the named colour."""
    rng = kit.rng("pagoda")
    storeys = 4 + int(rng.integers(2))
    y, w = 0.0, 3.2
    kit.put("base", _STONE, "stone", box(w * 1.5, 0.4, w * 1.5))
    y = 0.4
    wood: RGB = (0.66, 0.28, 0.20) if kit.thing.colour not in ("red", "brown", "orange") else (0.86, 0.80, 0.68)
    for i in range(storeys):
        k = 0.84**i
        ww, hh = w * k, 1.25 * k + 0.15
        kit.put("storey", wood, "wood", box(ww, hh, ww).moved(0, y, 0))
        posts = kit.part("posts", dim(wood, 0.6), "wood")
        for x in (-0.48, -0.17, 0.17, 0.48):
            kit.add(posts, box(0.12 * k, hh, 0.12 * k).moved(x * ww, y, ww / 2))
        window(kit, 0, y + hh * 0.3, ww / 2, 0.5 * k, 0.5 * k)
        y += hh
        kit.put("roof", kit.coat.main, "tile", _swept(ww * 0.5, ww * 1.02, y - 0.12, 0.62 * k + 0.1))
        y += 0.42 * k + 0.1
    kit.put(
        "spire",
        (0.85, 0.70, 0.32),
        "metal",
        lathe(
            [(0.16, y - 0.2), (0.05, y + 0.2), (0.14, y + 0.35), (0.04, y + 0.5), (0.1, y + 0.65), (0.0, y + 1.3)], 8
        ),
    )
    kit.spot("emblem", (0, 1.25, w / 2 + 0.14))


def _swept(inner: float, outer: float, y: float, rise: float) -> Solid:
    """A square roof whose corners sweep up."""
    n = 32
    a = np.linspace(0, 2 * np.pi, n + 1) + np.pi / 4
    square = 1 / np.maximum(np.abs(np.cos(a)), np.abs(np.sin(a)))
    ring = np.stack([-np.sin(a) * square, np.cos(a) * square], axis=1)
    corner = (np.abs(np.abs(ring[:, 0]) - np.abs(ring[:, 1])) < 1e-3) * 1.0 + (square - 1) / 0.42 * 0.35
    rows = []
    for t in (0.0, 0.06, 0.3, 0.6, 1.0):
        r = outer + (inner * 0.55 - outer) * t
        lift = rise * t**1.6 + 0.28 * rise * corner * (1 - t) ** 2 + (0.0 if t else -0.1 * rise)
        rows.append(np.stack([ring[:, 0] * r, y + lift, ring[:, 1] * r], axis=1))
    return sheet(np.stack(rows, axis=1).astype(np.float32))


def windmill(kit: Kit) -> None:
    """A windmill with four sails; its cap and sails' cloth have the named colour."""
    rng = kit.rng("windmill")
    h = float(rng.uniform(4.6, 5.4))
    wall = (0.90, 0.86, 0.78) if kit.thing.colour != "white" else (0.66, 0.52, 0.42)
    kit.put("mill", wall, "plaster", lathe([(1.5, 0), (1.0, h)], 8, smooth=False))
    kit.put(
        "cap", kit.coat.main, "tile", lathe([(1.2, h - 0.05), (1.12, h + 0.4), (0.6, h + 1.0), (0.0, h + 1.15)], 12)
    )
    door(kit, 0, 1.42, 0.85, 1.7, _WOOD)
    window(kit, 0, h * 0.55, 1.22, 0.5, 0.6)
    turn = float(rng.uniform(0, np.pi / 2)) + kit.frame * 0.9
    hub = (0.0, h + 0.25, 1.45)
    kit.put("axle", _WOOD, "wood", box(0.2, 0.2, 0.9).moved(0, h + 0.15, 1.1))
    for i in range(4):
        a = turn + i * np.pi / 2
        bar = box(0.12, 3.3, 0.08).turned(roll=a).moved(*hub)
        kit.put("arm", _WOOD, "wood", bar)
        cloth = box(0.62, 2.5, 0.04).moved(0.36, 0.7, 0.0).turned(roll=a).moved(*hub)
        part = kit.put("sail", kit.coat.light, "cloth", cloth)
        for k in (1.2, 1.9, 2.6):
            p = np.float32([(0.06, k, 0.03), (0.66, k, 0.03)])
            r = np.float32([[np.cos(a), np.sin(a), 0], [-np.sin(a), np.cos(a), 0], [0, 0, 1]])
            kit.fold(part, p @ r + np.float32(hub))
    kit.spot("emblem", (0, h * 0.8, 1.16))


def bridge(kit: Kit) -> None:
    """A humped stone bridge over a stream, its parapet in the named colour."""
    rng = kit.rng("bridge")
    span, rise, wide = 6.4, float(rng.uniform(1.5, 2.2)), 1.9
    t = np.linspace(-1, 1, 15)
    top = np.stack([t * span / 2 * 1.25, rise * (1 - t**2) + 0.75], axis=1)
    a = np.linspace(np.pi, 0, 13)
    arch = np.stack([np.cos(a) * span * 0.34, np.sin(a) * (rise + 0.15)], axis=1)
    outline = np.concatenate(
        [[(-span * 0.625, -0.3), (-span * 0.34, -0.3)], arch, [(span * 0.34, -0.3), (span * 0.625, -0.3)], top[::-1]]
    )
    stone = mix(_STONE, (0.74, 0.66, 0.55), float(rng.random()))
    part = kit.put("bridge", stone, "stone", extrude(outline, wide))
    band = np.concatenate([top, (top + np.float32([0, 0.42]))[::-1]])
    for z in (-wide / 2, wide / 2):
        kit.put("parapet", kit.coat.main, "stone", extrude(band, 0.22).moved(0, 0, z))
    ring = np.stack([np.cos(a) * span * 0.37, np.sin(a) * (rise + 0.38)], axis=1)
    for k in range(13):
        p, q = arch[k], ring[k]
        kit.fold(part, [(p[0], p[1], wide / 2 + 0.01), (q[0], q[1], wide / 2 + 0.01)])
    kit.fold(part, np.concatenate([ring, np.full((13, 1), wide / 2 + 0.01)], axis=1))
    kit.prop("stream").put("stream", (0.42, 0.60, 0.72), "water", box(span * 0.67, 0.03, 9).moved(0, 0.0, 0))
    kit.spot("emblem", (0, rise + 0.62, wide / 2 + 0.06))
