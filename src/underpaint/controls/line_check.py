"""How well did the paint keep the artist's lines? A number for each way to fail, and a picture of where."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.controls.edges import line_centres, picture_edges

TOLERANCE = 2.0
"""How far an edge may lie from its line, in pixels of the painted picture."""


@dataclass(frozen=True)
class LineCheck:
    """`kept`: share of the drawn line that has an edge under it. `invented`: share of the painted edges that belong
    to no line. `f1`: the harmonic mean of kept and 1 - invented. Maps are H x W, True at fault or where kept."""

    kept: float
    invented: float
    f1: float
    missing_map: NDArray[np.bool_]
    invented_map: NDArray[np.bool_]
    kept_map: NDArray[np.bool_]

    def sentence(self) -> str:
        """As an artist would say it."""
        return f"lines kept {self.kept:.0%}, invented {self.invented:.0%}"

    def overlay(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """The picture, greyed, with kept lines in green, missing in red, invented in blue."""
        shown = np.repeat(picture[..., :3].mean(-1, keepdims=True) * 0.5 + 0.5, 3, axis=-1)
        for mask, colour in ((self.invented_map, (0.2, 0.35, 1.0)), (self.kept_map, (0.0, 0.6, 0.2)),
                             (self.missing_map, (0.95, 0.1, 0.1))):
            shown[mask] = colour
        return shown.astype(np.float32)


def check_lines(picture: NDArray[np.float32], ink: NDArray[np.float32]) -> LineCheck:
    """Compare the edges of a painted sRGB H x W x 3 picture with the H x W ink map it was to follow."""
    if picture.shape[:2] != ink.shape:
        raise ValueError(f"picture {picture.shape[:2]} and ink map {ink.shape} differ in size")
    drawn, painted = line_centres(ink), picture_edges(picture)
    near_edge, near_line = _distance(painted) <= TOLERANCE, _distance(drawn) <= TOLERANCE
    kept_map, missing_map = drawn & near_edge, drawn & ~near_edge
    invented_map = painted & ~near_line
    kept = kept_map.sum() / max(drawn.sum(), 1)
    true_share = (painted & near_line).sum() / max(painted.sum(), 1)
    f1 = 2 * kept * true_share / max(kept + true_share, 1e-9)
    return LineCheck(float(kept), float(1 - true_share) if painted.any() else 0.0, float(f1),
                     missing_map, invented_map, kept_map)


def _distance(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    if not mask.any():
        return np.full(mask.shape, np.inf, dtype=np.float32)
    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5), dtype=np.float32)
