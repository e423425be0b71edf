"""How well the Primer follows its controls: guided against unguided at the same seeds, drawings and palettes of others.

`BENCH_SEEDS` (32) says how many pictures a row takes; 2 gives a first impression in a few minutes.
"""

import os
import statistics
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from bench import controls_art, near_and_far
from bench.table import Row, median_seconds
from underpaint.controls.colour import Colour
from underpaint.controls.ground import Ground
from underpaint.controls.line import ink_on
from underpaint.controls.line_check import check_lines
from underpaint.controls.palette import swatches_of
from underpaint.controls.palette_check import check_palette
from underpaint.controls.palette_extract import main_colours
from underpaint.controls.palette_snap import snap
from underpaint.controls.perspective_check import check_perspective, wanted_horizon
from underpaint.controls.style_check import check_style
from underpaint.controls.swatches.sheet import Entry, SwatchSheet
from underpaint.errors import DrawingError
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.blend import lay_under
from underpaint.imaging.color import lightness
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import resize
from underpaint.library.drawings import Drawing, Stored, read_drawing
from underpaint.pictures.read import read_picture
from underpaint.plan.painter import Painter
from underpaint.recipe import (
    ColourControl,
    Control,
    CreateRecipe,
    LineControl,
    PaletteControl,
    PerspectiveControl,
    StyleControl,
    VanishingPoint,
)

ART = Path(__file__).resolve().parents[2] / "shared" / "material" / "05_art"
SEEDS = int(os.environ.get("BENCH_SEEDS", "32"))
THREADS = int(os.environ.get("BENCH_THREADS", "0")) or None
"""Of torch; on a machine that others use too, 1 may be far quicker than all."""
WORDS = ("a harbour, sunset, oil", "a street of houses, noon, gouache", "a forest, dawn, watercolour",
         "a girl on a cliff, storm, ink", "a castle on a hill, night, oil", "a room with a window, noon, pastel")
CALM = 0.3
"""How calm the paint between the lines is kept where lines are measured."""
UPRIGHT, LEVEL = VanishingPoint(x=0, y=1, infinite=True), VanishingPoint(x=1, y=0, infinite=True)


def at(x: float, y: float) -> VanishingPoint:
    """A vanishing point in shares of the picture."""
    return VanishingPoint(x=x, y=y)


PERSPECTIVES = {
    "one point": PerspectiveControl(points=(at(0.5, 0.42), LEVEL, UPRIGHT), grid=0.5, straight=1.0),
    "two points": PerspectiveControl(points=(at(-0.4, 0.45), at(1.5, 0.45), UPRIGHT), grid=0.5, straight=1.0),
    "three points": PerspectiveControl(points=(at(-0.4, 0.3), at(1.5, 0.3), at(0.5, 3)), grid=0.5, straight=1.0),
    "bent": PerspectiveControl(points=(at(-0.4, 0.45), at(1.5, 0.45), UPRIGHT), curvature=0.6, grid=0.5, straight=1.0)}


class Desk:
    """Paints with one painter; unguided pictures are painted once a seed. `base` gives what recipes share besides."""

    def __init__(self, base: CreateRecipe | None = None) -> None:
        self._painter, self._plain = Painter(threads=THREADS), dict[tuple[int, str], FloatArray]()
        self._base = base or CreateRecipe()

    def paint(self, seed: int, controls: Sequence[Control] = (), blobs: dict[str, bytes] | None = None,
              words: str | None = None) -> FloatArray:
        """One picture; words by the seed unless given."""
        words = words or WORDS[seed % len(WORDS)]
        if not controls and (seed, words) in self._plain:
            return self._plain[seed, words]
        recipe = self._base.changed(prompt=words, seed=seed, controls=tuple(controls))
        done = self._painter.paint(recipe, blobs or {}).picture
        if not controls:
            self._plain[seed, words] = done
        return done


    def painted(self, seed: int, controls: Sequence[Control], blobs: dict[str, bytes], words: str) -> FloatArray:
        """The same, with nothing left out."""
        return self.paint(seed, controls, blobs, words)


def measure() -> list[Row]:
    """All rows that need nothing but the Primer and the pictures of others."""
    desk = Desk()
    art = _pictures()
    rows = [*_perspective(desk), _track(desk), *_cost(desk),
            *near_and_far.measure(desk.painted, SEEDS), *controls_art.measure(desk.painted, art)]
    if not art:
        return [*rows, Row.skipped("lines, palettes, colours", "no pictures of others here", "shared/material")]
    return [*_lines(desk), *_palettes(desk), _render_only(desk), *rows, *_pairs(desk)]


def _drawings() -> list[tuple[str, Drawing]]:
    found = []
    for path in sorted((ART / "lineart_clean").glob("clean_line_drawings__*.png")):
        try:
            found.append((path.stem.partition("__")[2], read_drawing(path)))
        except DrawingError:
            continue
    return found


