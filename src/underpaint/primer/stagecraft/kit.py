"""What a builder of one object works with: its own space, its colours, its own random numbers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from underpaint.primer.stagecraft.colours import Coat, coat_of
from underpaint.primer.stagecraft.mesh import Solid, StageSet, rotation
from underpaint.primer.stagecraft.scene import Thing, sub_rng
from underpaint.primer.stagecraft.seen import RGB, Floats, Role


@dataclass(frozen=True)
class Kit:
    """One object in the making: whatever is added in its own space (metres, y up, facing +z) lands on the stage.

    `seed` and `name` settle its chance. `frame` is time in seconds, `night` whether lamps burn, `afloat` whether
    boats lie in water anyway. For people: `look` is where the viewer is (yaw, pitch), `edge` says that the origin is an
    edge to sit on, `perched` that something else is sat on, `hug` that arms go round somebody, `reach` where a hand
    ("left", "right") goes.
    """

    stage: StageSet
    name: str
    role: Role
    thing: Thing
    coat: Coat
    seed: int
    turn: Floats
    shift: Floats
    scale: float = 1.0
    frame: float = 0.0
    night: bool = False
    detail: float = 1.0
    look: tuple[float, float] = (0.0, 0.0)
    edge: bool = False
    perched: bool = False
    hug: bool = False
    afloat: bool = False
    reach: Mapping[str, Floats] = field(default_factory=dict)

    def rng(self, part: str) -> np.random.Generator:
        """The random numbers of one part of this object."""
        return sub_rng(self.seed, f"{self.name}/{part}")

    def part(self, name: str, colour: RGB, material: str, glow: float = 0.0) -> int:
        """A new part of this object."""
        return self.stage.part(name, (self.name, self.role), colour, material, glow)

    def add(self, part: int, *solids: Solid, colours: Floats | None = None) -> None:
        """Solids of a part, in the object's space."""
        for solid in solids:
            turn = self.turn.T if self.scale == 1.0 else self.turn.T * np.float32(self.scale)
            points = np.asarray(solid.points @ turn + self.shift, np.float32)
            normals = np.asarray(solid.normals @ self.turn.T, np.float32)
            self.stage.add(part, Solid(points, normals, solid.uv, solid.facet, solid.closed), colours)

    def put(self, name: str, colour: RGB, material: str, *solids: Solid, glow: float = 0.0) -> int:
        """A new part and its solids at once."""
        part = self.part(name, colour, material, glow)
        self.add(part, *solids)
        return part

    def world(self, points: Sequence[float] | Sequence[Sequence[float]] | Floats) -> Floats:
        """Points of the object's space in the world."""
        p = np.asarray(points, np.float32) * np.float32(self.scale)
        return np.asarray(p @ self.turn.T + self.shift, np.float32)

    def fold(self, part: int, points: Sequence[Sequence[float]] | Floats) -> None:
        """A line drawn on a part; left out when the scene asks for little detail."""
        if self.detail >= 0.5:
            self.stage.fold(part, self.world(points))

    def spot(self, name: str, point: Sequence[float] | Floats) -> None:
        """A named place of this object in the world: a joint, a seat, a hand."""
        self.stage.spots[f"{self.name}/{name}"] = self.world(np.asarray(point, np.float32))

    def prop(self, name: str) -> "Kit":
        """The same space for something that goes with the object but is not it (a track, a pool, a stool)."""
        return replace(self, name=f"{name} {self.name}", role="prop" if self.role == "subject" else self.role)

    def child(self, name: str, at: Sequence[float] | Floats, yaw: float = 0.0, scale: float = 1.0) -> "Kit":
        """A kit for an object placed in this one's space, with the same role and colours."""
        return replace(
            self, name=name, turn=self.turn @ rotation(yaw), shift=self.world(np.asarray(at, np.float32)),
            scale=self.scale * scale,
        )  # fmt: skip

    def dressed(self, thing: Thing) -> "Kit":
        """The same place for another thing, in its own colours."""
        return replace(self, thing=thing, coat=coat_of(thing, self.rng("coat")))


Builder = Callable[[Kit], None]
"""Builds one object in its kit."""


def lamp_glow(kit: Kit) -> float:
    """How much windows and lanterns shine at this hour."""
    return 0.95 if kit.night else 0.12
