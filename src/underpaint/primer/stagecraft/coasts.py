"""Places by the sea: shore and cliff."""

from dataclasses import replace

import numpy as np

from underpaint.primer.stagecraft.colours import dim, mix
from underpaint.primer.stagecraft.kit import Kit
from underpaint.primer.stagecraft.lands import blossoms, on, tufts
from underpaint.primer.stagecraft.place_kit import flat_near, noise, ridge, role, scatter, spread, stone
from underpaint.primer.stagecraft.plants import palm
from underpaint.primer.stagecraft.seen import RGB, Floats
from underpaint.primer.stagecraft.solids import ball, box, extrude, ground, lathe, sheet


def sea(kit: Kit, level: float, reach: float = 400.0) -> int:
    """Water to the horizon with crests drawn on it."""
    own = role(kit, "sea", "ground")
    colour: RGB = (0.26, 0.52, 0.66)
    part = own.part("sea", colour, "water")
    x = spread(reach, 22)
    solid = ground(lambda a, b: np.full_like(a, level), x, x)
    own.add(part, replace(solid, closed=True))
    rng = kit.rng("waves")
    for _ in range(46):
        a, r = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(2.5, 34.0))
        x0, z0, w = np.cos(a) * r, np.sin(a) * r, float(rng.uniform(0.25, 0.9)) * (1 + r / 14)
        own.fold(part, [(x0 - w, level + 0.01, z0), (x0, level + 0.02, z0 - 0.12 * w), (x0 + w, level + 0.01, z0)])
    return part


def shore(kit: Kit) -> None:
    """Sand, the sea with its line of foam, rocks, a palm, a far coast and a sail."""
    rng = kit.rng("shore")
    sand: RGB = mix((0.93, 0.83, 0.62), (0.88, 0.76, 0.58), float(rng.random()))
    level = 0.14 / kit.scale if kit.afloat else -0.12
    tilt = float(rng.uniform(-0.25, 0.25))

    def height(x: Floats, z: Floats) -> Floats:
        line = z + tilt * x + 0.5 * np.sin(x * 0.5) + (60.0 if kit.afloat else 3.4)
        return np.asarray(
            np.clip(line * 0.055, -2.0, 0.0)
            + 0.12 * noise(x, z, kit.rng("bumps"), 5.0) * flat_near(x, z, 2, 6) * (line > -1),
            np.float32,
        )

    own = role(kit, "ground", "ground")
    if not kit.afloat:
        part = own.part("sand", sand, "sand")
        own.add(part, replace(ground(height, spread(90, 36), spread(90, 36)), closed=True))
    sea(kit, level)
    if not kit.afloat:
        xs = np.linspace(-40, 40, 120)
        z = -3.4 - tilt * xs - 0.5 * np.sin(xs * 0.5) - 2.0 + 0.14 * np.sin(xs * 2.3)
        rows = np.stack(
            [
                np.stack([xs, 0 * xs + level + 0.012, z + o * (1 + 0.5 * np.sin(xs * 1.1))], axis=1)
                for o in (0.22, -0.22)
            ],
            axis=1,
        )
        role(kit, "foam", "place").put("foam", (0.97, 0.98, 0.98), "water", sheet(rows.astype(np.float32)))
        side = 1.0 if rng.random() < 0.5 else -1.0
        palm(role(kit, "palm", "place").child("palm", (side * 2.7, 0, -1.9)), float(rng.uniform(3.2, 4.2)))
        for i, (x, zz) in enumerate(scatter(kit, "rocks", 6, (-6, 6, -4.5, 1.2), 1.2)):
            if abs(x) > 1.3:
                stone(kit, (x, on(height, x, zz), zz), float(rng.uniform(0.15, 0.45)), (0.52, 0.50, 0.50), f"rock {i}")
        shells = role(kit, "shells", "place").part("shells", (0.96, 0.86, 0.80), "stone")
        for _ in range(7):
            x, zz = float(rng.uniform(-2, 2)), float(rng.uniform(-1.2, 1.4))
            own.stage.add(shells, ball(0.05, 0.03, 0.06, 7, 5).scaled(kit.scale).by(kit.turn, kit.world((x, 0.02, zz))))
    ridge(kit, "far coast", 170, 9.0, 0.2, (0.44, 0.55, 0.58), "rock")
    for i in range(int(rng.integers(1, 4))):
        _far_sail(role(kit, f"far sail {i}", "place"), float(rng.uniform(-22, 22)), float(rng.uniform(-60, -34)), level)


