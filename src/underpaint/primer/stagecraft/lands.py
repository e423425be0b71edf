"""Places in the open: meadow, forest, mountains, desert."""

import numpy as np

from underpaint.primer.stagecraft.colours import mix
from underpaint.primer.stagecraft.kit import Kit
from underpaint.primer.stagecraft.place_kit import Height, flat_near, land, noise, ridge, role, scatter, stone
from underpaint.primer.stagecraft.plants import bush, crown_tree, grass, mushroom, pine
from underpaint.primer.stagecraft.seen import RGB, Floats
from underpaint.primer.stagecraft.solids import ball, capsule, curve, disc, sheet, spindle, tube

_GREEN: RGB = (0.45, 0.64, 0.28)


def on(height: Height, x: float, z: float) -> float:
    return float(height(np.float32([x]), np.float32([z]))[0])


def tufts(kit: Kit, height: Height, count: int, tall: float, colour: RGB, near: float = 0.7) -> None:
    """Grass scattered round the subject, thinner far off, lower where the subject stands."""
    rng = kit.rng("tufts")
    a, r = rng.uniform(0, 2 * np.pi, count), 9.0 * rng.uniform(0, 1, count) ** 0.8 + near
    x, z = np.cos(a) * r, np.sin(a) * r
    y = height(x.astype(np.float32), z.astype(np.float32))
    grass(role(kit, "grass", "place"), np.stack([x, y - 0.02, z], axis=1).astype(np.float32), tall, colour)


def blossoms(kit: Kit, height: Height, count: int, colours: tuple[RGB, ...]) -> None:
    """Small wild flowers."""
    rng = kit.rng("blossoms")
    own = role(kit, "wild flowers", "place")
    stems = own.part("stems", (0.34, 0.52, 0.22), "leaf")
    heads = [own.part("petals", c, "petal") for c in colours]
    for i in range(count):
        a, r = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(0.8, 6.0))
        x, z = np.cos(a) * r, np.sin(a) * r
        y, h = on(height, x, z), float(rng.uniform(0.16, 0.34))
        own.add(stems, spindle([(0.012, 0), (0.01, h)], 4).moved(x, y, z))
        own.add(heads[i % len(heads)], ball(0.065, 0.045, 0.065, 7, 5).moved(x, y + h, z))


def meadow(kit: Kit) -> None:
    """Rolling grass, a few trees, hills behind."""
    rng = kit.rng("meadow")
    green = mix(_GREEN, (0.62, 0.66, 0.30), float(rng.random()) * 0.6)

    def height(x: Floats, z: Floats) -> Floats:
        return noise(x, z, kit.rng("bumps"), 14.0) * flat_near(x, z, 3.0, 14.0) * 0.9 - 0.3 * flat_near(x, z, 6, 40)

    land(kit, height, green, "grass")
    ridge(kit, "near hills", 52, 6.0, 0.12, mix(green, (0.30, 0.50, 0.34), 0.55))
    ridge(kit, "far hills", 120, 19.0, 0.2, mix(green, (0.42, 0.55, 0.66), 0.7), "rock")
    for i, (x, z) in enumerate(scatter(kit, "trees", 6, (-20, 20, -30, -7), 5.0)):
        if abs(x) > 1.6:
            crown_tree(role(kit, f"oak {i}", "place").child(f"oak {i}", (x, on(height, x, z), z), yaw=float(i)),
                       float(rng.uniform(3.5, 5.2)), mix((0.30, 0.50, 0.22), green, 0.3), 5, 24)  # fmt: skip
    for i, (x, z) in enumerate(scatter(kit, "bushes", 4, (-7, 7, -6.5, -3.2), 2.0)):
        bush(role(kit, f"bush {i}", "place").child(f"bush {i}", (x, on(height, x, z), z)), 0.6, (0.28, 0.47, 0.22), 18)
    tufts(kit, height, 260, 0.26, mix(green, (0.25, 0.45, 0.18), 0.45))
    blossoms(kit, height, 26, ((0.95, 0.92, 0.85), (0.93, 0.78, 0.28), (0.80, 0.52, 0.70)))