def _pictures() -> list[FloatArray]:
    paths = [*sorted((ART / "paintings").glob("*.jpg")), *sorted((ART / "style_potter_watercolour").glob("*.jpg"))]
    return [resize(np.asarray(read_picture(path).pixels[..., :3]), Extent(256, 256)) for path in paths]


def _lines(desk: Desk) -> list[Row]:
    drawings = _drawings()
    found, others, ceilings, kept, invented = [], [], [], [], []
    for seed, (name, drawing) in zip(range(SEEDS), cycle(drawings), strict=False):
        control, blobs = LineControl(drawing=drawing.blob, calm=CALM), {drawing.blob.sha256: drawing.stored.data}
        picture = desk.paint(seed, [control], blobs, f"a {name}")
        ground = Ground.of(picture, lambda blob, blobs=blobs: read_picture(blobs[blob.sha256]).pixels)
        ink = ink_on(control, ground)
        checked = check_lines(picture, ink)
        found.append(checked.f1)
        kept.append(checked.kept)
        invented.append(checked.invented)
        others.append(check_lines(picture, np.ascontiguousarray(ink[::-1, ::-1])).f1)
        lines = np.concatenate([np.zeros((*ink.shape, 3), np.float32), ink[..., None]], axis=-1)
        ceilings.append(check_lines(lay_under(lines, np.ones_like(picture)), ink).f1)
    f1, other, ceiling = (statistics.mean(one) for one in (found, others, ceilings))
    return [Row("line: f1 on drawings of others", f"{f1:.2f} of {ceiling:.2f}", ">= 0.6, >= 0.9 of the ceiling",
                f1 >= 0.6 and f1 >= 0.9 * ceiling),
            Row("line: above another drawing", f"{f1 - other:+.2f}", ">= +0.35", f1 - other >= 0.35),
            Row("line: contour kept, invented", f"{statistics.mean(kept):.0%}, {statistics.mean(invented):.0%}",
                f"told apart (calm {CALM})", True)]


def _palettes(desk: Desk) -> list[Row]:
    before, after, plain, ranks, blobs = [], [], [], [], []
    for seed, other in zip(range(SEEDS), cycle(_pictures()), strict=False):
        entries = tuple(Entry(colour, "", share) for colour, share in main_colours(other, 6))
        swatches, _ = swatches_of(SwatchSheet(entries))
        control = PaletteControl(swatches=swatches, match="colours", hold_shares=0.5)
        picture = desk.paint(seed, [control])
        snapped = snap(picture, control.changed(snap=1))
        plain.append(check_palette(desk.paint(seed), swatches).on)
        before.append(check_palette(picture, swatches).on)
        checked = check_palette(snapped, swatches)
        after.append(checked.on)
        blobs.append(checked.worst_blob)
        ranks.append(_rank_kept(picture, snapped))
    said = [statistics.mean(one) for one in (before, plain, after, ranks)]
    return [Row("palette: on it before the snap", f"{said[0]:.0%} (without: {said[1]:.0%})", ">= 60 %", said[0] >= 0.6),
            Row("palette: on it after", f"{said[2]:.0%}", ">= 85 %", said[2] >= 0.85),
            Row("palette: order of values kept", f"{min(ranks):.3f} at worst", ">= 0.9", min(ranks) >= 0.9),
            Row("palette: largest spot off it", f"{max(blobs):.1%} at worst", "< 2 %", max(blobs) < 0.02)]


def _rank_kept(before: FloatArray, after: FloatArray) -> float:
    """The worst rank correlation of lightness over sixteen regions that have any."""
    ranks = []
    for rows in np.array_split(np.arange(before.shape[0]), 4):
        for columns in np.array_split(np.arange(before.shape[1]), 4):
            first, second = (lightness(one[np.ix_(rows, columns)]).ravel() for one in (before, after))
            if first.std() > 0.01:
                ranks.append(float(spearmanr(first, second).statistic))
    return min(ranks, default=1.0)


def _render_only(desk: Desk) -> Row:
    shifts = []
    for seed, picture in zip(range(SEEDS), cycle(_pictures()), strict=False):
        stored = Stored.of(Colour().extract(picture, "flat").data)
        control = ColourControl(picture=stored.blob, begin=0.9, render_only=True)
        painted = desk.paint(seed, [control], {stored.blob.sha256: stored.data})
        checked = Colour().check(painted, control, Ground.of(painted, lambda _, s=stored: read_picture(s.data).pixels))
        shifts.append(float(checked.measured.get("hue_shift", 0)) if checked else 0.0)
    return Row("colour: hues turned, render only", f"{statistics.mean(shifts):.1f} degrees", "< 4",
               statistics.mean(shifts) < 4)