def _far_sail(kit: Kit, x: float, z: float, level: float) -> None:
    kit.put("hull", (0.36, 0.24, 0.20), "wood", box(2.6, 0.5, 0.8).moved(x, level, z))
    kit.put("sail", (0.97, 0.95, 0.90), "cloth", extrude([(0, 0.7), (1.3, 0.7), (0.0, 3.6)], 0.05).moved(x, level, z))


def cliff(kit: Kit) -> None:
    """A grassy head that breaks off to the sea; the edge runs before one who sits on it, else behind the subject."""
    rng = kit.rng("cliff")
    drop = 16.0
    green: RGB = mix((0.46, 0.62, 0.30), (0.60, 0.64, 0.34), float(rng.random()))
    rock: RGB = mix((0.56, 0.52, 0.48), (0.70, 0.60, 0.50), float(rng.random()))
    wobble = kit.rng("edge").uniform(0, 6, 3)

    def beyond(x: Floats, z: Floats) -> Floats:
        """Metres past the edge."""
        wave = 0.35 * np.sin(x * 0.7 + wobble[0]) + 0.8 * np.sin(x * 0.23 + wobble[1])
        if kit.edge:
            return np.asarray(z - 0.02 - 0.06 * np.abs(x) - 0.15 * wave * np.clip(np.abs(x) - 0.6, 0, 1), np.float32)
        front = -(z + 3.6 + wave + 0.35 * x)
        side = x - 4.6 - 0.5 * wave - 0.5 * z
        return np.asarray(np.maximum(front, side), np.float32)

    def height(x: Floats, z: Floats) -> Floats:
        b = beyond(x, z)
        fall = np.clip(b / 1.1, 0, 1) * 0.8 + np.clip((b - 0.5) / 5.0, 0, 1) * 0.2
        return np.asarray(
            -drop * fall + 0.12 * noise(x, z, kit.rng("bumps"), 4.0) * flat_near(x, z, 1.2, 4), np.float32
        )

    own = role(kit, "ground", "ground")
    fine = np.sort(np.concatenate([spread(80, 40), np.linspace(-7, 7, 36)])).astype(np.float32)
    solid = replace(ground(height, fine, fine), closed=True)
    steep = np.ptp(solid.points[..., 1], axis=1) > 0.45
    facet = steep.astype(np.int32)
    face = own.part("rock face", rock, "rock")
    top = own.part("turf", green, "grass")
    for part, pick in ((top, ~steep), (face, steep)):
        own.add(
            part,
            replace(
                solid, points=solid.points[pick], normals=solid.normals[pick], uv=solid.uv[pick], facet=facet[pick]
            ),
        )
    sea(kit, -drop * 0.86)
    ridge(kit, "headlands", 150, 14.0, 0.25, mix(rock, (0.45, 0.55, 0.62), 0.6), "rock")
    tufts(
        kit,
        lambda x, z: np.where(beyond(x, z) > -0.15, -50.0, height(x, z)).astype(np.float32),
        150,
        0.2,
        dim(green, 0.8),
    )
    blossoms(
        kit,
        lambda x, z: np.where(beyond(x, z) > -0.2, -50.0, height(x, z)).astype(np.float32),
        18,
        ((0.96, 0.93, 0.86), (0.80, 0.55, 0.72)),
    )
    for i, (x, z) in enumerate(scatter(kit, "rocks", 5, (-5, 4, -3, 1.0), 1.2)):
        if abs(x) > 1.3 and float(beyond(np.float32([x]), np.float32([z]))[0]) < -0.3:
            stone(kit, (x, 0.0, z), float(rng.uniform(0.2, 0.5)), rock, f"rock {i}")
    for i in range(3):
        x, z = float(rng.uniform(-24, 24)), float(rng.uniform(-40, -16))
        _stack(role(kit, f"sea stack {i}", "place"), x, z, -drop * 0.9, float(rng.uniform(5, 11)), rock)


def _stack(kit: Kit, x: float, z: float, low: float, h: float, rock: RGB) -> None:
    rng = kit.rng("stack")
    profile = [(h * 0.30, 0), (h * 0.24, h * 0.4), (h * 0.26, h * 0.7), (h * 0.16, h * 0.95), (0.0, h)]
    solid = lathe(profile, 9, smooth=False)
    bump = 1 + 0.14 * np.sin(solid.points * np.float32(rng.uniform(0.5, 1.2))).sum(-1, keepdims=True)
    kit.put(
        "stack",
        rock,
        "rock",
        replace(solid, points=(solid.points * np.concatenate([bump, bump * 0 + 1, bump], -1)).astype(np.float32)).moved(
            x, low, z
        ),
    )
