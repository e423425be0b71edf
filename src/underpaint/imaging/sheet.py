"""Finding a sheet of paper in a photo and squaring it.

Guesses at where the paper lies are cheap, so many are made. What decides is proof: along each of its four sides a
guess must have paper within and something else without. Without such proof a picture is left as it is.
"""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.geometry import Extent
from underpaint.imaging.quads import Quad, Scene, guesses, look, meet

Corner = tuple[float, float]
Corners = tuple[Corner, Corner, Corner, Corner]

_WORK = 480
"""Longest side of the copy in which the sheet is sought."""
_PROOF = 0.72
"""Share of each side along which paper must end."""
_STEP = 5.5
"""Difference in CIELAB from which paper counts as ended; about half of what light grey on white makes."""
_UNSEEN = 0.93
"""What a side is worth that lies outside the photo: a sheet that is wholly in it is to be preferred."""
_SAMPLES = 48
_PHONE_FOCAL = 0.78
"""Focal length of a phone's main camera (26 to 28 mm on 36 mm film) as a share of the picture's longest side."""


def find_sheet(image: FloatArray) -> Corners | None:
    """The corners of the sheet in an H x W x 3 photo, or None where there is no proof of one.

    Corners are (x, y) in pixels, clockwise from the top left; one may lie a little outside the photo. A sheet fills
    12 % of the picture or more, is convex, and is not the whole picture.
    """
    extent = Extent.of(image)
    if min(extent.width, extent.height) < 64:
        return None
    small = extent.fit_within(Extent(_WORK, _WORK), grow=False)
    scene = look(image, small)
    best, best_score = None, 0.0
    for rough, agreement in guesses(scene):
        quad = _refine(rough, scene) if _plausible(rough, small) else rough
        if not _plausible(quad, small):
            continue
        # A shadow's edge across the sheet looks like an end of it: the larger of two proven sheets is whole.
        score = _proof(quad, scene) * agreement * _area_share(quad, small) ** 0.15
        if score > best_score:
            best, best_score = quad, score
    if best is None or _proof(best, scene) < _PROOF or _is_whole(best, small):
        return None
    scale = np.array([extent.width / small.width, extent.height / small.height])
    corners = best * scale
    first, second, third, fourth = ((float(x), float(y)) for x, y in corners)
    return first, second, third, fourth


