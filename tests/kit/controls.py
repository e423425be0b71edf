"""For each control an example: pictures that follow it and pictures that do not. A new control adds a row here."""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256

import cv2
import numpy as np
from kit.tiny_clip import tiny_image_text
from PIL import Image

from underpaint.controls.extractors import Extractor
from underpaint.controls.ground import Ground
from underpaint.controls.pose.openpose import BODY_18, BODY_25
from underpaint.controls.pose.people import Person, Pose
from underpaint.imaging.geometry import Extent
from underpaint.pictures import read_picture
from underpaint.recipe import (
    AdapterControl,
    Blob,
    ColourControl,
    Control,
    DepthControl,
    LightControl,
    LineControl,
    ModelRef,
    NudgeControl,
    PaletteControl,
    PerspectiveControl,
    PoseControl,
    PosedPerson,
    RegionControl,
    StyleControl,
    Swatch,
    VanishingPoint,
    WordsControl,
)

HEIGHT, WIDTH = 96, 128


@dataclass(frozen=True)
class Example:
    """A control, what it names, a picture (H x W x 3) that follows it, and the same control with its map shuffled."""

    control: Control
    blobs: dict[str, bytes]
    follows: np.ndarray
    shuffled: Control

    def ground(self) -> Ground:
        laid = Ground.of(self.follows, lambda blob: read_picture(self.blobs[blob.sha256]).pixels)
        return replace(laid, image_text=lambda _: tiny_image_text())


def blob(pixels: np.ndarray, blobs: dict[str, bytes]) -> Blob:
    """A picture's floats as a PNG among the blobs."""
    file = io.BytesIO()
    Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(file, "PNG")
    name = sha256(file.getvalue()).hexdigest()
    blobs[name] = file.getvalue()
    return Blob(sha256=name, name="map.png")


