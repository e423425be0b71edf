"""Do the straight edges of a finished picture run to their points? Measured on line segments; what steers never sees
one."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.controls.perspective_geometry import Lens, Points, horizon_of, in_pixels
from underpaint.controls.segments import SHORTEST, Segments, find_segments
from underpaint.controls.vanishing import misfit, straightened
from underpaint.imaging.arrays import FloatArray, to_bytes
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import resize
from underpaint.recipe import PerspectiveControl

WITHIN = 3.0
"""Degrees."""
LARGEST = 6_000_000
"""Pixels; larger pictures are looked at smaller, with edges as much shorter."""
_MEANT = 8.0
"""Degrees within which an edge is taken to be meant for a point, when the horizon is looked for."""


@dataclass(frozen=True, eq=False)
class PerspectiveCheck:
    """`share`: of the length of all straight edges of 12 pixels and more, what runs to a point within 3 degrees.
    `length`: of all of them, in pixels. `horizon`: its height as found, as a share of the picture; None where too few
    edges tell. `on`: which segments run to a point."""

    share: float
    length: float
    horizon: float | None
    segments: Segments
    on: NDArray[np.bool_]

    def sentence(self, wanted: float | None) -> str:
        """As an artist would say it."""
        if self.length == 0:
            return "no straight edges"
        said = f"{self.share:.0%} of the straight edges run to their point"
        if self.horizon is not None and wanted is not None:
            said += f", horizon off by {abs(self.horizon - wanted):.1%} of the height"
        return said

    def overlay(self, picture: FloatArray) -> FloatArray:
        """The picture, greyed, with edges that run to a point in green and the others in red."""
        grey = np.repeat(picture[..., :3].mean(-1, keepdims=True) * 0.5 + 0.5, 3, axis=-1)
        shown = np.ascontiguousarray(to_bytes(grey))
        for ends, good in zip(np.rint(self.segments.ends() * 16).astype(int), self.on, strict=True):
            colour = (0, 150, 50) if good else (240, 25, 25)
            cv2.line(shown, ends[0].tolist(), ends[1].tolist(), colour, 2, cv2.LINE_AA, 4)
        return np.asarray(shown / 255, dtype=np.float32)


def check_perspective(picture: FloatArray, control: PerspectiveControl) -> PerspectiveCheck:
    """Measure an sRGB H x W x 3 picture against a control that lies over the whole of it."""
    extent, segments = Extent.of(picture), _edges(picture[..., :3])
    lens, vanishing = Lens.of(extent, control.curvature), in_pixels(control.points, extent)
    if not len(segments.lengths):
        return PerspectiveCheck(0.0, 0.0, None, segments, np.zeros(0, bool))
    wanted = lens.directions(segments.middles, vanishing)
    cosine = np.abs((wanted * segments.directions[None]).sum(-1)).clip(0, 1)
    off = np.degrees(np.arccos(cosine))
    on = off.min(0) <= WITHIN
    length = float(segments.lengths.sum())
    return PerspectiveCheck(float(segments.lengths[on].sum() / length), length,
                            _horizon(straightened(segments, lens), off, vanishing, extent), segments, on)


def _edges(picture: FloatArray) -> Segments:
    """The segments of a picture, in its own pixels."""
    extent = Extent.of(picture)
    if extent.area <= LARGEST:
        return find_segments(picture)
    smaller = extent.fit_area(LARGEST)
    factor = extent.width / smaller.width
    found = find_segments(resize(picture, smaller), SHORTEST / factor)
    return Segments(found.middles * factor, found.directions, found.lengths * factor)


def wanted_horizon(control: PerspectiveControl, extent: Extent) -> float | None:
    """The horizon that a control says, or that its points do."""
    return control.horizon if control.horizon is not None else horizon_of(in_pixels(control.points, extent), extent)


def _horizon(segments: Segments, off: NDArray[np.float64], vanishing: Points, extent: Extent) -> float | None:
    """The horizon through the points that the edges themselves run to, those meant for each wanted point together."""
    found = []
    for number, point in enumerate(vanishing):
        meant = (off.argmin(0) == number) & (off[number] < _MEANT)
        found.append(point if point[2] == 0 else _met(segments.only(meant), point))
    known = [one for one in found if one is not None]
    return horizon_of(np.array(known), extent) if len(known) == len(found) else None


def _met(segments: Segments, near: Points) -> Points | None:
    """Where segments meet, starting from where they should: least squares that doubts what is far off (Cauchy)."""
    if len(segments.lengths) < 3:
        return None
    scale = float(np.abs(segments.middles).max()) + 1
    normal = np.stack([-segments.directions[:, 1], segments.directions[:, 0]], axis=-1)
    lines = np.concatenate([normal, -(normal * segments.middles).sum(-1, keepdims=True) / scale], axis=1)
    point = np.array([*near[:2] / scale, 1.0])
    for _ in range(8):
        away = np.maximum(np.linalg.norm(point[:2] / point[2] * scale - segments.middles, axis=1), 1.0)
        aim = np.array([*(point[:2] / point[2] * scale), 1.0])
        doubt = 1 + np.square(np.degrees(misfit(segments.middles, segments.directions, aim)) / 1.5)
        weighted = lines * (np.sqrt(segments.lengths / doubt) / away)[:, None]
        point = np.linalg.svd(weighted, full_matrices=False)[2][-1]
        if abs(point[2]) < 1e-9:
            return None
    return np.array([*(point[:2] / point[2] * scale), 1.0])
