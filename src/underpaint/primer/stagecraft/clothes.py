"""Trunk, limbs and clothes over a skeleton."""

from dataclasses import dataclass

import numpy as np

from underpaint.primer.stagecraft.colours import dim, mix
from underpaint.primer.stagecraft.kit import Kit
from underpaint.primer.stagecraft.mesh import Solid, aim, cross, unit
from underpaint.primer.stagecraft.seen import RGB, Floats
from underpaint.primer.stagecraft.skeleton import Skeleton
from underpaint.primer.stagecraft.solids import ball, capsule, sheet, tube


@dataclass(frozen=True)
class Outfit:
    """What somebody wears: "dress", "skirt", "trousers", "shorts", "coat", "robe" or "armour"; sleeves 0..1; cape."""

    kind: str
    sleeves: float
    cape: bool = False
    scarf: bool = False
    collar: bool = False


def loft(centres: Floats, rx: Floats, rz: Floats, frame: Floats, around: int = 16, wave: float = 0.0) -> Solid:
    """An elliptic tube through centres N x 3 with radii N in the frame's x and z; `wave` folds its end."""
    a = np.linspace(0, 2 * np.pi, around + 1)
    t = np.linspace(0, 1, len(centres))
    fold = 1 + wave * t[None] ** 1.5 * np.cos(a * 7)[:, None]
    x, z = -np.sin(a)[:, None] * rx[None] * fold, np.cos(a)[:, None] * rz[None] * fold
    rows = centres[None] + x[..., None] * frame[:, 0] + z[..., None] * frame[:, 2]
    solid = sheet(rows.astype(np.float32))
    return Solid(solid.points, solid.normals, solid.uv[..., ::-1].copy(), solid.facet, closed=False)


def dress_up(kit: Kit, bones: Skeleton, outfit: Outfit) -> None:
    """The whole body below the head."""
    _legs(kit, bones, outfit)
    _trunk(kit, bones, outfit)
    if outfit.kind in ("dress", "skirt", "robe", "coat"):
        _skirt(kit, bones, outfit)
    for side in ("left", "right"):
        _arm(kit, bones, outfit, side)
    if outfit.cape:
        _cape(kit, bones)
    if outfit.scarf:
        _scarf(kit, bones)


def _legs(kit: Kit, bones: Skeleton, outfit: Outfit) -> None:
    h, g, c = bones.body.height, bones.body.girth, kit.coat
    steel: RGB = (0.66, 0.69, 0.74)
    rng = kit.rng("legs")
    skirted = outfit.kind in ("dress", "skirt", "robe", "coat")
    bare = outfit.kind in ("dress", "skirt", "shorts")
    tights = bool(rng.random() < 0.4)
    cloth: RGB = (0.30, 0.30, 0.40) if kit.thing.colour != "black" else (0.52, 0.46, 0.38)
    trousers = [cloth, (0.46, 0.38, 0.30), c.dark][int(rng.integers(3))]
    colour = (
        steel if outfit.kind == "armour" else (mix(c.accent, cloth, 0.5) if tights else c.skin) if bare else trousers
    )
    matter = "metal" if outfit.kind == "armour" else "skin" if bare and not tights else "cloth"
    if not skirted:
        seat = ball(0.100 * h * g, 0.068 * h, 0.076 * h * g, 14, 8).by(bones.trunk, bones["hips"])
        breeches = trousers if outfit.kind == "shorts" else colour
        kit.put("seat of trousers", breeches, "metal" if outfit.kind == "armour" else "cloth", seat)
    for side in ("left", "right"):
        hip, knee, ankle = (bones[f"{side} {j}"] for j in ("hip", "knee", "ankle"))
        fat = 1.0 if bare else 1.14
        thigh = 0.050 if skirted else 0.060
        leg = kit.part(f"{side} leg", colour, matter)
        kit.add(leg, capsule(hip, knee, thigh * h * g * fat, 0.043 * h * g**0.5 * fat, 10))
        kit.add(leg, capsule(knee, ankle, 0.042 * h * g**0.5 * fat, 0.028 * h * fat, 10))
        if outfit.kind == "shorts":
            short = kit.part(f"{side} shorts", trousers, "cloth")
            kit.add(short, capsule(hip, hip + (knee - hip) * 0.72, 0.068 * h * g, 0.062 * h * g, 10))
        _boot(kit, bones, side, steel if outfit.kind == "armour" else c.leather, rng.random() < 0.6)


