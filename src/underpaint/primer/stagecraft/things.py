"""Boats, carts, trains, furniture, lamps, signs and flags, in metres."""

import numpy as np

from underpaint.primer.stagecraft.colours import dim, mix
from underpaint.primer.stagecraft.kit import Kit, lamp_glow
from underpaint.primer.stagecraft.lettering import letters
from underpaint.primer.stagecraft.mesh import Solid
from underpaint.primer.stagecraft.seen import RGB
from underpaint.primer.stagecraft.solids import (
    ball,
    box,
    capsule,
    cone,
    curve,
    cylinder,
    extrude,
    lathe,
    sheet,
    spindle,
    tube,
)

_WOOD: RGB = (0.50, 0.34, 0.21)
_IRON: RGB = (0.22, 0.22, 0.25)
_BRASS: RGB = (0.84, 0.66, 0.30)


def _hull(long: float, wide: float, deep: float) -> Solid:
    """An open boat along x, its bow at +x."""
    t = np.linspace(-1, 1, 15)
    half = wide / 2 * np.maximum(1 - np.abs(t) ** 2.6, 0.015) ** 0.55
    sheer = deep * (1 + 0.30 * np.maximum(t, 0) ** 2 + 0.12 * np.maximum(-t, 0) ** 2)
    a = np.linspace(-np.pi / 2, np.pi / 2, 11)
    rows = np.stack(
        [
            np.stack(
                [t * long / 2 * (1 + 0.05 * np.cos(v) * 0), sheer * (1 - np.cos(v) ** 0.7), np.sin(v) * half], axis=1
            )
            for v in a
        ],
        axis=1,
    )
    solid = sheet(rows.astype(np.float32))
    return Solid(solid.points, solid.normals, solid.uv, solid.facet, closed=False)


def boat(kit: Kit) -> None:
    """A sailing boat along x, hull in its colour, afloat where there is water."""
    rng = kit.rng("boat")
    c = kit.coat
    long, deep = float(rng.uniform(3.4, 4.2)), 0.75
    hull = kit.put("hull", c.main, "wood", _hull(long, 1.5, deep))
    kit.put("deck", (0.72, 0.54, 0.36), "wood", _deck(long, 1.4, deep * 0.82))
    t = np.linspace(-1, 1, 15)
    half = 0.75 * np.maximum(1 - np.abs(t) ** 2.6, 0.015) ** 0.55
    sheer = deep * (1 + 0.30 * np.maximum(t, 0) ** 2 + 0.12 * np.maximum(-t, 0) ** 2)
    rim = kit.part("rim", c.accent, "wood")
    for s in (-1, 1):
        kit.add(rim, tube(np.stack([t * long / 2, sheer, s * half], axis=1).astype(np.float32), np.full(15, 0.045), 6))
        for k in (0.35, 0.68):
            low = np.stack([t * long / 2, sheer * k, s * half * (1.01 - 0.35 * (1 - k) ** 2)], axis=1)
            kit.fold(hull, low[1:-1])
    tall = float(rng.uniform(3.4, 4.0))
    kit.put("mast", _WOOD, "wood", spindle([(0.06, 0.3), (0.04, tall + 0.6)], 7).moved(0.2, 0, 0))
    kit.put("boom", _WOOD, "wood", capsule((0.2, 1.15, 0), (-long * 0.42, 1.05, 0.25), 0.04, 0.03, 6))
    sail: RGB = (0.97, 0.94, 0.86) if kit.thing.colour != "white" else (0.86, 0.62, 0.50)
    belly = 0.35 + 0.06 * float(np.sin(kit.frame * 2))
    main = kit.put("sail", sail, "cloth", _sail((0.14, 1.15), (-long * 0.40, 1.12), (0.14, tall + 0.45), belly))
    kit.put(
        "jib", mix(sail, c.light, 0.5), "cloth", _sail((0.32, 1.0), (long * 0.46, 0.95), (0.3, tall + 0.1), belly * 0.8)
    )
    for k in (0.3, 0.55, 0.78):
        x = 0.14 + (-long * 0.40 - 0.14) * (1 - k)
        y = 1.15 + (tall - 0.7) * k
        line = [(0.14, y, belly * 0.1), ((0.14 + x) / 2, y, belly * (1 - k) * 1.05), (x * 0.98, y, belly * 0.12)]
        kit.fold(main, curve(line, 4))
    flag = [(0, 0), (-0.5, 0.12), (-0.42, 0.2), (-0.5, 0.3), (0, 0.34)]
    kit.put("pennant", c.main, "cloth", extrude(flag, 0.02).moved(0.2, tall + 0.25, 0))
    if not kit.afloat:
        kit.prop("water").put(
            "water", (0.40, 0.62, 0.74), "water", lathe([(2.6, 0.0), (0.0, 0.0)], 30).moved(0, 0.14, 0)
        )
    kit.spot("seat", (-0.9, deep * 0.85, 0.0))
    kit.spot("emblem", (-0.35, 2.0, 0.42))


