"""Birds, fish, dragons and beings that no book knows."""

import numpy as np

from underpaint.primer.stagecraft.colours import dim, mix
from underpaint.primer.stagecraft.kit import Kit
from underpaint.primer.stagecraft.mesh import Solid, aim, unit
from underpaint.primer.stagecraft.seen import RGB, Floats
from underpaint.primer.stagecraft.solids import ball, box, capsule, cone, curve, cylinder, extrude, lathe, sheet, tube


def _eyes(kit: Kit, at: Floats, apart: float, r: float, ahead: Floats) -> None:
    eye, shine = kit.part("eyes", (0.10, 0.08, 0.09), "eye"), kit.part("eye light", (1, 1, 1), "eye")
    for s in (-1, 1):
        p = at + np.float32([s * apart, 0, 0])
        kit.add(eye, ball(r, r * 1.15, r, 9, 7).moved(*p.tolist()))
        q = p + unit(ahead + np.float32([s * 0.35, 0.5, 0])) * np.float32(r * 0.85)
        kit.add(shine, ball(r * 0.34, around=6, rows=5).moved(*q.tolist()))


def _wing(span: float, chord: float, side: int, lift: float, fold: float) -> Solid:
    """A feathered wing from the origin outwards, its trailing edge notched."""
    n, m = 13, 4
    t = np.linspace(0, 1, n)
    x = side * span * t * (1 - 0.55 * fold)
    y = lift * span * np.sin(t * np.pi * 0.55) - 0.1 * fold * span * t
    notch = 1 - 0.16 * (np.arange(n) % 2)
    width = chord * (1 - 0.62 * t**1.5) * notch
    rows = []
    for k in np.linspace(0, 1, m):
        z = 0.35 * chord - 0.2 * chord * t - width * k
        rows.append(np.stack([x, y - 0.08 * chord * k * k, z], axis=1))
    return sheet(np.stack(rows, axis=1).astype(np.float32))


def bird(kit: Kit) -> None:
    """A plump bird: it stands with folded wings, or flies."""
    rng = kit.rng("bird")
    c = kit.coat
    flies = rng.random() < 0.35
    k = 0.42
    y = (0.75 if flies else 0.46) * k + (0.3 * k if flies else 0)
    beak: RGB = (0.95, 0.62, 0.16) if kit.thing.colour not in ("orange", "yellow") else (0.45, 0.32, 0.22)
    body = kit.part("body", c.main, "feather")
    kit.add(body, ball(0.36 * k, 0.38 * k, 0.50 * k, 16, 10).turned(0, -0.35).moved(0, y, 0))
    kit.put(
        "breast",
        mix(c.main, (0.98, 0.93, 0.84), 0.72),
        "feather",
        ball(0.29 * k, 0.31 * k, 0.40 * k, 12, 8).turned(0, -0.35).moved(0, y - 0.06 * k, 0.12 * k),
    )
    head = np.float32([0, y + 0.40 * k, 0.34 * k])
    kit.put("head", c.main, "feather", ball(0.27 * k, around=14, rows=9).moved(*head.tolist()))
    kit.put(
        "beak",
        beak,
        "wood",
        cone(0.09 * k, 0.26 * k, 8).turned(0, np.pi / 2).moved(*(head + np.float32([0, -0.03 * k, 0.22 * k])).tolist()),
    )
    _eyes(kit, head + np.float32([0, 0.05 * k, 0.18 * k]), 0.15 * k, 0.055 * k, np.float32([0, 0, 1]))
    tail = [(-0.10, 0), (0.10, 0), (0.15, 0.42), (0.05, 0.38), (0, 0.45), (-0.05, 0.38), (-0.15, 0.42)]
    kit.put(
        "tail",
        dim(c.main, 0.75),
        "feather",
        extrude(np.float32(tail) * np.float32(k), 0.04 * k).turned(0, -1.9).moved(0, y + 0.08 * k, -0.42 * k),
    )
    flap = 0.35 + (0.5 * float(np.sin(kit.frame * 9)) if kit.frame else 0.0)
    for s in (-1, 1):
        part = kit.part(f"wing {s}", dim(c.main, 0.84), "feather")
        if flies:
            kit.add(
                part,
                _wing(0.95 * k, 0.62 * k, s, flap + 0.25, 0.0)
                .turned(0, -0.7)
                .moved(s * 0.22 * k, y + 0.16 * k, 0.05 * k),
            )
        else:
            folded = (
                ball(0.07 * k, 0.22 * k, 0.40 * k, 10, 8)
                .turned(s * 0.12, -0.5)
                .moved(s * 0.34 * k, y + 0.03 * k, -0.06 * k)
            )
            kit.add(part, folded)
            kit.fold(part, [(s * 0.41 * k, y + 0.02 * k, -0.2 * k), (s * 0.41 * k, y - 0.08 * k, 0.06 * k)])
        leg = kit.part("legs", beak, "wood")
        low = 0.0 if not flies else y - 0.55 * k
        foot = np.float32([s * 0.13 * k, low, 0.10 * k])
        kit.add(leg, capsule((s * 0.12 * k, y - 0.28 * k, 0.02 * k), foot, 0.028 * k, 0.022 * k, 6))
        for a in (-0.5, 0.0, 0.5):
            kit.add(
                leg,
                capsule(
                    foot,
                    foot + np.float32([np.sin(a), 0, np.cos(a)]) * np.float32(0.16 * k) + np.float32([0, 0.012, 0]),
                    0.02 * k,
                    0.015 * k,
                    5,
                ),
            )
    kit.spot("emblem", (0, y - 0.06 * k, 0.53 * k))


