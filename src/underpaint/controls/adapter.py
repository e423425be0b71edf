"""Adapter: a picture handed to any ControlNet, T2I- or IP-Adapter as it is: tiles, holes, normals, picture prompts."""

from pathlib import Path
from typing import Any

import numpy as np

from underpaint.controls.ground import Ground
from underpaint.controls.preprocess import MODULES, preprocessed, sized
from underpaint.controls.shape import Check, Description, Extracted, Files, Given, Kept, Steering, Tools
from underpaint.controls.spec import ControlSpec
from underpaint.errors import PictureError, PlanError, RecipeError
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.blend import flatten
from underpaint.imaging.resize import resize
from underpaint.models.adapters import UNION_TYPES
from underpaint.recipe import AdapterControl, ModelRef

READS = (*UNION_TYPES, "canny", "scribble", "straight", "shuffle", "colour", "brightness", "instruction", "grey",
         "picture")
_HOLE = -1.0
"""What inpainting ControlNets are shown where something is to be painted."""


class Adapter:
    """A picture for an adapter of other programs."""

    description = Description(
        name="adapter", says="a picture for any ControlNet, T2I- or IP-Adapter, handed to it as it is",
        given="a picture, and the adapter's name: adapter=tile.png+model=control_v11f1e_sd15_tile; over a picture or "
              "inside a mask that one, if none is given",
        steers="by the adapter that is named", checks="nothing: what an adapter makes of a picture is its own affair",
        families="SD 1.x, SD 2.x and SDXL, each with adapters made for it",
        cost="a ControlNet: a third to a half of a step; T2I- and IP-Adapters: a few hundredths",
        extracts=tuple(row[0] for row in MODULES),
        options=("model", "reads", "mode", "resize", "preprocess", "preprocess-size", "curve"))
    measured_as = "adapter"

    def read(self, spec: ControlSpec, files: Files) -> Given:
        spec.expects("model", "reads", "mode", "resize", "preprocess", "preprocess-size")
        if not spec.options.get("model"):
            raise RecipeError("which adapter?", field="control adapter",
                              hint="Write adapter=tile.png+model=NAME; see `underpaint models list --kind controlnet`.")
        fields: dict[str, Any] = {**spec.fields, **spec.resizing(), "adapter": ModelRef(name=spec.options["model"])}
        fields |= {name: spec.options[name] for name in ("mode", "reads") if spec.options.get(name)}
        if fields.get("reads", "tile") not in READS:
            raise RecipeError(f"'{fields['reads']:.40}' is no kind of map", hint=f"Choose {', '.join(READS)}.",
                              field="control adapter")
        if not spec.source:
            return Given(AdapterControl(**fields), {})
        kept: Kept = files.picture(Path(spec.source))
        if "preprocess" in spec.options or "preprocess-size" in spec.options:
            made = preprocessed(kept.data, spec)
            kept = Kept(made.blob, made.data, (*kept.notes, *made.notes))
            fields.setdefault("reads", made.reads)
        return Given(AdapterControl(picture=kept.blob, **fields), {kept.blob.sha256: kept.data}, kept.notes)

    def extract(self, picture: FloatArray, how: str, suffix: str | None = None) -> Extracted:
        made, notes = next(row[1] for row in MODULES if row[0] == how)(picture)
        return Extracted(sized(made), ".png", "; ".join(notes) or f"a map as A1111's {how} makes it")

    def steer(self, control: AdapterControl, ground: Ground, tools: Tools) -> Steering:
        from underpaint.controls.steering.attached import hung  # needs torch

        adapter = tools.adapter(control) if tools.adapter is not None else None
        if adapter is None or adapter.description.adapter is None:
            raise PlanError(f"the adapter '{control.adapter.name}' is not loaded", field="control adapter",
                            hint="Choose a model of SD 1.x, SD 2.x or SDXL.")
        reads = (control.reads,) if control.reads else adapter.description.adapter.reads
        return Steering(attachments=(hung(control, picture_on(control, ground, reads), adapter),))

    def check(self, picture: FloatArray, control: AdapterControl, ground: Ground) -> Check | None:
        return None


def picture_on(control: AdapterControl, ground: Ground, reads: tuple[str, ...] = ()) -> FloatArray:
    """What an adapter that `reads` such maps is shown (H x W x 3): the picture laid on the canvas of the pass, or all
    of it where it is only looked at. To nets that fill holes (and, inside the mask that is filled, to those of which
    nothing tells what they read) holes and transparent places are -1.

    Raises PlanError where there is no picture."""
    if control.picture is None:
        if ground.scene is None:
            raise PlanError("which picture does the adapter get?", field="control adapter",
                            hint="Write adapter=PICTURE+model=NAME; only over a picture may it be left out.")
        seen, mask = ground.scene()
        if mask is None or (reads and "fill" not in reads):
            return seen
        return np.where(mask[..., None] > 0.5, np.float32(_HOLE), seen)
    given = np.asarray(ground.pixels(control.picture))
    if min(given.shape[:2]) < 1:
        raise PictureError("the adapter's picture is empty")
    if "picture" in reads:
        return flatten(given)
    opaque = given[..., 3:] if given.shape[2] == 4 else np.ones((*given.shape[:2], 1), np.float32)
    laid = ground.lay_map(np.concatenate([given[..., :3], opaque], axis=-1), control.resize,
                          lambda sheet, size: resize(np.ascontiguousarray(sheet), size))
    if "fill" in reads:
        return np.where(laid[..., 3:] < 0.5, np.float32(_HOLE), laid[..., :3]).astype(np.float32)
    return np.asarray(laid[..., :3] * laid[..., 3:], dtype=np.float32)
