"""Small shards of the World for the tests of the smaller networks, as the render stage writes them."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from underpaint.primer.brushes import paint
from underpaint.primer.stagecraft.captions import caption
from underpaint.primer.stagecraft.look import see
from underpaint.primer.stagecraft.scene import sample_scene
from underpaint.primer.stagecraft.stage import build
from underpaint.primer.stagecraft.truth import people
from underpaint.training.shards import Shard

STYLES = ("flat", "ink")


def write_shard(folder: Path, number: int, scenes: int = 2, size: tuple[int, int] = (128, 128)) -> Shard:
    """Each scene looked at once and painted in two ways; the first shows a girl."""
    rng = np.random.default_rng([55, number])
    arrays: dict[str, list[np.ndarray]] = {"pictures": [], "lines": [], "near": [], "subject": []}
    notes = []
    for i in range(scenes):
        fixed = {"place": "meadow", "camera": "medium"} | ({"subject": "girl", "pose": "standing"} if i == 0 else {})
        scene = sample_scene(rng, size=size, fixed=fixed, allow_held_out=True)
        built = build(scene)
        seen = see(scene, built)
        bodies = [np.column_stack([p.points, p.visible]).tolist() for p in people(scene, built, seen)]
        half = (size[0] // 2, size[1] // 2)
        inverse = cv2.resize(1 / seen.depth, half, interpolation=cv2.INTER_AREA)
        near = np.sqrt(np.clip(inverse / np.quantile(inverse, 0.99), 0, 1))
        subject = cv2.resize(seen.where("subject").astype(np.float32), half, interpolation=cv2.INTER_AREA)
        for style in STYLES:
            arrays["pictures"].append(paint(replace(seen, style=style), style))
            arrays["lines"].append(np.zeros(size[::-1], np.uint8))
            arrays["near"].append(np.rint(near * 255).astype(np.uint8))
            arrays["subject"].append(np.rint(subject * 255).astype(np.uint8))
            styled = scene.changed(style=style)
            notes.append({
                "factors": styled.factors(),
                "captions": [caption(styled, rng) for _ in range(2)],
                "people": bodies,
                "scene": styled.to_dict(),
            })  # fmt: skip
    shard = Shard(folder, number)
    shard.write({name: np.stack(rows) for name, rows in arrays.items()}, notes)
    return shard