def fish(kit: Kit) -> None:
    """A fish with fins, above a splash."""
    rng = kit.rng("fish")
    c = kit.coat
    k, y = 0.6, 0.52
    bend = float(rng.uniform(-0.18, 0.18)) + 0.15 * float(np.sin(kit.frame * 4))
    n, a = 14, np.linspace(0, 2 * np.pi, 19)
    t = np.linspace(0, 1, n)
    tall = 0.30 * np.sin(np.pi * np.clip(t * 0.90 + 0.02, 0, 1)) ** 0.75 + 0.035
    tall[0] = 0.004
    x = bend * (t - 0.35) ** 2 * 1.6
    rows = np.stack(
        [
            np.stack([(x - np.sin(v) * tall * 0.50) * k, y + np.cos(v) * tall * k, (0.5 - t * 1.15) * k], axis=1)
            for v in a
        ]
    )
    body = sheet(rows.astype(np.float32)[::-1])
    shade = np.clip((body.points[..., 1].mean(1) - y) / (0.3 * k) * 0.5 + 0.5, 0, 1)[:, None]
    light, dark = np.float32(mix(c.main, (1, 0.97, 0.9), 0.6)), np.float32(c.main)
    part = kit.part("body", c.main, "scale")
    kit.add(
        part,
        Solid(body.points, body.normals, body.uv[..., ::-1].copy(), body.facet, closed=False),
        colours=light + (dark - light) * shade,
    )
    end = float(x[-1]) * k
    fan = [(0, 0), (0.30, 0.26), (0.24, 0.06), (0.26, -0.04), (0.32, -0.28)]
    fin = kit.part("fins", dim(c.main, 0.82), "scale")
    kit.add(fin, extrude(np.float32(fan) * np.float32(k), 0.02 * k).turned(np.pi / 2 - bend).moved(end, y, -0.62 * k))
    back = [(-0.22, 0.0), (-0.10, 0.20), (0.12, 0.26), (0.26, 0.04), (0.2, 0.0)]
    kit.add(fin, extrude(np.float32(back) * np.float32(k), 0.02 * k).turned(np.pi / 2).moved(0, y + 0.26 * k, 0))
    kit.add(
        fin,
        extrude(np.float32([(-0.05, 0), (0.02, -0.16), (0.15, -0.18), (0.1, 0)]) * np.float32(k), 0.02 * k)
        .turned(np.pi / 2)
        .moved(0, y - 0.25 * k, 0.02 * k),
    )
    for s in (-1, 1):
        flap = extrude(np.float32([(0, 0.03), (0.02, -0.05), (-0.20, -0.14), (-0.22, -0.02)]) * np.float32(k), 0.02 * k)
        kit.add(fin, flap.turned(-np.pi / 2 + s * 0.5).moved(s * 0.15 * k, y - 0.06 * k, 0.18 * k))
        kit.fold(
            part,
            [
                (s * 0.125 * k, y + 0.14 * k, 0.24 * k),
                (s * 0.15 * k, y + 0.0 * k, 0.20 * k),
                (s * 0.115 * k, y - 0.14 * k, 0.24 * k),
            ],
        )
    white = kit.part("eye white", (0.97, 0.97, 0.95), "eye")
    pupil = kit.part("pupils", (0.08, 0.08, 0.10), "eye")
    for s in (-1, 1):
        kit.add(white, ball(0.035 * k, 0.062 * k, 0.062 * k, 9, 7).moved(s * 0.088 * k, y + 0.06 * k, 0.36 * k))
        kit.add(pupil, ball(0.02 * k, 0.035 * k, 0.035 * k, 8, 6).moved(s * 0.116 * k, y + 0.062 * k, 0.37 * k))
    water: RGB = (0.55, 0.76, 0.86)
    pool = kit.prop("pool")
    pool.put("pool", water, "water", cylinder(0.55, 0.025, 22))
    drops = pool.part("drops", (0.80, 0.90, 0.95), "water")
    for i in range(9):
        v = 2 * np.pi * i / 9
        r = float(rng.uniform(0.25, 0.48))
        pool.add(
            drops, ball(0.018, 0.03, 0.018, 6, 5).moved(np.cos(v) * r, float(rng.uniform(0.06, 0.2)), np.sin(v) * r)
        )
    kit.spot("emblem", (0.15 * k, y, 0.0))