def _deck(long: float, wide: float, y: float) -> Solid:
    t = np.linspace(-0.93, 0.93, 11)
    half = wide / 2 * np.maximum(1 - np.abs(t) ** 2.6, 0.02) ** 0.55
    rows = np.stack([np.stack([t * long / 2, 0 * t + y, s * half], axis=1) for s in (-1, 0, 1)], axis=1)
    return sheet(rows.astype(np.float32))


def _sail(tack: tuple[float, float], clew: tuple[float, float], head: tuple[float, float], belly: float) -> Solid:
    """A three-cornered sail in x-y, swelling towards +z."""
    a, b, c = (np.float32([*p, 0]) for p in (tack, clew, head))
    rows = []
    for v in np.linspace(0, 1, 9):
        left, right = a + (c - a) * np.float32(v), b + (c - b) * np.float32(v)
        u = np.linspace(0, 1, 8)[:, None]
        line = left + (right - left) * u
        line[:, 2] += belly * np.sin(np.pi * u[:, 0] ** 0.8) * (1 - v) ** 0.7
        line[:, 0] += np.sign(clew[0] - tack[0]) * -0.12 * np.sin(np.pi * v) * u[:, 0]
        rows.append(line)
    return sheet(np.stack(rows).astype(np.float32))


def wheel(kit: Kit, x: float, y: float, z: float, r: float, spokes: int, colour: RGB, spin: float = 0.0) -> None:
    """A spoked wheel in the x-y plane."""
    rim = lathe([(r * 0.84, -0.05), (r, -0.05), (r, 0.05), (r * 0.84, 0.05), (r * 0.84, -0.05)], 18).turned(
        0, np.pi / 2
    )
    part = kit.put("wheel", colour, "wood", rim.moved(x, y, z))
    kit.add(part, cylinder(r * 0.18, 0.16, 10).moved(0, -0.08, 0).turned(0, np.pi / 2).moved(x, y, z))
    for i in range(spokes):
        a = np.pi * i / spokes + spin
        kit.add(part, box(r * 0.10, r * 1.76, 0.05).moved(0, -r * 0.88, 0).turned(roll=a).moved(x, y, z))


