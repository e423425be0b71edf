"""From which side is a figure seen, where does it stand out, how tall is it and its head? Asked of painted pictures.

Nothing here steers: the figure is found by the built-in model's small net (or, where that finds no subjects, by what
differs from the picture's rim), and its side is named by a probe that was shown figures of the World whose sides are
known, cut out by the same net.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from skimage.feature import hog

from bench.counting import counted
from bench.probe import Probe
from underpaint.controls.region import Region
from underpaint.engine.families.extractor_nets import Extractors
from underpaint.errors import ModelError, PictureError
from underpaint.imaging.arrays import FloatArray, to_bytes, to_float
from underpaint.imaging.color import srgb_to_oklab
from underpaint.models.primer import primer_folder
from underpaint.pictures.read import read_picture
from underpaint.primer.stagecraft.scene import PEOPLE, sample_scene
from underpaint.primer.stagecraft.truth import render

SIDES = {"front": ("front",), "side": ("left", "right"), "back": ("back",)}
"""The sides that can be named, and what the World calls them."""
_TALL, _WIDE, _HEAD = 96, 48, 48
_PERHAPS, _SURELY = 0.3, 0.8
_LEAST = 0.02
"""Of a picture: what is smaller is no figure."""


@dataclass(frozen=True, eq=False)
class Figure:
    """A figure in a picture: `mask` H x W of bools, in pixels its `top` and `height`, and the height of its `head`."""

    picture: FloatArray
    mask: np.ndarray
    top: int
    height: int
    head: int

    @classmethod
    def find(cls, picture: FloatArray) -> "Figure | None":
        """The largest thing that the finder sees; None where there is nothing worth the name."""
        mask = _largest(figure_mask(picture))
        if mask.mean() < _LEAST:
            return None
        widths = mask.sum(axis=1)
        rows = np.flatnonzero(widths > 0.06 * widths.max())  # a hair or a sword's point makes nobody taller
        top, height = int(rows[0]), int(rows[-1] - rows[0] + 1)
        if height < 24:
            return None
        near = cv2.blur(widths[:, None].astype(np.float32), (1, max(1, height // 40)))[:, 0]
        low, high = top + height // 10, top + height * 3 // 10
        return cls(picture, mask, top, height, int(low + near[low:high].argmin() - top))

    def middle_colour(self) -> FloatArray:
        """The mean colour (3, sRGB) from the shoulders down: a face and the back of a head differ on one figure."""
        below = self.mask.copy()
        below[: self.top + self.head] = False
        return np.asarray(self.picture[below].mean(axis=0))


Sides = tuple[Figure | None, ...]
"""One figure from several sides."""


def _outlined(picture: FloatArray, sure: FloatArray) -> np.ndarray:
    """What the finder is sure of, grown and cut along the picture's own colours (GrabCut: Rother et al. 2004)."""
    inside = sure > _PERHAPS
    rows = np.flatnonzero(inside.any(axis=1))
    if not len(rows):
        return inside
    reach = max(3, int(np.ptp(rows)) // 5)
    around = cv2.dilate(inside.astype(np.uint8), np.ones((2 * reach + 1, reach + 1), np.uint8)) > 0
    seeds = np.where(inside, cv2.GC_PR_FGD, np.where(around, cv2.GC_PR_BGD, cv2.GC_BGD)).astype(np.uint8)
    seeds[cv2.erode((sure > _SURELY).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0] = cv2.GC_FGD
    if not (seeds == cv2.GC_FGD).any() or not (seeds == cv2.GC_BGD).any():
        return inside
    cv2.setRNGSeed(5)
    cv2.grabCut(to_bytes(picture[..., :3]), seeds, None, np.zeros((1, 65)), np.zeros((1, 65)), 4, cv2.GC_INIT_WITH_MASK)
    return np.isin(seeds, (cv2.GC_FGD, cv2.GC_PR_FGD))


def figure_mask(picture: FloatArray) -> np.ndarray:
    """Where figures stand, H x W of bools."""
    return _outlined(picture, _finder()(picture))


def _largest(mask: np.ndarray) -> np.ndarray:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count < 2:
        return np.zeros(mask.shape, bool)
    return np.asarray(labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()))


def finder_name() -> str:
    """Who finds figures here."""
    return "the small net" if _net() is not None else "what differs from the rim"


@cache
def _net() -> Extractors | None:
    try:
        found = Extractors.load(primer_folder())
    except ModelError:
        return None
    return found if "subject" in found.reads else None


def _finder() -> Callable[[FloatArray], FloatArray]:
    net = _net()
    return net.mask if net is not None else _standing_out


def _standing_out(picture: FloatArray) -> FloatArray:
    try:
        return np.asarray(read_picture(Region().extract(picture, "subject").data).pixels[..., 0])
    except PictureError:
        return np.zeros(picture.shape[:2], np.float32)


def view_features(figure: Figure) -> FloatArray:
    """How edges run over the figure and over its head, and where its head is light and coloured."""
    whole, head = _cut(figure, figure.height, _WIDE, _TALL), _cut(figure, max(figure.head, 8), _HEAD, _HEAD)
    turns = [hog(one.mean(-1), orientations=8, pixels_per_cell=(8, 8), cells_per_block=(2, 2)) for one in (whole, head)]
    colours = cv2.resize(srgb_to_oklab(head), (6, 6), interpolation=cv2.INTER_AREA)
    colours = (colours - colours.mean(axis=(0, 1))) * np.float32((1, 3, 3))
    return np.concatenate([*turns, colours.ravel() * 2]).astype(np.float32)


def _cut(figure: Figure, rows: int, wide: int, tall: int) -> FloatArray:
    """So many rows from the crown down about the figure's own axis, on grey."""
    shown = np.where(figure.mask[..., None], figure.picture[..., :3], np.float32(0.5)).astype(np.float32)
    columns = np.flatnonzero(figure.mask[figure.top: figure.top + rows].any(axis=0))
    axis = float(columns.mean()) if len(columns) else shown.shape[1] / 2
    scale = tall / rows
    move = np.float32([[scale, 0, wide / 2 - axis * scale], [0, scale, -figure.top * scale]])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.warpAffine(shown, move, (wide, tall), flags=how, borderMode=cv2.BORDER_CONSTANT,
                                     borderValue=(0.5, 0.5, 0.5)))


