"""The maps that steer a sample besides its words: lines as somebody draws them, nearness, poses, blocked-in colour.

A map is C x h x w, 0..1, and nothing at all is 0 everywhere. Lines come at the picture's size, the others at half
of it.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.controls.pose.drawing import draw_pose
from underpaint.controls.pose.openpose import BODY_18
from underpaint.controls.pose.people import Person, Pose
from underpaint.imaging.geometry import Extent
from underpaint.primer.hand import by_hand
from underpaint.training.shards import Pool

CHANNELS = {"line": 1, "depth": 1, "pose": 3, "colour": 3}
"""The kinds of maps, and how many channels each has."""
FLOOR = 0.1
"""What is given is never quite 0: black paint, or the far sky, is not the same as no map."""

Map = NDArray[np.float32]
Key = tuple[int, int]


class Drawer:
    """Makes maps for samples of a pool; `half` for pictures of half their size."""

    def __init__(self, pool: Pool, half: bool) -> None:
        self._pool, self._half = pool, half

    def draw(self, kind: str, key: Key, flip: bool, rng: np.random.Generator) -> Map:
        """The sample's map of that kind, mirrored when its picture is, as roughly as people make them."""
        makers = {"line": self._line, "depth": self._depth, "pose": self._pose, "colour": self._colour}
        made = makers[kind](key, flip, rng)
        # As the latents: at half size, what does not fill a patch of the denoiser is cut off.
        step = (16 if kind == "line" else 8) if self._half else 1
        height, width = (side // step * step for side in made.shape[1:])
        return made[:, :height, :width]

    def subject(self, key: Key, flip: bool) -> Map:
        """How much of each latent the subject covers: h x w."""
        mask = self._row(key, "subject", flip).astype(np.float32) / 255
        return _shrunk(mask, 8 if self._half else 4)

    def _line(self, key: Key, flip: bool, rng: np.random.Generator) -> Map:
        ink = self._row(key, "lines", flip)
        if self._half:
            # Half as wide, a line must not become half as dark.
            ink = cv2.convertScaleAbs(cv2.resize(ink, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), alpha=1.6)
        return by_hand(ink, rng)[None]

    def _depth(self, key: Key, flip: bool, rng: np.random.Generator) -> Map:
        near = self._sized(self._row(key, "near", flip).astype(np.float32) / 255)
        # Other people's depth maps are stretched otherwise and softer.
        near = near ** float(rng.uniform(0.6, 1.6))
        if rng.random() < 0.5:
            near = cv2.GaussianBlur(near, (0, 0), float(rng.uniform(0.5, 3.0)))
        return (FLOOR + (1 - FLOOR) * near)[None].astype(np.float32)

    def _pose(self, key: Key, flip: bool, rng: np.random.Generator) -> Map:
        height, width = self._pool.rows([key], "lines")[0].shape
        people = self._pool.notes([key])[0]["people"]
        return pose_map([np.asarray(person) for person in people], (width, height), flip, 4 if self._half else 2)

    def _colour(self, key: Key, flip: bool, rng: np.random.Generator) -> Map:
        picture = self._row(key, "pictures", flip)
        height, width = picture.shape[:2]
        small = cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        blocks = cv2.medianBlur(small, int(rng.choice([7, 11, 17, 25])))
        return colour_map(self._sized(blocks.astype(np.float32) / 255))

    def _row(self, key: Key, name: str, flip: bool) -> NDArray[np.uint8]:
        row = self._pool.rows([key], name)[0]
        return np.ascontiguousarray(row[:, ::-1] if flip else row)

    def _sized(self, values: Map) -> Map:
        if not self._half:
            return values
        return cv2.resize(values, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def pose_map(people: list[NDArray[np.floating]], size: tuple[int, int], flip: bool = False, shrink: int = 2) -> Map:
    """Figures, each 18 x 3 (x, y in pixels of a picture of `size`, 0 where outside), as coloured limbs: 3 x h x w."""
    width, height = size
    drawn = []
    for joints in people:
        places = {}
        for name, (x, y, seen) in zip(BODY_18, joints, strict=True):
            if seen > 0:
                side = _other_side(name) if flip else name
                places[side] = ((width - 1 - x if flip else x) / shrink, y / shrink)
        drawn.append(Person(places))
    sheet = draw_pose(Pose(tuple(drawn), Extent(width // shrink, height // shrink)))
    return np.ascontiguousarray(sheet.astype(np.float32).transpose(2, 0, 1) / 255)


def colour_map(blocks: Map) -> Map:
    """Blocked-in colours, h x w x 3 in 0..1, as the adapter hears them: 3 x h x w."""
    return np.ascontiguousarray((FLOOR + (1 - FLOOR) * blocks).transpose(2, 0, 1).astype(np.float32))


def _other_side(joint: str) -> str:
    if joint.startswith("left_"):
        return "right_" + joint.removeprefix("left_")
    return "left_" + joint.removeprefix("right_") if joint.startswith("right_") else joint


def _shrunk(mask: Map, factor: int) -> Map:
    height, width = mask.shape[0] // factor, mask.shape[1] // factor
    return cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)