def cart(kit: Kit) -> None:
    """A two-wheeled cart along x, its box in the named colour, loaded with hay or barrels."""
    rng = kit.rng("cart")
    c = kit.coat
    body = kit.part("body", c.main, "wood")
    kit.add(body, box(2.3, 0.12, 1.2).moved(0, 0.72, 0))
    for z in (-0.58, 0.58):
        kit.add(body, box(2.3, 0.52, 0.08).moved(0, 0.84, z))
        kit.fold(body, [(-1.13, 1.1, z * 1.08), (1.13, 1.1, z * 1.08)])
    for x in (-1.12, 1.12):
        kit.add(body, box(0.08, 0.52, 1.2).moved(x, 0.84, 0))
    spin = kit.frame * 2.0
    for z in (-0.72, 0.72):
        wheel(kit, -0.15, 0.62, z, 0.62, 4, dim(_WOOD, 0.85), spin)
    shafts = kit.part("shafts", _WOOD, "wood")
    for z in (-0.4, 0.4):
        kit.add(shafts, capsule((1.1, 0.75, z), (2.5, 0.32, z * 0.8), 0.055, 0.045, 7))
    kit.add(shafts, capsule((1.05, 0.7, 0), (1.05, 0.0, 0), 0.05, 0.05, 6))
    if rng.random() < 0.5:
        hay = kit.part("hay", (0.88, 0.74, 0.36), "grass")
        for x, k in ((-0.55, 1.0), (0.15, 1.15), (0.65, 0.85)):
            kit.add(hay, ball(0.52 * k, 0.42 * k, 0.5, 12, 8).moved(x, 1.3, 0))
    else:
        for x in (-0.6, 0.25):
            barrel(kit, x, 0.84, 0.0, 0.8)
    kit.spot("seat", (0, 1.36, 0))
    kit.spot("emblem", (0.35, 1.1, 0.66))


def barrel(kit: Kit, x: float, y: float, z: float, h: float) -> None:
    """A barrel with two hoops."""
    p = [
        (0.0, 0.0),
        (0.3 * h, 0.0),
        (0.38 * h, 0.3 * h),
        (0.40 * h, 0.5 * h),
        (0.38 * h, 0.7 * h),
        (0.3 * h, h),
        (0.0, h),
    ]
    kit.put("barrel", (0.56, 0.38, 0.23), "wood", lathe(p, 14).moved(x, y, z))
    hoops = kit.part("hoops", _IRON, "metal")
    for k in (0.22, 0.72):
        kit.add(hoops, lathe([(0.375 * h, k * h), (0.395 * h, (k + 0.06) * h)], 14).moved(x, y, z))


def train(kit: Kit) -> None:
    """A steam engine and a carriage on a track along x; it runs towards +x."""
    c = kit.coat
    rng = kit.rng("train")
    roll = kit.frame * 2.2
    _track(kit)
    kit = kit.child(kit.name, (roll % 4.0, 0, 0)) if roll else kit
    dark = _IRON
    kit.put("frame", dark, "metal", box(3.6, 0.25, 1.1).moved(0.3, 0.55, 0))
    boiler = spindle([(0.0, 0.0), (0.52, 0.02), (0.55, 0.15), (0.55, 2.0), (0.45, 2.1), (0.0, 2.12)], 18).turned(
        0, 0, -np.pi / 2
    )
    kit.put("boiler", c.main, "metal", boiler.moved(-0.1, 1.28, 0))
    bands = kit.part("bands", _BRASS, "metal")
    for x in (0.35, 0.95, 1.5):
        kit.add(bands, lathe([(0.56, 0.0), (0.57, 0.07)], 18).turned(0, 0, -np.pi / 2).moved(x, 1.28, 0))
    kit.put(
        "chimney",
        dark,
        "metal",
        lathe([(0.17, 1.75), (0.15, 2.35), (0.28, 2.6), (0.28, 2.68), (0.0, 2.68)], 14).moved(1.65, 0, 0),
    )
    kit.put(
        "dome", _BRASS, "metal", lathe([(0.24, 1.72), (0.24, 1.95), (0.14, 2.1), (0.0, 2.14)], 14).moved(0.75, 0, 0)
    )
    kit.put("cab", dim(c.main, 0.9), "metal", box(1.05, 1.3, 1.2).moved(-0.75, 0.8, 0))
    kit.put("cab roof", dark, "metal", box(1.35, 0.1, 1.4).moved(-0.75, 2.1, 0))
    pane = kit.part("cab windows", (1.0, 0.82, 0.45) if kit.night else (0.55, 0.70, 0.80), "glass", lamp_glow(kit))
    kit.add(pane, box(0.5, 0.45, 1.24).moved(-0.75, 1.45, 0))
    kit.put(
        "buffer",
        (0.78, 0.16, 0.14) if kit.thing.colour != "red" else _BRASS,
        "metal",
        box(0.14, 0.28, 1.2).moved(2.12, 0.62, 0),
    )
    plough = extrude([(-0.6, 0), (0.6, 0), (0.35, 0.42), (-0.35, 0.42)], 0.1).turned(np.pi / 2).moved(2.25, 0.14, 0)
    kit.put("plough", dark, "metal", plough)
    kit.put(
        "lamp",
        (1.0, 0.92, 0.66),
        "light",
        cylinder(0.16, 0.12, 12).turned(0, 0, -np.pi / 2).moved(2.02, 1.75, 0),
        glow=0.9 if kit.night else 0.3,
    )
    for z in (-0.58, 0.58):
        for x, r in ((-0.75, 0.42), (0.2, 0.42), (1.1, 0.32), (1.75, 0.32)):
            wheel(kit, x, r + 0.08, z, r, 4, dim(c.dark, 0.9), -roll / r)
        kit.put("rod", (0.70, 0.72, 0.75), "metal", box(1.9, 0.09, 0.06).moved(0.2, 0.44, z * 1.12))
    _carriage(kit, -3.4)
    _smoke(kit, rng)
    kit.spot("seat", (-3.4, 2.3, 0))
    kit.spot("emblem", (-0.75, 1.08, 0.64))