def shapes(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Flat colours, and the line layer round them."""
    rng = np.random.default_rng(seed)
    picture = np.full((HEIGHT, WIDTH, 3), (0.85, 0.8, 0.7), np.float32)
    layer = np.zeros((HEIGHT, WIDTH, 4), np.float32)
    for _ in range(3):
        centre = tuple(int(value) for value in rng.integers((25, 25), (103, 71)))
        axes = tuple(int(value) for value in rng.integers(12, 24, 2))
        cv2.ellipse(picture, centre, axes, 20, 0, 360, tuple(float(v) for v in rng.uniform(0, 0.6, 3)), -1)
        cv2.ellipse(layer, centre, axes, 20, 0, 360, (0, 0, 0, 0), -1)
        cv2.ellipse(layer, centre, axes, 20, 0, 360, (0, 0, 0, 1), 2)
    return picture, layer


def line() -> Example:
    blobs: dict[str, bytes] = {}
    picture, layer = shapes(1)
    control = LineControl(drawing=blob(layer, blobs))
    return Example(control, blobs, picture, LineControl(drawing=blob(np.ascontiguousarray(layer[::-1, ::-1]), blobs)))


def light() -> Example:
    ramp = np.linspace(0.2, 0.8, WIDTH, dtype=np.float32)
    picture = np.repeat(np.broadcast_to(ramp, (HEIGHT, WIDTH))[..., None], 3, axis=-1)
    return Example(LightControl(direction=0), {}, picture, LightControl(direction=180))


def palette() -> Example:
    picture = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    shade = np.linspace(0.25, 1, HEIGHT, dtype=np.float32)[:, None]
    for number, colour in enumerate(((0.8, 0.2, 0.1), (0.1, 0.3, 0.7), (0.9, 0.8, 0.3))):
        columns = slice(number * WIDTH // 3, (number + 1) * WIDTH // 3 + 1)
        linear = np.array(colour) ** 2.2
        picture[:, columns] = ((shade**2.2)[..., None] * linear) ** (1 / 2.2)
    own = tuple(Swatch(colour=one) for one in ("#cc331a", "#1a4db3", "#e6cc4d"))
    other = tuple(Swatch(colour=one) for one in ("#1acc33", "#8a1ab3", "#33d0e6"))
    return Example(PaletteControl(swatches=own, match="colours"), {}, picture,
                   PaletteControl(swatches=other, match="colours"))


def boxes(control: PerspectiveControl, seed: int = 3, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """Coloured quads whose sides run to the control's points."""
    from underpaint.controls.perspective_geometry import Lens, in_pixels
    from underpaint.imaging.geometry import Extent

    rng, extent = np.random.default_rng(seed), Extent(width, height)
    picture = np.full((height, width, 3), rng.uniform(0.4, 0.8, 3), np.float32)
    lens, points = Lens.of(extent, control.curvature), in_pixels(control.points, extent)
    for _ in range(12):
        first, second = rng.choice(len(points), 2, replace=False)

        def toward(start: np.ndarray, number: int, length: float) -> np.ndarray:
            aim = points[number][:2] - points[number][2] * start
            return start + aim / np.linalg.norm(aim) * length

        a = rng.uniform((0, 0), (width, height))
        b = toward(a, first, rng.uniform(0.1, 0.3) * width)
        c = toward(b, second, rng.uniform(0.1, 0.3) * width)
        d = np.cross(np.cross([*a, 1], points[second]), np.cross([*c, 1], points[first]))
        if abs(d[2]) < 1e-9:
            continue
        corners = (a, b, c, d[:2] / d[2], a)
        outline = np.concatenate([np.linspace(corners[n], corners[n + 1], 30) for n in range(4)])
        bent = lens.bent(outline)
        if np.abs(bent).max() < 4 * width:
            cv2.fillPoly(picture, [np.rint(bent * 16).astype(np.int32)], rng.uniform(0, 1, 3).tolist(), cv2.LINE_AA, 4)
    return picture


def perspective() -> Example:
    upright = VanishingPoint(x=0, y=1, infinite=True)
    points = (VanishingPoint(x=-0.5, y=0.42), VanishingPoint(x=1.6, y=0.42), upright)
    control = PerspectiveControl(points=points)
    moved = tuple(VanishingPoint(x=one.x + 0.7, y=one.y - 1.6) for one in points[:2])
    return Example(control, {}, boxes(control), control.changed(points=moved))


def colour() -> Example:
    blobs: dict[str, bytes] = {}
    flat = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    flat[:, :] = (0.3, 0.5, 0.8)
    flat[50:] = (0.2, 0.55, 0.25)
    flat[20:70, 30:80] = (0.85, 0.35, 0.2)
    control = ColourControl(picture=blob(flat, blobs))
    lit = np.clip(flat * np.linspace(0.85, 1.1, WIDTH, dtype=np.float32)[None, :, None], 0, 1)
    return Example(control, blobs, lit, ColourControl(picture=blob(np.ascontiguousarray(flat[::-1]), blobs)))


def nudge() -> Example:
    blobs: dict[str, bytes] = {}
    picture, _ = shapes(4)
    control = NudgeControl(picture=blob(picture, blobs), toward="warmer")
    warmer = np.clip(picture * (1.06, 1.0, 0.9), 0, 1).astype(np.float32)
    return Example(control, blobs, warmer, control.changed(toward="cooler"))


def manner(seed: int, *, inked: bool) -> np.ndarray:
    """Some shapes in one of two ways of painting: pale washes, or dark and hatched."""
    rng = np.random.default_rng(seed)
    picture = np.full((HEIGHT, WIDTH, 3), (0.2, 0.12, 0.1) if inked else (0.93, 0.92, 0.85), np.float32)
    for _ in range(9):
        between = ((0.5, 0.1, 0), (0.95, 0.45, 0.15)) if inked else ((0.6, 0.8, 0.8), (0.8, 0.9, 1))
        colour = rng.uniform(*between)
        centre, axes = rng.integers((0, 0), (WIDTH, HEIGHT)).tolist(), rng.integers(8, 30, 2).tolist()
        cv2.ellipse(picture, centre, axes, float(rng.uniform(0, 180)), 0, 360, colour.tolist(), -1, cv2.LINE_AA)
    if not inked:
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), 3))
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return np.asarray(picture * np.where((rows + columns) % 6 < 2, 0.4, 1)[..., None], dtype=np.float32)


def style() -> Example:
    blobs: dict[str, bytes] = {}
    control = StyleControl(pictures=(blob(manner(1, inked=True), blobs), blob(manner(2, inked=True), blobs)))
    other = StyleControl(pictures=(blob(manner(3, inked=False), blobs),))
    return Example(control, blobs, manner(4, inked=True), other)