def _boot(kit: Kit, bones: Skeleton, side: str, colour: RGB, high: bool) -> None:
    h = bones.body.height
    knee, ankle = bones[f"{side} knee"], bones[f"{side} ankle"]
    shin = unit(ankle - knee)
    s = 1.0 if side == "left" else -1.0
    ahead = np.float32([0.22 * s, 0, 1])
    toe = unit(ahead - shin * float(ahead @ shin) * 0.85)
    part = kit.part(f"{side} boot", colour, "leather")
    if high:
        kit.add(part, capsule(knee + (ankle - knee) * 0.48, ankle, 0.043 * h, 0.036 * h, 10))
    heel = ankle + shin * np.float32(0.020 * h)
    kit.add(
        part, ball(0.033 * h, 0.028 * h, 0.062 * h, 10, 7).by(_frame(toe, -shin), heel + toe * np.float32(0.032 * h))
    )


def _frame(ahead: Floats, up: Floats) -> Floats:
    """Columns x, y, z with z along `ahead` and y as near `up` as can be."""
    z = unit(ahead)
    x = unit(cross(up, z))
    return np.stack([x, cross(z, x), z], axis=1).astype(np.float32)


def _trunk(kit: Kit, bones: Skeleton, outfit: Outfit) -> None:
    h, g, f = bones.body.height, bones.body.girth, bones.trunk
    up = f[:, 1] * np.float32(bones.body.torso * h)
    man = kit.thing.kind in ("man", "knight", "boy")
    wide = bones.body.shoulder / 0.098
    levels = np.float32([-0.16, 0.0, 0.16, 0.40, 0.68, 0.86, 0.96, 1.03])
    rx = np.float32([0.045, 0.082, 0.082, 0.066 if not man else 0.078, 0.084, 0.090, 0.066, 0.033])
    rz = np.float32([0.040, 0.064, 0.064, 0.052 if not man else 0.060, 0.064, 0.054, 0.044, 0.032])
    rx[4:7] *= wide
    k = np.float32([1, g, g, g, 0.5 + 0.5 * g, 1, 1, 1]) * np.float32(h)
    centres = bones["hips"] + levels[:, None] * up
    material = "metal" if outfit.kind == "armour" else "cloth"
    c = kit.coat
    top = (0.68, 0.71, 0.76) if outfit.kind == "armour" else c.accent if outfit.kind == "skirt" else c.main
    part = kit.part("top", top, material)
    kit.add(part, loft(centres, rx * k, rz * k, f))
    kit.put(
        "neck",
        c.skin,
        "skin",
        capsule(bones["neck"] - f[:, 1] * np.float32(0.03 * h), bones["skull"], 0.030 * h * g**0.4, 0.030 * h, 9),
    )
    front = f[:, 2] * np.float32(0.056 * h)
    if outfit.kind == "armour":
        plate = ball(0.088 * h * wide, 0.085 * h, 0.066 * h, 14, 8).by(f, bones["chest"])
        kit.put("breastplate", c.main, "metal", plate)
        kit.spot("emblem", bones["chest"] + f[:, 2] * np.float32(0.07 * h))
        return
    kit.spot("emblem", bones["chest"] + f[:, 2] * np.float32(0.068 * h * (0.5 + 0.5 * g)))
    kit.spot("back emblem", bones["chest"] - f[:, 2] * np.float32(0.066 * h))
    if outfit.collar:
        collar = loft(
            bones["hips"] + np.float32([0.93, 1.02])[:, None] * up,
            np.float32([0.072, 0.04]) * h * np.float32(wide),
            np.float32([0.058, 0.04]) * h,
            f,
        )
        kit.put("collar", c.accent if outfit.kind != "skirt" else c.main, "cloth", collar)
    belt_x, belt_z = ((0.090, 0.088), (0.072, 0.070)) if man else ((0.084, 0.079), (0.069, 0.065))
    around = bones["hips"] + np.float32([0.26, 0.35])[:, None] * up
    belt = loft(around, np.float32(belt_x) * np.float32(h * g), np.float32(belt_z) * np.float32(h * g), f)
    kit.put("belt", c.leather, "leather", belt)
    middle = [bones["hips"] + up * np.float32(v) + front * np.float32(1.0) for v in (0.42, 0.6, 0.78)]
    kit.fold(part, np.stack(middle) + f[:, 2] * np.float32(0.02 * h * g))


