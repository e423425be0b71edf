"""Vanishing points as homogeneous coordinates in pixels, the bent lens over them, and the grid they span.

A bent picture is a straight one seen through a lens of the division model (Fitzgibbon 2001): a point at distance r
from the middle lies, straightened, at r / (1 - kappa r^2), with r in half diagonals. Straight lines then become arcs.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.geometry import Bounds, Extent
from underpaint.recipe import PerspectiveControl, VanishingPoint

Points = NDArray[np.float64]
MOST_BENT = 0.75
"""kappa at curvature 1."""
_FAN, _SAMPLES = 15, 240


@dataclass(frozen=True)
class Lens:
    """The middle of a picture (x, y), its half diagonal in pixels, and how bent it is (kappa)."""

    middle: tuple[float, float]
    radius: float
    kappa: float

    @classmethod
    def of(cls, extent: Extent, curvature: float) -> "Lens":
        return cls((extent.width / 2, extent.height / 2), float(np.hypot(extent.width, extent.height)) / 2,
                   MOST_BENT * curvature)

    def straight(self, points: Points) -> Points:
        """Where points (... x 2) of the picture would lie without the bend."""
        from_middle = (points - self.middle) / self.radius
        bend = 1 - self.kappa * np.square(from_middle).sum(-1, keepdims=True)
        return np.asarray(from_middle / np.maximum(bend, 1e-3) * self.radius + self.middle)

    def bent(self, points: Points) -> Points:
        """The way back: where straight points (... x 2) appear in the picture."""
        if self.kappa == 0:
            return points
        from_middle = (points - self.middle) / self.radius
        far = np.sqrt(np.square(from_middle).sum(-1, keepdims=True))
        near = (np.sqrt(1 + 4 * self.kappa * far**2) - 1) / np.maximum(2 * self.kappa * far, 1e-9)
        return np.asarray(from_middle * np.where(far > 1e-9, near / np.maximum(far, 1e-9), 1) * self.radius
                          + self.middle)

    def directions(self, points: Points, vanishing: Points) -> Points:
        """Unit directions (K x n x 2) in which lines through `points` (n x 2) of the picture run to the vanishing
        points (K x 3, homogeneous, of the straight picture)."""
        aim = vanishing[:, None, :2] - vanishing[:, None, 2:] * self.straight(points)[None]
        from_middle = (points - self.middle) / self.radius
        scale = 1 / np.maximum(1 - self.kappa * np.square(from_middle).sum(-1), 1e-3)
        # The bend's derivative is scale * I + 2 kappa scale^2 q q^T; its inverse by Sherman and Morrison.
        along = (aim * from_middle[None]).sum(-1)
        factor = 2 * self.kappa * scale / (1 + 2 * self.kappa * scale * np.square(from_middle).sum(-1))
        aim = aim - (factor[None] * along)[..., None] * from_middle[None]
        return np.asarray(aim / np.maximum(np.linalg.norm(aim, axis=-1, keepdims=True), 1e-9))


def in_pixels(points: tuple[VanishingPoint, ...], extent: Extent) -> Points:
    """Vanishing points (K x 3, homogeneous) of a picture of this size."""
    return np.array([(one.x, one.y, 0.0) if one.infinite else (one.x * extent.width, one.y * extent.height, 1.0)
                     for one in points])


def direction_field(control: PerspectiveControl, whole: Extent, area: Bounds, cells: tuple[int, int]) -> Points:
    """For each of `cells` (rows, columns) over `area` of the whole picture: K x rows x columns x 2 unit directions."""
    rows, columns = cells
    x = area.x + (np.arange(columns) + 0.5) * area.width / columns
    y = area.y + (np.arange(rows) + 0.5) * area.height / rows
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    found = Lens.of(whole, control.curvature).directions(points, in_pixels(control.points, whole))
    return found.reshape(-1, rows, columns, 2)


def horizon_of(vanishing: Points, extent: Extent) -> float | None:
    """The horizon's height in the middle of the picture, as a share of it; None where the points do not tell."""
    level = [one for one in vanishing if not _upright(one, extent)]
    if len(level) >= 2:
        first, second = (_scaled(one, extent) for one in level[:2])
        line = np.cross(first, second)
        if abs(line[1]) > 1e-6 * np.abs(line).max():
            middle = np.array([0.5, 0.5])
            return float(-(line[0] * middle[0] * extent.width / extent.height + line[2]) / line[1])
    finite = [one for one in level if one[2] != 0]
    return float(finite[0][1] / finite[0][2] / extent.height) if finite else None


