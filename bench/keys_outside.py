"""Colour keys under other people's drawings: are they different pictures, are the lines kept, is the light where it was
planned, and can the plan be told from the picture alone?

Every drawing has seeds of its own, so that no plan can be known by its noise. Beside each key the same words are
painted under the same lines with the same seed, without the plan's light and colours: what planning adds is between
the two. The plan is named by a probe on the reviewer's plain features (`review/embedding.py`), which steer nothing,
and which has seen the keys of all drawings but the one that it is asked about.
"""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from bench.counting import Found, counted, many, mean_of_kin, share_of_kin
from bench.keys import remaining
from bench.probe import left_out
from bench.table import Row
from underpaint.controls.ground import Ground
from underpaint.controls.light_check import check_light
from underpaint.controls.line import ink_on
from underpaint.controls.line_check import check_lines
from underpaint.demo import drawings as demo_drawings
from underpaint.errors import DrawingError
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.blend import lay_under
from underpaint.imaging.color import lightness
from underpaint.library.drawings import Drawing, read_drawing
from underpaint.pictures.read import read_picture
from underpaint.plan.painter import Painter
from underpaint.recipe import CreateRecipe, LineControl
from underpaint.review.embedding import PlainEmbedder
from underpaint.sets.keys import Key, plan_keys
from underpaint.sets.light_plans import LIGHT_PLANS

MATERIAL = Path(__file__).resolve().parents[2] / "shared" / "material" / "05_art" / "lineart_clean"
KEYS = len(LIGHT_PLANS)
_SIDEWAYS = 0.6
"""Light whose direction goes so far to a side has a side to come from; skies are lighter than ground whatever it is."""


@dataclass(frozen=True, eq=False)
class Painted:
    """A key: the key as planned, its picture, and the same without light and palette. `ink`: H x W."""

    key: Key
    picture: FloatArray
    plain: FloatArray
    ink: FloatArray


def measure(base: CreateRecipe | None = None) -> list[Row]:
    """All rows; `base` gives what the recipes share besides."""
    found = _drawings(many(2, 10))
    if not found:
        return [Row.skipped("keys of others' drawings", "no drawings of others here", "shared/material")]
    painter = Painter()
    demo = next(iter(demo_drawings().values()))
    asked = [*found, (demo.words, read_drawing(demo.path))]  # ours teaches the probe, and is not counted
    sheets = [_sheet(painter, number, words, drawing, base)
              for number, (words, drawing) in enumerate(counted(asked, "keys of others' drawings"), 1)]
    own = sheets[: len(found)]
    return [_pairs(own), *_lines(own), *_light(own), *_named(sheets, len(found))]


def _drawings(count: int) -> list[tuple[str, Drawing]]:
    """Words and drawing, the clean ones first."""
    found: list[tuple[str, Drawing]] = []
    for path in sorted(MATERIAL.glob("*.png")) if MATERIAL.is_dir() else ():
        try:
            found.append((f"a {path.stem.partition('__')[2].rstrip('0123456789')}", read_drawing(path)))
        except DrawingError:
            continue
        if len(found) == count:
            break
    return found


def _sheet(painter: Painter, number: int, words: str, drawing: Drawing, base: CreateRecipe | None) -> list[Painted]:
    blobs = {drawing.blob.sha256: drawing.stored.data}
    line = LineControl(drawing=drawing.blob)
    made = []
    for key in plan_keys(words, drawing.blob, count=KEYS, seed=1000 * number, base=base):
        picture = painter.paint(key.recipe, blobs).picture
        plain = painter.paint(key.recipe.changed(controls=(line,)), blobs).picture
        made.append(Painted(key, picture, plain, _ink(line, picture, blobs)))
    return made


def _ink(line: LineControl, picture: FloatArray, blobs: Mapping[str, bytes]) -> FloatArray:
    return ink_on(line, Ground.of(picture, lambda blob: read_picture(blobs[blob.sha256]).pixels))


def _pairs(sheets: list[list[Painted]]) -> Row:
    apart = [[remaining(one.picture, other.picture) for one, other in itertools.combinations(sheet, 2)]
             for sheet in sheets]
    every = [one for sheet in apart for one in sheet]
    least, under = min(every), sum(one < 6 for one in every)
    return Row(f"{len(sheets)} outside drawings, {len(every)} pairs of keys after the best affine map",
               f"least dE {least:.1f}, {under} under 6, mean {mean_of_kin(apart).number(1)}", "every pair dE >= 6",
               least >= 6)