def _carriage(kit: Kit, x: float) -> None:
    c = kit.coat
    kit.put("carriage", c.light, "wood", box(3.2, 1.35, 1.25).moved(x, 0.75, 0))
    kit.put("carriage stripe", c.main, "wood", box(3.22, 0.4, 1.28).moved(x, 0.78, 0))
    roof = extrude([(np.cos(a) * 0.72, np.sin(a) * 0.3) for a in np.linspace(0, np.pi, 9)], 3.4).turned(np.pi / 2)
    kit.put("carriage roof", (0.36, 0.34, 0.36), "metal", roof.moved(x, 2.08, 0))
    pane = kit.part("windows", (1.0, 0.82, 0.45) if kit.night else (0.55, 0.70, 0.80), "glass", lamp_glow(kit))
    for i in range(4):
        kit.add(pane, box(0.5, 0.5, 1.3).moved(x + (i - 1.5) * 0.75, 1.38, 0))
    for z in (-0.58, 0.58):
        for dx in (-1.1, 1.1):
            wheel(kit, x + dx, 0.38, z, 0.32, 4, _IRON)


def _track(kit: Kit) -> None:
    kit = kit.prop("track")
    own = kit.part("bed", (0.56, 0.52, 0.46), "earth")
    kit.add(own, box(44, 0.10, 2.3, 0.97))
    sleepers, rails = kit.part("sleepers", (0.38, 0.28, 0.20), "wood"), kit.part("rails", (0.55, 0.56, 0.58), "metal")
    for i in range(-16, 17):
        kit.add(sleepers, box(0.24, 0.05, 1.8).moved(i * 0.75, 0.08, 0))
    for z in (-0.58, 0.58):
        kit.add(rails, box(44, 0.08, 0.08).moved(0, 0.10, z))


def _smoke(kit: Kit, rng: np.random.Generator) -> None:
    part = kit.part("smoke", (0.90, 0.90, 0.92), "cloud")
    for i in range(6):
        r = 0.22 + 0.11 * i
        x = 1.6 - 0.42 * i - 0.05 * i * i + 0.2 * float(np.sin(kit.frame * 3 + i))
        kit.add(part, ball(r, r * 0.85, r, 10, 7).moved(x, 2.95 + 0.26 * i + float(rng.uniform(-0.1, 0.1)), 0))


