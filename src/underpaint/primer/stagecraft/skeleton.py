"""The bones of a person: proportions, poses as directions of limbs, arms that reach, joints in metres.

Body space: x to the person's left hand, y up, z ahead; the origin lies on the ground between the feet (or on the edge
that one sits on). Directions are given for the left side; the right side mirrors them unless a pose says otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from underpaint.primer.stagecraft.mesh import cross, rotation, unit
from underpaint.primer.stagecraft.scene import Thing
from underpaint.primer.stagecraft.seen import Floats

Vec = tuple[float, float, float]


@dataclass(frozen=True)
class Proportions:
    """Height in metres, and shares of it: the head's height, half shoulder and hip width; girth of limbs; stoop."""

    height: float
    head: float
    shoulder: float
    hip: float
    girth: float
    stoop: float = 0.0

    @property
    def leg(self) -> float:
        """Share of the height from hip to ankle."""
        return (1.0 - self.head) * 0.545

    @property
    def torso(self) -> float:
        """Share from the hips to the base of the neck."""
        return (1.0 - self.head) * 0.37


_BUILDS = {
    "child": Proportions(1.12, 0.255, 0.100, 0.056, 1.05),
    "slim": Proportions(1.56, 0.195, 0.098, 0.055, 0.92),
    "tall": Proportions(1.80, 0.168, 0.112, 0.056, 1.0),
    "stout": Proportions(1.55, 0.200, 0.122, 0.075, 1.5),
    "old": Proportions(1.50, 0.195, 0.100, 0.060, 1.1, 0.22),
}


def proportions(thing: Thing, rng: np.random.Generator) -> Proportions:
    """The build of a person, a little varied."""
    p = _BUILDS[thing.build]
    man = thing.kind in ("man", "knight", "boy")
    k = float(rng.uniform(0.97, 1.03)) * (1.04 if man else 1.0)
    small = thing.kind in ("girl", "boy", "girl with a sword") and thing.build != "child"
    head = p.head * (1.08 if small else 1.0)
    wide = 1.16 if thing.kind in ("man", "knight") else 1.06 if thing.kind == "boy" else 0.96
    return Proportions(p.height * k * (0.93 if small else 1.0), head, p.shoulder * wide, p.hip, p.girth, p.stoop)


@dataclass(frozen=True)
class Pose:
    """Directions of the limbs (left; `r_...` right, None mirrors the left), lean of the trunk, pitch of the head."""

    upper: Vec = (0.26, -0.96, 0.02)
    fore: Vec = (0.10, -0.98, 0.18)
    thigh: Vec = (0.05, -1.0, 0.02)
    shin: Vec = (0.02, -1.0, -0.04)
    r_upper: Vec | None = None
    r_fore: Vec | None = None
    r_thigh: Vec | None = None
    r_shin: Vec | None = None
    lean: Vec = (0.0, 1.0, 0.0)
    nod: float = 0.0
    lift: float = 0.0
    stride: bool = False

    def limb(self, name: str, side: int) -> Floats:
        """The direction of "upper", "fore", "thigh" or "shin"; side 1 left, -1 right."""
        own = getattr(self, name) if side > 0 else getattr(self, f"r_{name}")
        if own is not None:
            return np.asarray(own, np.float32)
        x, y, z = getattr(self, name)
        return np.asarray([-x, y, z], np.float32)


