"""One pinhole camera."""

from dataclasses import dataclass

import numpy as np

from underpaint.primer.stagecraft.mesh import cross, unit
from underpaint.primer.stagecraft.seen import Floats

NEAR = 0.08
"""Nothing nearer than this (metres) is seen."""


@dataclass(frozen=True)
class Camera:
    """Where one looks from and to (metres), the roll (radians, positive turns the picture clockwise), and the lens.

    `lens` is the focal length over half the picture's shorter side: 1 is very wide (90 degrees), 2 normal, 4 long.
    `shift` moves the picture, as a view camera's front does, in halves of the shorter side (x right, y up); it places a
    subject off the centre without turning verticals.
    """

    eye: tuple[float, float, float]
    target: tuple[float, float, float]
    roll: float = 0.0
    lens: float = 2.0
    shift: tuple[float, float] = (0.0, 0.0)

    def axes(self) -> Floats:
        """3 x 3: rows are the camera's right, up and back in the world."""
        back = unit(np.float32(self.eye) - np.float32(self.target))
        right = cross(np.float32([0, 1, 0]), back)
        if float(right @ right) < 1e-8:
            right = np.float32([1, 0, 0])
        right = unit(np.asarray(right, np.float32))
        up = cross(back, right)
        c, s = np.float32(np.cos(self.roll)), np.float32(np.sin(self.roll))
        return np.stack([c * right - s * up, s * right + c * up, back]).astype(np.float32)

    def see(self, points: Floats) -> Floats:
        """World points (... x 3) in camera space."""
        return np.asarray((points - np.float32(self.eye)) @ self.axes().T, np.float32)

    def optics(self, width: int, height: int) -> tuple[float, float, float]:
        """Focal length and centre (x, y), in pixels, for a picture of this size."""
        half = min(width, height) / 2
        return self.lens * half, width / 2 + self.shift[0] * half, height / 2 - self.shift[1] * half

    def place(self, points: Floats, width: int, height: int) -> Floats:
        """World points (... x 3) as x, y in pixels and depth in metres (negative: behind the camera)."""
        p = self.see(np.asarray(points, np.float32))
        focal, cx, cy = self.optics(width, height)
        depth = -p[..., 2]
        safe = np.where(np.abs(depth) < 1e-6, 1e-6, depth)
        x, y = cx + focal * p[..., 0] / safe, cy - focal * p[..., 1] / safe
        return np.stack([x, y, depth], axis=-1).astype(np.float32)

    def vanishing(self, direction: Floats, width: int, height: int) -> tuple[float, float] | None:
        """Where lines along a world direction meet, in pixels; None when they stay parallel in the picture."""
        d = self.axes() @ np.asarray(direction, np.float32)
        if abs(float(d[2])) < 1e-3 * float(np.linalg.norm(d)):
            return None
        focal, cx, cy = self.optics(width, height)
        return float(cx - focal * d[0] / d[2]), float(cy + focal * d[1] / d[2])

    def horizon(self, width: int, height: int) -> tuple[tuple[float, float], tuple[float, float]] | None:
        """The horizon as two points at the picture's left and right border; None when looking straight down or up."""
        a = self.axes()
        focal, cx, cy = self.optics(width, height)
        normal = a @ np.float32([0, 1, 0])  # a ray r is level where r . normal = 0; r = (x - cx, cy - y, -focal)
        if abs(float(normal[1])) < 1e-3:
            return None
        ys = [cy + float((x - cx) * normal[0] - focal * normal[2]) / float(normal[1]) for x in (0.0, float(width))]
        return (0.0, ys[0]), (float(width), ys[1])
