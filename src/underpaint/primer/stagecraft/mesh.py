"""Triangles: bare solids, and the stage set that gathers them with their parts, folds and colours."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from underpaint.primer.stagecraft.seen import RGB, Floats, Ints, Part, Role


@dataclass(frozen=True)
class Solid:
    """Triangles without a colour: corners T x 3 x 3 in metres (y up), a normal for each, u and v in metres.

    `facet` numbers the smooth faces (a crease runs where it changes), u runs the way a brush would. Closed solids hide
    their back; open ones (cloth, leaves) are seen from both sides.
    """

    points: Floats
    normals: Floats
    uv: Floats
    facet: Ints
    closed: bool = True

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> "Solid":
        """The solid shifted by metres."""
        shift = np.array([x, y, z], np.float32)
        return Solid(self.points + shift, self.normals, self.uv, self.facet, self.closed)

    def scaled(self, x: float, y: float | None = None, z: float | None = None) -> "Solid":
        """The solid stretched about the origin (the same in every direction when only `x` is given)."""
        k = np.float32([x, x if y is None else y, x if z is None else z])
        return Solid(self.points * k, unit(self.normals / k), self.uv, self.facet, self.closed)

    def turned(self, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> "Solid":
        """The solid turned about the origin: roll about z, then pitch about x, then yaw about y (radians)."""
        return self.by(rotation(yaw, pitch, roll))

    def by(self, matrix: Floats, shift: Floats | None = None) -> "Solid":
        """The solid turned by a 3 x 3 rotation and then shifted."""
        points = self.points @ matrix.T
        if shift is not None:
            points = points + shift.astype(np.float32)
        normals = np.asarray(self.normals @ matrix.T, np.float32)
        return Solid(np.asarray(points, np.float32), normals, self.uv, self.facet, self.closed)


def unit(v: Floats) -> Floats:
    """Vectors scaled to length 1 along the last axis (zero stays zero)."""
    length = np.sqrt((v * v).sum(-1, keepdims=True))
    return np.asarray(v / np.maximum(length, 1e-9), np.float32)


def cross(a: Floats, b: Floats) -> Floats:
    """The cross product along the last axis (much faster than numpy's own on small arrays)."""
    out = np.empty(np.broadcast_shapes(a.shape, b.shape), np.float32)
    out[..., 0] = a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1]
    out[..., 1] = a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2]
    out[..., 2] = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return out


