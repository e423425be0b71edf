"""Style, regions, nudges and phrases on the Primer; what estimate edits cost beside a large model's step.

What is asked about phrases is measured on pictures of the World, whose contents are known, with the image-text model
that is at hand; without one those rows say so.
"""

import os
import statistics
from collections.abc import Callable, Sequence
from itertools import cycle

import cv2
import numpy as np

from bench.table import Row
from underpaint.controls.ground import Ground
from underpaint.controls.nudge import Nudge
from underpaint.controls.nudge_axes import AXES, KNOWN
from underpaint.controls.region import HALVES, Region
from underpaint.controls.shape import Check, Given
from underpaint.controls.spec import parse_spec
from underpaint.controls.style_check import ALIKE, apart, features, likeness
from underpaint.controls.table import check
from underpaint.controls.word_check import VERDICTS, check_words
from underpaint.errors import ModelError
from underpaint.imaging.arrays import FloatArray, to_float
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import resize
from underpaint.library.drawings import Stored
from underpaint.pictures.read import read_picture
from underpaint.plan.image_text import open_image_text
from underpaint.primer.stagecraft.scene import FACTORS, sample_scene
from underpaint.primer.stagecraft.truth import render
from underpaint.recipe import (
    Blob,
    Control,
    LightControl,
    NudgeControl,
    PaletteControl,
    RegionControl,
    StyleControl,
    Swatch,
)

Paint = Callable[[int, Sequence[Control], dict[str, bytes], str], FloatArray]
"""Seed, controls, the bytes that they name, words: a picture."""
SEEDS = int(os.environ.get("BENCH_SEEDS", "32"))
SCENES = ("a harbour, sunset, oil", "a forest, dawn, watercolour", "a castle on a hill, night, oil")
STYLES = ("oil", "watercolour", "gouache", "ink", "pastel", "pixel")
NUDGES = tuple(word for word, (axis, _) in AXES.items() if KNOWN[axis].place is not None)
FIGURES = ("two girls in a meadow, noon, gouache", "a {} girl", ("red", "blue", "purple", "orange"))
"""The whole picture, each figure, and the colours of their clothes."""


def measure(paint: Paint, art: Sequence[FloatArray]) -> list[Row]:
    """All rows; `art` are pictures of others, in styles that differ."""
    return [*_styles(paint, art), *_regions(paint), *_nudges(paint), *_phrases(), *_adherence(paint)]


def stored(picture: FloatArray) -> tuple[Blob, dict[str, bytes]]:
    """A picture as recipes name it."""
    from underpaint.imaging.arrays import to_bytes
    from underpaint.pictures.encode import Encoding, encode

    kept = Stored.of(encode("PNG", to_bytes(picture), None, Encoding(), True))
    return kept.blob, {kept.blob.sha256: kept.data}


def references(art: Sequence[FloatArray]) -> list[FloatArray]:
    """Eleven ways of painting: other people's first, filled up by the World's."""
    found = [*art[:6]]
    for number, style in enumerate(cycle(STYLES)):
        if len(found) >= 11:
            return found
        scene = sample_scene(np.random.default_rng(900 + number)).changed(style=style)
        found.append(to_float(render(scene)))
    return found


def _styles(paint: Paint, art: Sequence[FloatArray]) -> list[Row]:
    eleven = references(art)
    known = [features(one) for one in eleven]
    nearest, copies, plain = [], [], []
    for seed, own in zip(range(SEEDS), cycle(range(11)), strict=False):
        blob, blobs = stored(eleven[own])
        words = SCENES[seed % len(SCENES)]
        picture = paint(seed, [StyleControl(pictures=(blob,))], blobs, words)
        nearest.append(_nearest(picture, known) == own)
        plain.append(_nearest(paint(seed, [], {}, words), known) == own)
        copies.append(likeness(picture, eleven[own]) >= ALIKE)
    share, before = statistics.mean(nearest), statistics.mean(plain)
    return [Row("style: nearest its own of 11", f"{share:.0%} (without {before:.0%})", ">= 75 %", share >= 0.75),
            Row("style: near-copies of the reference", f"{sum(copies)} of {len(copies)}; planted ones found: "
                f"{_planted(eleven)}", "none", not any(copies))]


def _planted(pictures: Sequence[FloatArray]) -> str:
    """How many copies the measure itself finds where there are some: mirrored, in other colours, softened, and a piece
    of the reference set into another picture."""
    found = []
    for number, one in enumerate(pictures):
        other = resize(np.ascontiguousarray(pictures[number - 1]), Extent.of(one))
        height, width = one.shape[0] * 3 // 5, one.shape[1] * 3 // 5
        pieced = other.copy()
        pieced[:height, :width] = one[-height:, -width:]
        copies = (one[:, ::-1], one[..., ::-1] * 0.8, cv2.GaussianBlur(one, (0, 0), 2.0), pieced)
        found += [likeness(np.ascontiguousarray(copy), one) >= ALIKE for copy in copies]
    return f"{sum(found)} of {len(found)}"


