"""Makes a "phone photo" of a drawing: a sheet on a wooden table, seen askew, in poor light.

Used to make the second demo drawing and, with other numbers, to test how photos are read.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
Corner = tuple[float, float]


@dataclass(frozen=True)
class PhotoSetup:
    """Where the sheet lies, what light falls on it and how good the camera is."""

    corners: tuple[Corner, Corner, Corner, Corner] = ((0.13, 0.09), (0.90, 0.13), (0.95, 0.92), (0.05, 0.88))
    """The sheet's corners as shares of the photo, clockwise from the sheet's top left."""
    size: tuple[int, int] = (1440, 1080)
    """Width and height of the photo."""
    paper: tuple[float, float, float] = (0.86, 0.84, 0.79)
    table: tuple[float, float, float] = (0.46, 0.31, 0.20)
    falloff: float = 0.3
    """How much light is lost towards the far corner."""
    shadow: float = 0.28
    """How much light a hand's soft shadow takes."""
    grain: float = 0.012
    """Roughness of the paper."""
    noise: float = 0.012
    blur: float = 0.8
    """Of the lens, in pixels of the photo."""
    seed: int = 7


@dataclass(frozen=True, eq=False)
class Photo:
    """The photo and the truth about it."""

    picture: FloatArray
    """H x W x 3, sRGB 0..1."""
    corners: tuple[Corner, Corner, Corner, Corner]
    """The sheet's corners in pixels of the photo."""


def photograph(drawing: FloatArray, setup: PhotoSetup) -> Photo:
    """A drawing on white (H x W x 3, sRGB 0..1) as a phone would see it."""
    rng = np.random.default_rng(setup.seed)
    width, height = setup.size
    corners = np.array(setup.corners) * (width, height)
    sheet = drawing * np.asarray(setup.paper, np.float32)
    sheet = np.clip(sheet + setup.grain * _rough(sheet.shape[:2], rng)[..., None], 0.0, 1.0)
    h, w = sheet.shape[:2]
    source = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, corners.astype(np.float32))
    scene = _table(setup, rng)
    seen = _shrunk(sheet, matrix, setup.size)
    cover = _shrunk(np.ones((h, w, 1), np.float32), matrix, setup.size)
    fallen = np.roll(cv2.GaussianBlur(cover, (0, 0), 7.0), (9, 7), axis=(0, 1))[..., None]
    scene = scene * (1.0 - 0.45 * fallen)
    cover = cover[..., None]
    scene = scene * (1.0 - cover) + seen
    scene = _lit(scene, setup)
    if setup.blur:
        scene = cv2.GaussianBlur(scene, (0, 0), setup.blur)
    speckle = cv2.GaussianBlur(rng.standard_normal(scene.shape).astype(np.float32), (0, 0), 0.6)
    picture = np.clip(scene + setup.noise * 1.6 * speckle, 0.0, 1.0)
    first, second, third, fourth = ((float(x), float(y)) for x, y in corners)
    return Photo(picture.astype(np.float32), (first, second, third, fourth))


def _shrunk(image: FloatArray, matrix: NDArray[Any], size: tuple[int, int]) -> FloatArray:
    """The warped image, averaged from twice the size so that thin lines do not break."""
    twice = np.diag([2.0, 2.0, 1.0]) @ matrix
    large = cv2.warpPerspective(image, twice, (size[0] * 2, size[1] * 2), flags=cv2.INTER_LINEAR)
    return np.asarray(cv2.resize(large, size, interpolation=cv2.INTER_AREA), np.float32)


def _rough(shape: tuple[int, int], rng: np.random.Generator) -> FloatArray:
    """Paper fibre: noise at three scales, standard deviation about 1."""
    total = np.zeros(shape, np.float32)
    for scale, weight in ((0.7, 0.6), (2.0, 0.6), (7.0, 0.5)):
        layer = cv2.GaussianBlur(rng.standard_normal(shape).astype(np.float32), (0, 0), scale)
        total += np.float32(weight) * layer / max(float(layer.std()), 1e-6)
    return total


def _table(setup: PhotoSetup, rng: np.random.Generator) -> FloatArray:
    """Planks with grain along x."""
    width, height = setup.size
    grain = rng.standard_normal((height, max(8, width // 40))).astype(np.float32)
    grain = cv2.resize(cv2.GaussianBlur(grain, (0, 0), 1.0), (width, height), interpolation=cv2.INTER_CUBIC)
    wood = np.asarray(setup.table, np.float32) * (1.0 + 0.16 * grain[..., None])
    plank = height // 5
    tone = rng.uniform(0.85, 1.12, 8).astype(np.float32)
    rows = np.arange(height)
    wood *= tone[(rows + plank // 2) // plank][:, None, None]
    wood[(rows + plank // 2) % plank < 3] *= 0.45
    return np.asarray(np.clip(wood, 0.0, 1.0), np.float32)


def _lit(scene: FloatArray, setup: PhotoSetup) -> FloatArray:
    """Light that falls off to one corner, and the soft shadow of whoever holds the phone."""
    width, height = setup.size
    x, y = np.meshgrid(np.linspace(0, 1, width, dtype=np.float32), np.linspace(0, 1, height, dtype=np.float32))
    light = 1.0 - setup.falloff * (0.65 * x + 0.35 * y) ** 1.2
    edge = (x - 0.62) * 0.8 + (y - 0.70) * 1.1 + 0.05 * np.sin(9.0 * x)
    shade = 1.0 / (1.0 + np.exp(-edge * 45.0))
    light = light * (1.0 - setup.shadow * shade)
    warm = np.array([1.03, 1.0, 0.94], np.float32)
    return np.asarray(scene * light[..., None] * warm, np.float32)
