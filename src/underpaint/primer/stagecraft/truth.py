"""All that is true of a scene's picture: line art, depth, poses, palette, light, perspective, layers, words."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from underpaint.primer.brushes import draw_lines, paint
from underpaint.primer.stagecraft.captions import Captions, captions
from underpaint.primer.stagecraft.look import see
from underpaint.primer.stagecraft.people import KEYPOINTS
from underpaint.primer.stagecraft.scene import Scene
from underpaint.primer.stagecraft.seen import RGB, Floats, Ints, Light, Role, Seen
from underpaint.primer.stagecraft.stage import Built, build

Painter = Callable[[Seen], NDArray[np.uint8]]
Bytes = NDArray[np.uint8]
LINES = ("clean", "rough", "broken")
LAYERS: tuple[tuple[str, tuple[Role, ...]], ...] = (
    ("sky", ("sky",)),
    ("place", ("ground", "place")),
    ("props", ("prop",)),
    ("subjects", ("subject",)),
)
"""Bottom to top: the name of each layer and the roles on it."""


@dataclass(frozen=True)
class Person:
    """One person's joints: `points` 18 x 2 (x, y in pixels) in the order of `KEYPOINTS`, `visible` 18: 2 seen,
    1 hidden behind something, 0 outside the picture."""

    name: str
    points: Floats
    visible: Ints


@dataclass(frozen=True)
class Swatch:
    """A colour of the picture: whose it is ("subject", "skin", "light" ...), sRGB 0..1, its share of the pixels."""

    role: str
    colour: RGB
    share: float


@dataclass(frozen=True)
class Perspective:
    """Vanishing points of the place's three directions (right, up, into depth) in pixels, None where lines stay
    parallel, and the horizon as two points at the picture's sides (None: looking straight up or down)."""

    points: tuple[tuple[float, float] | None, tuple[float, float] | None, tuple[float, float] | None]
    horizon: tuple[tuple[float, float], tuple[float, float]] | None

    @property
    def count(self) -> int:
        """1-, 2- or 3-point perspective."""
        return sum(p is not None for p in self.points)


@dataclass(frozen=True)
class Layer:
    """One layer: its name and H x W x 4 uint8, straight alpha."""

    name: str
    rgba: Bytes


@dataclass(frozen=True)
class Truth:
    """A picture (H x W x 3 uint8) and all that is known of it, at its own size.

    `lines` by hand ("clean", "rough", "broken") are uint8, 255 where there is ink. `depth` is metres (sky 1e4),
    `normals` camera space (x right, y up, z to the viewer). `parts` and `objects` number each pixel (0 sky), and
    `part_names` and `object_names` say what the numbers mean. `layers` are bottom to top; `over` puts them together.
    """

    scene: Scene
    picture: Bytes
    lines: dict[str, Bytes]
    depth: Floats
    normals: Floats
    people: tuple[Person, ...]
    palette: tuple[Swatch, ...]
    light: Light
    perspective: Perspective
    parts: Ints
    objects: Ints
    part_names: tuple[str, ...]
    object_names: tuple[str, ...]
    layers: tuple[Layer, ...]
    captions: Captions


def render(scene: Scene, size: tuple[int, int] | None = None) -> Bytes:
    """The picture of a scene, H x W x 3 uint8; at another `size` (width, height) than its own when given."""
    return _own(see(scene if size is None else replace(scene, size=size)))


def truth(
    scene: Scene, size: tuple[int, int] | None = None, *, painter: Painter | None = None, layers: bool = True
) -> Truth:
    """The picture of a scene and all that is true of it, at its own size or another (width, height).

    `layers=False` leaves the layers out (three paintings fewer). `painter` paints what is seen, by default in the
    scene's own style.
    """
    scene = scene if size is None else replace(scene, size=size)
    built = build(scene)
    seen = see(scene, built)
    painted = (painter or _own)(seen)
    inked = (
        replace(seen, lines=tuple(k for k in seen.lines if _inked(seen, k.part))) if scene.inked == "subject" else seen
    )
    step = seen.scale
    objects, names = _objects(seen)
    return Truth(
        scene=scene,
        picture=painted,
        lines={hand: draw_lines(inked, hand) for hand in LINES},
        depth=np.ascontiguousarray(seen.depth[::step, ::step]),
        normals=np.ascontiguousarray(seen.normal[::step, ::step]),
        people=people(scene, built, seen),
        palette=_palette(seen, painted),
        light=seen.light,
        perspective=perspective(scene, built),
        parts=np.ascontiguousarray(seen.part[::step, ::step]),
        objects=np.ascontiguousarray(objects[::step, ::step]),
        part_names=tuple(f"{p.object}/{p.name}" for p in seen.parts),
        object_names=names,
        layers=_layers(scene, built, seen, painted, painter or _own) if layers else (),
        captions=captions(scene, scene.rng("captions")),
    )


def _own(seen: Seen) -> Bytes:
    return paint(seen, seen.style)


