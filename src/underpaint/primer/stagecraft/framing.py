"""Where the camera stands: each way of looking fills a share of the picture with the subject and no less."""

from dataclasses import dataclass, replace

import numpy as np

from underpaint.primer.stagecraft.camera import Camera
from underpaint.primer.stagecraft.mesh import rotation
from underpaint.primer.stagecraft.scene import PEOPLE, Scene
from underpaint.primer.stagecraft.seen import Floats

EDGES = ("rooftop", "cliff")
"""Places with an edge to sit on."""


@dataclass(frozen=True)
class _Shot:
    """One way of looking: share of the picture, lens, eye height, how low the subject's middle comes, tilt."""

    fill: float
    lens: float
    eye: float
    middle: float
    pitch: float = 0.0


_SHOTS = {
    "medium": _Shot(0.70, 2.3, 0.62, 0.04),
    "close": _Shot(0.90, 2.8, 0.66, 0.0),
    "wide": _Shot(0.40, 2.0, 0.80, 0.16),
    "worm's eye": _Shot(0.80, 1.35, 0.10, 0.0, -0.5),
    "bird's eye": _Shot(0.70, 1.9, 0.5, 0.0, 0.66),
}


def on_edge(scene: Scene) -> bool:
    """Whether the subject sits on the edge of the place."""
    return scene.place in EDGES and scene.who.pose == "sitting" and scene.who.kind in PEOPLE and scene.relation != "on"


def tilt(scene: Scene) -> float:
    """How far the camera looks down (radians; negative: up)."""
    shot = _SHOTS[scene.camera]
    if scene.camera == "bird's eye" and on_edge(scene):
        return 0.5 * shot.pitch + 0.14
    if scene.perspective == "three points" and not shot.pitch:
        return 0.3 if scene.rng("tilt").random() < 0.6 else -0.22
    return shot.pitch


def framed(scene: Scene, points: Floats, yaw: float) -> tuple[Camera, float]:
    """The camera for subjects with these corners (N x 3 in the world), and how far it stands from them (metres).

    Without a tilt verticals stay upright: the subject is brought to its place by shifting the picture. So it is with
    left and right: the whole picture moves, nothing else changes.
    """
    shot = _SHOTS[scene.camera]
    width, height = scene.size
    half = min(width, height) / 2
    half_x, half_y = width / 2 / half, height / 2 / half
    low, high = float(points[:, 1].min()), float(points[:, 1].max())
    if scene.camera == "close" and scene.who.kind in PEOPLE and scene.other is None and scene.who.count == 1:
        points = points[points[:, 1] > low + 0.48 * (high - low)]
    camera = _placed(scene, points, (low, high), yaw)
    room_x = half_x * (0.94 if scene.position == "centre" or scene.camera == "close" else 0.70)
    for _ in range(3):
        box = _extent(camera, points, width, height)
        if box is None:
            camera = _further(camera, 1.6, low)
            continue
        wide, tall = (box[2] - box[0]) / 2 / half, (box[3] - box[1]) / 2 / half
        k = max(tall / (half_y * shot.fill), wide / (room_x * min(1.0, shot.fill * 1.25)))
        camera = _further(camera, k, low)
    box = _extent(camera, points, width, height) or (0.0, 0.0, float(width), float(height))
    wide = (box[2] - box[0]) / 2 / half
    side = {"left": -1.0, "centre": 0.0, "right": 1.0}[scene.position]
    across = side * max(0.8 * (0.96 * half_x - wide), 0.24 * half_x)
    shift_x = across - ((box[0] + box[2]) / 2 - width / 2) / half
    shift_y = -shot.middle * half_y + ((box[1] + box[3]) / 2 - height / 2) / half
    distance = float(np.linalg.norm(np.subtract(camera.eye, camera.target)))
    return replace(camera, shift=(float(shift_x), float(shift_y))), distance


def _placed(scene: Scene, points: Floats, level: tuple[float, float], yaw: float) -> Camera:
    """A camera that looks the right way from roughly the right distance."""
    shot, (low, high) = _SHOTS[scene.camera], level
    turned = rotation(yaw)
    local = points @ turned
    middle = turned @ ((local.min(0) + local.max(0)) / 2)
    lens = shot.lens * float(scene.rng("camera").uniform(0.94, 1.06))
    distance = lens * float(np.ptp(local, axis=0).max()) * 0.7 / shot.fill
    pitch = tilt(scene)
    if not pitch:
        tall = high - low
        middle[1] = low + (shot.eye * tall if tall <= 3 else max(1.5, 0.24 * tall))
    eye = middle + rotation(yaw, -pitch) @ np.array([0, 0, distance], np.float32)
    (ex, ey, ez), (tx, ty, tz) = eye.tolist(), middle.tolist()
    return _further(Camera((ex, ey, ez), (tx, ty, tz), 0.0, lens), 1.0, low)


def _further(camera: Camera, k: float, low: float) -> Camera:
    """The camera k times as far from what it looks at, never below the ground."""
    away = np.subtract(camera.eye, camera.target) * k
    x, y, z = (np.asarray(camera.target) + away).tolist()
    floor = low + 0.05 * abs(camera.target[1] - low) + 0.02
    return replace(camera, eye=(x, max(y, floor), z))


def _extent(camera: Camera, points: Floats, width: int, height: int) -> tuple[float, float, float, float] | None:
    """Left, top, right and bottom of points in the picture (pixels); None when some are beside or behind the camera."""
    p = camera.place(points, width, height)
    if float(p[:, 2].min()) < 0.1:
        return None
    left, top = p[:, :2].min(0).tolist()
    right, bottom = p[:, :2].max(0).tolist()
    return left, top, right, bottom