def _skirt(kit: Kit, bones: Skeleton, outfit: Outfit) -> None:
    """A skirt that hangs from the waist, or lies over the thighs of one who sits."""
    h, g, f, c = bones.body.height, bones.body.girth, bones.trunk, kit.coat
    rng = kit.rng("skirt")
    knees = (bones["left knee"] + bones["right knee"]) / 2
    ankles = (bones["left ankle"] + bones["right ankle"]) / 2
    waist = bones["hips"] + f[:, 1] * np.float32(bones.body.torso * h * 0.34)
    length = {"dress": 0.35, "skirt": 0.1, "robe": 1.5, "coat": 0.2}[outfit.kind] + float(rng.uniform(0, 0.35))
    sitting = float((bones["hips"] - knees)[1]) < 0.5 * bones.body.leg * h * 0.5
    spread = float(np.linalg.norm(bones["left knee"] - bones["right knee"])) / 2
    if sitting:
        length = min(length, 0.9)
    hem = (
        knees + (ankles - knees) * np.float32(min(max(length - 0.1, 0), 0.92))
        if length > 0.1 or sitting
        else bones["hips"] + (knees - bones["hips"]) * np.float32(0.72)
    )
    hips = bones["hips"] + np.float32([0, 0.02 * h, 0])
    if sitting:
        path = np.stack(
            [
                waist,
                hips + f[:, 2] * np.float32(0.02 * h),
                (hips + knees) / 2,
                knees,
                knees + (hem - knees) * np.float32(0.8),
            ]
        )
        rx = np.float32([0.072, 0.098, 0.115, 0.118, 0.122]) * h
        rz = np.float32([0.058, 0.085, 0.062, 0.055, 0.06]) * h
    else:
        path = np.stack(
            [waist, hips, hips + (hem - hips) * np.float32(0.4), hips + (hem - hips) * np.float32(0.75), hem]
        )
        flare = float(rng.uniform(0.55, 1.0)) * (0.5 if outfit.kind in ("coat", "robe") else 1.0)
        end = 0.11 + 0.085 * flare * min(1.0, 0.5 + length) + spread / h * 0.5
        rx = (
            np.float32([0.076, 0.112, max(0.4 * 0.112 + 0.6 * end, 0.114), max(0.88 * end, 0.112), max(end, 0.112)]) * h
        )
        deep = float(abs(bones["left knee"][2] - bones["right knee"][2])) / h * 0.5
        rz = np.float32([0.062, 0.086, 0.086 + 0.3 * (end - 0.08) + 0.6 * deep, 0.8 * end + deep, 0.9 * end + deep]) * h
    frame = f.copy() if not sitting else np.float32(np.eye(3))
    if sitting:
        # lying over the thighs the cloth's "ahead" turns up
        solids = _draped(path, rx, rz, f[:, 0])
    else:
        solids = loft(path.astype(np.float32), rx * np.float32(g**0.7), rz * np.float32(g**0.7), frame, 22, 0.07)
    colour = c.main
    part = kit.put("skirt", colour, "cloth", solids)
    _over_knees(kit, bones, part, length)
    if sitting:
        return
    for a in (-0.9, -0.25, 0.35, 1.0):
        s, co = np.float32(np.sin(a)), np.float32(np.cos(a))
        line = [
            path[i] + f[:, 0] * s * rx[i] * np.float32(1.03 * g**0.7) + f[:, 2] * co * rz[i] * np.float32(1.03 * g**0.7)
            for i in (2, 3, 4)
        ]
        kit.fold(part, np.stack(line))
    if outfit.kind == "dress" and rng.random() < 0.5:
        rim = loft(
            np.stack([path[3] * 0.35 + path[4] * 0.65, path[4]]),
            np.float32([0.97 * rx[4], 1.02 * rx[4]]) * np.float32(g**0.7),
            np.float32([0.97 * rz[4], 1.02 * rz[4]]) * np.float32(g**0.7),
            frame,
            22,
            0.07,
        )
        kit.put("hem", c.accent, "cloth", rim)