def _inked(seen: Seen, part: int) -> bool:
    return seen.parts[part].role in ("subject", "prop")


def _objects(seen: Seen) -> tuple[Ints, tuple[str, ...]]:
    names: dict[str, int] = {}
    table = np.int32([names.setdefault(p.object, len(names)) for p in seen.parts])
    return np.take(table, seen.part), tuple(names)


def perspective(scene: Scene, built: Built) -> Perspective:
    """Vanishing points and horizon of a built scene."""
    width, height = scene.size
    x, y, z = (built.camera.vanishing(np.float32(axis), width, height) for axis in ((1, 0, 0), (0, 1, 0), (0, 0, -1)))
    return Perspective((x, y, z), built.camera.horizon(width, height))


def people(scene: Scene, built: Built, seen: Seen) -> tuple[Person, ...]:
    """The joints of all people in the picture, and which of them can be seen."""
    width, height = scene.size
    out = []
    for name in sorted({spot.rsplit("/", 1)[0] for spot in built.spots if spot.endswith("/nose")}):
        joints = np.stack([built.spots[f"{name}/{joint}"] for joint in KEYPOINTS])
        placed = built.camera.place(joints, width, height)
        x, y = placed[:, 0], placed[:, 1]
        inside = (placed[:, 2] > 0) & (x >= 0) & (x < width) & (y >= 0) & (y < height)
        column = np.clip((x * seen.scale).astype(int), 0, seen.part.shape[1] - 1)
        row = np.clip((y * seen.scale).astype(int), 0, seen.part.shape[0] - 1)
        slack = 0.075 * float(np.ptp(joints[:, 1])) + 0.02
        open_ = seen.depth[row, column] > placed[:, 2] - slack
        visible = np.where(inside, np.where(open_, 2, 1), 0).astype(np.int32)
        out.append(Person(name, placed[:, :2].astype(np.float32), visible))
    return tuple(out)


def _palette(seen: Seen, painted: Bytes) -> tuple[Swatch, ...]:
    """The picture's mean colour for each role and matter that takes a visible share, and the light's own colours."""
    step = seen.scale
    part = seen.part[::step, ::step]
    groups: dict[str, list[int]] = {}
    for i, p in enumerate(seen.parts):
        key = p.material if p.material in ("skin", "hair", "water", "leaf") and p.role != "sky" else p.role
        groups.setdefault(key, []).append(i)
    out = []
    for key, members in groups.items():
        mask = np.isin(part, members)
        share = float(mask.mean())
        if share >= 0.004:
            r, g, b = (float(v) for v in painted[mask].mean(0) / 255)
            out.append(Swatch(key, (r, g, b), share))
    out.sort(key=lambda s: -s.share)
    return (*out, Swatch("light", seen.light.colour, 0.0), Swatch("shadow", seen.light.ambient, 0.0))


def _layers(scene: Scene, built: Built, seen: Seen, painted: Bytes, painter: Painter) -> tuple[Layer, ...]:
    """Layers bottom to top: each shows the picture wherever it can be seen, and is painted on behind what covers it."""
    role_of = {role: k for k, (_, roles) in enumerate(LAYERS) for role in roles}
    level = seen.each(np.int32([role_of[p.role] for p in seen.parts]))
    alphas, fills = [], []
    for k in range(len(LAYERS)):
        if k == len(LAYERS) - 1 or not (level > k).any():
            alphas.append(_share(level == k, seen.scale) if k else np.ones(painted.shape[:2], np.uint8) * 255)
            fills.append(painted)
            continue
        behind = see(scene, built.only(*(role for _, roles in LAYERS[: k + 1] for role in roles)), lines=True)
        own = behind.each(np.int32([role_of[p.role] for p in behind.parts])) == k
        alphas.append(_share(own, seen.scale) if k else np.ones(painted.shape[:2], np.uint8) * 255)
        fills.append(painter(behind))
    out = []
    above = np.zeros(painted.shape[:2], bool)
    for k in reversed(range(len(LAYERS))):
        colour = np.where(above[..., None], fills[k], painted)
        out.append(Layer(LAYERS[k][0], np.dstack([colour, alphas[k]])))
        above |= alphas[k] == 255
    return tuple(reversed(out))


def _share(mask: NDArray[np.bool_], scale: int) -> Bytes:
    """How much of each pixel of the picture a mask of the finer arrays covers."""
    height, width = mask.shape[0] // scale, mask.shape[1] // scale
    return np.rint(mask.reshape(height, scale, width, scale).mean((1, 3)) * 255).astype(np.uint8)


def over(layers: tuple[Layer, ...]) -> Bytes:
    """Layers put together, bottom first: H x W x 3 uint8."""
    out = layers[0].rgba[..., :3].astype(np.float32)
    for layer in layers[1:]:
        a = layer.rgba[..., 3:].astype(np.float32) / 255
        out = out * (1 - a) + layer.rgba[..., :3].astype(np.float32) * a
    return np.rint(out).astype(np.uint8)