def world_people(count: int, seed: int) -> list[Sides]:
    """So many people of the World, each from all `SIDES`, standing in plain light on a plain ground as in a turnaround;
    None where the finder saw nobody."""
    rng, found = np.random.default_rng(seed), []
    for _ in counted(range(count), "figures of the World"):
        fixed = {"subject": str(rng.choice(PEOPLE)), "place": "studio", "pose": "standing", "holding": "", "count": "1",
                 "camera": "medium", "weather": "clear", "gaze": "ahead", "position": "centre", "time": "noon",
                 "values": "full range", "hardness": "soft"}
        scene = sample_scene(rng, size=(224, 288), fixed=fixed, allow_held_out=True)
        seen = [scene.changed(facing=str(rng.choice(facings))) for facings in SIDES.values()]
        found.append(tuple(Figure.find(to_float(render(one))) for one in seen))
    return found


def view_probe(people: Sequence[Sides]) -> Probe:
    """Who names sides, shown these people and their mirror images."""
    shown = [(one, side) for sides in people for one, side in zip(sides, SIDES, strict=True) if one is not None]
    rows = [view_features(turned) for one, _ in shown for turned in (one, _mirrored(one))]
    return Probe(np.stack(rows), [side for _, side in shown for _ in range(2)])


def _mirrored(figure: Figure) -> Figure:
    return Figure(np.ascontiguousarray(figure.picture[:, ::-1]), np.ascontiguousarray(figure.mask[:, ::-1]), figure.top,
                  figure.height, figure.head)


def named_right(probe: Probe, sides: Sides, views: Sequence[str] = tuple(SIDES)) -> list[bool]:
    """For every side whether it is named as asked; where nobody stands it is not."""
    there = [view_features(one) for one in sides if one is not None]
    said = iter(probe.name(np.stack(there)) if there else [])
    return [one is not None and next(said) == view for one, view in zip(sides, views, strict=True)]