POSES: dict[str, Pose] = {
    "standing": Pose(r_thigh=(-0.09, -1, 0.06), r_shin=(-0.05, -1, -0.02)),
    "walking": Pose((0.14, -0.9, 0.42), (0.05, -0.78, 0.62), (0.03, -0.92, -0.36), (0.0, -0.86, -0.5),
                    (-0.16, -0.9, -0.42), (-0.1, -0.99, -0.12), (-0.03, -0.9, 0.44), (0.0, -0.99, 0.12),
                    lean=(0, 1, 0.06), stride=True),
    "running": Pose((0.22, -0.62, 0.66), (-0.12, 0.35, 0.9), (0.03, -0.9, -0.5), (0.0, -0.35, -0.95),
                    (-0.25, -0.65, -0.72), (-0.12, -0.75, 0.55), (-0.03, -0.62, 0.8), (0.0, -0.95, -0.3),
                    lean=(0, 1, 0.25), lift=0.04, stride=True),
    "arms raised": Pose((0.58, 0.80, 0.02), (0.30, 0.95, 0.08), nod=-0.12),
    "sitting": Pose((0.30, -0.92, -0.1), (0.0, -0.62, 0.72), (0.10, -0.06, 1.0), (0.0, -0.99, 0.16)),
    "kneeling": Pose((0.22, -0.92, 0.2), (-0.15, -0.55, 0.8), (0.12, -0.14, 1.0), (0.02, -1, -0.05),
                     r_thigh=(-0.06, -0.98, 0.1), r_shin=(-0.03, -0.10, -1.0)),
    "jumping": Pose((0.72, 0.62, 0.1), (0.5, 0.85, 0.15), (0.26, -0.86, 0.42), (0.12, -0.62, -0.78), lift=0.22,
                    nod=-0.1),
    "dancing": Pose((0.62, 0.72, 0.05), (-0.25, 0.95, 0.1), (0.02, -1.0, 0.02), (0.0, -1.0, 0.0),
                    (-0.9, -0.22, 0.2), (-0.85, 0.3, 0.2), (-0.42, -0.8, 0.3), (-0.05, -0.72, -0.7), lean=(0.08, 1, 0)),
    "waving": Pose(r_upper=(-0.80, 0.25, 0.12), r_fore=(-0.32, 0.94, 0.16)),
    "pointing": Pose(upper=(0.90, 0.02, 0.36), fore=(0.92, 0.10, 0.30), r_upper=(-0.34, -0.92, -0.1),
                     r_fore=(0.55, -0.55, 0.62)),
    "reading": Pose((0.22, -0.93, 0.16), (-0.32, 0.10, 0.95), nod=0.34),
    "thinking": Pose((0.2, -0.88, 0.3), (-0.86, -0.02, 0.5), r_upper=(-0.14, -0.78, 0.5), r_fore=(0.34, 0.88, 0.18),
                     nod=0.1),
}  # fmt: skip
"""How people stand: twelve poses."""

_HUG = Pose((0.42, -0.28, 0.86), (-0.55, 0.05, 0.84), (0.05, -1, 0.0), (0.02, -1, -0.04), lean=(0, 1, 0.08), nod=0.02)
_EDGE = Pose((0.46, -0.84, -0.28), (0.30, -0.95, 0.1), (0.20, 0.02, 1.0), (0.06, -0.97, 0.28),
             r_shin=(-0.10, -0.99, -0.02), lean=(0, 1, -0.06))  # fmt: skip
_LIMBS = {"upper arm": "upper", "forearm": "fore", "thigh": "thigh", "shin": "shin"}


@dataclass(frozen=True)
class Skeleton:
    """Joints by name in body space (metres), the frames of trunk and head, and the proportions they came from."""

    joints: Mapping[str, Floats]
    trunk: Floats
    head: Floats
    body: Proportions
    seat: float | None

    def __getitem__(self, name: str) -> Floats:
        return self.joints[name]


def skeleton(thing: Thing, body: Proportions, frame: float, look: tuple[float, float], edge: bool,
             reach: Mapping[str, Floats], hug: bool = False) -> Skeleton:  # fmt: skip
    """Joints of a person. `look` is where the viewer is (yaw, pitch), `edge` sits on an edge with hanging legs,
    `reach` says where a hand ("left", "right") goes, in body space."""
    pose = _HUG if hug else _EDGE if edge and thing.pose == "sitting" else POSES[thing.pose]
    h = body.height
    trunk = _trunk(pose, body)
    joints: dict[str, Floats] = {"hips": np.zeros(3, np.float32)}
    joints["neck"] = trunk @ np.float32([0, body.torso * h, 0])
    joints["chest"] = trunk @ np.float32([0, body.torso * h * 0.72, 0])
    head = _head(thing, pose, trunk, look)
    joints["skull"] = (
        joints["neck"]
        + trunk @ np.float32([0, 0.018 * h, 0.01 * h])
        + head @ np.float32([0, 0.5 * body.head * h, 0.01 * h])
    )
    for side, s in (("left", 1), ("right", -1)):
        _leg(joints, side, s, thing, pose, body, frame)
        _arm(joints, side, s, thing, pose, body, frame, trunk)
    lowest, seat = _ground(joints, body, thing, edge)
    shift = np.float32([0, -lowest + pose.lift * h, -0.2 * h if edge and thing.pose == "sitting" else 0])
    joints = {k: (v + shift).astype(np.float32) for k, v in joints.items()}
    for side, target in reach.items():
        _reach(joints, side, np.float32(target), body)
    return Skeleton(joints, trunk, head, body, seat)


def _trunk(pose: Pose, body: Proportions) -> Floats:
    x, y, z = pose.lean
    up = unit(np.float32([x, y, z + body.stoop]))
    side = unit(np.float32([1, 0, 0]) - up * up[0])
    return np.stack([side, up, cross(side, up)], axis=1).astype(np.float32)


