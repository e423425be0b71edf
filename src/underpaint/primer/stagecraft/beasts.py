"""Four-legged animals: cat, dog, rabbit, fox, horse, elephant, each a table of measures for one builder."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from underpaint.primer.stagecraft.colours import dim, mix
from underpaint.primer.stagecraft.kit import Kit
from underpaint.primer.stagecraft.mesh import Solid, rotation, unit
from underpaint.primer.stagecraft.seen import RGB, Floats
from underpaint.primer.stagecraft.solids import ball, capsule, cone, curve, tube


@dataclass(frozen=True)
class Beast:
    """Measures in metres for an animal one metre high at the shoulder, scaled by `size` in the end.

    `ears` are "point", "flop", "long" or "fan"; `tail` "thin", "bush", "puff", "hair" or "rope".
    """

    size: float
    long: float
    girth: float
    leg: float
    neck: tuple[float, float]
    head: float
    muzzle: tuple[float, float]
    ears: str
    tail: str
    sits: float = 0.5
    belly: float = 0.7


BEASTS = {
    "cat": Beast(0.34, 1.15, 0.30, 0.13, (0.26, 0.40), 0.36, (0.12, 0.17), "point", "thin", 0.6),
    "dog": Beast(0.55, 1.15, 0.30, 0.125, (0.34, 0.34), 0.31, (0.30, 0.16), "flop", "thin", 0.5),
    "rabbit": Beast(0.30, 0.95, 0.38, 0.15, (0.18, 0.34), 0.38, (0.12, 0.18), "long", "puff", 0.75),
    "fox": Beast(0.42, 1.2, 0.27, 0.11, (0.28, 0.36), 0.31, (0.32, 0.13), "point", "bush", 0.45),
    "horse": Beast(1.45, 1.08, 0.27, 0.085, (0.80, 0.30), 0.19, (0.33, 0.10), "point", "hair", 0.0),
    "elephant": Beast(2.3, 1.15, 0.42, 0.16, (0.20, 0.34), 0.34, (0.10, 0.18), "fan", "rope", 0.0),
}


def beast(kit: Kit) -> None:
    """An animal that stands, walks or sits."""
    spec = BEASTS[kit.thing.kind]
    rng = kit.rng("beast")
    sits = rng.random() < spec.sits
    c = kit.coat
    pale = kit.thing.kind in ("cat", "dog", "fox", "rabbit") and kit.thing.colour != "white"
    belly = mix(c.main, (0.97, 0.94, 0.88), 0.8) if pale else c.light
    fur = kit.part("fur", c.main, "fur")
    k = spec.size
    if sits:
        rump, chest = np.float32([0, 0.33, -0.34]), np.float32([0, 0.74, 0.16])
    else:
        rump, chest = np.float32([0, 0.80, -spec.long / 2]), np.float32([0, 0.80, spec.long / 2])
    _body(kit, fur, rump, chest, spec, k)
    _limbs(kit, spec, rump, chest, sits, fur, belly)
    neck_to = chest + np.float32([0, spec.neck[0] * 0.85, spec.neck[1]])
    thick = spec.girth * 0.62
    kit.add(fur, capsule(chest * k, neck_to * k, thick * k, spec.head * 0.62 * k, 10))
    if pale:
        kit.put(
            "breast",
            belly,
            "fur",
            ball(0.15 * k, 0.2 * k, 0.12 * k, 10, 7).moved(0, (chest[1] + 0.02) * k, (chest[2] + 0.20) * k),
        )
    _head(kit, spec, neck_to, fur, belly)
    _tail(kit, spec, rump, sits, fur, belly)
    kit.spot("seat", (0, (0.80 + spec.girth) * k, 0))
    for name, s in (("left", 1), ("right", -1)):
        kit.spot(f"{name} emblem", np.float32([s * spec.girth * 1.02, 0.8 if not sits else 0.5, -0.05]) * k)


def _body(kit: Kit, fur: int, rump: Floats, chest: Floats, spec: Beast, k: float) -> None:
    middle = (rump + chest) / 2 - np.float32([0, 0.03, 0])
    path = curve(
        [rump - (chest - rump) * np.float32(0.12), rump, middle, chest, chest + (chest - rump) * np.float32(0.10)], 3
    )
    t = np.linspace(0, 1, len(path))
    radius = (
        spec.girth
        * (0.55 + 0.45 * np.sin(np.pi * np.clip(t, 0.06, 0.94)) ** 0.5)
        * (1.0 - 0.06 * np.cos(2 * np.pi * t))
    )
    radius[0] = radius[-1] = spec.girth * 0.25
    ends = [ball(spec.girth * 0.3 * k, around=8, rows=6).moved(*(path[i] * k).tolist()) for i in (0, -1)]
    kit.add(fur, tube(path * np.float32(k), radius * k, 14), *ends)


def _limbs(kit: Kit, spec: Beast, rump: Floats, chest: Floats, sits: bool, fur: int, paw: RGB) -> None:
    k = spec.size
    rng = kit.rng("gait")
    walk = (
        float(rng.uniform(0.1, 0.28)) * (rng.random() < 0.6) * (1.0 if not kit.frame else float(np.cos(kit.frame * 5)))
    )
    hoofed = kit.thing.kind in ("horse", "elephant")
    toe: RGB = (0.25, 0.20, 0.18) if kit.thing.kind == "horse" else (0.85, 0.80, 0.72) if hoofed else paw
    feet = kit.part("feet", toe, "fur")
    for s in (-1, 1):
        x = s * spec.girth * 0.58
        near = kit.part(f"leg {s}", dim(kit.coat.main, 0.97), "fur")
        legs = [(chest, walk * s, 1.0), (rump, -walk * s, 1.0)]
        if sits:
            legs = [(chest, 0.02, 1.0)]
            haunch = np.float32([s * 0.24, 0.24, -0.20])
            kit.add(near, ball(0.16 * k, 0.25 * k, 0.28 * k, 12, 8).moved(*(haunch * k).tolist()))
            kit.add(feet, ball(0.085 * k, 0.07 * k, 0.15 * k, 8, 6).moved(s * 0.26 * k, 0.06 * k, 0.12 * k))
        for root, swing, _ in legs:
            top = np.float32([x, root[1] - spec.girth * 0.35, root[2]])
            foot = np.float32([x, 0.07, root[2] + swing + 0.02])
            back = -0.10 if root is rump else 0.05
            knee = (top + foot) / 2 + np.float32([0, 0, back])
            kit.add(
                near,
                capsule(top * k, knee * k, spec.leg * 1.35 * k, spec.leg * k, 9),
                capsule(knee * k, foot * k, spec.leg * k, spec.leg * 0.82 * k, 9),
            )
            kit.add(
                feet,
                ball(spec.leg * 1.02 * k, 0.075 * k, spec.leg * 1.25 * k, 9, 6).moved(
                    *((foot + np.float32([0, 0, 0.03])) * k).tolist()
                ),
            )


def _head(kit: Kit, spec: Beast, at: Floats, fur: int, pale: RGB) -> None:
    k, r = spec.size, spec.head
    rng = kit.rng("head")
    turn = rotation(float(rng.uniform(-0.5, 0.5)), float(rng.uniform(-0.1, 0.15)))
    root = at * k

    def put(solid: Solid, x: float, y: float, z: float) -> Solid:
        return solid.moved(x * r * k, y * r * k, z * r * k).by(turn, root)

    own = kit.part("head", kit.coat.main, "fur")
    kit.add(own, put(ball(r * 0.98 * k, r * 0.88 * k, r * 0.92 * k, 14, 9), 0, 0, 0))
    length, thick = spec.muzzle[0] / r, spec.muzzle[1] / r
    tip = 0.72 + length
    down = -0.30 if kit.thing.kind != "horse" else -1.15
    snout = kit.part("muzzle", pale if kit.thing.kind in ("cat", "dog", "fox", "rabbit") else kit.coat.main, "fur")
    if kit.thing.kind == "elephant":
        trunk = curve(
            [(0, -0.2, 0.7), (0, -0.7, 1.25), (0, -1.5, 1.25), (0, -2.0, 1.5), (0, -1.95, 1.9)], 5
        ) * np.float32(r * k)
        kit.add(own, tube(trunk, np.linspace(0.36, 0.14, len(trunk)) * r * k, 10).by(turn, root))
        tusk = kit.part("tusks", (0.96, 0.93, 0.85), "stone")
        for s in (-1, 1):
            path = curve([(s * 0.4, -0.5, 0.7), (s * 0.5, -0.95, 1.0), (s * 0.45, -1.0, 1.5)], 4) * np.float32(r * k)
            kit.add(
                tusk, tube(path, np.append(np.linspace(0.12, 0.05, len(path) - 1), 0.005) * r * k, 7).by(turn, root)
            )
    else:
        kit.add(
            snout,
            capsule(
                np.float32([0, down * 0.5, 0.45]) * r * k,
                np.float32([0, down, tip]) * r * k,
                thick * 1.15 * r * k,
                thick * 0.8 * r * k,
                10,
            ).by(turn, root),
        )
        nose: RGB = (0.85, 0.50, 0.52) if kit.thing.kind in ("cat", "rabbit") else (0.16, 0.13, 0.13)
        kit.put(
            "nose",
            nose,
            "eye",
            put(ball(0.15 * r * k, 0.11 * r * k, 0.10 * r * k, 8, 6), 0, down + thick * 0.45, tip + thick * 0.62),
        )
    eye, shine = kit.part("eyes", (0.10, 0.08, 0.09), "eye"), kit.part("eye light", (1, 1, 1), "eye")
    big = 0.15 if kit.thing.kind not in ("elephant", "horse") else 0.10
    for s in (-1, 1):
        v = (
            unit(np.float32([s * 0.48, 0.18, 0.80]))
            if kit.thing.kind != "horse"
            else unit(np.float32([s * 0.85, 0.1, 0.5]))
        )
        p = v * np.float32([0.98, 0.88, 0.92])
        kit.add(eye, put(ball(big * r * k, big * 1.25 * r * k, 0.08 * r * k, 9, 7), *p.tolist()))
        q = p + np.float32([0.04, 0.07, 0.07])
        kit.add(shine, put(ball(big * 0.34 * r * k, around=6, rows=5), *q.tolist()))
    _ears(kit, spec, put, own, pale)


def _ears(kit: Kit, spec: Beast, put: Callable[[Solid, float, float, float], Solid], own: int, pale: RGB) -> None:
    s_k = spec.head * spec.size
    inner = kit.part("inner ears", mix(pale, (0.90, 0.62, 0.60), 0.55), "fur")
    for s in (-1, 1):
        if spec.ears == "point":
            tall = 0.85 if kit.thing.kind != "horse" else 0.7
            ear = cone(0.34 * s_k, tall * s_k, 8).scaled(1, 1, 0.5).turned(roll=-s * 0.28)
            kit.add(own, put(ear, s * 0.52, 0.55, -0.05))
            kit.add(
                inner,
                put(
                    cone(0.22 * s_k, tall * 0.72 * s_k, 8).scaled(1, 1, 0.3).turned(roll=-s * 0.28),
                    s * 0.52,
                    0.62,
                    0.07,
                ),
            )
        elif spec.ears == "long":
            kit.add(
                own, put(ball(0.20 * s_k, 0.78 * s_k, 0.12 * s_k, 10, 8).turned(roll=-s * 0.2), s * 0.38, 1.35, -0.1)
            )
            kit.add(
                inner, put(ball(0.11 * s_k, 0.60 * s_k, 0.08 * s_k, 8, 7).turned(roll=-s * 0.2), s * 0.38, 1.35, -0.02)
            )
        elif spec.ears == "flop":
            dark = kit.part("ears", dim(kit.coat.main, 0.72), "fur")
            kit.add(
                dark, put(ball(0.13 * s_k, 0.48 * s_k, 0.28 * s_k, 9, 7).turned(roll=s * 0.22), s * 0.95, 0.05, -0.05)
            )
        else:
            fan = ball(0.95 * s_k, 1.1 * s_k, 0.08 * s_k, 14, 8).turned(s * 0.45)
            kit.add(own, put(fan, s * 1.5, 0.0, -0.35))
            kit.add(inner, put(ball(0.7 * s_k, 0.85 * s_k, 0.08 * s_k, 12, 7).turned(s * 0.45), s * 1.47, -0.02, -0.27))


def _tail(kit: Kit, spec: Beast, rump: Floats, sits: bool, fur: int, pale: RGB) -> None:
    k = spec.size
    rng = kit.rng("tail")
    side = float(rng.choice([-1.0, 1.0]))
    sway = 0.12 * float(np.sin(kit.frame * 5))
    root = rump + np.float32([0, 0.12, -0.22 if not sits else -0.12])
    if spec.tail == "puff":
        kit.put(
            "tail",
            pale,
            "fur",
            ball(0.15 * k, around=10, rows=7).moved(*((rump + np.float32([0, 0.05, -0.34])) * k).tolist()),
        )
        return
    if sits:
        path = [
            root,
            root + np.float32([side * 0.2, -0.28, -0.12]),
            np.float32([side * 0.50, 0.07, -0.05]),
            np.float32([side * 0.46 + sway, 0.07, 0.32]),
        ]
    elif spec.tail == "hair":
        path = [
            root,
            root + np.float32([0, 0.06, -0.14]),
            root + np.float32([sway, -0.36, -0.22]),
            root + np.float32([sway * 2, -0.62, -0.16]),
        ]
    elif spec.tail == "rope":
        path = [root, root + np.float32([0, -0.25, -0.16]), root + np.float32([sway, -0.55, -0.14])]
    else:
        path = [
            root,
            root + np.float32([side * 0.04, 0.22, -0.26]),
            root + np.float32([side * 0.12 + sway, 0.55, -0.26]),
            root + np.float32([side * 0.24 + sway, 0.72, -0.10]),
        ]
    p = curve(path, 5)
    t = np.linspace(0, 1, len(p))
    radius = {
        "thin": 0.065 - 0.02 * t,
        "bush": 0.05 + 0.16 * np.sin(np.pi * np.clip(t, 0, 0.97)) ** 1.2,
        "hair": 0.05 + 0.07 * t * (1 - t) * 4,
        "rope": 0.05 - 0.03 * t,
    }[spec.tail]
    hair = kit.thing.kind == "horse"
    part = kit.part("tail", kit.coat.hair if hair else kit.coat.main, "hair" if hair else "fur")
    kit.add(part, tube(p * np.float32(k), np.maximum(radius, 0.012) * k, 9))
    tip = kit.part("tail tip", pale if spec.tail == "bush" else kit.coat.hair if hair else kit.coat.main, "fur")
    kit.add(tip, ball(max(float(radius[-1]) * 1.25, 0.035) * k, around=8, rows=6).moved(*(p[-1] * k).tolist()))
    if hair:
        _mane(kit, spec)


def _mane(kit: Kit, spec: Beast) -> None:
    k = spec.size
    part = kit.part("mane", kit.coat.hair, "hair")
    low = np.array([0, 0.95, spec.long / 2 - 0.1], np.float32)
    high = np.array([0, 0.80 + spec.neck[0] * 0.85 + 0.16, spec.long / 2 + spec.neck[1] + 0.02], np.float32)
    for i in range(7):
        at = low + (high - low) * np.float32(i / 6)
        path = curve([at, at + np.float32([0.08, 0.05, -0.10]), at + np.float32([0.16, -0.20, -0.08])], 3)
        kit.add(part, tube(path * np.float32(k), np.linspace(0.085, 0.03, len(path)) * k, 7))
