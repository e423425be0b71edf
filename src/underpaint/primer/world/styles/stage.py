"""What a style gets to paint from, and the surfaces and strokes that styles share."""

from dataclasses import dataclass
from functools import cache, cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.primer.world.raster import Array, Buffers
from underpaint.primer.world.scene import Scene

_TILE = 640
_ANGLES = 12


@dataclass(frozen=True)
class Stage:
    """A lit picture (float32 sRGB 0..1) with the buffers it came from."""

    scene: Scene
    buffers: Buffers
    lit: Array

    @cached_property
    def edges(self) -> Array:
        """1 on the border between two parts, else 0."""
        i = self.buffers.index
        edge = np.zeros(i.shape, np.float32)
        edge[:, 1:] = i[:, 1:] != i[:, :-1]
        edge[1:] = np.maximum(edge[1:], i[1:] != i[:-1])
        return edge

    @cached_property
    def inside(self) -> Array:
        """Distance in pixels from the nearest border."""
        return np.asarray(cv2.distanceTransform((self.edges == 0).astype(np.uint8), cv2.DIST_L2, 3), np.float32)

    def noise(self, scale: float, part: str) -> Array:
        """Smooth noise of about unit variance, its grain `scale` pixels wide."""
        height, width = self.buffers.index.shape
        tile = noise_tile(scale)
        rng = self.scene.rng("noise/" + part)
        y, x = (
            int(rng.integers(_TILE - height + 1)) if height < _TILE else 0,
            int(rng.integers(_TILE - width + 1)) if width < _TILE else 0,
        )
        if height > _TILE or width > _TILE:
            tile = np.tile(tile, (height // _TILE + 1, width // _TILE + 1))
        return tile[y : y + height, x : x + width]


@cache
def noise_tile(scale: float) -> Array:
    """A tile of smooth noise with unit variance."""
    rng = np.random.Generator(np.random.PCG64(int(scale * 100)))
    noise = cv2.GaussianBlur(
        rng.standard_normal((_TILE, _TILE)).astype(np.float32), (0, 0), max(scale, 0.3), borderType=cv2.BORDER_REFLECT
    )
    return np.asarray((noise - noise.mean()) / noise.std(), np.float32)


@dataclass(frozen=True)
class Strokes:
    """One tile of brush strokes at one angle: offset to the stroke's middle in pixels, its ridge and its own
    number, both 0..1.
    """

    dx: NDArray[np.int16]
    dy: NDArray[np.int16]
    ridge: Array
    mark: Array


@cache
def stroke_tile(angle_step: int, length: float, width: float) -> Strokes:
    """Strokes thrown over each other until nothing shows between them, all near one of twelve angles."""
    rng = np.random.Generator(np.random.PCG64([angle_step, int(length * 10), int(width * 10)]))
    count = int(5.0 * _TILE * _TILE / (length * width))
    centre = rng.uniform(-8, _TILE + 8, (count, 2))
    angle = np.pi * angle_step / _ANGLES + rng.normal(0, 0.16, count)
    half = length / 2 * rng.uniform(0.6, 1.2, count)
    direction = np.stack([np.cos(angle), np.sin(angle)], 1)
    ids = np.zeros((_TILE, _TILE), np.int32)
    a = np.round((centre - direction * half[:, None]) * 16).astype(int)
    b = np.round((centre + direction * half[:, None]) * 16).astype(int)
    thick = np.maximum(1, np.round(width * rng.uniform(0.7, 1.2, count))).astype(int)
    for i, (start, end, thickness) in enumerate(zip(a.tolist(), b.tolist(), thick.tolist(), strict=True), 1):
        cv2.line(ids, start, end, i, thickness, cv2.LINE_8, 4)
    which = np.maximum(ids - 1, 0)
    yy, xx = np.mgrid[0:_TILE, 0:_TILE]
    bare = ids == 0
    cx, cy = np.where(bare, xx, centre[which, 0]), np.where(bare, yy, centre[which, 1])
    d = direction[which]
    across = ((xx - cx) * -d[..., 1] + (yy - cy) * d[..., 0]) / (thick[which] / 2 + 0.5)
    along = ((xx - cx) * d[..., 0] + (yy - cy) * d[..., 1]) / half[which]
    ridge = np.clip(1 - across**2, 0, 1) * (0.75 + 0.25 * np.clip(along, -1, 1))
    bristle = np.sin(across * 7 + which % 17) * 0.16
    return Strokes(
        np.int16(cx - xx),
        np.int16(cy - yy),
        np.float32(np.maximum(ridge + bristle, 0)),
        np.float32(rng.random(count))[which],
    )


def brush(stage: Stage, picture: Array, length: float, width: float, part: str) -> tuple[Array, Array, Array]:
    """Lay the picture in as strokes that follow the parts and stop at their borders.

    Returns the picture in strokes, the height of the paint and each stroke's own random number.
    """
    index = stage.buffers.index
    height, width_px = index.shape
    steps = np.round(stage.buffers.table["angle"] * _ANGLES / np.pi).astype(int) % _ANGLES
    step = steps[index]
    rng = stage.scene.rng("brush/" + part)
    oy, ox = int(rng.integers(max(1, _TILE - height))), int(rng.integers(max(1, _TILE - width_px)))
    ridge, mark = np.empty(index.shape, np.float32), np.empty(index.shape, np.float32)
    dx, dy = np.empty(index.shape, np.int16), np.empty(index.shape, np.int16)
    yy, xx = np.mgrid[0:height, 0:width_px]
    for s in np.unique(step):
        tile = stroke_tile(int(s), length, width)
        m = step == s
        ty, tx = (yy[m] + oy) % _TILE, (xx[m] + ox) % _TILE
        ridge[m], mark[m], dx[m], dy[m] = tile.ridge[ty, tx], tile.mark[ty, tx], tile.dx[ty, tx], tile.dy[ty, tx]
    sy, sx = np.clip(yy + dy, 0, height - 1), np.clip(xx + dx, 0, width_px - 1)
    same = (index[sy, sx] == index) & (stage.buffers.lines[sy, sx] < 48)
    sy, sx = np.where(same, sy, yy), np.where(same, sx, xx)
    kept = (stage.buffers.lines.astype(np.float32) * (0.7 / 255))[..., None]
    return picture[sy, sx] * (1 - kept) + picture * kept, ridge, mark


def emboss(height: Array, light: tuple[float, float]) -> Array:
    """Relief seen under a raking light, about -1..1."""
    gx, gy = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3), cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3)
    return np.asarray(np.clip((gx * -light[0] + gy * -light[1]) * -0.5, -1, 1), np.float32)


def luma(picture: Array) -> Array:
    """Luma of a picture H x W x 3."""
    return np.asarray(picture @ np.array([0.30, 0.59, 0.11], np.float32))


def saturate(picture: Array, gain: float) -> Array:
    """More (above 1) or less colour at the same luma."""
    grey = luma(picture)[..., None]
    return np.asarray(grey + (picture - grey) * gain, np.float32)
