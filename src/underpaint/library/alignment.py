"""Where a picture lies in another: how much larger, and where, when one was enlarged, cropped or given more canvas.

A coarse search by normalised correlation over sizes and places, both ways round, then a refinement that ignores what
was painted over; whole pixels and round sizes are preferred where they fit as well.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from scipy.optimize import minimize

from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.color import srgb_to_oklab
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import Resample, resize

_COARSE, _FINE = 48, 256
_SMALLEST, _STEP = 0.3, 1.08
_CLIP = 0.12
"""OKLab differences above this are somebody's brush: larger ones weigh no more."""
_LEAST_OVERLAP = 0.15


@dataclass(frozen=True)
class Fit:
    """The origin's pixel (u, v) lies at (`scale` u + `x`, `scale` v + `y`) of the painting.

    `score` from 0 (another picture) to 1 (the same); `overlap` is the share of the painting that the origin covers,
    `shown` the share of the origin that is in the painting.
    """

    scale: float
    x: float
    y: float
    score: float
    overlap: float
    shown: float


def coarse(origin: FloatArray, painting: FloatArray) -> Fit | None:
    """The best place by correlation alone, quickly; its score is that correlation, 0..1."""
    best: Fit | None = None
    for whole, outside, swapped in ((painting, origin, True), (origin, painting, False)):
        large, inside = _small(outside, _COARSE), _small(whole, 2 * _COARSE)
        if large.std() < 0.01 or inside.std() < 0.01:
            return None  # one colour lies in everything
        ratio = Extent.of(outside).width / large.shape[1]  # outside's own pixels for one of the small picture
        shrunk = inside.shape[1] / whole.shape[1]
        for factor in _sizes(inside, large):
            size = Extent.of(inside).scaled(factor)
            if min(size.width, size.height) < 10 or size.width > large.shape[1] or size.height > large.shape[0]:
                continue
            small = cv2.resize(inside, (size.width, size.height), interpolation=cv2.INTER_AREA)
            found = cv2.matchTemplate(large, small, cv2.TM_CCOEFF_NORMED)
            _, score, _, (left, top) = cv2.minMaxLoc(found)
            if not math.isfinite(score) or (best and score <= best.score):
                continue
            scale, x, y = factor * ratio * shrunk, left * ratio, top * ratio
            if swapped:
                scale, x, y = 1 / scale, -x / scale, -y / scale
            best = _fit(origin, painting, (scale, x, y), float(score))
    return best if best and max(best.overlap, best.shown) >= _LEAST_OVERLAP else None


def refine(origin: FloatArray, painting: FloatArray, start: Fit, *, side: int = _FINE) -> Fit:
    """The same place to a fraction of a pixel, and how well it fits where nobody painted over; compared at `side`."""
    pair = _Pair(origin, painting, side)
    found = minimize(pair.cost, pair.to_small(start.scale, start.x, start.y), method="Nelder-Mead",
                     options={"maxfev": 100, "initial_simplex": pair.simplex(start)})
    tuned = pair.from_small(found.x)
    placed = min([tuned, *_round(tuned, origin, painting)],
                 key=lambda place: pair.cost(pair.to_small(*place)) - (0.002 if place is not tuned else 0.0))
    return _fit(origin, painting, placed, pair.score(pair.to_small(*placed)))


def straight(origin: FloatArray, painting: FloatArray) -> Fit | None:
    """The whole of one on the whole of the other, where their shapes allow that."""
    first, second = Extent.of(origin), Extent.of(painting)
    if abs(first.ratio / second.ratio - 1) > 0.02:
        return None
    pair = _Pair(origin, painting, _FINE)
    place = second.width / first.width, 0.0, 0.0
    return _fit(origin, painting, place, pair.score(pair.to_small(*place)))


