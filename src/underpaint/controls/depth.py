"""Depth: a grey map of what is near and what is far."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from underpaint.controls.adapting import unsaid
from underpaint.controls.extractors import depth_reader, extractor
from underpaint.controls.ground import Ground
from underpaint.controls.preprocess import at_size, kept_of, opened
from underpaint.controls.shape import Check, Description, Extracted, Files, Given, Steering, Tools
from underpaint.controls.spec import ControlSpec
from underpaint.errors import PictureError, RecipeError
from underpaint.imaging.arrays import FloatArray, to_bytes
from underpaint.imaging.blend import flatten
from underpaint.imaging.color import lightness
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import resize
from underpaint.models.primer import PRIMER
from underpaint.pictures.encode import Encoding, encode
from underpaint.recipe import DepthControl, ModelRef

APART = 0.08
"""Places count as one before the other from this difference on, of the map's whole range."""
_SIDE, _PAIRS = 96, 20_000


@dataclass(frozen=True, eq=False)
class DepthCheck:
    """`order`: the share of pairs of places that lie in the order of the map; `beside`: of those at one height, which
    the ground that comes nearer downwards says nothing about, None where the map has none. `wrong`: H x W, where they
    do not."""

    order: float
    beside: float | None
    wrong: np.ndarray


class Depth:
    """What is near and what is far."""

    description = Description(
        name="depth", says="near and far as in a grey map, near is bright",
        given="a grey map: depth=map.png; or a picture to read it from: depth=photo.jpg+preprocess",
        steers="by a ControlNet, union or T2I-Adapter for depth; where there is none, on the estimate, by the gradient "
               "of what the built-in model's reader of depth sees in it: large things go to their places, loosely",
        checks="whether near and far are in the order of the map, and those side by side too; seen by another "
               "extractor than steered where there are two, else it says so",
        families="every one; SD 1.x, SD 2.x and SDXL hold it closely with an adapter for depth",
        cost="a ControlNet: a third to a half of a step; a T2I-Adapter: a few hundredths; on the estimate nearly "
             "half of a step of a model as small as the built-in one, under 1 % of a large one's",
        extracts=("near",), options=("model", "mode", "resize", "preprocess", "preprocess-size", "curve"))
    measured_as = "depth"

    def read(self, spec: ControlSpec, files: Files) -> Given:
        spec.expects("model", "mode", "resize", "preprocess", "preprocess-size")
        if not spec.source:
            raise RecipeError("which map of depth?", hint="Write depth=map.png.", field="control depth")
        kept, by = files.picture(Path(spec.source)), ""
        notes: tuple[str, ...] = ()
        if spec.flag("preprocess"):
            who = extractor("depth")
            kept = kept_of(self._png(who.reads(at_size(opened(kept.data), spec))), "depth.png")
            by, notes = who.name, (f"depth by {who.trust}",)
        fields: dict[str, Any] = {**spec.fields, **spec.resizing(), "by": by}
        fields |= {"mode": spec.options["mode"]} if spec.options.get("mode") else {}
        fields |= {"adapter": ModelRef(name=spec.options["model"])} if spec.options.get("model") else {}
        return Given(DepthControl.model_validate({"map": kept.blob, **fields}), {kept.blob.sha256: kept.data},
                     (*kept.notes, *notes))

    def extract(self, picture: FloatArray, how: str, suffix: str | None = None) -> Extracted:
        who = extractor("depth")
        near = who.reads(picture)
        return Extracted(self._png(near), ".png", f"near is bright; {who.trust}", {"by": who.name, "trust": who.trust})

    @staticmethod
    def _png(near: FloatArray) -> bytes:
        return encode("PNG", to_bytes(near)[..., None], None, Encoding(), True)

    def steer(self, control: DepthControl, ground: Ground, tools: Tools) -> Steering:
        from underpaint.controls.steering.attached import hung  # needs torch
        from underpaint.controls.steering.depth_edit import DepthEdit

        near, told = near_on(control, ground), told_on(control, ground)
        adapter = tools.adapter(control) if tools.adapter is not None else None
        if adapter is not None:
            facts = adapter.description.adapter
            sheet = unsaid(near, told, facts.floor) if facts is not None and facts.floor else near
            return Steering(attachments=(hung(control, sheet, adapter),))
        return Steering(edits=(DepthEdit(near, told, control, depth_reader(), tools.colours),))

    def check(self, picture: FloatArray, control: DepthControl, ground: Ground) -> Check | None:
        steered = PRIMER if ground.attached is not None and control.to_key() not in ground.attached else ""
        who = extractor("depth", other_than=steered or control.by, rather_than=control.by)
        found = check_depth(who.reads(picture), near_on(control, ground), told_on(control, ground))
        same = [did for did, name in (("steered", steered), ("made the map", control.by)) if name == who.name]
        eyes = f", seen by the same eyes that {' and '.join(same)}" if same else ""
        measured: dict[str, Any] = {"order": round(found.order, 4), "by": who.name, "same_eyes": bool(same)}
        beside = ""
        if found.beside is not None:
            measured["beside"], beside = round(found.beside, 4), f", side by side {found.beside:.0%}"
        return Check(found.order, measured, f"near and far in order {found.order:.0%}{beside}{eyes} ({who.trust})",
                     lambda shown: _overlay(shown, found.wrong))


