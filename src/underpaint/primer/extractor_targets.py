"""What the extractors must answer for a picture of the World: maps and bodies, cropped, mirrored and made small."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.engine.families.extractor_net import JOINTS, REACH
from underpaint.engine.families.extractor_nets import BODY, OTHER_SIDE

Floats = NDArray[np.float32]
SMALLEST = 14.0
"""Pixels of the small picture that a body must span to be learned from or asked for."""
_TORSO = [BODY.index(name) for name in ("neck", "right_hip", "left_hip")]
_HIDDEN = 0.5
_SPREAD = 0.035


@dataclass(frozen=True)
class View:
    """How a picture is looked at: the part of it (left, top, width, height as shares), mirrored or not, and the
    (width, height) in pixels it is brought to."""

    window: tuple[float, float, float, float]
    mirrored: bool
    size: tuple[int, int]

    def of(self, array: NDArray) -> NDArray:
        """H x W (x C), uint8 or float, cropped, mirrored and resized."""
        height, width = array.shape[:2]
        left, top, wide, tall = self.window
        x0, y0 = round(left * width), round(top * height)
        part = array[y0 : max(y0 + 1, round((top + tall) * height)), x0 : max(x0 + 1, round((left + wide) * width))]
        small = cv2.resize(np.ascontiguousarray(part), self.size, interpolation=cv2.INTER_AREA)
        return np.ascontiguousarray(small[:, ::-1] if self.mirrored else small)

    def bodies(self, people: NDArray[np.float32], width: int, height: int) -> Floats:
        """Joints, P x 18 x 3 (x, y in a picture of that size; 0 outside, 1 hidden, 2 seen), in this view's pixels."""
        left, top, wide, tall = self.window
        out = people.astype(np.float32).copy()
        out[..., 0] = (out[..., 0] / width - left) / wide * self.size[0]
        out[..., 1] = (out[..., 1] / height - top) / tall * self.size[1]
        if self.mirrored:
            out[..., 0] = self.size[0] - out[..., 0]
            out = out[:, OTHER_SIDE]
        x, y = out[..., 0], out[..., 1]
        out[..., 2] *= (x >= 0) & (x < self.size[0]) & (y >= 0) & (y < self.size[1])
        return out


def brightest_near(near: NDArray[np.uint8]) -> Floats:
    """Nearness 0..1 with the nearest hundredth at 1, as it would be had the part been rendered alone."""
    values = near.astype(np.float32)
    return np.clip(values / max(float(np.quantile(values, 0.99)), 1.0), 0, 1)


def body_size(body: Floats) -> float:
    """The longer side of the box round the joints in the picture, in pixels; 0 where there are fewer than four."""
    inside = body[body[:, 2] > 0, :2]
    return float(np.ptp(inside, axis=0).max()) if len(inside) >= 4 else 0.0


@dataclass(frozen=True)
class BodyMaps:
    """`joints` 18 x H/2 x W/2 and `centres` H/4 x W/4 with peaks of 1; `offsets` 36 x H/4 x W/4 where `weights`
    (18 x H/4 x W/4) is not 0."""

    joints: Floats
    centres: Floats
    offsets: Floats
    weights: Floats


def body_maps(bodies: Floats, size: tuple[int, int]) -> BodyMaps:
    """What the heads for people must say of bodies, P x 18 x 3 in pixels of a picture of that (width, height)."""
    wide, tall = size[0] // 4, size[1] // 4
    maps = BodyMaps(
        np.zeros((JOINTS, tall * 2, wide * 2), np.float32), np.zeros((tall, wide), np.float32),
        np.zeros((2 * JOINTS, tall, wide), np.float32), np.zeros((JOINTS, tall, wide), np.float32),
    )  # fmt: skip
    # The largest last: where bodies overlap, the nearer one is meant.
    for body in sorted(bodies, key=body_size):
        extent = body_size(body)
        if extent >= SMALLEST:
            _add_body(maps, body, extent)
    return maps


def _add_body(maps: BodyMaps, body: Floats, extent: float) -> None:
    spread = float(np.clip(_SPREAD * extent / 2, 0.9, 3.0))
    for k, (x, y, seen) in enumerate(body):
        if seen:
            # Hidden joints are marked as well, but less: they are half a guess.
            height = 1.0 if seen == 2 else _HIDDEN
            np.maximum(maps.joints[k], height * _bump(maps.joints[k].shape, x / 2, y / 2, spread), out=maps.joints[k])
    x, y = body[_TORSO, :2].mean(0) / 4
    tall, wide = maps.centres.shape
    if not (0 <= x < wide and 0 <= y < tall):
        return
    bump = _bump(maps.centres.shape, x, y, float(np.clip(0.05 * extent / 4, 0.8, 2.5)))
    np.maximum(maps.centres, bump, out=maps.centres)
    column, row = int(x), int(y)
    # The very cell of the centre is a full answer wherever in it the centre lies.
    maps.centres[row, column] = 1.0
    for i in range(max(0, row - 1), min(tall, row + 2)):
        for j in range(max(0, column - 1), min(wide, column + 2)):
            maps.offsets[:JOINTS, i, j] = (body[:, 0] / 4 - (j + 0.5)) / REACH
            maps.offsets[JOINTS:, i, j] = (body[:, 1] / 4 - (i + 0.5)) / REACH
            maps.weights[:, i, j] = np.float32([0, _HIDDEN, 1])[body[:, 2].astype(int)]


def _bump(shape: tuple[int, ...], x: float, y: float, spread: float) -> Floats:
    rows = np.exp(-((np.arange(shape[0], dtype=np.float32) + 0.5 - y) ** 2) / (2 * spread**2))
    columns = np.exp(-((np.arange(shape[1], dtype=np.float32) + 0.5 - x) ** 2) / (2 * spread**2))
    return np.outer(rows, columns)
