"""Colour keys: do they keep the lines, are they different pictures, does the light come from where it was planned?"""

import itertools
import statistics
from pathlib import Path

import numpy as np

from bench.table import Row
from underpaint.demo import drawings
from underpaint.errors import DrawingError
from underpaint.imaging.color import delta_e_2000
from underpaint.library.drawings import Drawing, read_drawing
from underpaint.plan.painter import Painter
from underpaint.plan.take import Take
from underpaint.sets.keys import plan_keys

MATERIAL = Path(__file__).resolve().parents[2] / "shared" / "material" / "05_art" / "lineart_clean"
OTHERS = 3
"""Keys painted for each drawing besides the demo's twelve."""


def measure() -> list[Row]:
    """Rows for the demo drawing's twelve keys and for other people's line drawings."""
    painter = Painter()
    demo = drawings()["girl-on-cliff"]
    takes = _keys(painter, read_drawing(demo.path), demo.words, 12)
    rows = [_lines("demo drawing", takes), _different(takes), _light(takes)]
    if not MATERIAL.is_dir():
        return rows
    for path in sorted(MATERIAL.glob("clean_line_drawings__*.png")):
        name = path.stem.partition("__")[2]
        try:
            drawing = read_drawing(path)
        except DrawingError as error:
            rows.append(Row(f"lines of {name}", str(error), "f1 >= 0.5", False))
            continue
        rows.append(_lines(name, _keys(painter, drawing, f"a {name}", OTHERS)))
    return rows


def _keys(painter: Painter, drawing: Drawing, words: str, count: int) -> list[Take]:
    blobs = {drawing.blob.sha256: drawing.stored.data}
    return [painter.paint(key.recipe, blobs) for key in plan_keys(words, drawing.blob, count=count, seed=1)]


def _lines(name: str, takes: list[Take]) -> Row:
    found = [take.measured["lines"] for take in takes]
    f1, worst = statistics.mean(one["f1"] for one in found), min(one["f1"] for one in found)
    kept = statistics.mean(one["kept"] for one in found)
    return Row(f"lines of {name}, {len(takes)} keys", f"f1 {f1:.2f} (worst {worst:.2f}, kept {kept:.0%})",
               "mean f1 >= 0.5", f1 >= 0.5)


def _light(takes: list[Take]) -> Row:
    right = sum(take.measured["light"]["from_planned_side"] for take in takes)
    return Row("light from the planned side", f"{right} of {len(takes)}", "9 of 12", right >= 9)


def _different(takes: list[Take]) -> Row:
    pairs = [remaining(first.picture, second.picture) for first, second in itertools.combinations(takes, 2)]
    found = f"least dE {min(pairs):.1f}, median {statistics.median(pairs):.1f}"
    return Row("no two keys the same picture tinted", found, "least dE >= 6", min(pairs) >= 6)


def remaining(first: np.ndarray, second: np.ndarray) -> float:
    """Mean CIEDE2000 left between two pictures after the best affine map of each channel, the easier way round."""
    return min(_after_map(first, second), _after_map(second, first))


def _after_map(source: np.ndarray, target: np.ndarray) -> float:
    mapped = np.empty_like(target[..., :3])
    for channel in range(3):
        x, y = source[..., channel].ravel(), target[..., channel].ravel()
        slope, offset = np.polyfit(x, y, 1) if x.std() > 1e-6 else (0.0, float(y.mean()))
        mapped[..., channel] = (slope * source[..., channel] + offset).clip(0, 1)
    return float(delta_e_2000(mapped, target[..., :3]).mean())

