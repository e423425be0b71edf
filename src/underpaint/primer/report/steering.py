"""Maps: how well fresh scenes' lines, nearness and blocked-in colours are followed, beside the scenes' own pictures."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

from underpaint.controls.line_check import check_lines
from underpaint.primer.brushes import draw_lines
from underpaint.primer.brushes import paint as brush
from underpaint.primer.config import EvaluateConfig
from underpaint.primer.maps import FLOOR, Map, colour_map
from underpaint.primer.paint import Order, Paintbox, paint
from underpaint.primer.render import nearness
from underpaint.primer.report.rows import Row, means, most
from underpaint.primer.report.words import BATCH, said
from underpaint.primer.stagecraft.look import see
from underpaint.primer.stagecraft.scene import SIZES, Scene, sample_scene
from underpaint.primer.stagecraft.seen import Seen

_HANDS = {"clean": 0.90, "rough": 0.80, "broken": 0.80}


@dataclass(frozen=True, eq=False)
class Fresh:
    """A scene that nobody trained on: what is seen of it, and its own picture."""

    scene: Scene
    seen: Seen
    picture: NDArray[np.uint8]


def fresh_scenes(count: int, seed: int) -> list[Fresh]:
    """Square scenes from a seed of their own."""
    rng = np.random.default_rng([seed, 9])
    scenes = [sample_scene(rng, size=SIZES[0], allow_held_out=True) for _ in range(count)]
    return [Fresh(scene, seen, brush(seen, scene.style)) for scene in scenes for seen in [see(scene)]]


def line_rows(box: Paintbox, config: EvaluateConfig, strength: float, fresh: list[Fresh]) -> list[Row]:
    """F1 at 2 px by an edge extractor that no training used, for three hands, all against the clean lines."""
    clean = [draw_lines(one.seen, "clean").astype(np.float32) / 255 for one in fresh]
    ceiling = [check_lines(_floats(one.picture), ink).f1 for one, ink in zip(fresh, clean, strict=True)]
    rows = []
    for hand, bar in _HANDS.items():
        maps = [draw_lines(one.seen, hand)[None].astype(np.float32) / 255 for one in fresh]
        painted = _painted(box, config, fresh, "line", maps, strength)
        f1 = [check_lines(_floats(p), ink).f1 for p, ink in zip(painted, clean, strict=True)]
        rows.append(means(f"lines kept (F1), {hand}", f1, ceiling, bar))
    return rows


def colour_row(box: Paintbox, config: EvaluateConfig, fresh: list[Fresh]) -> Row:
    """Mean colour difference (CIEDE2000) between the blocks that were given and the picture at their scale."""
    blocks = [_blocks(one.picture) for one in fresh]
    painted = _painted(box, config, fresh, "colour", [colour_map(block) for block in blocks])

    def difference(picture: NDArray[np.uint8], block: Map) -> float:
        small = (cv2.resize(_floats(image), (16, 16), interpolation=cv2.INTER_AREA) for image in (picture, block))
        return float(deltaE_ciede2000(*(rgb2lab(image) for image in small)).mean())

    own = [difference(one.picture, block) for one, block in zip(fresh, blocks, strict=True)]
    return most("blocked-in colour (dE)", [difference(p, b) for p, b in zip(painted, blocks, strict=True)], own, 8.0)


def depth_row(
    box: Paintbox, config: EvaluateConfig, fresh: list[Fresh], read: Callable[[NDArray[np.float32]], Map]
) -> Row:
    """Spearman's correlation of the nearness that was given with what an extractor reads in the picture."""
    near = [nearness(one.seen).astype(np.float32) / 255 for one in fresh]
    painted = _painted(box, config, fresh, "depth", [(FLOOR + (1 - FLOOR) * m)[None] for m in near])

    def agreement(picture: NDArray[np.uint8], truth: Map) -> float:
        told = cv2.resize(read(_floats(picture)), (64, 64), interpolation=cv2.INTER_AREA)
        return rank_correlation(told, cv2.resize(truth, (64, 64), interpolation=cv2.INTER_AREA))

    own = [agreement(one.picture, truth) for one, truth in zip(fresh, near, strict=True)]
    return means("depth (rank correlation)", [agreement(p, t) for p, t in zip(painted, near, strict=True)], own, 0.92)


def rank_correlation(first: Map, second: Map) -> float:
    """Spearman's rank correlation of two maps of one size; 0 where one of them is flat."""
    from scipy.stats import spearmanr

    if float(np.ptp(first)) == 0 or float(np.ptp(second)) == 0:
        return 0.0
    return float(spearmanr(first.ravel(), second.ravel()).statistic)


def _painted(
    box: Paintbox, config: EvaluateConfig, fresh: list[Fresh], kind: str, maps: list[Map], strength: float = 1.0
) -> list[NDArray[np.uint8]]:
    out: list[NDArray[np.uint8]] = []
    for start in range(0, len(fresh), BATCH):
        batch = fresh[start : start + BATCH]
        order = Order(
            [said(one.scene.factors()) for one in batch], maps={kind: maps[start : start + BATCH]}, steps=config.steps,
            guidance=config.guidance, seed=start, line_strength=strength,
        )  # fmt: skip
        out += list(paint(box, order))
    return out


def _blocks(picture: NDArray[np.uint8]) -> Map:
    small = cv2.resize(picture, (picture.shape[1] // 2, picture.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return cv2.medianBlur(small, 11).astype(np.float32) / 255


def _floats(picture: NDArray[np.uint8] | Map) -> Map:
    return np.asarray(picture / 255 if picture.dtype == np.uint8 else picture, np.float32)
