"""Plots of what a training logs: a small panel a measure, over the training's steps.

Every stage appends lines of JSON to its folder: `log.jsonl` (losses, and what else the stage counts), and the painter
`hearing.jsonl` and `measures.jsonl`; the report appends one line of rows to `history.jsonl` for every set of weights.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from underpaint.files import atomic_write

LOGS = ("log.jsonl", "hearing.jsonl", "measures.jsonl", "history.jsonl")
_UNPLOTTED = ("step", "seconds", "rate", "norm")
_FINE = 2
"""Everything is drawn so many times as large and made smaller, which smooths its edges."""
_WIDTH, _HEIGHT, _COLUMNS = 420, 250, 3
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 16, 44, 34
_PAPER, _INK, _FAINT, _LINE, _RAW = "#ffffff", "#26323a", "#d9dee2", "#1b6f8f", "#a9cfdd"
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """One measure: its name, the steps, and its values there."""

    name: str
    steps: Values
    values: Values

    @property
    def smooth(self) -> Values:
        """The running mean of about a twentieth of the values; where there are few, the values."""
        width = len(self.values) // 20
        if width < 2:
            return self.values
        sums = np.cumsum(np.concatenate([[0.0], self.values]))
        here = np.arange(len(self.values))
        low, high = np.maximum(0, here - width), np.minimum(len(self.values), here + width + 1)
        return np.asarray((sums[high] - sums[low]) / (high - low))


def read_curves(path: Path) -> list[Curve]:
    """The measures in a log, in the order of their first mention; a line cut short by a kill is passed over."""
    lines = _in_a_row(
        [line for line in (_line(text) for text in path.read_text(encoding="utf-8").splitlines()) if line]
    )
    names = dict.fromkeys(name for line in lines for name in line if name not in _UNPLOTTED)
    curves = []
    for name in names:
        pairs = [(line["step"], line[name]) for line in lines if isinstance(line.get(name), int | float)]
        found = np.asarray([pair for pair in pairs if np.isfinite(pair[1])], np.float64).reshape(-1, 2)
        if len(found):
            curves.append(Curve(name, found[:, 0], found[:, 1]))
    return curves


def _in_a_row(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines with steps that only grow: what was done again after a kill counts once, and a new run that began from
    the weights of the last goes on behind it."""
    out: list[dict[str, Any]] = []
    before = 0.0
    for line in lines:
        if out and line["step"] + before <= out[-1]["step"]:
            if line["step"] < (out[-1]["step"] - before) / 2:
                before = out[-1]["step"]
            else:
                out = [one for one in out if one["step"] < line["step"] + before]
        out.append({**line, "step": line["step"] + before})
    return out


def _line(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("step"), int | float) else None


def plot(title: str, curves: Sequence[Curve]) -> Image.Image:
    """All curves of a stage, each in a panel of its own."""
    columns = min(_COLUMNS, len(curves))
    rows = -(-len(curves) // columns)
    size = (columns * _WIDTH, rows * _HEIGHT + _TOP)
    page = Image.new("RGB", (size[0] * _FINE, size[1] * _FINE), _PAPER)
    draw = ImageDraw.Draw(page)
    _write(draw, (_LEFT, 12), title, 20)
    for i, curve in enumerate(curves):
        _panel(draw, curve, (i % columns * _WIDTH, _TOP + i // columns * _HEIGHT))
    return page.resize(size, Image.Resampling.LANCZOS)


def _panel(draw: ImageDraw.ImageDraw, curve: Curve, corner: tuple[int, int]) -> None:
    left, top = corner[0] + _LEFT, corner[1] + _TOP
    right, bottom = corner[0] + _WIDTH - _RIGHT, corner[1] + _HEIGHT - _BOTTOM
    smooth = curve.smooth
    # A few wild values at the start must not flatten all the rest.
    low, high = (float(v) for v in np.quantile(curve.values, (0.005, 0.995)))
    low, high = min(low, float(smooth.min())), max(high, float(smooth[len(smooth) // 20 :].max()))
    low, high = (low, high) if high > low else (low - 0.5, high + 0.5)
    first, last = float(curve.steps[0]), max(float(curve.steps[-1]), float(curve.steps[0]) + 1)

    def placed(values: Values) -> list[tuple[float, float]]:
        x = left + (curve.steps - first) / (last - first) * (right - left)
        y = bottom - np.clip((values - low) / (high - low), 0, 1) * (bottom - top)
        return [(float(a) * _FINE, float(b) * _FINE) for a, b in zip(x, y, strict=True)]

    for share in (0.0, 0.5, 1.0):
        height = bottom - share * (bottom - top)
        draw.line([(left * _FINE, height * _FINE), (right * _FINE, height * _FINE)], _FAINT, _FINE)
        _write(draw, (left - 8, height), f"{low + share * (high - low):.3g}", 11, "rm")
    _write(draw, (left, bottom + 14), f"{first:,.0f}", 11, "lm")
    _write(draw, (right, bottom + 14), f"step {last:,.0f}", 11, "rm")
    _write(draw, (left, top - 14), f"{curve.name}   {smooth[-1]:.4g}", 14, "lm")
    _trace(draw, placed(curve.values), _RAW, 1)
    _trace(draw, placed(smooth), _LINE, 2)


def _trace(draw: ImageDraw.ImageDraw, places: list[tuple[float, float]], colour: str, width: int) -> None:
    if len(places) == 1:
        (x, y), reach = places[0], 3 * _FINE
        draw.ellipse([x - reach, y - reach, x + reach, y + reach], colour)
    draw.line(places, colour, width * _FINE, joint="curve")


def _write(draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, size: int, anchor: str = "la") -> None:
    font = ImageFont.load_default(size * _FINE)
    draw.text((place[0] * _FINE, place[1] * _FINE), text, _INK, font, anchor)


def write_plots(work: Path, target: Path | None = None) -> list[Path]:
    """A PNG for every log below a workshop, beside it or in a folder `target`; the files."""
    made = []
    for log in sorted(path for name in LOGS for path in work.glob(f"*/{name}")):
        curves = read_curves(log)
        if not curves:
            continue
        stage, kind = log.parent.name, log.stem
        path = (target / f"{stage}-{kind}.png") if target is not None else log.with_name(f"{kind}.png")
        page = plot(f"{stage}: {kind}", curves)
        with atomic_write(path) as file:
            page.save(file, "PNG", optimize=True)
        made.append(path)
    return made
