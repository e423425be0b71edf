"""Straight edges of a finished picture, as line segments (Burns, Hanson and Riseman 1986: line support regions)."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.color import srgb_to_oklab

SHORTEST = 12.0
"""Pixels."""
_STEP = 0.012
"""OKLab units per pixel below which nothing is an edge."""
_SECTORS = 16
_THICK = 2.2
"""How far (standard deviation, pixels) a straight edge spreads across itself."""
_SLENDER = 4.0


@dataclass(frozen=True, eq=False)
class Segments:
    """`middles` and unit `directions` (n x 2: x, y), `lengths` (n), in pixels."""

    middles: NDArray[np.float64]
    directions: NDArray[np.float64]
    lengths: NDArray[np.float64]

    def ends(self) -> NDArray[np.float64]:
        """n x 2 x 2: both ends of each."""
        half = self.directions * self.lengths[:, None] / 2
        return np.stack([self.middles - half, self.middles + half], axis=1)

    def only(self, which: NDArray[np.bool_]) -> "Segments":
        """Some of them."""
        return Segments(self.middles[which], self.directions[which], self.lengths[which])


def find_segments(picture: FloatArray, shortest: float = SHORTEST) -> Segments:
    """The straight edges of an sRGB H x W x 3 picture that are at least so many pixels long.

    Neighbouring pixels whose colour changes in about the same direction form a region; directions are sorted into
    two sets of sectors, half a sector apart, so that an edge is never cut by where a sector happens to begin.
    """
    strength, angle = _gradients(picture)
    strong = strength >= _STEP
    weight = np.where(strong, strength, 0).ravel()
    found, longest = [], []
    for shift in (0.0, 0.5):
        sector = np.floor(angle / (2 * np.pi) * _SECTORS + shift).astype(int) % _SECTORS
        labels, count = np.zeros(strength.shape, np.int32), 0
        for one in range(_SECTORS):
            more, part = cv2.connectedComponents((strong & (sector == one)).astype(np.uint8), connectivity=8)
            labels = np.where(part > 0, part + count, labels)
            count += more - 1
        segments, thick = _fitted(labels, weight, count)
        found.append((labels, segments, thick))
        longest.append(np.concatenate([[0.0], segments.lengths])[labels])
    winners = longest[0] >= longest[1]
    kept = [_supported(labels, segments, thick, winners == (number == 0), shortest)
            for number, (labels, segments, thick) in enumerate(found)]
    return Segments(*(np.concatenate([getattr(one, name) for one in kept])
                      for name in ("middles", "directions", "lengths")))


def _gradients(picture: FloatArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How fast the colour changes, and in which direction (0..2 pi): the structure tensor over OKLab.

    The direction has a sign, so that the two sides of a drawn line are two edges.
    """
    lab = cv2.GaussianBlur(srgb_to_oklab(picture[..., :3]), (0, 0), 1.0)
    across, down = cv2.Scharr(lab, cv2.CV_64F, 1, 0) / 32, cv2.Scharr(lab, cv2.CV_64F, 0, 1) / 32
    xx, yy, xy = (across**2).sum(-1), (down**2).sum(-1), (across * down).sum(-1)
    strength = np.sqrt(np.maximum((xx + yy + np.sqrt((xx - yy) ** 2 + 4 * xy**2)) / 2, 0)).astype(np.float64)
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    rising = (across * np.cos(angle)[..., None] + down * np.sin(angle)[..., None]).sum(-1) >= 0
    return strength, np.asarray(np.where(rising, angle, angle + np.pi) % (2 * np.pi))


def _fitted(labels: NDArray[np.int32], weight: NDArray[np.float64], count: int,
            ) -> tuple[Segments, NDArray[np.float64]]:
    """A line through each region by its weighted moments; and how thick each region is."""
    flat = labels.ravel()
    y, x = (one.ravel().astype(np.float64) for one in np.indices(labels.shape))

    def total(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(flat, weight * values, minlength=count + 1)[1:], dtype=np.float64)

    mass = np.maximum(total(np.ones_like(x)), 1e-12)
    middle_x, middle_y = total(x) / mass, total(y) / mass
    xx = total(x * x) / mass - middle_x**2
    yy = total(y * y) / mass - middle_y**2
    xy = total(x * y) / mass - middle_x * middle_y
    turn = 0.5 * np.arctan2(2 * xy, xx - yy)
    directions = np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    spread = np.sqrt((xx - yy) ** 2 + 4 * xy**2)
    thick = np.sqrt(np.maximum((xx + yy - spread) / 2, 0))
    padded = np.concatenate([np.zeros((1, 2)), directions])[flat]
    centre = np.concatenate([np.zeros((1, 2)), np.stack([middle_x, middle_y], axis=-1)])[flat]
    along = ((x - centre[:, 0]) * padded[:, 0] + (y - centre[:, 1]) * padded[:, 1]).reshape(labels.shape)
    order = np.arange(1, count + 1)
    if count == 0:
        return Segments(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0)), thick
    low, high = (np.asarray(one(along, labels, order)) for one in (ndimage.minimum, ndimage.maximum))
    middles = np.stack([middle_x, middle_y], axis=-1) + directions * ((low + high) / 2)[:, None]
    return Segments(middles, directions, high - low + 1), thick


def _supported(labels: NDArray[np.int32], segments: Segments, thick: NDArray[np.float64], winners: NDArray[np.bool_],
               shortest: float) -> Segments:
    """Regions that most of their pixels prefer to the other set's, long and slender enough to be a line."""
    count = len(segments.lengths)
    every = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    votes = np.bincount(labels.ravel(), winners.ravel().astype(np.float64), minlength=count + 1)[1:]
    slender = (thick <= _THICK) & (segments.lengths >= _SLENDER * np.maximum(thick, 0.5))
    return segments.only((votes > every / 2) & slender & (segments.lengths >= shortest))