def _over_knees(kit: Kit, bones: Skeleton, part: int, length: float) -> None:
    """Cloth over the legs themselves, so that no knee comes through a skirt however one stands."""
    h, g = bones.body.height, bones.body.girth
    for side in ("left", "right"):
        hip, knee, ankle = (bones[f"{side} {j}"] for j in ("hip", "knee", "ankle"))
        reach = 1.02 if length > 0.1 else 0.72
        kit.add(part, capsule(hip, hip + (knee - hip) * np.float32(reach), 0.066 * h * g, 0.058 * h * g**0.5, 10))
        if length > 0.25:
            down = np.float32(min(length - 0.15, 0.7))
            kit.add(part, capsule(knee, knee + (ankle - knee) * down, 0.057 * h * g**0.5, 0.060 * h * g**0.5, 10))


def _draped(path: Floats, rx: Floats, rz: Floats, side: Floats) -> Solid:
    """Cloth round a bent path: its second axis turns with the path."""
    along = unit(np.gradient(path, axis=0))
    a = np.linspace(0, 2 * np.pi, 19)
    ahead = unit(cross(side[None], along))
    rows = (
        path[None]
        - np.sin(a)[:, None, None] * rx[None, :, None] * side
        + np.cos(a)[:, None, None] * rz[None, :, None] * -ahead[None]
    )
    solid = sheet(rows.astype(np.float32))
    return Solid(solid.points, solid.normals, solid.uv[..., ::-1].copy(), solid.facet, closed=False)


def _arm(kit: Kit, bones: Skeleton, outfit: Outfit, side: str) -> None:
    h, g, c = bones.body.height, bones.body.girth**0.5, kit.coat
    shoulder, elbow, wrist = (bones[f"{side} {j}"] for j in ("shoulder", "elbow", "wrist"))
    armour = outfit.kind == "armour"
    sleeve: RGB = (0.64, 0.67, 0.72) if armour else c.accent if outfit.kind == "skirt" else dim(c.main, 0.96)
    matter = "metal" if armour else "cloth"
    part = kit.part(f"{side} sleeve", sleeve, matter)
    bare = kit.part(f"{side} arm", c.skin, "skin")
    kit.add(bare, capsule(elbow, wrist, 0.029 * h * g, 0.021 * h, 8))
    if outfit.sleeves < 0.5:
        kit.add(bare, capsule(shoulder, elbow, 0.034 * h * g, 0.029 * h * g, 8))
        kit.add(
            part, capsule(shoulder, shoulder + (elbow - shoulder) * np.float32(0.36), 0.050 * h * g, 0.047 * h * g, 10)
        )
    else:
        kit.add(part, capsule(shoulder, elbow, 0.043 * h * g, 0.037 * h * g, 9))
        wide = 1.3 if outfit.kind == "robe" else 1.0
        kit.add(
            part, capsule(elbow, elbow + (wrist - elbow) * np.float32(0.86), 0.036 * h * g, 0.031 * h * g * wide, 9)
        )
        cuff = elbow + (wrist - elbow) * np.float32(0.84)
        band = capsule(cuff, cuff + (wrist - elbow) * np.float32(0.08), 0.034 * h * wide, 0.034 * h * wide, 9)
        kit.put(f"{side} cuff", c.accent if outfit.kind != "skirt" else c.main, matter, band)
    if armour:
        kit.put(
            f"{side} pauldron",
            (0.72, 0.75, 0.80),
            "metal",
            ball(0.068 * h, 0.055 * h, 0.062 * h, 12, 7).moved(*shoulder.tolist()),
        )
    hand(kit, bones, side, (0.60, 0.63, 0.68) if armour else c.skin)