def dragon(kit: Kit) -> None:
    """A dragon: long neck and tail, wings of skin, horns, a row of plates."""
    rng = kit.rng("dragon")
    c = kit.coat
    belly = mix(c.main, (0.97, 0.88, 0.66), 0.7)
    skin = kit.part("body", c.main, "scale")
    curl = float(rng.choice([-1.0, 1.0]))
    sway = 0.12 * float(np.sin(kit.frame * 2))
    spine = curve([(curl * 0.9, 0.12, -1.5), (curl * 0.62 + sway, 0.16, -2.1), (0.1 * curl, 0.45, -1.5),
                   (0, 0.95, -0.7), (0, 1.15, 0.05), (0, 1.55, 0.55), (0, 2.15, 0.62), (0, 2.42, 0.95)], 4)  # fmt: skip
    t = np.linspace(0, 1, len(spine))
    radius = np.interp(t, [0, 0.15, 0.4, 0.55, 0.66, 0.8, 1], [0.02, 0.09, 0.30, 0.42, 0.34, 0.19, 0.17])
    kit.add(skin, tube(spine, radius, 12))
    kit.put("belly", belly, "scale", tube(spine[14:] + np.float32([0, -0.05, 0.09]), radius[14:] * 0.86, 10))
    plates = kit.part("plates", dim(c.main, 0.62), "scale")
    for i in range(2, len(spine) - 1, 2):
        up = aim(unit(np.float32([0, 0.8, -0.6]) if i > 18 else np.float32([0, 1, -0.1])))
        size = 0.10 + 0.12 * float(np.sin(np.pi * t[i]))
        kit.add(plates, cone(size * 0.5, size * 1.25, 4).by(up, spine[i] + up[:, 1] * np.float32(radius[i] * 0.85)))
    head = spine[-1]
    kit.put(
        "head",
        c.main,
        "scale",
        ball(0.24, 0.20, 0.27, 12, 8).moved(*head.tolist()),
        capsule(head, head + np.float32([0, -0.08, 0.42]), 0.17, 0.11, 10),
    )
    kit.put(
        "jaw",
        belly,
        "scale",
        capsule(head + np.float32([0, -0.13, 0.05]), head + np.float32([0, -0.24, 0.36]), 0.10, 0.07, 8),
    )
    horn = kit.part("horns", (0.93, 0.88, 0.74), "stone")
    for s in (-1, 1):
        path = curve(
            [
                head + np.float32([s * 0.13, 0.14, -0.08]),
                head + np.float32([s * 0.22, 0.34, -0.26]),
                head + np.float32([s * 0.24, 0.48, -0.52]),
            ],
            4,
        )
        kit.add(horn, tube(path, np.append(np.linspace(0.065, 0.02, len(path) - 1), 0.003), 7))
    _eyes(kit, head + np.float32([0, 0.09, 0.16]), 0.165, 0.06, np.float32([0, 0, 1]))
    nostril = kit.part("nostrils", dim(c.main, 0.4), "scale")
    for s in (-1, 1):
        kit.add(nostril, ball(0.022, around=6, rows=5).moved(*(head + np.float32([s * 0.055, 0.0, 0.51])).tolist()))
        leg = kit.part(f"leg {s}", dim(c.main, 0.94), "scale")
        for z, wide in ((-0.55, 0.34), (0.30, 0.28)):
            foot = np.float32([s * wide * 1.35, 0.08, z + 0.18])
            kit.add(
                leg,
                capsule((s * wide * 0.8, 0.85, z), (s * wide * 1.3, 0.45, z - 0.05), 0.21, 0.13, 10),
                capsule((s * wide * 1.3, 0.45, z - 0.05), foot, 0.13, 0.10, 9),
            )
            kit.add(leg, ball(0.14, 0.09, 0.20, 10, 6).moved(*foot.tolist()))
            for dx in (-0.08, 0, 0.08):
                kit.add(horn, cone(0.03, 0.10, 6).turned(0, 1.9).moved(foot[0] + dx, 0.05, foot[2] + 0.17))
        _dragon_wing(kit, s, dim(c.main, 0.78), belly)
    kit.spot("emblem", (0, 1.2, 0.52))