def _nearest(picture: FloatArray, known: Sequence[tuple[FloatArray, ...]]) -> int:
    seen = features(picture)
    return int(np.argmin([apart(seen, one) for one in known]))


def _regions(paint: Paint) -> list[Row]:
    """Two figures side by side in two colours: is either's colour more on the other's side than in the same picture
    without regions?"""
    scene, figure, colours = FIGURES
    swapped, borders = [], []
    for seed in range(max(2, SEEDS // 2)):
        pair = colours[seed % len(colours)], colours[(seed + 1) % len(colours)]
        made = [_half(side, figure.format(colour)) for side, colour in zip(("left", "right"), pair, strict=True)]
        blobs = {name: data for one in made for name, data in one.blobs.items()}
        picture = paint(seed, [one.control for one in made], blobs, scene)
        ground = Ground.of(picture, lambda blob, known=blobs: read_picture(known[blob.sha256]).pixels)
        controls = [one.control for one in made]
        found = list(check(controls, picture, ground).values())
        before = list(check(controls, paint(seed, [], {}, scene), ground).values())
        swapped += [_more_inside(one) < _more_inside(other) - 0.005 for one, other in zip(found, before, strict=True)]
        borders += [float(one.measured["border"]) for one in found]
    share = statistics.mean(swapped)
    return [Row("region: attributes swapped, two figures", f"{share:.0%} of {len(swapped)}", "<= 10 %", share <= 0.1),
            Row("region: step across the border", f"{max(borders):.3f} at most", "< 0.04", max(borders) < 0.04)]


def _more_inside(found: Check) -> float:
    """How much more of what a region's words name lies inside than outside."""
    return float(found.measured["inside"]) - float(found.measured["outside"])


def _half(side: str, words: str) -> Given:
    assert side in HALVES
    given = Region().read(parse_spec(f"region={side}+words={words}", ("region",)), None)  # type: ignore[arg-type]
    assert isinstance(given.control, RegionControl)
    return given


def _nudges(paint: Paint) -> list[Row]:
    moved, lines = [], []
    for seed, word in zip(range(SEEDS), cycle(NUDGES), strict=False):
        words = SCENES[seed % len(SCENES)]
        blob, blobs = stored(paint(seed, [], {}, words))
        control = NudgeControl(picture=blob, toward=word, lines=1.0)  # type: ignore[arg-type]
        picture = paint(seed, [control], blobs, words)
        ground = Ground.of(picture, lambda blob, known=blobs: read_picture(known[blob.sha256]).pixels)
        found = Nudge().check(picture, control, ground)
        assert found is not None
        moved.append(bool(found.measured["did_move"]))
        lines.append(float(found.measured["lines_f1"]))
    return [Row("nudge: the axis moved", f"{statistics.mean(moved):.0%}", ">= 90 %", statistics.mean(moved) >= 0.9),
            Row("nudge: lines of the take kept", f"f1 {statistics.mean(lines):.2f}, worst {min(lines):.2f}", ">= 0.75",
                statistics.mean(lines) >= 0.75)]


def _phrases() -> list[Row]:
    """A phrase that is not in the picture beside one that is; the World knows which."""
    try:
        model = open_image_text(None)
    except ModelError:
        return [Row.skipped("words: not in the picture", "no image-text model here", ">= 80 %, false alarms < 10 %")]
    named, alarms = [], []
    for seed in range(SEEDS):
        rng = np.random.default_rng(40_000 + seed)
        scene = sample_scene(rng)
        shown = {scene.who.kind, scene.other.kind if scene.other else ""}
        others = [one for one in FACTORS["subject"] if one not in shown]
        absent = others[int(rng.integers(len(others)))]
        found = check_words(to_float(render(scene)), (scene.who.kind, absent), model)
        alarms.append(found.verdicts[0] == VERDICTS[2])
        named.append(found.verdicts[1] == VERDICTS[2])
    return [Row("words: not in the picture, named", f"{statistics.mean(named):.0%}, false alarms "
                f"{statistics.mean(alarms):.0%}", ">= 80 %, < 10 %",
                statistics.mean(named) >= 0.8 and statistics.mean(alarms) < 0.1)]


def _adherence(paint: Paint) -> list[Row]:
    """How well the prompt's own words fit, with controls and without."""
    try:
        model = open_image_text(None)
    except ModelError:
        return [Row.skipped("words: what controls cost them", "no image-text model here", "<= 10 %")]
    controls = (LightControl(direction=180), PaletteControl(swatches=(Swatch(colour="#1f6f78"),
                                                                      Swatch(colour="#e3b23c"))))
    fits: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(max(2, SEEDS // 2)):
        words = SCENES[seed % len(SCENES)]
        for held in (True, False):
            picture = paint(seed, controls if held else (), {}, words)
            fits[held].append(check_words(picture, tuple(words.split(", ")), model).score)
    lost = 1 - statistics.mean(fits[True]) / max(statistics.mean(fits[False]), 1e-6)
    return [Row("words: what controls cost them", f"{lost:+.0%}", "<= 10 %", lost <= 0.1)]