def hand(kit: Kit, bones: Skeleton, side: str, colour: RGB) -> None:
    """A hand with thumb and four fingers, loosely curled."""
    h = bones.body.height * (1.15 if bones.body.head > 0.19 else 1.0)
    elbow, wrist = bones[f"{side} elbow"], bones[f"{side} wrist"]
    s = 1.0 if side == "left" else -1.0
    along = unit(wrist - elbow)
    f = aim(along, (0.35 * s, 0.2, 1))
    part = kit.part(f"{side} hand", colour, "skin")
    palm = wrist + along * np.float32(0.022 * h)
    kit.add(part, ball(0.017 * h, 0.026 * h, 0.022 * h, 9, 7).by(f, palm))
    curl = np.float32([-0.25 * s, 1.0, 0.0])
    for i in range(4):
        z = (i - 1.5) * 0.0105 * h
        root = palm + f @ np.float32([0, 0.018 * h, z])
        tip = root + f @ (
            unit(curl + np.float32([0, 0, (i - 1.5) * 0.12])) * np.float32((0.030 - 0.004 * abs(i - 1.2)) * h)
        )
        kit.add(part, capsule(root, tip, 0.0072 * h, 0.0058 * h, 5))
    thumb = palm + f @ np.float32([-0.006 * s * h, 0.0, 0.019 * h])
    kit.add(
        part, capsule(thumb, thumb + f @ np.float32([-0.010 * s * h, 0.022 * h, 0.014 * h]), 0.0085 * h, 0.0068 * h, 5)
    )


def _cape(kit: Kit, bones: Skeleton) -> None:
    h, f = bones.body.height, bones.trunk
    fly = 0.16 if kit.thing.pose in ("walking", "running", "jumping", "dancing") else 0.05
    fly += 0.03 * float(np.sin(kit.frame * 4))
    floor = float(min(bones["left ankle"][1], bones["right ankle"][1])) + 0.10 * h
    a = np.linspace(-1.0, 1.0, 11)
    top = bones["neck"] - f[:, 1] * np.float32(0.02 * h)
    rows = []
    for t in np.linspace(0, 1, 7):
        wide = (0.085 + 0.13 * t**0.7) * h
        y = top[1] + (floor - top[1]) * t
        z = top[2] - (0.055 + 0.10 * t + fly * t**2 * 2) * h
        wave = np.cos(a * 9) * 0.016 * h * t
        rows.append(
            np.stack(
                [
                    top[0] + np.sin(a * 1.3) * wide,
                    0 * a + y - 0.03 * h * np.abs(a) * (1 - t),
                    z + (np.abs(a) ** 2) * 0.09 * h * (1 - 0.5 * t) + wave,
                ],
                axis=1,
            )
        )
    colour = kit.coat.main if kit.thing.kind == "knight" else dim(kit.coat.main, 0.78)
    part = kit.put("cape", colour, "cloth", sheet(np.stack(rows).astype(np.float32)))
    for i in (2, 5, 8):
        kit.fold(part, np.stack([rows[k][i] - np.float32([0, 0, 0.012 * h]) for k in (2, 4, 6)]))


def _scarf(kit: Kit, bones: Skeleton) -> None:
    h, f = bones.body.height, bones.trunk
    rng = kit.rng("scarf")
    colour = kit.coat.accent if kit.thing.colour != "white" else (0.75, 0.25, 0.22)
    a = np.linspace(0, 2 * np.pi, 13)
    centre = bones["neck"] + f[:, 1] * np.float32(0.004 * h)
    ring = centre + (
        np.sin(a)[:, None] * f[:, 0] * np.float32(0.046 * h) + np.cos(a)[:, None] * f[:, 2] * np.float32(0.046 * h)
    )
    part = kit.put("scarf", colour, "cloth", tube(ring.astype(np.float32), np.full(13, 0.021 * h), 8))
    side = 1.0 if rng.random() < 0.5 else -1.0
    start = centre + f @ np.float32([side * 0.03 * h, -0.01 * h, 0.05 * h])
    end = start + f @ np.float32([side * 0.02 * h, -0.16 * h, 0.02 * h])
    kit.add(part, capsule(start, end, 0.018 * h, 0.024 * h, 8).scaled(1.0))