def chair(kit: Kit) -> None:
    """A chair with a cushion in its colour, or an armchair."""
    rng = kit.rng("chair")
    c = kit.coat
    if rng.random() < 0.45:
        body = kit.part("armchair", c.main, "cloth")
        kit.add(body, box(0.75, 0.30, 0.7).moved(0, 0.12, 0), box(0.75, 0.75, 0.2, 0.9).moved(0, 0.30, -0.32))
        for s in (-1, 1):
            kit.add(
                body,
                capsule((s * 0.40, 0.34, -0.3), (s * 0.40, 0.50, 0.32), 0.13, 0.13, 10),
                box(0.2, 0.42, 0.62).moved(s * 0.40, 0.08, 0),
            )
        kit.put("cushion", c.light, "cloth", ball(0.34, 0.11, 0.33, 14, 7).moved(0, 0.45, 0.02))
        kit.spot("seat", (0, 0.52, 0.12))
    else:
        frame = kit.part("frame", c.main, "wood")
        for x in (-0.21, 0.21):
            kit.add(frame, box(0.05, 0.46, 0.05).moved(x, 0, 0.2), box(0.05, 1.0, 0.05).moved(x, 0, -0.21))
        kit.add(frame, box(0.5, 0.05, 0.48).moved(0, 0.45, 0))
        for y in (0.62, 0.76, 0.9):
            kit.add(frame, box(0.42, 0.08, 0.03).moved(0, y, -0.21))
        for z in (-0.2, 0.2):
            kit.add(frame, box(0.42, 0.03, 0.03).moved(0, 0.18, z))
        kit.put("cushion", c.light, "cloth", ball(0.22, 0.05, 0.21, 12, 6).moved(0, 0.53, 0))
        kit.spot("seat", (0, 0.55, 0.08))
    kit.spot("emblem", (0, 0.78, -0.16))


def lamp(kit: Kit) -> None:
    """A street lamp with its post in the named colour."""
    c = kit.coat
    rng = kit.rng("lamp")
    h = float(rng.uniform(2.5, 3.0))
    kit.put(
        "post",
        c.main,
        "metal",
        lathe([(0.24, 0), (0.22, 0.12), (0.10, 0.25), (0.075, 0.6), (0.055, h), (0.12, h + 0.06), (0.0, h + 0.07)], 12),
    )
    kit.put(
        "light",
        (1.0, 0.86, 0.50),
        "light",
        lathe([(0.13, h + 0.08), (0.22, h + 0.55), (0.0, h + 0.56)], 6, smooth=False),
        glow=lamp_glow(kit),
    )
    kit.put(
        "cap",
        c.main,
        "metal",
        cone(0.34, 0.28, 6, smooth=False).moved(0, h + 0.55, 0),
        ball(0.05, around=8, rows=6).moved(0, h + 0.86, 0),
    )
    arms = kit.part("arms", c.dark, "metal")
    for s in (-1, 1):
        bend = curve([(0, h * 0.78, 0), (s * 0.22, h * 0.84, 0), (s * 0.24, h * 0.72, 0)], 5)
        kit.add(arms, tube(bend, np.full(len(bend), 0.022), 6))
    kit.spot("emblem", (0, h * 0.55, 0.12))


def teapot(kit: Kit) -> None:
    """A teapot with a cup, on a small cloth; large in its own world."""
    c = kit.coat
    k = 0.55
    p = [(0.0, 0.02), (0.30, 0.02), (0.50, 0.18), (0.55, 0.36), (0.46, 0.58), (0.30, 0.68), (0.26, 0.70)]
    kit.put("pot", c.main, "plaster", lathe([(a * k, b * k) for a, b in curve(p, 3).tolist()], 22))
    lid = [(0.28, 0.69), (0.24, 0.77), (0.06, 0.82), (0.05, 0.86), (0.09, 0.91), (0.0, 0.96)]
    kit.put("lid", c.light, "plaster", lathe([(a * k, b * k) for a, b in lid], 18))
    kit.put("band", c.accent, "plaster", lathe([(0.555 * k, 0.33 * k), (0.555 * k, 0.40 * k)], 22))
    spout = curve([(0.45, 0.22, 0), (0.72, 0.34, 0), (0.80, 0.60, 0), (0.95, 0.70, 0)], 4) * np.float32(k)
    kit.put("spout", c.main, "plaster", tube(spout, np.linspace(0.13, 0.055, len(spout)) * k, 10))
    handle = curve([(-0.44, 0.55, 0), (-0.82, 0.60, 0), (-0.84, 0.25, 0), (-0.48, 0.18, 0)], 5) * np.float32(k)
    kit.put("handle", c.main, "plaster", tube(handle, np.full(len(handle), 0.055 * k), 8))
    cup = [(0.0, 0.02), (0.12, 0.02), (0.20, 0.14), (0.23, 0.28), (0.20, 0.27), (0.0, 0.2)]
    kit.put("cup", c.accent, "plaster", lathe([(a * k, b * k) for a, b in cup], 16).moved(0.72 * k, 0, 0.55 * k))
    kit.prop("cloth").put(
        "cloth", mix(c.light, (1, 1, 1), 0.5), "cloth", box(2.6 * k, 0.012, 1.9 * k).moved(0.1 * k, 0, 0.1 * k)
    )
    kit.spot("emblem", (0, 0.42 * k, 0.57 * k))