def _lines(sheets: list[list[Painted]]) -> list[Row]:
    """At the bar of controls: nine tenths of what the bare lines on white reach, and well above another drawing."""
    own, other, ceiling = [], [], []
    for sheet in sheets:
        checked = [check_lines(one.picture, one.ink).f1 for one in sheet]
        own.append(checked)
        other.append([check_lines(one.picture, np.ascontiguousarray(one.ink[::-1, ::-1])).f1 for one in sheet])
        ink = sheet[0].ink
        layer = np.concatenate([np.zeros((*ink.shape, 3), np.float32), ink[..., None]], axis=-1)
        ceiling.append(check_lines(lay_under(layer, np.ones((*ink.shape, 3), np.float32)), ink).f1)
    found, most = mean_of_kin(own), float(np.mean(ceiling))
    above = mean_of_kin([np.subtract(one, two).tolist() for one, two in zip(own, other, strict=True)])
    return [Row("their lines kept: f1", f"{found.number()} of {most:.2f}, worst key {min(map(min, own)):.2f}",
                ">= 0.6, >= 0.9 of the ceiling", found.value >= max(0.6, 0.9 * most)),
            Row("their lines: above another drawing", above.number(), ">= 0.35", above.value >= 0.35)]


def _light(sheets: list[list[Painted]]) -> list[Row]:
    """By the slope of lightness over the whole picture; and inside the forms between the lines, by another eye."""
    held, plain = (_lit(sheets, name) for name in ("picture", "plain"))
    forms, before = (_lit(sheets, name, forms=True) for name in ("picture", "plain"))
    return [Row("light from the planned side, plans with light from a side",
                f"{held.percent()}; by its words alone {plain.percent()}", ">= 80 %", held.value >= 0.8),
            Row("the same on the forms between the lines alone",
                f"{forms.percent()}; by its words alone {before.percent()}", "reported", True)]


def _lit(sheets: list[list[Painted]], name: str, *, forms: bool = False) -> Found:
    groups = []
    for sheet in sheets:
        hits = []
        for one in sheet:
            direction, picture = one.key.plan.direction, getattr(one, name)
            if direction is None or abs(math.cos(math.radians(direction))) < _SIDEWAYS:
                continue
            hits.append(lit_forms(picture, one.ink, direction) > 0 if forms
                        else check_light(picture, direction).from_planned_side)
        groups.append(hits)
    return share_of_kin(groups)


def lit_forms(picture: FloatArray, ink: FloatArray, direction: float) -> float:
    """How much lighter (OKLab L, across the picture's width) areas closed by lines get toward a side, each about its
    own middle, so that which area is light and which dark has no say."""
    light, width = lightness(picture[..., :3]), picture.shape[1]
    toward = math.copysign(1.0, math.cos(math.radians(direction)))
    across = np.broadcast_to(np.linspace(-0.5, 0.5, width) * toward, light.shape)
    count, areas = cv2.connectedComponents((ink < 0.15).astype(np.uint8), connectivity=4)
    rise = run = 0.0
    for area in range(1, count):
        inside = areas == area
        if not 0.002 <= inside.mean() <= 0.4:
            continue
        x = across[inside] - across[inside].mean()
        rise += float((x * light[inside]).sum())
        run += float((x * x).sum())
    return rise / run if run else 0.0


def _named(sheets: list[list[Painted]], asked: int) -> list[Row]:
    names = [[str(one.key.number) for one in sheet] for sheet in sheets]
    told = {}
    for name in ("picture", "plain"):
        seen = [PlainEmbedder().embed([getattr(one, name) for one in sheet]) for sheet in sheets]
        told[name] = share_of_kin(left_out(seen, names, asked))
    held, plain = told["picture"], told["plain"]
    return [Row(f"plan named from the picture alone, nearest of {KEYS}, {asked * KEYS} keys",
                f"{held.percent()}; by its words alone {plain.percent()}; by chance {1 / KEYS:.0%}", ">= 60 %",
                held.value >= 0.6)]
