"""Optimal transport of colours in OKLab: how each colour moves so that a whole picture's colours become another's.

Lightness is carried by one rising function, so values keep their order whatever happens to colour.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.imaging.arrays import FloatArray

Values = NDArray[np.float64]
_QUANTILES = 65
_STEEPEST, _FLATTEST = 4.0, 0.1
_BANDS = 5
_WIDEST = 3.0
_CLUSTERS, _NEAR, _VARIETY = 16, 0.07, 0.5


@dataclass(frozen=True, eq=False)
class Transport:
    """OKLab (..., 3) -> OKLab (..., 3). `knots` and `levels`: lightness, both rising. `colour`: (lab, new lightness's
    place among the picture's own) -> a and b."""

    knots: Values
    levels: Values
    colour: Callable[[FloatArray], FloatArray]

    def __call__(self, lab: FloatArray) -> FloatArray:
        light = np.interp(lab[..., 0], self.knots, self.levels).astype(np.float32)
        return np.concatenate([light[..., None], self.colour(lab)], axis=-1)


def to_picture(source: FloatArray, target: FloatArray) -> Transport:
    """From n x 3 to m x 3 samples: lightness by its distribution; a and b, in five overlapping ranges from the darkest
    to the lightest pixels, by the linear map between Gaussians (Pitie and Kokaram 2007)."""
    ranks = np.linspace(0, 1, _QUANTILES)
    knots, levels = _rising(np.quantile(source[:, 0], ranks), np.quantile(target[:, 0], ranks))
    own, others = np.sort(source[:, 0].astype(np.float64)), np.sort(target[:, 0].astype(np.float64))
    maps = []
    for weight_here, weight_there in zip(_bands(_rank(source[:, 0], own)), _bands(_rank(target[:, 0], others)),
                                         strict=True):
        maps.append(_gaussian_map(_moments(source, weight_here), _moments(target, weight_there)))
    matrices, here, there = (np.stack(part) for part in zip(*maps, strict=True))

    def colour(lab: FloatArray) -> FloatArray:
        flat = lab.reshape(-1, 3)
        result = np.zeros((len(flat), 2))
        for band, weight in enumerate(_bands(_rank(flat[:, 0], own))):
            result += weight[:, None] * ((flat[:, 1:] - here[band]) @ matrices[band].T + there[band])
        return result.reshape(*lab.shape[:-1], 2).astype(np.float32)

    return Transport(knots, levels, colour)


def to_palette(source: FloatArray, swatches: FloatArray, shares: Values | None) -> Transport:
    """From n x 3 samples to a few swatches: the picture's main colours are carried to them at the least cost (by
    Sinkhorn's algorithm, Cuturi 2013), each swatch with its share; without shares, half by nearness, half evenly."""
    centres, weights = _main(source)
    targets = swatches.astype(np.float64)
    cost = ((centres[:, None] - targets[None]) ** 2).sum(axis=2)
    nearest = np.bincount(cost.argmin(axis=1), weights, minlength=len(targets))
    wanted = 0.5 * nearest + 0.5 / len(targets) if shares is None else shares / shares.sum()
    carried = _sinkhorn(cost, weights, wanted.astype(np.float64)) @ targets
    order = np.argsort(centres[:, 0])
    knots, levels = _rising(centres[order, 0], _isotonic(carried[order, 0], weights[order]))
    knots, levels = _to_the_ends(knots, levels, targets[:, 0])

    def colour(lab: FloatArray) -> FloatArray:
        flat = lab.reshape(-1, 3).astype(np.float64)
        apart = ((flat[:, None] - centres[None]) ** 2).sum(axis=2)
        near = np.exp(-(apart - apart.min(axis=1, keepdims=True)) / (2 * _NEAR**2))
        near /= near.sum(axis=1, keepdims=True)
        moved = near @ (carried[:, 1:] - _VARIETY * centres[:, 1:]) + _VARIETY * flat[:, 1:]
        return np.asarray(moved.reshape(*lab.shape[:-1], 2), np.float32)

    return Transport(knots, levels, colour)


def _rising(knots: Values, levels: Values) -> tuple[Values, Values]:
    """Both strictly rising: the same knot once, slopes neither flat (which would lose values) nor steep (bands)."""
    unique, where = np.unique(np.round(knots, 5), return_inverse=True)
    mean = np.bincount(where, levels) / np.bincount(where)
    if len(unique) == 1:
        return np.array([0.0, 1.0]), np.clip(mean[0] + (np.array([0.0, 1.0]) - unique[0]) * 0.5, 0, 1)
    gaps = np.diff(unique)
    rises = np.clip(np.diff(mean), gaps * _FLATTEST, gaps * _STEEPEST)
    new = np.concatenate([[0.0], np.cumsum(rises)])
    new += np.average(mean - new)
    low, high = min(new[0], 0.0), max(new[-1], 1.0)
    return unique, (new - low) / (high - low)


def _to_the_ends(knots: Values, levels: Values, lights: Values) -> tuple[Values, Values]:
    """Black and white beyond the main colours go on to the palette's own darkest and lightest."""
    low, high = min(float(lights.min()), levels[0]), max(float(lights.max()), levels[-1])
    first = [(0.0, max(0.0, min(low, levels[0] - _FLATTEST * knots[0])))] if knots[0] > 1e-3 else []
    last = [(1.0, min(1.0, max(high, levels[-1] + _FLATTEST * (1 - knots[-1]))))] if knots[-1] < 1 - 1e-3 else []
    points = np.array([*first, *zip(knots, levels, strict=True), *last])
    return points[:, 0], np.maximum.accumulate(points[:, 1])


def _rank(light: FloatArray, own: Values) -> Values:
    """Which share of the picture's pixels is darker, 0..1."""
    return (np.searchsorted(own, light, "left") + np.searchsorted(own, light, "right")) / (2 * len(own))


def _bands(rank: Values) -> list[Values]:
    """How much a pixel belongs to each range of values; the shares add up to 1."""
    return [np.clip(1 - np.abs(rank * (_BANDS - 1) - band), 0, 1) for band in range(_BANDS)]


Moments = tuple[Values, Values]


def _moments(lab: FloatArray, weight: Values) -> Moments:
    share = weight / max(float(weight.sum()), 1e-9)
    mean = share @ lab[:, 1:].astype(np.float64)
    apart = lab[:, 1:] - mean
    return mean, (apart * share[:, None]).T @ apart


def _gaussian_map(here: Moments, there: Moments) -> tuple[Values, Values, Values]:
    """The matrix that carries one covariance into the other at the least cost, and both means."""
    own = here[1] + 2e-5 * np.eye(2)
    root = _root(own)
    inverse = np.linalg.inv(root)
    matrix = inverse @ _root(root @ (there[1] + 2e-5 * np.eye(2)) @ root) @ inverse
    sizes, axes = np.linalg.eigh((matrix + matrix.T) / 2)
    return axes @ np.diag(np.clip(sizes, 0, _WIDEST)) @ axes.T, here[0], there[0]


def _root(matrix: Values) -> Values:
    sizes, axes = np.linalg.eigh((matrix + matrix.T) / 2)
    return np.asarray(axes @ np.diag(np.sqrt(np.maximum(sizes, 0))) @ axes.T)


def _main(source: FloatArray) -> tuple[Values, Values]:
    """A picture's main colours and their shares, by k-means; the same picture always gives the same."""
    count = min(_CLUSTERS, len(np.unique(np.round(source, 2), axis=0)))
    cv2.setRNGSeed(1)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 25, 1e-4)
    if len(source) == 1:  # OpenCV takes a single row for a column
        return source.astype(np.float64), np.ones(1)
    _, which, centres = cv2.kmeans(np.ascontiguousarray(source, np.float32), count, None, stop, 1,
                                   cv2.KMEANS_PP_CENTERS)
    often = np.bincount(which.ravel(), minlength=count) / len(source)
    kept = often > 0
    return centres[kept].astype(np.float64), often[kept]


def _sinkhorn(cost: Values, have: Values, want: Values) -> Values:
    """Shares of each row's mass that go to each column (rows sum to 1)."""
    kernel = np.exp(-(cost - cost.min(axis=1, keepdims=True)) / 0.004) + 1e-12
    across = np.ones(len(want))
    for _ in range(200):
        down = have / (kernel @ across)
        across = want / (kernel.T @ down)
    plan = kernel * across[None]
    return np.asarray(plan / plan.sum(axis=1, keepdims=True))


def _isotonic(levels: Values, weights: Values) -> Values:
    """The rising sequence nearest to `levels` (pool adjacent violators)."""
    blocks: list[list[float]] = []
    for level, weight in zip(levels, weights, strict=True):
        blocks.append([float(level), float(weight), 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            last = blocks.pop()
            total = blocks[-1][1] + last[1]
            blocks[-1] = [(blocks[-1][0] * blocks[-1][1] + last[0] * last[1]) / total, total, blocks[-1][2] + last[2]]
    return np.concatenate([np.full(int(count), level) for level, _, count in blocks])