def _head(thing: Thing, pose: Pose, trunk: Floats, look: tuple[float, float]) -> Floats:
    pitch = pose.nod + {"up": -0.52, "down": 0.40}.get(thing.gaze, 0.0)
    yaw = 0.0
    if thing.gaze == "viewer":
        yaw, pitch = float(np.clip(look[0], -1.15, 1.15)), float(np.clip(-look[1] * 0.8, -0.75, 0.4))
    return (
        np.asarray(rotation(yaw, pitch), np.float32)
        if thing.gaze == "viewer"
        else (trunk @ rotation(yaw, pitch)).astype(np.float32)
    )


def _direction(thing: Thing, pose: Pose, side: str, s: int, limb: str, frame: float) -> Floats:
    """Where a limb points: its pose, swung by time, unless it was moved by hand."""
    for name, direction in thing.moved:
        if name == f"{side} {limb}":
            return unit(np.float32(direction))
    own = pose.limb(_LIMBS[limb], s)
    if frame:
        if pose.stride:
            other = pose.limb(_LIMBS[limb], -s) * np.float32([-1, 1, 1])
            k = np.float32(0.5 - 0.5 * np.cos(2 * np.pi * 0.9 * frame))
            own = own + (other - own) * k
        elif "arm" in limb:
            own = own + np.float32([0.06 * s, 0.05, 0.1]) * np.float32(np.sin(2 * np.pi * 0.8 * frame + s))
    return unit(own)


def _leg(
    joints: dict[str, Floats], side: str, s: int, thing: Thing, pose: Pose, body: Proportions, frame: float
) -> None:
    h = body.height
    half = np.float32(body.leg * h * 0.5)
    joints[f"{side} hip"] = np.float32([s * body.hip * h, 0, 0])
    joints[f"{side} knee"] = joints[f"{side} hip"] + _direction(thing, pose, side, s, "thigh", frame) * half
    joints[f"{side} ankle"] = joints[f"{side} knee"] + _direction(thing, pose, side, s, "shin", frame) * half


def _arm(joints: dict[str, Floats], side: str, s: int, thing: Thing, pose: Pose, body: Proportions, frame: float,
         trunk: Floats) -> None:  # fmt: skip
    h = body.height
    length = np.float32((1 - body.head) * 0.19 * h)
    joints[f"{side} shoulder"] = trunk @ np.float32([s * body.shoulder * h, (body.torso - 0.032) * h, 0])
    joints[f"{side} elbow"] = (
        joints[f"{side} shoulder"] + trunk @ _direction(thing, pose, side, s, "upper arm", frame) * length
    )
    joints[f"{side} wrist"] = joints[f"{side} elbow"] + trunk @ _direction(
        thing, pose, side, s, "forearm", frame
    ) * length * np.float32(0.92)


def _ground(joints: Mapping[str, Floats], body: Proportions, thing: Thing, edge: bool) -> tuple[float, float | None]:
    """How far down the body must go, and the height of what is sat on (None: nothing)."""
    h = body.height
    if thing.pose == "sitting":
        seat = 0.0 if edge else body.leg * h * 0.5 + 0.02 * h
        return -seat - 0.062 * h * body.girth, seat
    soles = [float(joints[f"{s} ankle"][1]) - 0.04 * h for s in ("left", "right")]
    knees = [float(joints[f"{s} knee"][1]) - 0.05 * h for s in ("left", "right")]
    return min(soles + knees), None


def _reach(joints: dict[str, Floats], side: str, target: Floats, body: Proportions) -> None:
    """Bends an arm so that its wrist comes to a point (or as near as it can)."""
    h = body.height
    shoulder = joints[f"{side} shoulder"]
    a = (1 - body.head) * 0.19 * h
    b = a * 0.92
    way = target - shoulder
    far = float(np.clip(np.linalg.norm(way), abs(a - b) * 1.05 + 1e-3, (a + b) * 0.995))
    d = unit(way)
    along = (a * a - b * b + far * far) / (2 * far)
    out = np.sqrt(max(a * a - along * along, 0.0))
    s = 1.0 if side == "left" else -1.0
    hint = np.float32([0.5 * s, -0.8, -0.45])
    bend = unit(hint - d * float(hint @ d))
    joints[f"{side} elbow"] = (shoulder + d * np.float32(along) + bend * np.float32(out)).astype(np.float32)
    joints[f"{side} wrist"] = (shoulder + d * np.float32(far)).astype(np.float32)
