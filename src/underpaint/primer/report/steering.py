"""Maps: how well fresh scenes' lines, nearness and blocked-in colours are followed, beside the scenes' own pictures."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from skimage.color import deltaE_ciede2000, rgb2lab

from underpaint.controls.line_check import check_lines
from underpaint.imaging.arrays import FloatArray, to_float
from underpaint.primer.brushes import draw_lines
from underpaint.primer.brushes import paint as brush
from underpaint.primer.maps import FLOOR, Map, colour_map
from underpaint.primer.render import nearness
from underpaint.primer.report.desk import Desk
from underpaint.primer.report.hands import Commission
from underpaint.primer.report.rows import Row, means, missing, most
from underpaint.primer.report.words import said
from underpaint.primer.stagecraft.look import see
from underpaint.primer.stagecraft.scene import SIZES, Scene, sample_scene

HANDS = {"clean": 0.90, "rough": 0.80, "broken": 0.80}
"""The hands that draw a scene's lines, and what is asked of each."""
_CLEAN_FEW = 0.85
_NO_READER = "no reader of depth can be relied upon yet"


@dataclass(frozen=True, eq=False)
class Fresh:
    """A scene that nobody trained on: its own picture, its lines by each hand, 0..1, and how near everything is."""

    scene: Scene
    picture: NDArray[np.uint8]
    lines: dict[str, Map]
    near: Map

    @property
    def prompt(self) -> str:
        """The scene in words."""
        return said(self.scene.factors())


@lru_cache(maxsize=1)
def fresh_scenes(count: int, seed: int) -> tuple[Fresh, ...]:
    """Square scenes from a seed of their own."""
    rng = np.random.default_rng([seed, 9])
    return tuple(_looked_at(sample_scene(rng, size=SIZES[0], allow_held_out=True)) for _ in range(count))


def _looked_at(scene: Scene) -> Fresh:
    seen = see(scene)
    lines = {hand: draw_lines(seen, hand).astype(np.float32) / 255 for hand in HANDS}
    return Fresh(scene, brush(seen, scene.style), lines, nearness(seen).astype(np.float32) / 255)


def lines_part(desk: Desk) -> list[Row]:
    """F1 at 2 px by an edge extractor that no training used, for three hands, all against the clean lines."""
    fresh = _fresh(desk)
    ceiling = [check_lines(to_float(one.picture), one.lines["clean"]).f1 for one in fresh]
    rows = []
    for name, bar in HANDS.items():
        for hand in desk.hands if name == "clean" else [desk.hand]:
            pictures = desk.painted(line_commission(fresh, name), hand)
            f1 = [check_lines(to_float(p), one.lines["clean"]).f1 for p, one in zip(pictures, fresh, strict=True)]
            few = hand is desk.few
            row = means(f"lines kept (F1), {name}", f1, ceiling, _CLEAN_FEW if few else bar)
            rows.append(row.by_few() if few else row)
    return rows


def line_commission(fresh: tuple[Fresh, ...], name: str) -> Commission:
    """The scenes' words under their lines, drawn by a hand."""
    return Commission.square(f"lines-{name}", [f.prompt for f in fresh], {"line": [f.lines[name][None] for f in fresh]})


def colour_part(desk: Desk) -> list[Row]:
    """Mean colour difference (CIEDE2000) between the blocks that were given and the picture at their scale."""
    fresh = _fresh(desk)
    pictures = desk.painted(colour_commission(fresh))
    ours = [_difference(p, blocks(one.picture)) for p, one in zip(pictures, fresh, strict=True)]
    own = [_difference(one.picture, blocks(one.picture)) for one in fresh]
    return [most("blocked-in colour (dE)", ours, own, 8.0)]


def colour_commission(fresh: tuple[Fresh, ...]) -> Commission:
    """The scenes' words with their colours blocked in."""
    given = [colour_map(blocks(f.picture)) for f in fresh]
    return Commission.square("colour", [f.prompt for f in fresh], {"colour": given})


def depth_part(desk: Desk) -> list[Row]:
    """Spearman's correlation of the nearness that was given with what the extractor reads in the picture."""
    name, reader = "depth (rank correlation)", desk.extractors
    if reader is None or "depth" not in reader.reads:
        return [missing(name, "92% of the ceiling", _NO_READER)]
    fresh = _fresh(desk)
    pictures = desk.painted(depth_commission(fresh))
    ours = [agreement(reader.depth, to_float(p), f.near) for p, f in zip(pictures, fresh, strict=True)]
    own = [agreement(reader.depth, to_float(f.picture), f.near) for f in fresh]
    return [means(name, ours, own, 0.92)]


def depth_commission(fresh: tuple[Fresh, ...]) -> Commission:
    """The scenes' words with how near everything is."""
    given = [(FLOOR + (1 - FLOOR) * f.near)[None] for f in fresh]
    return Commission.square("depth", [f.prompt for f in fresh], {"depth": given})


def agreement(read: Callable[[FloatArray], FloatArray], picture: FloatArray, truth: Map) -> float:
    """How alike what is read in a picture and the truth are ordered, each at 64 px."""
    told, known = (cv2.resize(m, (64, 64), interpolation=cv2.INTER_AREA) for m in (read(picture), truth))
    return rank_correlation(told, known)


def rank_correlation(first: Map, second: Map) -> float:
    """Spearman's rank correlation of two maps of one size; 0 where one of them is flat."""
    if float(np.ptp(first)) == 0 or float(np.ptp(second)) == 0:
        return 0.0
    return float(spearmanr(first.ravel(), second.ravel()).statistic)


def blocks(picture: NDArray[np.uint8]) -> Map:
    """A picture's colours blocked in, at half its size."""
    small = cv2.resize(picture, (picture.shape[1] // 2, picture.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return cv2.medianBlur(small, 11).astype(np.float32) / 255


def _difference(picture: NDArray[np.uint8], block: Map) -> float:
    small = (cv2.resize(image, (16, 16), interpolation=cv2.INTER_AREA) for image in (to_float(picture), block))
    return float(deltaE_ciede2000(*(rgb2lab(image) for image in small)).mean())


def _fresh(desk: Desk) -> tuple[Fresh, ...]:
    return fresh_scenes(desk.settings.drawings, desk.settings.seed)