def forest(kit: Kit) -> None:
    """Trunks and crowns on all sides, moss and mushrooms, light between the trees."""
    rng = kit.rng("forest")
    floor: RGB = (0.38, 0.42, 0.22)

    def height(x: Floats, z: Floats) -> Floats:
        return noise(x, z, kit.rng("bumps"), 6.0) * flat_near(x, z, 1.6, 6.0) * 0.35

    land(kit, height, floor, "earth", reach=90)
    ridge(kit, "wood", 34, 11.0, 0.35, (0.24, 0.38, 0.26))
    ridge(kit, "wood behind", 46, 17.0, 0.3, (0.38, 0.50, 0.42))
    back = scatter(kit, "firs", 16, (-15, 15, -24, -3.6), 2.3)
    sides = np.float32([(s * float(rng.uniform(2.7, 4.2)), float(rng.uniform(-2.6, 0.6))) for s in (-1, 1)])
    for i, (x, z) in enumerate(np.concatenate([back, sides])):
        if abs(x) < 1.1 and z > -7:
            continue
        own = role(kit, f"tree {i}", "place").child(f"tree {i}", (x, on(height, x, z), z), yaw=i * 1.3)
        tall, leaf = float(rng.uniform(6.5, 9.5)), mix((0.16, 0.36, 0.20), (0.36, 0.50, 0.22), float(rng.random()))
        if i % 3 == 1:
            crown_tree(own, tall, leaf, 5, 20)
        else:
            pine(own, tall, leaf)
    for i, (x, z) in enumerate(scatter(kit, "mushrooms", 5, (-2.6, 2.6, -1.8, 1.2), 0.7)):
        if abs(x) > 0.8:
            own = role(kit, f"mushroom {i}", "place").child(f"mushroom {i}", (x, on(height, x, z), z))
            mushroom(own, float(rng.uniform(0.16, 0.34)), (0.76, 0.22, 0.16))
    for i, (x, z) in enumerate(scatter(kit, "ferns", 6, (-5, 5, -4, -1.2), 1.2)):
        if abs(x) > 1.0:
            bush(role(kit, f"fern {i}", "place").child(f"fern {i}", (x, 0, z)), 0.42, (0.26, 0.46, 0.20), 14)
    tufts(kit, height, 120, 0.22, (0.32, 0.46, 0.2))


def mountains(kit: Kit) -> None:
    """A high pass: peaks with snow, firs below, boulders."""
    rng = kit.rng("mountains")

    def height(x: Floats, z: Floats) -> Floats:
        return noise(x, z, kit.rng("bumps"), 9.0) * flat_near(x, z, 2.2, 9.0) * 0.7 - 0.8 * flat_near(x, z, 6, 30)

    land(kit, height, (0.52, 0.58, 0.38), "grass")
    for i in range(7):
        x = (i - 3) * 36 + float(rng.uniform(-10, 10))
        peak(kit, i, x, float(rng.uniform(-125, -85)), float(rng.uniform(34, 62)))
    ridge(kit, "foothills", 58, 6.5, 0.25, (0.34, 0.46, 0.36))
    for i, (x, z) in enumerate(scatter(kit, "firs", 11, (-18, 18, -30, -6), 3.0)):
        own = role(kit, f"fir {i}", "place").child(f"fir {i}", (x, on(height, x, z), z), yaw=i * 0.8)
        if abs(x) > 1.5:
            pine(own, float(rng.uniform(3.2, 5.5)), mix((0.16, 0.34, 0.26), (0.26, 0.42, 0.28), float(rng.random())))
    for i, (x, z) in enumerate(scatter(kit, "rocks", 7, (-6, 6, -5, 1.0), 1.4)):
        if abs(x) > 1.3:
            stone(kit, (x, on(height, x, z), z), float(rng.uniform(0.25, 0.6)), (0.56, 0.55, 0.54), f"rock {i}")
    tufts(kit, height, 120, 0.2, (0.44, 0.54, 0.3))


def peak(kit: Kit, i: int, x: float, z: float, h: float) -> None:
    """One mountain with ribs of rock and a cap of snow."""
    rng = kit.rng(f"peak {i}")
    own = role(kit, f"peak {i}", "place")
    n = 16
    a = np.linspace(0, 2 * np.pi, n + 1)
    rows = []
    for t in (0.0, 0.3, 0.55, 0.68, 0.85, 1.0):
        r = h * 1.05 * (1 - t) ** 1.15
        jag = 1 + (0.2 * np.where(np.arange(n + 1) % 2, 1, -1) + rng.uniform(-0.12, 0.12, n + 1)) * (0.3 + t * 0.7)
        jag[-1] = jag[0]
        dy = rng.uniform(-0.06, 0.06, n + 1) * h * (0.3 < t < 0.9)
        dy[-1] = dy[0]
        rows.append(np.stack([x - np.sin(a) * r * jag, h * t - 3 + dy, z + np.cos(a) * r * jag], axis=1))
    body = sheet(np.stack(rows[:4], axis=1).astype(np.float32), closed=True, smooth=False)
    snow = sheet(np.stack(rows[3:], axis=1).astype(np.float32), closed=True, smooth=False)
    own.put("rock", mix((0.46, 0.50, 0.58), (0.55, 0.52, 0.50), float(rng.random())), "rock", body)
    own.put("snow", (0.95, 0.97, 1.0), "snow", snow)