def sign(kit: Kit) -> None:
    """A board on two posts with a word."""
    c = kit.coat
    text = kit.thing.text or "HELLO"
    shapes = letters(text, 0.52)
    half = max((float(np.abs(s.points[..., 0]).max()) for s in shapes), default=0.5) + 0.22
    kit.put("board", c.main, "wood", box(2 * half, 0.95, 0.1).moved(0, 1.1, 0))
    rim = kit.part("rim", dim(c.main, 0.62), "wood")
    for y in (1.05, 2.0):
        kit.add(rim, box(2 * half + 0.16, 0.1, 0.16).moved(0, y, 0))
    for s in (-1, 1):
        kit.add(rim, box(0.1, 1.0, 0.16).moved(s * (half + 0.03), 1.1, 0))
        kit.put("post", _WOOD, "wood", box(0.14, 2.3, 0.14).moved(s * half * 0.82, 0, -0.13))
    pale = kit.thing.colour in ("white", "yellow", "pink", "orange", "turquoise")
    ink: RGB = (0.16, 0.13, 0.14) if pale else (0.98, 0.95, 0.86)
    part = kit.part("letters", ink, "wood")
    for s in shapes:
        kit.add(part, s.moved(0, 1.32, 0.07))
    kit.spot("emblem", (0, 2.3, 0.05))
    kit.spot("seat", (0, 2.1, 0))


def flag(kit: Kit) -> None:
    """A flag in its colour on a pole, waving; it always bears an emblem."""
    c = kit.coat
    rng = kit.rng("flag")
    h, w, tall = 3.2, 1.7, 1.1
    kit.put(
        "pole",
        (0.62, 0.48, 0.34),
        "wood",
        spindle([(0.05, 0), (0.035, h + 0.1)], 8),
        ball(0.08, around=10, rows=7).moved(0, h + 0.15, 0),
    )
    phase = float(rng.uniform(0, 6)) + kit.frame * 4
    u, v = np.linspace(0, 1, 16), np.linspace(0, 1, 6)
    uu, vv = np.meshgrid(u, v, indexing="ij")
    z = 0.16 * uu**0.7 * np.sin(uu * 7 - phase + vv * 0.8)
    y = h - tall + tall * vv - 0.08 * uu**2
    kit.put("cloth", c.main, "cloth", sheet(np.stack([uu * w + 0.04, y, z], axis=-1).astype(np.float32)))
    kit.put("base", (0.60, 0.58, 0.55), "stone", cylinder(0.32, 0.18, 12, 0.24))
    kit.spot("emblem", (0.04 + w / 2, h - tall / 2 - 0.02, 0.16))


def table(kit: Kit, w: float, d: float, h: float, colour: RGB) -> None:
    """A plain table."""
    part = kit.put("table", colour, "wood", box(w, 0.06, d).moved(0, h - 0.06, 0))
    for x in (-w * 0.44, w * 0.44):
        for z in (-d * 0.4, d * 0.4):
            kit.add(part, box(0.07, h - 0.06, 0.07).moved(x, 0, z))
