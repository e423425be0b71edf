"""Heads: a face that can be read at a glance, and hair in locks."""

from dataclasses import dataclass

import numpy as np

from underpaint.primer.stagecraft.colours import dim, mix
from underpaint.primer.stagecraft.kit import Kit
from underpaint.primer.stagecraft.mesh import Solid, unit
from underpaint.primer.stagecraft.seen import RGB, Floats
from underpaint.primer.stagecraft.solids import ball, curve, sheet, tube


@dataclass(frozen=True)
class Head:
    """A skull in the body's space: centre, frame (columns x, y, z), half height (m); `soft` 0..1 rounds the chin."""

    kit: Kit
    centre: Floats
    frame: Floats
    half: float
    soft: float
    hatted: bool = False

    def on(self, d: Floats, lift: float = 0.0) -> Floats:
        """Points of the skull in direction d (... x 3, head space), lifted by a share of its size."""
        d = unit(np.asarray(d, np.float32))
        low = np.clip(-d[..., 1], 0, 1)
        x = d[..., 0] * (0.90 - (0.34 - 0.14 * self.soft) * low**1.7)
        z = d[..., 2] * (0.94 - 0.10 * low**2) + 0.05 * low * (d[..., 2] > 0)
        y = d[..., 1] * (1.0 + 0.04 * low)
        p = np.stack([x, y, z], axis=-1) * np.float32(self.half * (1 + lift))
        return np.asarray(p @ self.frame.T + self.centre, np.float32)

    def at(self, x: float, y: float) -> Floats:
        """The direction of a place on the face: x and y in -1..1 of the face's half height."""
        return np.asarray([x, y, np.sqrt(max(0.05, 1 - x * x - y * y))], np.float32)

    def decal(self, x: float, y: float, rx: float, ry: float, lift: float, shape: str = "oval") -> Solid:
        """A patch on the face: an oval, or a "lid" (the upper half of one, thick in the middle)."""
        n = 14
        if shape == "oval":
            a = np.linspace(0, 2 * np.pi, n, endpoint=False)
            ring = np.stack([x + rx * np.cos(a), y + ry * np.sin(a)], axis=1)
        else:
            a = np.linspace(np.pi * 1.02, -0.02 * np.pi, n // 2 + 1)
            outer = np.stack([x + 1.12 * rx * np.cos(a), y + ry * np.sin(a) * 1.04 + 0.02], axis=1)
            inner = np.stack([x + 0.98 * rx * np.cos(a[::-1]), y + ry * (0.74 * np.sin(a[::-1])) + 0.005], axis=1)
            ring = np.concatenate([outer, inner])
        points = self.on(np.stack([self.at(float(p), float(q)) for p, q in ring]), lift)
        middle = self.on(self.at(x, y), lift) if shape == "oval" else None
        return _fan(points, middle, self.frame[:, 2])


def _fan(points: Floats, middle: Floats | None, normal: Floats) -> Solid:
    n = len(points)
    if middle is not None:
        tri = np.stack([np.broadcast_to(middle, points.shape), points, np.roll(points, -1, 0)], axis=1)
    else:
        k = n // 2
        p, q = points[:k], points[k:][::-1]
        tri = np.concatenate([np.stack([p[:-1], q[:-1], p[1:]], axis=1), np.stack([q[:-1], q[1:], p[1:]], axis=1)])
    normals = np.broadcast_to(normal, tri.shape).astype(np.float32)
    uv = np.tile(np.array([[0, 0], [0.01, 0], [0, 0.01]], np.float32), (len(tri), 1, 1))
    return Solid(tri.astype(np.float32), normals, uv, np.zeros(len(tri), np.int32), closed=False)


def build_head(head: Head, hair: str) -> None:
    """Skull, ears, face and hair of a person."""
    kit = head.kit
    skin = kit.coat.skin
    part = kit.part("head", skin, "skin")
    t = np.linspace(-np.pi / 2, np.pi / 2, 11)
    a = np.linspace(0, 2 * np.pi, 19)
    d = np.stack(
        np.broadcast_arrays(
            np.cos(t)[None] * -np.sin(a)[:, None], np.sin(t)[None], np.cos(t)[None] * np.cos(a)[:, None]
        ),
        axis=-1,
    )
    kit.add(part, sheet(head.on(d), closed=True))
    for s in (-1, 1):
        ear = ball(0.13 * head.half, 0.2 * head.half, 0.12 * head.half, 8, 6).by(
            head.frame, head.on(np.float32([s, -0.12, -0.05]), 0.0)
        )
        kit.add(part, ear)
    face(head, part)
    HAIR[hair](head)


_EYES: tuple[RGB, ...] = (
    (0.30, 0.20, 0.13),
    (0.20, 0.36, 0.56),
    (0.24, 0.42, 0.26),
    (0.36, 0.26, 0.42),
    (0.16, 0.14, 0.16),
)


def face(head: Head, skin: int) -> None:
    """Eyes that look somewhere, brows, nose, mouth, cheeks."""
    kit = head.kit
    rng = kit.rng("face")
    thing = kit.thing
    old, man = thing.build == "old", thing.kind in ("man", "knight")
    iris = _EYES[int(rng.integers(len(_EYES)))]
    big = (0.72 if man or old else 1.0) * float(rng.uniform(0.93, 1.06))
    gx, gy = {"up": (0.0, 0.04), "down": (0.0, -0.05)}.get(thing.gaze, (0.0, 0.0))
    dark = mix(dim(kit.coat.hair, 0.5), (0.12, 0.08, 0.08), 0.6)
    white = kit.part("eye white", (0.98, 0.97, 0.96), "eye")
    colour, pupil = kit.part("iris", iris, "eye"), kit.part("pupil", dim(iris, 0.3), "eye")
    shine, lid = kit.part("eye light", (1.0, 1.0, 1.0), "eye"), kit.part("lashes", dark, "hair")
    closed = thing.pose == "thinking" and rng.random() < 0.3
    y0 = -0.12
    for s in (-1, 1):
        x = s * 0.36
        if closed:
            kit.add(lid, head.decal(x, y0 - 0.04, 0.17, -0.08, 0.012, "lid"))
            continue
        kit.add(white, head.decal(x, y0, 0.165 * big, 0.235 * big, 0.008))
        kit.add(colour, head.decal(x + gx - 0.012 * s, y0 + gy - 0.005, 0.118 * big, 0.195 * big, 0.016))
        kit.add(pupil, head.decal(x + gx - 0.012 * s, y0 + gy - 0.01, 0.062 * big, 0.115 * big, 0.022))
        kit.add(shine, head.decal(x + gx + 0.045, y0 + gy + 0.09 * big, 0.042 * big, 0.056 * big, 0.028))
        kit.add(lid, head.decal(x, y0, 0.178 * big, 0.26 * big, 0.020, "lid"))
        brow = curve(
            [
                (x - 0.16, y0 + 0.34 * big + 0.02 * (s < 0), 0),
                (x, y0 + 0.40 * big, 0),
                (x + 0.16, y0 + 0.34 * big + 0.02 * (s > 0), 0),
            ],
            3,
        )
        arc = head.on(np.stack([head.at(float(p[0]), float(p[1])) for p in brow]), 0.02)
        kit.add(lid, tube(arc, np.full(len(arc), (0.030 if man else 0.020) * head.half), 5))
    nose = ball(0.055 * head.half, 0.06 * head.half, 0.075 * head.half, 7, 6)
    kit.add(skin, nose.by(head.frame, head.on(head.at(0.0, -0.36), 0.01)))
    _mouth(head, rng)
    blush = kit.part("cheeks", mix(kit.coat.skin, (0.93, 0.42, 0.40), 0.34), "skin")
    for s in (-1, 1):
        kit.add(blush, head.decal(s * 0.52, -0.40, 0.13, 0.075, 0.006))
    if (man and rng.random() < 0.4) or (old and thing.kind in ("man", "knight")):
        _beard(head)


def _mouth(head: Head, rng: np.random.Generator) -> None:
    kit = head.kit
    lips = kit.part("mouth", mix(dim(kit.coat.skin, 0.62), (0.72, 0.22, 0.22), 0.55), "skin")
    if rng.random() < 0.3 and kit.thing.pose in ("arms raised", "jumping", "dancing", "waving", "running"):
        kit.add(lips, head.decal(0.0, -0.60, 0.13, 0.085, 0.012))
        return
    up = float(rng.uniform(0.01, 0.05))
    path = curve([(-0.13, -0.585 + up, 0), (0.0, -0.62 - up * 0.4, 0), (0.13, -0.585 + up, 0)], 4)
    arc = head.on(np.stack([head.at(float(p[0]), float(p[1])) for p in path]), 0.012)
    kit.add(lips, tube(arc, np.full(len(arc), 0.019 * head.half), 5))


def _beard(head: Head) -> None:
    kit = head.kit
    part = kit.part("beard", kit.coat.hair, "hair")
    x = np.linspace(-1, 1, 11)
    rows = []
    for t in (0.0, 0.5, 1.0):
        top = -0.78 + 0.50 * np.abs(x) ** 1.6
        y = top + (-1.02 + 0.10 * np.abs(x) - top) * t
        wide = x * (0.92 - 0.40 * t)
        d = np.stack([wide, y, np.sqrt(np.maximum(0.03, 1 - wide**2 - y**2))], axis=1)
        hang = np.float32([0, -0.22 * t * head.half, 0.04 * t * head.half])
        rows.append(head.on(d, 0.04 + 0.10 * t) + head.frame @ hang)
    kit.add(part, sheet(np.stack(rows, axis=1)))


def lock(head: Head, path: Floats, width: float, thick: float = 0.5) -> Solid:
    """A strand through directions and lifts N x 4 (head space, lift), tapering at both ends."""
    points = np.stack([head.on(p[:3], float(p[3])) for p in curve(path, 4)])
    t = np.linspace(0, 1, len(points))
    radius = width * head.half * np.maximum(np.sin(np.pi * np.clip(t * 0.86 + 0.12, 0, 1)), 0.02) ** 0.75
    return tube(points, radius * thick**0.3, 7)


def cap(head: Head, part: int, low: float = -0.55, front: float = 0.36, lift: float = 0.085) -> None:
    """Hair close to the skull: down to `low` behind, up to `front` over the brow."""
    if head.hatted and lift < 0.15:
        lift = min(lift, 0.05)
    a = np.linspace(0, 2 * np.pi, 25)
    ahead = np.cos(a)
    edge = np.where(
        ahead > 0.25, front + 0.10 * (ahead - 0.25), front + (low - front) * np.clip((0.25 - ahead) / 0.75, 0, 1) ** 0.6
    )
    rows = []
    for t in np.linspace(0, 1, 9):
        y = edge + (1 - edge) * np.sin(t * np.pi / 2)
        r = np.sqrt(np.maximum(1e-4, 1 - y * y))
        d = np.stack([-np.sin(a) * r, y, np.cos(a) * r], axis=1)
        rows.append(head.on(d, lift * (0.75 + 0.5 * np.sin(t * np.pi / 2))))
    head.kit.add(part, sheet(np.stack(rows, axis=1)))


def _bangs(head: Head, part: int, reach: float, count: int, sweep: float) -> None:
    rng = head.kit.rng("bangs")
    for i in range(count):
        x = (i + 0.5) / count * 2 - 1
        x += float(rng.uniform(-0.06, 0.06))
        down = reach + 0.16 * abs(x) + float(rng.uniform(-0.07, 0.07))
        path = np.float32([
            (x * 0.35, *((0.62, 0.72, 0.02) if head.hatted else (0.95, 0.30, 0.08))),
            (x * 0.62, *((0.50, 0.82, 0.06) if head.hatted else (0.66, 0.74, 0.13))),
            (x * 0.80 + sweep * 0.14, 0.32 - down * 0.3, 0.93, 0.10),
            (x * 0.84 + sweep * 0.26, 0.22 - down, 0.90, 0.05),
        ])  # fmt: skip
        head.kit.add(part, lock(head, path, 0.25))


def _back(head: Head, part: int, length: float, spread: float) -> None:
    """Hair that falls behind to `length` head heights below the skull's centre."""
    a = np.linspace(-2.05, 2.05, 15) + np.pi
    rng = head.kit.rng("fall")
    wave = rng.uniform(-0.05, 0.05, 15)
    rows = []
    for t in np.linspace(0, 1, 7):
        ring = np.stack([np.sin(a), np.cos(a)], axis=1)
        wide = 1.02 + spread * t
        y = 0.35 - t * (length + 0.35) + 0.10 * t * np.cos(a * 5) * t
        x, z = ring[:, 0] * 0.98 * wide, np.minimum(ring[:, 1] * 0.98 * (1 - 0.25 * t), 0.32 - 0.1 * t) - 0.08 * t
        p = np.stack([x + wave * t, y, z], axis=1) * head.half
        drop = np.stack([p[:, 0], 0 * p[:, 0], p[:, 2]], axis=1) @ head.frame.T
        # hair hangs: below the skull it follows gravity, not the head
        own = p @ head.frame.T
        hang = drop + np.stack([0 * a, p[:, 1], 0 * a], axis=1)
        k = np.float32(min(1.0, t * 1.5))
        rows.append((own * (1 - k) + hang * k + head.centre).astype(np.float32))
    solid = sheet(np.stack(rows, axis=1))
    head.kit.add(part, solid)


def _hair_part(head: Head) -> int:
    return head.kit.part("hair", head.kit.coat.hair, "hair")


def _strands(head: Head, part: int) -> None:
    for x in (-0.5, -0.15, 0.3):
        d = np.float32([(x * 0.4, 0.98, 0.05), (x * 0.9, 0.86, 0.42), (x * 1.2, 0.62, 0.7)])
        head.kit.fold(part, head.on(d, 0.2))


def long_hair(head: Head) -> None:
    """Hair down the back, with a fringe."""
    part = _hair_part(head)
    rng = head.kit.rng("hair")
    cap(head, part)
    _back(head, part, float(rng.uniform(2.0, 3.4)), 0.18)
    _bangs(head, part, 0.06, 6, float(rng.uniform(-1, 1)))
    for s in (-1, 1):
        path = np.float32(
            [
                (s * 0.5, 0.8, 0.5, 0.1),
                (s * 0.95, 0.2, 0.42, 0.13),
                (s * 1.0, -0.5, 0.3, 0.16),
                (s * 0.8, -0.95, 0.3, 0.34),
            ]
        )
        head.kit.add(part, lock(head, path, 0.2))
    _strands(head, part)


def bob(head: Head) -> None:
    """Hair to the chin."""
    part = _hair_part(head)
    cap(head, part, low=-0.5)
    _back(head, part, 0.86, 0.16)
    _bangs(head, part, 0.04, 7, 0.0)
    for s in (-1, 1):
        path = np.float32([(s * 0.5, 0.8, 0.4, 0.1), (s * 1.0, 0.1, 0.35, 0.16), (s * 0.92, -0.62, 0.36, 0.16)])
        head.kit.add(part, lock(head, path, 0.26))
    _strands(head, part)


def tails(head: Head) -> None:
    """Two bunches with ribbons."""
    kit, part = head.kit, _hair_part(head)
    cap(head, part)
    _bangs(head, part, 0.05, 6, 0.3)
    ribbon = kit.part("ribbons", kit.coat.main, "cloth")
    for s in (-1, 1):
        root = head.on(np.float32([s, 0.42, -0.35]), 0.12)
        h = head.half
        out = head.frame @ np.float32([s * 0.62 * h, -0.1 * h, -0.2 * h])
        path = curve(
            [
                root,
                root + out + np.float32([0, -0.3 * h, 0]),
                root + out * 1.1 + np.float32([0, -1.2 * h, 0]),
                root + out * 0.9 + np.float32([0, -2.0 * h, 0]),
            ],
            4,
        )
        t = np.linspace(0, 1, len(path))
        kit.add(part, tube(path, 0.30 * h * np.maximum(np.sin(np.pi * np.clip(t * 0.85 + 0.14, 0, 1)), 0.02) ** 0.7, 8))
        kit.add(ribbon, ball(0.17 * h, 0.13 * h, 0.13 * h, 8, 6).moved(*root.tolist()))
    _strands(head, part)


def ponytail(head: Head) -> None:
    """Hair drawn back into one tail, high on the head."""
    kit, part = head.kit, _hair_part(head)
    cap(head, part)
    _bangs(head, part, -0.02, 5, 0.8)
    h = head.half
    root = head.on(np.float32([0, 0.5, -0.85]), 0.12)
    back = head.frame @ np.float32([0.12 * h, 0.25 * h, -0.7 * h])
    path = curve(
        [
            root,
            root + back,
            root + back * 1.4 + np.float32([0, -0.9 * h, 0]),
            root + back * 1.2 + np.float32([0.1 * h, -1.9 * h, 0]),
        ],
        4,
    )
    t = np.linspace(0, 1, len(path))
    kit.add(part, tube(path, 0.32 * h * np.maximum(np.sin(np.pi * np.clip(t * 0.85 + 0.14, 0, 1)), 0.02) ** 0.7, 8))
    kit.put("hair band", kit.coat.main, "cloth", ball(0.2 * h, 0.15 * h, 0.15 * h, 8, 6).moved(*root.tolist()))
    _strands(head, part)


def bun(head: Head) -> None:
    """Hair pinned up."""
    part = _hair_part(head)
    cap(head, part)
    _bangs(head, part, -0.06, 4, 1.0)
    head.kit.add(
        part,
        ball(0.42 * head.half, 0.38 * head.half, 0.4 * head.half, 10, 7).moved(
            *head.on(np.float32([0, 0.8, -0.62]), 0.28).tolist()
        ),
    )
    _strands(head, part)


def short(head: Head) -> None:
    """Short hair in tufts."""
    part = _hair_part(head)
    rng = head.kit.rng("tufts")
    cap(head, part, low=-0.35, lift=0.06 if head.hatted else 0.10)
    _bangs(head, part, -0.04, 6, float(rng.choice([-1.0, 1.0])))
    for i in range(0 if head.hatted else 7):
        a = 2 * np.pi * i / 7 + float(rng.uniform(-0.3, 0.3))
        base = np.float32([np.sin(a) * 0.55, 0.8, np.cos(a) * 0.45 - 0.1])
        tip = np.float32([np.sin(a) * 0.95, 0.75 + float(rng.uniform(-0.1, 0.25)), np.cos(a) * 0.8 - 0.15])
        path = np.float32([(0, 0.98, 0, 0.1), (*base, 0.15), (*tip, 0.26)])
        head.kit.add(part, lock(head, path, 0.26))


def bald(head: Head) -> None:
    """Hair at the sides only."""
    part = _hair_part(head)
    for s in (-1, 1):
        for k in range(3):
            path = np.float32(
                [
                    (s * 0.85, 0.5 - 0.1 * k, -0.1 - 0.25 * k, 0.04),
                    (s * 0.98, 0.05, -0.25 - 0.25 * k, 0.1),
                    (s * 0.85, -0.4, -0.3 - 0.25 * k, 0.06),
                ]
            )
            head.kit.add(part, lock(head, path, 0.2))


HAIR = {"long": long_hair, "bob": bob, "tails": tails, "ponytail": ponytail, "bun": bun, "short": short, "bald": bald}