def _perspective(desk: Desk) -> list[Row]:
    rows = []
    for name, control in PERSPECTIVES.items():
        guided, plain, shuffled, horizons = [], [], [], []
        for seed in range(max(1, SEEDS // len(PERSPECTIVES))):
            picture = desk.paint(seed, [control], words=WORDS[1])
            found, wanted = check_perspective(picture, control), wanted_horizon(control, Extent.of(picture))
            guided.append(found.share)
            plain.append(check_perspective(desk.paint(seed, words=WORDS[1]), control).share)
            shuffled.append(check_perspective(picture, _shuffled(control)).share)
            if found.horizon is not None and wanted is not None:
                horizons.append(abs(found.horizon - wanted))
        said = [statistics.mean(one) for one in (guided, plain, shuffled)]
        off = statistics.median(horizons) if horizons else 1.0
        rows.append(Row(f"perspective: {name}", f"{said[0]:.0%} (without {said[1]:.0%}, shuffled {said[2]:.0%}), "
                        f"horizon off {off:.1%}", ">= 70 %, shuffled under half, horizon <= 3 %",
                        said[0] >= 0.7 and said[2] < said[0] / 2 and off <= 0.03))
    return rows


def _shuffled(control: PerspectiveControl) -> PerspectiveControl:
    return control.changed(points=tuple(one if one.infinite else at(1.3 - one.x, 1.2 - one.y)
                                        for one in control.points))


def _track(desk: Desk) -> Row:
    """One point from left to right: edges must run to its own place rather than to the mirrored one."""
    right = []
    for x in (0.1, 0.3, 0.7, 0.9):
        control = PerspectiveControl(points=(at(x, 0.45),), grid=0.5, straight=1.0)
        picture = desk.paint(0, [control], words=WORDS[1])
        mirrored = control.changed(points=(at(1 - x, 0.45),))
        right.append(check_perspective(picture, control).share > check_perspective(picture, mirrored).share)
    return Row("perspective: a track from left to right", f"{sum(right)} of {len(right)}", "all", all(right))


def _cost(desk: Desk) -> list[Row]:
    """The whole run with and without, so that everything an edit costs is in it."""
    drawing = PERSPECTIVES["two points"].changed(grid=0)
    palette = PaletteControl(swatches=swatches_of(SwatchSheet(tuple(
        Entry((one / 8, 0.5, 1 - one / 8)) for one in range(8))))[0], match="colours", hold_shares=0.5)
    plain = median_seconds(_run(desk, ()), rounds=3)
    rows = []
    for name, control in (("perspective", drawing), ("palette", palette)):
        over = median_seconds(_run(desk, (control,)), rounds=3) / plain - 1
        rows.append(Row(f"cost of {name}", f"{over:+.0%} of a run", "< 35 %", over < 0.35))
    return rows


def _run(desk: Desk, controls: tuple[Control, ...]) -> Callable[[], object]:
    numbers = iter(range(10_000, 20_000))
    return lambda: desk.paint(next(numbers), controls)


def _pairs(desk: Desk) -> list[Row]:
    """A drawing with a palette, and with a perspective: neither may lose more than 15 % by the other."""
    palette_of = swatches_of(SwatchSheet(tuple(Entry(colour, "", share)
                                               for colour, share in main_colours(_pictures()[1], 6))))[0]
    palette = PaletteControl(swatches=palette_of, match="colours", hold_shares=0.5)
    rows = []
    blob, shown = controls_art.stored(_pictures()[-1])
    style = StyleControl(pictures=(blob,))
    for name, other in (("line + palette", palette), ("line + perspective", PERSPECTIVES["two points"]),
                        ("line + style", style)):
        alone, together = [], []
        for seed, (words, drawing) in islice(zip(range(SEEDS), cycle(_drawings()), strict=False), max(2, SEEDS // 4)):
            line, blobs = LineControl(drawing=drawing.blob), {drawing.blob.sha256: drawing.stored.data, **shown}
            both = _scores(desk.paint(seed, [line, other], blobs, f"a {words}"), line, other, blobs)
            first = _scores(desk.paint(seed, [line], blobs, f"a {words}"), line, other, blobs)
            second = _scores(desk.paint(seed, [other], shown, f"a {words}"), line, other, blobs)
            alone.append((first[0], second[1]))
            together.append(both)
        lost = [1 - statistics.mean(one[n] for one in together) / max(statistics.mean(one[n] for one in alone), 1e-6)
                for n in (0, 1)]
        rows.append(Row(f"pair: {name}", f"lost {lost[0]:+.0%}, {lost[1]:+.0%}", "<= 15 % each", max(lost) <= 0.15))
    return rows


def _scores(picture: FloatArray, line: LineControl, other: Control, blobs: dict[str, bytes]) -> tuple[float, float]:
    ground = Ground.of(picture, lambda blob: read_picture(blobs[blob.sha256]).pixels)
    f1 = check_lines(picture, ink_on(line, ground)).f1
    if isinstance(other, PaletteControl):
        return f1, check_palette(picture, other.swatches).on
    if isinstance(other, StyleControl):
        own = [np.asarray(ground.pixels(one))[..., :3] for one in other.pictures]
        return f1, 1 - check_style(picture, own).distance
    assert isinstance(other, PerspectiveControl)
    return f1, check_perspective(picture, other).share