def _dragon_wing(kit: Kit, s: int, bone: RGB, skin: RGB) -> None:
    flap = 0.25 * float(np.sin(kit.frame * 3))
    root, wrist = np.float32([s * 0.25, 1.35, -0.15]), np.float32([s * 0.95, 2.25 + flap, -0.35])
    tips = [
        np.float32([s * 2.1, 2.55 + 1.6 * flap, -0.5]),
        np.float32([s * 2.15, 1.65 + flap, -0.6]),
        np.float32([s * 1.55, 1.15, -0.65]),
        np.float32([s * 0.55, 1.0, -0.7]),
    ]
    part = kit.part(f"wing bones {s}", bone, "scale")
    kit.add(part, capsule(root, wrist, 0.08, 0.06, 8))
    for tip in tips[:3]:
        kit.add(part, capsule(wrist, tip, 0.05, 0.02, 7))
    rows = []
    for u in np.linspace(0, 1, 7):
        base = wrist + (root - wrist) * np.float32(u**2)
        row = []
        for i in range(3):
            for v in np.linspace(0, 1, 5)[: 5 if i == 2 else 4]:
                edge = tips[i] + (tips[i + 1] - tips[i]) * np.float32(v)
                sag = 1 - 0.22 * np.sin(np.pi * v)
                row.append(base + (edge - base) * np.float32(sag * u + 0.0) if u else wrist)
        rows.append(np.stack(row))
    rows = [wrist + (rows[-1] - wrist) * np.float32(u) for u in np.linspace(0, 1, 5)]
    kit.put(f"wing {s}", mix(skin, bone, 0.25), "leather", sheet(np.stack(rows).astype(np.float32)))


