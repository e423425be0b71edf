"""What the camera sees before anything is painted: the one contract between the stage and the brushes.

Pixels are counted from the top left; x to the right, y down. Camera space is x right, y up, z towards the viewer (what
is seen has negative z; `depth` is its distance along the view, positive). Colours are sRGB 0..1.

A plain picture follows from it by `albedo * (ambient * (0.35 + 0.65 * occlusion) + colour * lit)`, glow added, mixed
towards the haze colour by `haze`; every brush is free to do it better.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
RGB = tuple[float, float, float]

Role = Literal["subject", "prop", "place", "ground", "sky"]
LineKind = Literal["outline", "crease", "detail"]

MATERIALS = (
    "skin", "cloth", "hair", "fur", "feather", "scale", "leather", "stone", "brick", "plaster", "tile", "wood", "bark",
    "metal", "leaf", "petal", "grass", "earth", "sand", "snow", "rock", "water", "glass", "paper", "eye", "light",
    "cloud", "sky",
)  # fmt: skip
"""What a part may be made of; a brush that does not know one paints it as plain matter."""


@dataclass(frozen=True)
class Part:
    """One thing of one colour and matter. `object` is shared by all parts of one object ("girl 0", "oak 3", "ground").

    `glow` 0..1 is light of its own (a lit window, a lantern): it shows unshaded by that much.
    """

    name: str
    object: str
    role: Role
    colour: RGB
    material: str
    glow: float = 0.0


@dataclass(frozen=True)
class Light:
    """The light of the scene.

    `direction` is a unit vector in camera space towards the light. `colour` multiplies `lit`, `ambient` the open parts.
    `hardness` is 0 (overcast) to 1 (crisp shadows). `orb` is x, y and radius in pixels of the sun's or moon's disc
    where it stands in the picture (it may be partly covered by nearer parts), else None.
    """

    direction: tuple[float, float, float]
    colour: RGB
    ambient: RGB
    sky_top: RGB
    sky_bottom: RGB
    haze: RGB
    hardness: float
    time: str
    orb: tuple[float, float, float] | None = None
    moon: bool = False


@dataclass(frozen=True)
class Line:
    """One visible line: `points` N x 2 float32 (x, y) in pixels of the arrays, N >= 2, in drawing order.

    `part` indexes `Seen.parts`: the nearer part that owns the line.
    """

    points: Floats
    kind: LineKind
    part: int


@dataclass(frozen=True)
class Seen:
    """Everything known of each pixel; arrays are H x W (x C) float32 unless said, at the picture's size times `scale`.

    `part` is int32, an index into `parts` (0 is the sky or backdrop). `depth` is in metres (the sky is 1e4). `normal`
    is a unit vector in camera space (the sky's faces the viewer). `flow` is a unit vector in the image along which a
    stroke follows the form. `uv` are coordinates on the surface in metres. `albedo` is the local colour, `lit` 0..1 the
    direct light after form and cast shadow, `occlusion` 0..1 how open the place is (1 = open), `haze` 0..1 how much air
    lies before it. `horizon` is its y in pixels of the arrays (may lie outside). `weather` and `style` are the scene's
    words.
    """

    part: Ints
    depth: Floats
    normal: Floats
    flow: Floats
    uv: Floats
    albedo: Floats
    lit: Floats
    occlusion: Floats
    haze: Floats
    parts: tuple[Part, ...]
    light: Light
    lines: tuple[Line, ...]
    scale: int
    seed: int
    horizon: float = 0.0
    weather: str = "clear"
    style: str = "flat"

    @property
    def size(self) -> tuple[int, int]:
        """The (width, height) of the picture to be painted, in pixels: the arrays are `scale` times that."""
        height, width = self.part.shape
        return width // self.scale, height // self.scale

    def where(self, *roles: Role) -> NDArray[np.bool_]:
        """H x W: the pixels whose part has one of these roles."""
        return np.take(np.array([p.role in roles for p in self.parts], bool), self.part)

    def each(self, table: NDArray[np.generic]) -> NDArray[np.generic]:
        """H x W (x C): per pixel, the row of `table` (one row a part) that belongs to its part."""
        return np.take(table, self.part, axis=0)