def desert(kit: Kit) -> None:
    """Dunes, rocks and cacti."""
    rng = kit.rng("desert")

    def height(x: Floats, z: Floats) -> Floats:
        w = np.sin((x * 0.35 + z) * 0.16 + 2 * np.sin(x * 0.045 + 1.0))
        return (0.5 + 0.5 * w) ** 2 * 4.2 * flat_near(x, z, 3.5, 22.0) - 0.2 * flat_near(x, z, 5, 20)

    sand: RGB = mix((0.92, 0.76, 0.50), (0.88, 0.64, 0.42), float(rng.random()))
    land(kit, height, sand, "sand", cells=46)
    ridge(kit, "mesas", 130, 13.0, 0.1, mix(sand, (0.62, 0.36, 0.30), 0.65), "rock")
    for i, (x, z) in enumerate(scatter(kit, "cacti", 6, (-14, 14, -20, -2.8), 3.0)):
        if abs(x) > 1.4:
            cactus(
                role(kit, f"cactus {i}", "place").child(f"cactus {i}", (x, on(height, x, z) - 0.05, z)),
                float(rng.uniform(1.2, 2.4)),
            )
    for i, (x, z) in enumerate(scatter(kit, "rocks", 7, (-6, 6, -5, 1.0), 1.4)):
        if abs(x) > 1.3:
            stone(
                kit,
                (x, on(height, x, z), z),
                float(rng.uniform(0.15, 0.45)),
                mix(sand, (0.55, 0.40, 0.34), 0.7),
                f"rock {i}",
            )


def cactus(kit: Kit, h: float) -> None:
    """A cactus with two arms."""
    green: RGB = (0.34, 0.52, 0.32)
    part = kit.put("cactus", green, "leaf", capsule((0, 0, 0), (0, h, 0), 0.13 * h, 0.11 * h, 10))
    for s, y in ((-1, 0.4), (1, 0.55)):
        bend = curve([(0, h * y, 0), (s * 0.3 * h, h * (y + 0.02), 0), (s * 0.32 * h, h * (y + 0.3), 0)], 5)
        kit.add(part, tube(bend, np.append(np.full(len(bend) - 1, 0.07 * h), 0.03 * h), 8))
    for x in (-0.05, 0.04):
        kit.fold(part, [(x * h, 0.1 * h, 0.125 * h), (x * h, 0.9 * h, 0.115 * h)])


def studio(kit: Kit) -> None:
    """A plain backdrop that curves up from the floor, sometimes with a disc of colour behind."""
    rng = kit.rng("studio")
    tones: tuple[RGB, ...] = (
        (0.93, 0.91, 0.87),
        (0.80, 0.84, 0.88),
        (0.88, 0.82, 0.76),
        (0.72, 0.76, 0.72),
        (0.95, 0.95, 0.94),
    )
    tone = tones[int(rng.integers(len(tones)))]
    t = np.linspace(0, np.pi / 2, 24)
    path = np.concatenate(
        [
            [(14.0, 0.0), (0.0, 0.0), (-5.8, 0.0)],
            np.stack([-6 - 4 * np.sin(t), 4 - 4 * np.cos(t)], axis=1),
            [(-10.0, 4.3), (-10.0, 30.0)],
        ]
    )
    xs = np.linspace(-60, 60, 5)
    rows = np.stack([np.stack([x + 0 * path[:, 0], path[:, 1], path[:, 0]], axis=1) for x in xs])
    solid = sheet(rows[:, ::-1].astype(np.float32))
    role(kit, "backdrop", "ground").put("backdrop", tone, "paper", solid)
    if rng.random() < 0.35:
        spot = mix(tone, ((0.85, 0.55, 0.45), (0.45, 0.62, 0.68), (0.90, 0.76, 0.45))[int(rng.integers(3))], 0.6)
        role(kit, "spot", "place").put("disc", spot, "paper", disc(1.5, 36).moved(0.0, 1.3, -5.0))