def creature(kit: Kit) -> None:
    """A being with no fixed kit of limbs, horns, eyes and spots."""
    rng = kit.rng("creature")
    c = kit.coat
    tall, wide = float(rng.uniform(0.7, 1.3)), float(rng.uniform(0.32, 0.55))
    waist = float(rng.uniform(0.7, 1.15))
    profile = [
        (0.0, 0.14),
        (wide * 0.8, 0.18),
        (wide, 0.35 * tall),
        (wide * waist, 0.65 * tall),
        (wide * 0.78, 0.9 * tall),
        (0.0, tall),
    ]
    body = lathe(curve(profile, 3), 16)
    squash = float(rng.uniform(0.7, 1.0))
    body = body.scaled(1, 1, squash)
    kit.put("body", c.main, "fur", body)
    kit.put(
        "belly",
        c.light,
        "fur",
        ball(wide * 0.62, tall * 0.28, wide * 0.35 * squash, 12, 8).moved(0, 0.40 * tall, wide * 0.74 * squash),
    )
    eyes = int(rng.choice([1, 2, 2, 3]))
    white, pupil = kit.part("eye whites", (0.97, 0.97, 0.95), "eye"), kit.part("pupils", (0.1, 0.08, 0.1), "eye")
    for i in range(eyes):
        x = (i - (eyes - 1) / 2) * wide * 0.62
        r = wide * (0.30 if eyes == 1 else 0.20)
        kit.add(white, ball(r, r * 1.1, r * 0.6, 12, 8).moved(x, 0.74 * tall, wide * 0.72 * squash * waist**0.5))
        kit.add(
            pupil,
            ball(r * 0.45, r * 0.55, r * 0.3, 9, 7).moved(
                x * 0.96, 0.74 * tall, wide * 0.72 * squash * waist**0.5 + r * 0.5
            ),
        )
    kit.put(
        "mouth",
        dim(c.main, 0.35),
        "fur",
        ball(wide * 0.30, 0.03 * tall + 0.02, wide * 0.12, 10, 6).moved(
            0, 0.56 * tall, wide * 0.92 * squash * (0.5 + 0.5 * waist)
        ),
    )
    limb = kit.part("limbs", dim(c.main, 0.85), "fur")
    for s in (-1, 1):
        kit.add(
            limb,
            capsule((s * wide * 0.5, 0.24, 0), (s * wide * 0.55, 0.06, 0.06), 0.11, 0.09, 9),
            ball(0.13, 0.07, 0.17, 9, 6).moved(s * wide * 0.55, 0.06, 0.10),
        )
        up = float(rng.uniform(-0.3, 0.5))
        path = curve(
            [
                (s * wide * 0.85, 0.55 * tall, 0),
                (s * (wide + 0.16), 0.52 * tall, 0.08),
                (s * (wide + 0.26), (0.52 + up) * tall, 0.12),
            ],
            4,
        )
        kit.add(limb, tube(path, np.full(len(path), 0.065), 8), ball(0.085, around=8, rows=6).moved(*path[-1].tolist()))
    horns = kit.part("horns", (0.95, 0.90, 0.78), "stone")
    kind = int(rng.integers(4))
    for s in (-1, 1):
        base = np.float32([s * wide * 0.45, 0.90 * tall, 0])
        if kind == 0:
            kit.add(horns, cone(0.08, 0.26, 8).turned(roll=-s * 0.4).moved(*base.tolist()))
        elif kind == 1:
            kit.add(
                limb,
                ball(0.08, 0.26, 0.05, 9, 7)
                .turned(roll=-s * 0.3)
                .moved(*(base + np.float32([s * 0.06, 0.2, 0])).tolist()),
            )
        elif kind == 2:
            kit.add(
                limb,
                capsule(base, base + np.float32([s * 0.1, 0.24, 0]), 0.02, 0.02, 6),
                ball(0.06, around=8, rows=6).moved(*(base + np.float32([s * 0.1, 0.26, 0])).tolist()),
            )
        else:
            kit.add(limb, ball(0.17, 0.17, 0.07, 10, 7).moved(*(base + np.float32([s * 0.05, 0.06, 0])).tolist()))
    spots = kit.part("spots", c.dark, "fur")
    for _ in range(int(rng.integers(0, 6))):
        a, y = float(rng.uniform(-1.4, 1.4)), float(rng.uniform(0.25, 0.55)) * tall
        kit.add(
            spots,
            ball(0.06, 0.06, 0.03, 8, 6).turned(a).moved(np.sin(a) * wide * 0.97, y, np.cos(a) * wide * 0.97 * squash),
        )
    kit.spot("emblem", (0, 0.40 * tall, wide * 1.1 * squash))


def shape(kit: Kit) -> None:
    """A heap of plain solids: blocks, balls, cones, rings, like a still life of nothing."""
    rng = kit.rng("shape")
    c = kit.coat
    tones = (c.main, c.light, c.dark, c.main, c.accent)
    for i in range(int(rng.integers(3, 6))):
        size = float(rng.uniform(0.28, 0.5)) * (1.0 if i else 1.25)
        kind = int(rng.integers(6))
        if kind == 0:
            solid = box(size, size * float(rng.uniform(0.6, 1.6)), size)
        elif kind == 1:
            solid = ball(size * 0.55, around=18, rows=11).moved(0, size * 0.55, 0)
        elif kind == 2:
            solid = cone(size * 0.5, size * 1.4, 18)
        elif kind == 3:
            solid = cylinder(size * 0.4, size * float(rng.uniform(0.6, 1.8)), 18)
        elif kind == 4:
            a = np.linspace(0, 2 * np.pi, 25)
            ring = np.stack([np.cos(a), np.sin(a), 0 * a], axis=1) * np.float32(size * 0.5)
            solid = tube(ring.astype(np.float32), np.full(25, size * 0.16), 10).moved(0, size * 0.66, 0)
        else:
            solid = extrude(_blob(rng, size * 0.55), size * 0.5).moved(0, size * 0.6, 0)
        x, z = float(rng.uniform(-0.55, 0.55)), float(rng.uniform(-0.4, 0.3))
        if i == 0:
            x, z = 0.0, -0.35
        kit.put(f"solid {i}", tones[i % 5], "plaster", solid.turned(float(rng.uniform(-0.8, 0.8))).moved(x, 0, z))
    kit.spot("emblem", (0, 0.4, 0.5))


def _blob(rng: np.random.Generator, r: float) -> Floats:
    a = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    k = 1 + sum(float(rng.uniform(-0.16, 0.16)) * np.cos(a * f + float(rng.uniform(0, 6))) for f in (2, 3, 5))
    return np.asarray(np.stack([np.cos(a) * k, np.sin(a) * k], axis=1) * r, np.float32)
