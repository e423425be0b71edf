"""Is a picture painted in the way of others, and is nothing copied? By hues, local patterns and the run of edges, none
of which steers; and by what of the other pictures can be found again in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.feature import local_binary_pattern

from underpaint.imaging.arrays import FloatArray, to_bytes
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import Resample, resize

SIDE = 224
"""The shorter side, in pixels, at which pictures are compared."""
ALIKE = 0.8
"""Likeness from which a picture counts as a copy."""
_COARSE = 24
_NO_CORNERS = 32
"""Sides, in pixels, under which a picture has no corners that could be found again."""
_HUES, _VALUES = 12, 6
_INLIERS = 18


@dataclass(frozen=True, eq=False)
class StyleCheck:
    """`distance`: to the nearest of its own pictures. `nearer`: the share of ten other ways of painting that are
    farther. `rank`: its own place among the eleven, 1 the nearest. `likeness`: how much of what they show is found
    again, 0..1."""

    distance: float
    nearer: float
    rank: int
    likeness: float

    @property
    def is_copy(self) -> bool:
        """Whether what the pictures show was copied."""
        return self.likeness >= ALIKE

    @property
    def score(self) -> float:
        """1: as near as the pictures to themselves; a copy is worth half."""
        close = float(np.clip(1 - self.distance, 0, 1))
        return self.nearer * close * (0.5 if self.is_copy else 1.0)

    def sentence(self) -> str:
        """As an artist would say it."""
        said = "nearer to its style than to any other" if self.rank == 1 else \
            f"its style comes {self.rank}{_ordinal(self.rank)} of eleven"
        return f"{said}, but it copies what they show" if self.is_copy else f"{said}, nothing copied"

    def overlay(self, picture: FloatArray) -> FloatArray:
        """The picture as the colours alone, in large masses: what style is made of first."""
        small = Extent.of(picture).fit_within(Extent(_COARSE, _COARSE), grow=False)
        masses = resize(resize(np.ascontiguousarray(picture[..., :3]), small, Resample.AREA), Extent.of(picture))
        return np.asarray(np.clip(masses, 0, 1), dtype=np.float32)


def check_style(picture: FloatArray, own: Sequence[FloatArray]) -> StyleCheck:
    """Compare an sRGB H x W x 3 picture with those that give the style."""
    seen = features(picture)
    distance = min(apart(seen, features(one)) for one in own)
    others = [apart(seen, one) for one in other_styles()]
    nearer = [distance <= one for one in others]
    return StyleCheck(distance, float(np.mean(nearer)), 1 + nearer.count(False),
                      max(likeness(picture, one) for one in own))


def features(picture: FloatArray) -> tuple[FloatArray, ...]:
    """What a way of painting looks like: shares of hues, of saturation, of values, of local patterns at two widths, of
    strong and weak edges, of straight and restless ones. Each sums to 1."""
    factor = SIDE / min(picture.shape[:2])
    extent = Extent.of(picture).scaled(factor) if factor < 1 else Extent.of(picture)
    small = resize(np.ascontiguousarray(picture[..., :3]), extent)
    hsv = cv2.cvtColor(small, cv2.COLOR_RGB2HSV)
    weight = hsv[..., 1] * hsv[..., 2]
    hues = _shares(hsv[..., 0], np.linspace(0, 360, _HUES + 1), weight + 1e-4)
    saturation = _shares(hsv[..., 1], np.array([0, 0.1, 0.25, 0.45, 0.7, 1.001]))
    values = _shares(hsv[..., 2], np.linspace(0, 1.001, _VALUES + 1))
    grey = to_bytes(small.mean(-1))
    patterns = [_shares(local_binary_pattern(grey, 8, radius, "uniform"), np.arange(11) - 0.5) for radius in (1, 3)]
    return (_smoothed(hues), saturation, values, *patterns, *_edges(grey))


def _edges(grey: NDArray[np.uint8]) -> tuple[FloatArray, FloatArray]:
    light = grey.astype(np.float32) / 255
    across, down = cv2.Sobel(light, cv2.CV_32F, 1, 0) / 4, cv2.Sobel(light, cv2.CV_32F, 0, 1) / 4
    strength = np.hypot(across, down)
    moments = [cv2.GaussianBlur(one, (0, 0), 3) for one in (across**2, down**2, across * down)]
    energy = moments[0] + moments[1]
    run = np.sqrt((moments[0] - moments[1]) ** 2 + 4 * moments[2] ** 2) / np.maximum(energy, 1e-7)
    return (_shares(strength, np.array([0, 0.005, 0.015, 0.04, 0.09, 0.2, 9])),
            _shares(run, np.linspace(0, 1.001, 6), energy + 1e-7))


def apart(first: Sequence[FloatArray], second: Sequence[FloatArray]) -> float:
    """How far two ways of painting are apart, 0..1: the mean Hellinger distance of their shares."""
    return float(np.mean([np.sqrt(max(0.0, 1 - float(np.sqrt(one * other).sum())))
                          for one, other in zip(first, second, strict=True)]))


def likeness(picture: FloatArray, other: FloatArray) -> float:
    """How much of what one picture shows is found in the other: the same masses in the same places, straight or
    mirrored, or the same details anywhere. 0..1."""
    masses = _masses(picture)
    alike = max(float((masses * one).mean()) for one in (_masses(other), _masses(other[:, ::-1])))
    return float(np.clip(max(alike, _details(picture, other)), 0, 1))


def _masses(picture: FloatArray) -> FloatArray:
    grey = np.ascontiguousarray(picture[..., :3].mean(-1))
    small = cv2.resize(grey, (_COARSE, _COARSE), interpolation=cv2.INTER_AREA)
    # without the slope from light to dark that most pictures share
    rows, columns = np.mgrid[-1:1:_COARSE * 1j, -1:1:_COARSE * 1j]
    flat = np.stack([np.ones_like(rows), rows, columns], axis=-1).reshape(-1, 3)
    rest = small.ravel() - flat @ np.linalg.lstsq(flat, small.ravel(), rcond=None)[0]
    return np.asarray(rest / max(float(rest.std()), 1e-3), dtype=np.float32)


def _details(picture: FloatArray, other: FloatArray) -> float:
    """Corners of one that lie in the other as one moved, turned and scaled piece (ORB: Rublee et al. 2011)."""
    if min(min(_sized(one).shape) for one in (picture, other)) < _NO_CORNERS:
        return 0.0
    finder = cv2.ORB.create(400)
    found = [finder.detectAndCompute(to_bytes(resize(one[..., :3], _sized(one)).mean(-1)), None)
             for one in (picture, other)]
    if any(marks is None or len(marks) < _INLIERS for _, marks in found):
        return 0.0
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(found[0][1], found[1][1])
    near = [one for one in pairs if one.distance < 48]
    if len(near) < _INLIERS:
        return 0.0
    ends = [np.array([found[side][0][getattr(one, name)].pt for one in near], np.float32)
            for side, name in ((0, "queryIdx"), (1, "trainIdx"))]
    cv2.setRNGSeed(7)
    _, held = cv2.estimateAffinePartial2D(ends[0], ends[1], method=cv2.RANSAC, ransacReprojThreshold=4)
    count = 0 if held is None else int(held.sum())
    return 0.0 if count < _INLIERS else min(1.0, 0.6 + 0.4 * count / len(near))


def _sized(picture: FloatArray) -> Extent:
    return Extent.of(picture).fit_within(Extent(320, 320), grow=False)


def _shares(values: NDArray[np.floating], edges: NDArray[np.floating], weight: FloatArray | None = None) -> FloatArray:
    told, _ = np.histogram(values, edges, weights=weight)
    return np.asarray(told / max(float(told.sum()), 1e-9), dtype=np.float32)


def _smoothed(circle: FloatArray) -> FloatArray:
    """Neighbouring hues are nearly the same."""
    return np.asarray(0.5 * circle + 0.25 * np.roll(circle, 1) + 0.25 * np.roll(circle, -1), dtype=np.float32)


def _ordinal(number: int) -> str:
    return {2: "nd", 3: "rd"}.get(number, "th")


@lru_cache(maxsize=1)
def other_styles() -> tuple[tuple[FloatArray, ...], ...]:
    """Ten other ways of painting to compare with, made here: flat and bright, dark and grained, pale washes, hatching,
    and what lies between."""
    return tuple(features(_sample(number)) for number in range(10))


def _sample(number: int, side: int = SIDE) -> FloatArray:
    rng = np.random.default_rng(1_000 + number)
    hue, spread = rng.uniform(0, 360), (30, 180, 70, 10, 120)[number % 5]
    strong, bright = ((0.75, 0.9), (0.45, 0.4), (0.2, 0.92), (0.05, 0.75), (0.55, 0.65))[number % 5]
    picture = np.zeros((side, side, 3), np.float32)
    for _ in range(26):
        colour = np.array([[[(hue + rng.normal(0, spread)) % 360, np.clip(strong + rng.normal(0, 0.12), 0, 1),
                             np.clip(bright + rng.normal(0, 0.15), 0.02, 1)]]], np.float32)
        rgb = cv2.cvtColor(colour, cv2.COLOR_HSV2RGB)[0, 0].tolist()
        centre, axes = rng.integers(0, side, 2).tolist(), rng.integers(side // 12, side // 2, 2).tolist()
        cv2.ellipse(picture, centre, axes, float(rng.uniform(0, 180)), 0, 360, rgb, -1, cv2.LINE_AA)
    if number % 3 == 0:
        picture += rng.normal(0, 0.05, (side, side, 1)).astype(np.float32)
    if number % 3 == 1:
        picture = cv2.GaussianBlur(picture, (0, 0), 5)
    if number % 4 == 3:
        rows, columns = np.mgrid[:side, :side]
        picture *= 1 - 0.5 * ((rows + columns) % 6 < 2).astype(np.float32)[..., None]
    return np.asarray(np.clip(picture, 0, 1), dtype=np.float32)
