"""What the extractors learn beside what every shard holds: which way each surface faces.

Depth, subject and joints are written while a scene is painted; normals are only asked for here, so they are looked at
again, at half the picture's size, from the scene in the notes. A scene painted in two ways is looked at once.
"""

import json

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.primer.stagecraft.raster import resolve
from underpaint.primer.stagecraft.scene import Scene
from underpaint.primer.stagecraft.stage import build
from underpaint.training.shards import Shard

NORMALS = "normals"
"""Name of the array: N x H/2 x W/2 x 3, int8, unit vectors in camera space (x right, y up, z to the viewer) x 127."""


def add_normals(shard: Shard) -> None:
    """Add the normals of every picture to a shard that lacks them."""
    if shard.has(NORMALS):
        return
    rows: list[NDArray[np.int8]] = []
    known, last = "", np.zeros((0, 0, 3), np.int8)
    for note in shard.notes():
        shape = json.dumps({**note["scene"], "style": ""}, sort_keys=True)
        if shape != known:
            known, last = shape, scene_normals(Scene.from_dict(note["scene"]))
        rows.append(last)
    shard.write_array(NORMALS, np.stack(rows))


def scene_normals(scene: Scene) -> NDArray[np.int8]:
    """Which way everything in a scene faces, at half its picture's size; the sky faces the viewer."""
    built, (width, height) = build(scene), scene.size
    surface = resolve(built.mesh, built.camera, width, height)
    normals = surface.normal.astype(np.float32)
    normals[surface.triangle < 0] = (0, 0, 1)
    small = cv2.resize(normals, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    length = np.linalg.norm(small, axis=-1, keepdims=True)
    return np.rint(small / np.maximum(length, 1e-6) * 127).astype(np.int8)