def near_on(control: DepthControl, ground: Ground) -> FloatArray:
    """The map (H x W, 1 is nearest) on the canvas of a pass. Raises PictureError for one that says nothing."""
    given = np.asarray(ground.pixels(control.map))
    grey = lightness_of(given)
    there = grey[_opaque(given) > 0.5]
    if not there.size or float(np.ptp(there)) < 1 / 255:
        raise PictureError("the map of depth is of one grey, so nothing in it is near or far", field="control depth",
                           hint="Near is bright, far is dark.")
    return _laid(grey, control, ground)


def told_on(control: DepthControl, ground: Ground) -> FloatArray:
    """Where on the canvas of a pass the map says something (H x W, 0..1): not beside it, nor where it is transparent.
    """
    return _laid(_opaque(np.asarray(ground.pixels(control.map))), control, ground)


def _opaque(given: FloatArray) -> FloatArray:
    return given[..., 3] if given.shape[2] == 4 else np.ones(given.shape[:2], np.float32)


def _laid(sheet: FloatArray, control: DepthControl, ground: Ground) -> FloatArray:
    return ground.lay_map(sheet, control.resize, lambda part, size: resize(np.ascontiguousarray(part), size))


def lightness_of(pixels: FloatArray) -> FloatArray:
    """The greys of a map, which are numbers, not light."""
    flat = flatten(pixels)
    equal = np.allclose(flat[..., 0], flat[..., 1]) and np.allclose(flat[..., 0], flat[..., 2])
    return np.ascontiguousarray(flat[..., 0] if equal else lightness(flat), dtype=np.float32)


def check_depth(found: FloatArray, wanted: FloatArray, told: FloatArray | None = None) -> DepthCheck:
    """Compare the depth of a painted picture with the map that it was to follow, both H x W, where the map says
    something (`told`, everywhere unless given)."""
    height, width = wanted.shape
    said = np.ones(wanted.shape, np.float32) if told is None else told
    small = [resize(np.ascontiguousarray(one), _small(height, width)) for one in (found, wanted, said)]
    seen, asked, there = (one.ravel() for one in small)
    rows, columns = small[0].shape
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, seen.size, (2, _PAIRS))
    counted, right = _compared(seen, asked, there, first, second)
    order = float(right[counted].mean()) if counted.any() else 1.0
    wrong_at = np.bincount(first[counted], weights=~right[counted], minlength=seen.size)
    times = np.bincount(first[counted], minlength=seen.size)
    share = (wrong_at / np.maximum(times, 1)).reshape(rows, columns).astype(np.float32)
    level = first // columns * columns + rng.integers(0, columns, _PAIRS)
    counted, right = _compared(seen, asked, there, first, level)
    beside = float(right[counted].mean()) if counted.sum() >= _PAIRS // 100 else None
    return DepthCheck(order, beside, resize(share, Extent(width, height)) > 0.5)


def _compared(seen: FloatArray, asked: FloatArray, there: FloatArray, first: np.ndarray,
              second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which pairs of places the map tells apart, and which of all lie in its order."""
    said = there > 0.5
    reach = max(float(np.ptp(asked[said])) if said.any() else 0.0, 1e-6)
    apart = asked[first] - asked[second]
    counted = (np.abs(apart) >= APART * reach) & said[first] & said[second]
    return counted, np.sign(seen[first] - seen[second]) == np.sign(apart)


def _small(height: int, width: int) -> Extent:
    return Extent(width, height).fit_within(Extent(_SIDE, _SIDE), grow=False)


def _overlay(picture: FloatArray, wrong: np.ndarray) -> FloatArray:
    """The picture, greyed, red where it is before or behind its place."""
    shown = np.repeat(picture[..., :3].mean(-1, keepdims=True) * 0.6 + 0.3, 3, axis=-1)
    shown[wrong] = shown[wrong] * 0.5 + np.array((0.5, 0.05, 0.05), np.float32)
    return np.asarray(np.clip(shown, 0, 1), dtype=np.float32)

