"""What a picture looks like in a few numbers: its mean colour, its main colours, and a hash of its large shapes."""

import itertools
from dataclasses import dataclass

import cv2
import numpy as np

from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.color import srgb_to_oklab
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import Resample, resize

_SIDE = 96
_CELL = 0.06
"""Colours of one cell of OKLab look alike; it is also the step of the index that colours are searched by."""
_MERGED = 0.09
_MOST = 5
_LEAST_SHARE = 0.02
_CELLS = 64  # cells a side of the index: L 0..1 and a, b -0.5..0.5 need 17


@dataclass(frozen=True)
class Colour:
    """A colour in OKLab and the share of the picture that it covers, 0..1."""

    lightness: float
    green_red: float
    blue_yellow: float
    share: float = 1.0

    @property
    def cell(self) -> int:
        """The number of its cell in the index."""
        return _number(*self._place())

    def near(self, far: float) -> list[int]:
        """The numbers of all cells that hold a colour no farther than `far` from it."""
        middle, own = self._place(), (self.lightness, self.green_red + 0.5, self.blue_yellow + 0.5)
        reach = range(-int(far / _CELL) - 1, int(far / _CELL) + 2)
        # How far the nearest side of each neighbour is, along each axis.
        away = [{step: max((at + step) * _CELL - value, value - (at + step + 1) * _CELL, 0.0) ** 2 for step in reach}
                for at, value in zip(middle, own, strict=True)]
        return [_number(middle[0] + light, middle[1] + red, middle[2] + yellow)
                for light, red, yellow in itertools.product(reach, repeat=3)
                if away[0][light] + away[1][red] + away[2][yellow] <= far**2]

    def _place(self) -> tuple[int, int, int]:
        return (int(np.floor(self.lightness / _CELL)), int(np.floor((self.green_red + 0.5) / _CELL)),
                int(np.floor((self.blue_yellow + 0.5) / _CELL)))


@dataclass(frozen=True)
class Look:
    """`mean` and `main` colours (most first, at most five), and `likeness`: 64 bits as 16 hex digits."""

    mean: Colour
    main: tuple[Colour, ...]
    likeness: str


def look_of(pixels: FloatArray) -> Look:
    """The look of H x W x 3 or 4 floats 0..1; what is transparent does not count."""
    small = resize(pixels, Extent.of(pixels).fit_within(Extent(_SIDE, _SIDE), grow=False), Resample.AREA)
    weight = small[..., 3].ravel() if small.shape[2] == 4 else np.ones(small.shape[0] * small.shape[1], np.float32)
    if weight.sum() <= 0:
        weight = np.ones_like(weight)
    lab = srgb_to_oklab(small[..., :3]).reshape(-1, 3)
    mean = np.average(lab, axis=0, weights=weight)
    return Look(Colour(*map(float, mean)), _main(lab, weight), likeness(small))


def likeness(pixels: FloatArray) -> str:
    """A hash that resizing and recompressing hardly change: signs of the 63 lowest waves of a DCT of 32 x 32."""
    over_white = pixels[..., :3]
    if pixels.shape[2] == 4:
        over_white = over_white * pixels[..., 3:] + (1 - pixels[..., 3:])
    grey = cv2.resize(np.ascontiguousarray(over_white.mean(axis=2, dtype=np.float32)), (32, 32),
                      interpolation=cv2.INTER_AREA)
    low = np.asarray(cv2.dct(grey))[:8, :8].ravel()[1:]
    # Smallest differences from a flat picture are noise: they count as none.
    bits = np.append(low > np.median(low) + 1e-6, False)
    return np.packbits(bits).tobytes().hex()


def distances(wanted: str, known: list[str]) -> np.ndarray:
    """In how many of 64 bits each known likeness differs from the wanted one."""
    rows = np.frombuffer(bytes.fromhex("".join(known)), np.uint8).reshape(-1, 8)
    return np.asarray(np.unpackbits(rows ^ np.frombuffer(bytes.fromhex(wanted), np.uint8), axis=1).sum(axis=1))


def _main(lab: FloatArray, weight: FloatArray) -> tuple[Colour, ...]:
    """Fill cells of OKLab, then let the fullest take its neighbours, until little is left."""
    cells, index = np.unique(np.floor(lab / _CELL).astype(np.int64), axis=0, return_inverse=True)
    index = index.ravel()
    full = np.bincount(index, weight, len(cells))
    sums = np.stack([np.bincount(index, weight * lab[:, one], len(cells)) for one in range(3)], axis=1)
    middle = np.asarray(sums / np.maximum(full, 1e-9)[:, None], np.float64)
    left, whole = full.copy(), float(full.sum())
    found: list[Colour] = []
    while len(found) < _MOST and left.max() / whole > 1e-6:
        near = (np.linalg.norm(middle - middle[left.argmax()], axis=1) <= _MERGED) & (left > 0)
        share = float(left[near].sum() / whole)
        if found and share < _LEAST_SHARE:
            break
        light, red, yellow = map(float, np.average(middle[near], axis=0, weights=left[near]))
        found.append(Colour(light, red, yellow, share))
        left[near] = 0
    return tuple(sorted(found, key=lambda colour: -colour.share))


def _number(light: int, red: int, yellow: int) -> int:
    return (light * _CELLS + red) * _CELLS + yellow