def region() -> Example:
    blobs: dict[str, bytes] = {}
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    mask[:, : WIDTH // 2] = 1
    picture = np.full((HEIGHT, WIDTH, 3), (0.75, 0.72, 0.6), np.float32)
    picture[25:75, 12:52], picture[25:75, 76:116] = (0.8, 0.15, 0.12), (0.15, 0.35, 0.8)
    control = RegionControl(mask=blob(mask, blobs), words="a red coat")
    return Example(control, blobs, picture, control.changed(mask=blob(np.ascontiguousarray(mask[:, ::-1]), blobs)))


def furnished() -> Example:
    """A region with controls of its own: some that edit, some that are attached, some that do both."""
    outer, inner = region(), [line(), palette(), style(), adapter()]
    blobs = {name: data for one in (outer, *inner) for name, data in one.blobs.items()}
    own = tuple(one.control for one in inner)
    return Example(outer.control.changed(controls=own), blobs, outer.follows, outer.shuffled.changed(controls=own))


def words() -> Example:
    """Weights are drawn, so what fits a picture is asked of them first."""
    from underpaint.controls.steering.word_pieces import scores

    picture, _ = shapes(1)
    phrases = ("cat", "a red ox", "blue", "zebra", "kite", "my", "quick fox", "jug", "van", "hex")
    fits = scores(tiny_image_text(), picture, phrases)
    best, worst = phrases[int(fits.argmax())], phrases[int(fits.argmin())]
    return Example(WordsControl(phrases=(best,), cutouts=2), {}, picture, WordsControl(phrases=(worst,), cutouts=2))


GREYS = np.linspace(0.3, 0.95, 18, dtype=np.float32)
"""The grey that stands for each joint in an example of a pose, so that whoever looks can tell them apart."""


def depth() -> Example:
    blobs: dict[str, bytes] = {}
    near = np.tile(np.linspace(0, 1, WIDTH, dtype=np.float32), (HEIGHT, 1))
    near[30:60, 20:50] = 0.8
    control = DepthControl(map=blob(np.repeat(near[..., None], 3, axis=-1), blobs))
    shuffled = DepthControl(map=blob(np.ascontiguousarray(np.repeat(near[:, ::-1, None], 3, axis=-1)), blobs))
    return Example(control, blobs, np.repeat(near[..., None], 3, axis=-1), shuffled)


def posed(shift: float = 0.0) -> PoseControl:
    body: list[tuple[float, float] | None] = [None] * 25
    for number, joint in enumerate(BODY_18):
        body[BODY_25.index(joint)] = (12 + 20 * (number % 6) + shift, 18 + 28 * (number // 6) + shift)
    return PoseControl(people=(PosedPerson(body=tuple(body)),), width=WIDTH, height=HEIGHT)


def pose() -> Example:
    control, picture = posed(), np.zeros((HEIGHT, WIDTH, 3), np.float32)
    for grey, joint in zip(GREYS, BODY_18, strict=True):
        x, y = control.people[0].body[BODY_25.index(joint)] or (0, 0)
        cv2.circle(picture, (round(x), round(y)), 4, (float(grey),) * 3, -1)
    return Example(control, {}, picture, posed(13.0))


def adapter() -> Example:
    """An IP-Adapter; what it makes of a picture is not measured."""
    blobs: dict[str, bytes] = {}
    picture, _ = shapes(5)
    control = AdapterControl(adapter=ModelRef(name="ip"), picture=blob(picture, blobs))
    return Example(control, blobs, picture, control)


def eyes(role: str) -> list[Extractor]:
    """Extractors that read the examples: light is near, and each joint has its grey."""
    def joints(picture: np.ndarray) -> Pose:
        seen = {}
        for grey, joint in zip(GREYS, BODY_18, strict=True):
            rows, columns = np.nonzero(np.abs(picture.mean(-1) - grey) < 0.01)
            if 0 < len(rows) < 200:
                seen[joint] = (float(columns.mean()), float(rows.mean()))
        return Pose((Person(seen),) if seen else (), Extent.of(picture))

    reads = joints if role == "pose" else lambda picture: picture.mean(-1).astype(np.float32)
    return [Extractor("eyes", "a test's eyes", reads)]


EXAMPLES: dict[str, Callable[[], Example]] = {
    "line": line, "light": light, "palette": palette, "colour": colour, "perspective": perspective,
    "nudge": nudge, "style": style, "region": region, "words": words,
    "depth": depth, "pose": pose, "adapter": adapter}
FURNISHED: dict[str, Callable[[], Example]] = {"region with controls of its own": furnished}
"""Examples that keep to the contract beside those of every kind."""