def _scaled(point: Points, extent: Extent) -> Points:
    return np.array([point[0] / extent.height, point[1] / extent.height, point[2]])


def _upright(point: Points, extent: Extent) -> bool:
    """Whether lines to it stand upright: it lies far above or below, or is their direction."""
    away = point[:2] - point[2] * np.array([extent.width / 2, extent.height / 2])
    steep = abs(away[1]) > 2 * abs(away[0])
    return bool(steep and (point[2] == 0 or abs(away[1] / point[2]) > 1.2 * extent.height))


def grid_ink(control: PerspectiveControl, extent: Extent, area: Bounds | None = None) -> FloatArray:
    """The grid of a picture of this size as lines, H x W, 1 = ink; with `area` that part of it."""
    area = area or Bounds.whole(extent)
    ink, corner = np.zeros(area.extent.shape, np.uint8), np.array([area.x, area.y], np.float64)
    lens = Lens.of(extent, control.curvature)
    width = max(1, round(min(extent.shape) / 400))
    for vanishing in in_pixels(control.points, extent):
        for line in _fan(vanishing, lens, extent):
            _draw(ink, lens.bent(line) - corner, width)
    height = control.horizon
    if height is not None:
        far = 4 * lens.radius
        level = np.linspace(extent.width / 2 - far, extent.width / 2 + far, _SAMPLES)
        across = np.stack([level, np.full(_SAMPLES, height * extent.height)], axis=-1)
        _draw(ink, lens.bent(across) - corner, 2 * width)
    return np.asarray(ink / 255, dtype=np.float32)


def _draw(ink: NDArray[np.uint8], line: Points, width: int) -> None:
    near = np.clip(line, -20_000, 20_000)
    cv2.polylines(ink, [np.rint(near * 16).astype(np.int32)], False, 255, width, cv2.LINE_AA, 4)


def _fan(vanishing: Points, lens: Lens, extent: Extent) -> list[Points]:
    """Lines (samples x 2, straight) to one point, spread evenly over the picture."""
    corners = lens.straight(np.array([(0, 0), (extent.width, 0), (extent.width, extent.height), (0, extent.height)],
                                     dtype=np.float64))
    reach = np.linspace(-1, 1, _SAMPLES)[:, None] * 2.2 * np.abs(corners - lens.middle).max()
    if vanishing[2] == 0:
        along = vanishing[:2] / np.linalg.norm(vanishing[:2])
        across = np.array([-along[1], along[0]])
        offsets = (corners - lens.middle) @ across
        return [lens.middle + across * offset + reach * along
                for offset in np.linspace(offsets.min(), offsets.max(), _FAN + 2)[1:-1]]
    at = vanishing[:2] / vanishing[2]
    away = corners - at
    inside = bool((away[:2].min(0) < 0).any() and (corners.min(0) < at).all() and (at < corners.max(0)).all())
    middle = np.array(lens.middle) - at
    if inside:
        angles = np.arange(_FAN) * np.pi / _FAN
    else:
        base = np.arctan2(middle[1], middle[0])
        seen = [float(np.angle(np.exp(1j * (np.arctan2(one[1], one[0]) - base)))) for one in away]
        angles = base + np.linspace(min(seen), max(seen), _FAN + 2)[1:-1]
    start = 0.0 if inside else float(np.linalg.norm(middle))
    return [at + (start + reach) * np.array([np.cos(angle), np.sin(angle)]) for angle in angles]
