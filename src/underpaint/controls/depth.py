"""Depth: a grey map of what is near and what is far."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from underpaint.controls.extractors import extractor
from underpaint.controls.ground import Ground
from underpaint.controls.preprocess import at_size, kept_of, opened
from underpaint.controls.shape import Check, Description, Extracted, Files, Given, Steering, Tools
from underpaint.controls.spec import ControlSpec
from underpaint.errors import PictureError, PlanError, RecipeError
from underpaint.imaging.arrays import FloatArray, to_bytes
from underpaint.imaging.blend import flatten
from underpaint.imaging.color import lightness
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import resize
from underpaint.pictures.encode import Encoding, encode
from underpaint.recipe import DepthControl, ModelRef

APART = 0.08
"""Places count as one before the other from this difference on, of the map's whole range."""
_SIDE, _PAIRS = 96, 20_000
HINT = "Name one with +model=, or add a folder of models that has one; see `underpaint models list --kind controlnet`."


@dataclass(frozen=True, eq=False)
class DepthCheck:
    """`order`: the share of pairs of places that lie in the order of the map. `wrong`: H x W, where they do not."""

    order: float
    wrong: np.ndarray


class Depth:
    """What is near and what is far."""

    description = Description(
        name="depth", says="near and far as in a grey map, near is bright",
        given="a grey map: depth=map.png; or a picture to read it from: depth=photo.jpg+preprocess",
        steers="by a ControlNet, union or T2I-Adapter for depth; there is no steering without one",
        checks="whether near and far are in the order of the map, seen by another extractor than made the map where "
               "there are two",
        families="SD 1.x, SD 2.x and SDXL with an adapter for depth",
        cost="a ControlNet: a third to a half of a step; a T2I-Adapter: a few hundredths",
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

        adapter = tools.adapter(control) if tools.adapter is not None else None
        if adapter is None:
            raise PlanError("no adapter for depth is loaded", hint=HINT, field="control depth")
        return Steering(attachments=(hung(control, near_on(control, ground), adapter),))

    def check(self, picture: FloatArray, control: DepthControl, ground: Ground) -> Check | None:
        who = extractor("depth", other_than=control.by)
        found = check_depth(who.reads(picture), near_on(control, ground))
        same = bool(control.by) and who.name == control.by
        eyes = ", seen by the same eyes that made the map" if same else ""
        measured = {"order": round(found.order, 4), "by": who.name, "same_eyes": same}
        return Check(found.order, measured, f"near and far in order {found.order:.0%}{eyes} ({who.trust})",
                     lambda shown: _overlay(shown, found.wrong))


def near_on(control: DepthControl, ground: Ground) -> FloatArray:
    """The map (H x W, 1 is nearest) on the canvas of a pass. Raises PictureError for one that says nothing."""
    grey = lightness_of(np.asarray(ground.pixels(control.map)))
    if float(np.ptp(grey)) < 1 / 255:
        raise PictureError("the map of depth is of one grey, so nothing in it is near or far", field="control depth",
                           hint="Near is bright, far is dark.")
    return ground.lay_map(grey, control.resize, lambda sheet, size: resize(np.ascontiguousarray(sheet), size))


def lightness_of(pixels: FloatArray) -> FloatArray:
    """The greys of a map, which are numbers, not light."""
    flat = flatten(pixels)
    equal = np.allclose(flat[..., 0], flat[..., 1]) and np.allclose(flat[..., 0], flat[..., 2])
    return np.ascontiguousarray(flat[..., 0] if equal else lightness(flat), dtype=np.float32)


def check_depth(found: FloatArray, wanted: FloatArray) -> DepthCheck:
    """Compare the depth of a painted picture with the map that it was to follow, both H x W."""
    height, width = wanted.shape
    small = [resize(np.ascontiguousarray(one), _small(height, width)) for one in (found, wanted)]
    seen, asked = (one.ravel() for one in small)
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, seen.size, (2, _PAIRS))
    reach = max(float(np.ptp(asked)), 1e-6)
    apart = asked[first] - asked[second]
    counted = np.abs(apart) >= APART * reach
    if not counted.any():
        return DepthCheck(1.0, np.zeros(wanted.shape, bool))
    right = np.sign(seen[first] - seen[second]) == np.sign(apart)
    wrong_at = np.bincount(first[counted], weights=~right[counted], minlength=seen.size)
    times = np.bincount(first[counted], minlength=seen.size)
    share = (wrong_at / np.maximum(times, 1)).reshape(small[0].shape).astype(np.float32)
    return DepthCheck(float(right[counted].mean()), resize(share, Extent(width, height)) > 0.5)


def _small(height: int, width: int) -> Extent:
    return Extent(width, height).fit_within(Extent(_SIDE, _SIDE), grow=False)


def _overlay(picture: FloatArray, wrong: np.ndarray) -> FloatArray:
    """The picture, greyed, red where it is before or behind its place."""
    shown = np.repeat(picture[..., :3].mean(-1, keepdims=True) * 0.6 + 0.3, 3, axis=-1)
    shown[wrong] = shown[wrong] * 0.5 + np.array((0.5, 0.05, 0.05), np.float32)
    return np.asarray(np.clip(shown, 0, 1), dtype=np.float32)