def polish(origin: FloatArray, painting: FloatArray, fit: Fit) -> Fit:
    """Moved by whole pixels to where most of it matches at full size, which small pictures cannot tell."""
    reach = math.ceil(max(painting.shape[:2]) / _FINE) + 1
    laid, cover = lay(origin, fit, Extent.of(painting))
    first, second = laid[..., :3].mean(axis=2), painting[..., :3].mean(axis=2)
    side = min(96, *(length // 2 for length in painting.shape[:2]))
    windows = [(top, left) for top in np.linspace(reach, painting.shape[0] - side - reach, 4).astype(int)
               for left in np.linspace(reach, painting.shape[1] - side - reach, 4).astype(int)
               if top >= reach and left >= reach and cover[top : top + side, left : left + side].all()]
    if not windows or side < 8:
        return fit
    best = (math.inf, 0, 0)
    places = itertools.product(range(-reach, reach + 1), repeat=2)
    for down, across in sorted(places, key=lambda at: abs(at[0]) + abs(at[1])):
        far = np.mean([np.minimum(np.abs(first[top - down : top - down + side, left - across : left - across + side]
                                         - second[top : top + side, left : left + side]), _CLIP).mean()
                       for top, left in windows])
        if far < best[0] - 1e-6:
            best = (float(far), down, across)
    return replace(fit, x=fit.x + best[2], y=fit.y + best[1])


def lay(origin: FloatArray, fit: Fit, extent: Extent) -> tuple[FloatArray, FloatArray]:
    """The origin as it lies in the painting (H x W x C), and where it is there at all (H x W, 0 or 1)."""
    size = Extent.of(origin).scaled(fit.scale)
    whole = abs(fit.x - round(fit.x)) < 1e-6 and abs(fit.y - round(fit.y)) < 1e-6
    if whole and abs(size.width - fit.scale * origin.shape[1]) < 0.51:
        grown = resize(origin, size, Resample.LANCZOS)  # as enlarged paint is laid elsewhere here
        scale_x, scale_y = 1.0, 1.0
    else:
        grown, scale_x, scale_y = origin, fit.scale, fit.scale
        if fit.scale < 1:
            grown = resize(origin, size, Resample.AREA)
            scale_x, scale_y = fit.scale * origin.shape[1] / size.width, fit.scale * origin.shape[0] / size.height
    matrix = np.array([[scale_x, 0, fit.x + (scale_x - 1) / 2], [0, scale_y, fit.y + (scale_y - 1) / 2]], np.float64)
    how = cv2.INTER_NEAREST if scale_x == scale_y == 1.0 and whole else cv2.INTER_CUBIC
    laid = cv2.warpAffine(np.ascontiguousarray(grown, np.float32), matrix, (extent.width, extent.height), flags=how)
    cover = cv2.warpAffine(np.ones(grown.shape[:2], np.float32), matrix, (extent.width, extent.height),
                           flags=cv2.INTER_NEAREST)
    return np.clip(np.asarray(laid, np.float32), 0, 1), np.asarray(cover, np.float32)


class _Pair:
    """Two pictures in OKLab, small enough to be compared a hundred times."""

    def __init__(self, origin: FloatArray, painting: FloatArray, side: int) -> None:
        self._origin, self._painting = (srgb_to_oklab(_small(one, side)) for one in (origin, painting))
        self._grown = self._origin.shape[1] / origin.shape[1], self._painting.shape[1] / painting.shape[1]

    def to_small(self, scale: float, x: float, y: float) -> FloatArray:
        first, second = self._grown
        return np.array([math.log(scale * second / first), x * second, y * second])

    def from_small(self, place: FloatArray) -> tuple[float, float, float]:
        first, second = self._grown
        return math.exp(place[0]) * first / second, float(place[1]) / second, float(place[2]) / second

    def simplex(self, start: Fit) -> FloatArray:
        middle = self.to_small(start.scale, start.x, start.y)
        step = 4.0 * max(self._painting.shape[:2]) / _FINE
        return np.stack([middle, *(middle + step for step in np.diag([0.05, step, step]))])

    def cost(self, place: FloatArray) -> float:
        far, cover = self._compare(place)
        if cover.mean() < _LEAST_OVERLAP / 2:
            return 1.0
        return float((np.minimum(far, _CLIP) * cover).sum() / cover.sum())

    def score(self, place: FloatArray) -> float:
        """Half from the pixels that agree, half from the correlation of all."""
        far, cover = self._compare(place)
        if cover.mean() < _LEAST_OVERLAP / 2:
            return 0.0
        inside = cover > 0
        agree = float((far[inside] < 0.05).mean())
        one, two = self._warp(place)[inside].ravel(), self._painting[inside].ravel()
        alike = float(np.corrcoef(one, two)[0, 1]) if one.std() > 1e-4 and two.std() > 1e-4 else agree
        return (agree + max(alike, 0.0)) / 2

    def _compare(self, place: FloatArray) -> tuple[FloatArray, FloatArray]:
        warped = self._warp(place)
        far = np.linalg.norm(warped - self._painting, axis=2)
        return far, (warped[..., 0] >= 0).astype(np.float32)

    def _warp(self, place: FloatArray) -> FloatArray:
        scale = math.exp(float(np.clip(place[0], -4, 4)))
        matrix = np.array([[scale, 0, place[1] + (scale - 1) / 2], [0, scale, place[2] + (scale - 1) / 2]], np.float64)
        height, width = self._painting.shape[:2]
        return np.asarray(cv2.warpAffine(self._origin, matrix, (width, height), flags=cv2.INTER_LINEAR,
                                         borderMode=cv2.BORDER_CONSTANT, borderValue=(-9, -9, -9)), np.float32)


def _sizes(inside: FloatArray, large: FloatArray) -> Iterator[float]:
    """Factors that make `inside` fit into `large`: from its whole width or height down to less than a third."""
    most = min(large.shape[1] / inside.shape[1], large.shape[0] / inside.shape[0])
    factor = most
    while factor >= most * _SMALLEST:
        yield factor
        factor /= _STEP


def _round(place: tuple[float, float, float], origin: FloatArray, painting: FloatArray
           ) -> Iterator[tuple[float, float, float]]:
    """Whole pixels, the same size, and the very size of the painting: what people do."""
    scale, x, y = place
    for likely in (1.0, painting.shape[1] / origin.shape[1], painting.shape[0] / origin.shape[0], 0.5, 2.0, 4.0):
        if abs(scale / likely - 1) < 0.03:
            # Changing the scale moves the middle; the middle stays where it was found.
            across, down = origin.shape[1] / 2, origin.shape[0] / 2
            moved = x + (scale - likely) * across, y + (scale - likely) * down
            for left in _whole(moved[0]):
                for top in _whole(moved[1]):
                    yield likely, left, top


def _whole(place: float) -> set[float]:
    return {float(math.floor(place)), float(math.ceil(place)), *([0.0] if abs(place) < 4 else [])}


def _small(picture: FloatArray, side: int) -> FloatArray:
    over_white = picture[..., :3]
    if picture.shape[2] == 4:
        over_white = over_white * picture[..., 3:] + (1 - picture[..., 3:])
    return np.ascontiguousarray(resize(np.asarray(over_white, np.float32),
                                       Extent.of(picture).fit_within(Extent(side, side), grow=False), Resample.AREA))


def _fit(origin: FloatArray, painting: FloatArray, place: tuple[float, float, float], score: float) -> Fit:
    scale, x, y = place
    wide = max(min(scale * origin.shape[1] + x, painting.shape[1]) - max(x, 0.0), 0.0)
    high = max(min(scale * origin.shape[0] + y, painting.shape[0]) - max(y, 0.0), 0.0)
    common = wide * high
    return Fit(scale, x, y, score, common / (painting.shape[0] * painting.shape[1]),
               common / (scale**2 * origin.shape[0] * origin.shape[1]))