def rotation(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> Floats:
    """The 3 x 3 matrix that rolls about z, pitches about x, then yaws about y."""
    (cy, sy), (cp, sp), (cr, sr) = ((np.cos(a), np.sin(a)) for a in (yaw, pitch, roll))
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(about_y @ about_x @ about_z, np.float32)


def aim(direction: Sequence[float] | Floats, hint: Sequence[float] | Floats = (0.0, 0.0, 1.0)) -> Floats:
    """A rotation that takes +y to `direction`, keeping +z as near `hint` as it can."""
    y = unit(np.asarray(direction, np.float32))
    x = cross(y, np.asarray(hint, np.float32))
    if float(x @ x) < 1e-6:
        x = cross(y, np.float32([1.0, 0.01, 0.0]))
    x = unit(x)
    return np.stack([x, y, cross(x, y)], axis=1)


def joined(solids: Sequence[Solid]) -> Solid:
    """Several solids as one; facets stay apart."""
    facets, base = [], 0
    for s in solids:
        facets.append(s.facet + base)
        base += int(s.facet.max(initial=0)) + 1
    return Solid(
        np.concatenate([s.points for s in solids]),
        np.concatenate([s.normals for s in solids]),
        np.concatenate([s.uv for s in solids]),
        np.concatenate(facets),
        all(s.closed for s in solids),
    )


class Fold(NamedTuple):
    """A line drawn on a part: points N x 3 in metres."""

    points: Floats
    part: int


class Mesh(NamedTuple):
    """All triangles of a scene: corners, normals T x 3 x 3, uv T x 3 x 2, colour T x 3, part, facet, closed T."""

    points: Floats
    normals: Floats
    uv: Floats
    colour: Floats
    part: Ints
    facet: Ints
    closed: np.ndarray


@dataclass
class StageSet:
    """Gathers what is built: parts, their triangles and the lines drawn on them. Part 0 is the sky."""

    parts: list[Part] = field(default_factory=lambda: [Part("sky", "sky", "sky", (0.6, 0.75, 0.9), "sky")])
    folds: list[Fold] = field(default_factory=list)
    _solids: list[Solid] = field(default_factory=list)
    _ids: list[int] = field(default_factory=list)
    _colours: list[Floats] = field(default_factory=list)
    _facets: int = 0
    spots: dict[str, Floats] = field(default_factory=dict)
    """Named places in metres: keypoints as "girl 0/left wrist", seats, hands."""

    def part(self, name: str, owner: tuple[str, Role], colour: RGB, material: str, glow: float = 0.0) -> int:
        """A new part of an object (its name and role); returns its id."""
        self.parts.append(Part(name, owner[0], owner[1], colour, material, glow))
        return len(self.parts) - 1

    def add(self, part: int, solid: Solid, colours: Floats | None = None) -> None:
        """Triangles for a part, in its colour unless given one colour a triangle."""
        if not len(solid.points):
            return
        facet = solid.facet + np.int32(self._facets)
        self._solids.append(Solid(solid.points, solid.normals, solid.uv, facet, solid.closed))
        self._facets += int(solid.facet.max()) + 1
        self._ids.append(part)
        if colours is None:
            colours = np.broadcast_to(np.float32(self.parts[part].colour), (len(solid.points), 3))
        self._colours.append(colours)

    def fold(self, part: int, points: Sequence[Sequence[float]] | Floats) -> None:
        """A line drawn on a part, through points in metres."""
        self.folds.append(Fold(np.asarray(points, np.float32), part))

    def part_points(self, part: int) -> Floats:
        """All corners N x 3 of one part."""
        own = [s.points for s, i in zip(self._solids, self._ids, strict=True) if i == part]
        return np.concatenate(own).reshape(-1, 3) if own else np.zeros((0, 3), np.float32)

    def change(self, parts: Collection[int], move: Callable[[Floats], Floats]) -> None:
        """Moves the corners of some parts; their drawn lines go."""
        for k, part in enumerate(self._ids):
            if part in parts:
                self._solids[k] = replace(self._solids[k], points=move(self._solids[k].points).astype(np.float32))
        self.folds[:] = [f for f in self.folds if f.part not in parts]

    def remove(self, parts: Collection[int]) -> None:
        """Takes some parts off the stage."""
        keep = [k for k, part in enumerate(self._ids) if part not in parts]
        self._solids = [self._solids[k] for k in keep]
        self._ids, self._colours = [self._ids[k] for k in keep], [self._colours[k] for k in keep]
        self.folds[:] = [f for f in self.folds if f.part not in parts]

    def double(self, parts: Collection[int], move: Callable[[Floats], Floats]) -> None:
        """Adds some parts once more, moved."""
        for k in [k for k, part in enumerate(self._ids) if part in parts]:
            moved = replace(self._solids[k], points=move(self._solids[k].points).astype(np.float32))
            self.add(self._ids[k], moved, self._colours[k])

    def corners(self, role: Role) -> Floats:
        """All corners N x 3 of what has this role."""
        own = [s.points for s, i in zip(self._solids, self._ids, strict=True) if self.parts[i].role == role]
        return np.concatenate(own).reshape(-1, 3) if own else np.zeros((1, 3), np.float32)

    def span(self, name: str) -> tuple[Floats, Floats]:
        """Lowest and highest corner of one object."""
        own = [s.points for s, i in zip(self._solids, self._ids, strict=True) if self.parts[i].object == name]
        points = np.concatenate(own).reshape(-1, 3)
        return points.min(0), points.max(0)

    def mesh(self) -> Mesh:
        """Everything as one soup of triangles."""
        counts = [len(s.points) for s in self._solids]
        return Mesh(
            np.concatenate([s.points for s in self._solids]),
            np.concatenate([s.normals for s in self._solids]),
            np.concatenate([s.uv for s in self._solids]),
            np.concatenate(self._colours).astype(np.float32),
            np.repeat(np.int32(self._ids), counts).astype(np.int32),
            np.concatenate([s.facet for s in self._solids]),
            np.repeat(np.array([s.closed for s in self._solids]), counts),
        )