def square(image: FloatArray, corners: Corners, *, inset: float = 0.006) -> FloatArray:
    """The sheet between `corners` (clockwise from the top left), seen straight on, at its own resolution.

    `inset` is the share of each side that is left out, since a sheet's very edge carries its shadow.
    """
    quad = np.array(corners, dtype=np.float64)
    size = _sheet_size(quad, Extent.of(image))
    x, y = size.width * inset, size.height * inset
    target = np.array([[-x, -y], [size.width + x, -y], [size.width + x, size.height + y], [-x, size.height + y]])
    matrix = cv2.getPerspectiveTransform(quad.astype(np.float32), target.astype(np.float32))
    warped = cv2.warpPerspective(
        image, matrix, (size.width, size.height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.clip(np.asarray(warped, np.float32), 0.0, 1.0)


def _plausible(quad: Quad, extent: Extent) -> bool:
    if not np.isfinite(quad).all() or not cv2.isContourConvex(quad.astype(np.float32)):
        return False
    margin = 0.25 * max(extent.width, extent.height)
    if (quad < -margin).any() or (quad > np.array([extent.width, extent.height]) + margin).any():
        return False
    if _area_share(quad, extent) < 0.12:
        return False
    sides = np.roll(quad, -1, axis=0) - quad
    lengths = np.linalg.norm(sides, axis=1)
    back = -np.roll(sides, 1, axis=0)
    cosines = (sides * back).sum(axis=1) / np.maximum(lengths * np.roll(lengths, 1), 1e-6)
    return bool((np.abs(cosines) < math.cos(math.radians(50))).all() and lengths.min() > 0.15 * lengths.max())


def _is_whole(quad: Quad, extent: Extent) -> bool:
    return _area_share(quad, extent) > 0.97


def _area_share(quad: Quad, extent: Extent) -> float:
    """Share of the photo that the part of a quad inside it covers."""
    right, bottom = extent.width - 1.0, extent.height - 1.0
    photo = np.array([[0, 0], [right, 0], [right, bottom], [0, bottom]], np.float32)
    covered, _ = cv2.intersectConvexConvex(quad.astype(np.float32), photo)
    return float(covered) / (right * bottom)


def _profiles(quad: Quad, side: int, scene: Scene, reach: int) -> tuple[Quad, Quad, FloatArray]:
    """Colours across one side: (points on it, outward normal, samples x (2 reach + 1) x 3, inside first)."""
    start, end = quad[side], quad[(side + 1) % 4]
    along = (end - start) / max(float(np.linalg.norm(end - start)), 1e-6)
    outward = np.array([along[1], -along[0]])
    points = start + (end - start) * np.linspace(0.06, 0.94, _SAMPLES)[:, None]
    places = points[:, None] + outward * np.arange(-reach, reach + 1)[None, :, None]
    colors = cv2.remap(
        scene.lab,
        places[..., 0].astype(np.float32),
        places[..., 1].astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return points, outward, np.asarray(colors, np.float32)


def _refine(quad: Quad, scene: Scene) -> Quad:
    """Each side moved to the strongest step near it, then the corners where the sides meet; twice."""
    for reach in (10, 6):
        lines = [_step_line(quad, side, scene, reach) for side in range(4)]
        quad = np.array([meet(lines[side - 1], lines[side]) for side in range(4)])
        if not np.isfinite(quad).all():
            break
    return quad


def _step_line(quad: Quad, side: int, scene: Scene, reach: int) -> NDArray[Any]:
    """The line (way x, way y, point x, point y) along which the colours step near one side."""
    points, outward, colors = _profiles(quad, side, scene, reach)
    steps = np.linalg.norm(colors[:, 2:] - colors[:, :-2], axis=-1)
    best = steps.argmax(axis=1)
    limits = np.array([scene.extent.width - 1, scene.extent.height - 1])
    seen = ((points > 0) & (points < limits)).all(axis=1)
    strong = seen & (steps[np.arange(len(best)), best] > 4.0)
    moved = points + outward * (best - reach + 1)[:, None]
    moved = moved[strong] if strong.sum() >= _SAMPLES // 4 else points
    fitted = cv2.fitLine(moved.astype(np.float32), cv2.DIST_HUBER, 0, 0.01, 0.01)
    return np.asarray(fitted, np.float64).reshape(4)


def _proof(quad: Quad, scene: Scene) -> float:
    """How far each side is proven, worst side first: 1 where paper ends along all of it.

    The picture's own edge proves nothing but speaks against nothing either; two sides must be proven.
    """
    shares, free = [], 0
    limits = np.array([scene.extent.width - 1, scene.extent.height - 1])
    for side in range(4):
        points, outward, colors = _profiles(quad, side, scene, 6)
        beyond = points + outward * 5
        at_edge = ((beyond < 0) | (beyond > limits)).any(axis=1)
        step = np.linalg.norm(colors[:, :4].mean(axis=1) - colors[:, -4:].mean(axis=1), axis=-1)
        lighter = colors[:, :4, 0].mean(axis=1) - colors[:, -4:, 0].mean(axis=1)
        ends = (step > _STEP) & (lighter > -6.0)
        if at_edge.mean() > 0.5:
            free += 1
            shares.append(1.0)
        else:
            shares.append(float((ends | at_edge).mean()))
    return min(shares) * _UNSEEN**free if free <= 2 else 0.0


def _sheet_size(quad: Quad, extent: Extent) -> Extent:
    """Width and height of the sheet, the shape told by its perspective (Zhang and He 2007)."""
    lengths = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    width, height = max(lengths[0], lengths[2]), max(lengths[1], lengths[3])
    ratio = _true_ratio(quad, extent)
    if ratio is None or not 0.6 < ratio / (width / height) < 1.67:
        ratio = float((lengths[0] + lengths[2]) / (lengths[1] + lengths[3]))
    if width / height < ratio:
        width = height * ratio
    else:
        height = width / ratio
    return Extent(max(1, round(width)), max(1, round(height)))


def _true_ratio(quad: Quad, extent: Extent) -> float | None:
    """Width over height of the rectangle seen as `quad` by a camera aimed at the picture's middle.

    Where two vanishing points are near enough the quad tells the focal length too; else it is a phone's.
    """
    middle = np.array([extent.width / 2, extent.height / 2])
    points = np.column_stack([quad - middle, np.ones(4)])
    top_left, top_right, low_right, low_left = points
    k2 = _share(np.cross(top_left, low_right) @ low_left, np.cross(top_right, low_right) @ low_left)
    k3 = _share(np.cross(top_left, low_right) @ top_right, np.cross(low_left, low_right) @ top_right)
    if k2 is None or k3 is None:
        return None
    n2, n3 = k2 * top_right - top_left, k3 * low_left - top_left
    long_side = max(extent.width, extent.height)
    focal_squared = _share(-float(n2[:2] @ n3[:2]), float(n2[2] * n3[2]))
    told = min(abs(k2 - 1), abs(k3 - 1)) > 0.05 and focal_squared is not None
    if not told or focal_squared is None or not 0.45**2 < focal_squared / long_side**2 < 2.0**2:
        focal_squared = (_PHONE_FOCAL * long_side) ** 2
    weights = np.array([1 / focal_squared, 1 / focal_squared, 1.0])
    return math.sqrt(float((n2 * n2 * weights).sum() / (n3 * n3 * weights).sum()))


def _share(above: float, below: float) -> float | None:
    return float(above / below) if abs(below) > 1e-9 else None
