"""Style: pictures whose way of painting is taken over, and nothing of what they show."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from underpaint.controls.ground import Ground
from underpaint.controls.shape import Check, Description, Extracted, Files, Given, Kept, Steering, Tools
from underpaint.controls.spec import ControlSpec
from underpaint.controls.style_check import check_style
from underpaint.errors import PictureError, PlanError, RecipeError
from underpaint.files import is_file
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.blend import flatten
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import resize
from underpaint.recipe import ModelRef, StyleControl

if TYPE_CHECKING:
    from torch import Tensor

WAYS = ("best", "statistics", "reference", "shared", "adapter")
MOST = 8
SHOWN = 4
"""How many pictures self-attention looks at: each costs as much as painting one more."""
FALL = 0.7
"""How strongly attention counts them beside the control's weight: at 1 what they show begins to come along."""


class Style:
    """The way of painting of one or several pictures."""

    description = Description(
        name="style", says="the way of painting of other pictures, not what they show",
        given="one to eight pictures with commas between: style=page.png, style=one.png,two.png",
        steers="on the estimate: colours and contrast of textures; besides, on UNets, self-attention looks at the "
               "pictures (+how=shared, or reference); +how=statistics leaves that out; +how=adapter+adapter=NAME uses "
               "an IP-Adapter, and one that the model brings for styles is used unasked",
        checks="whether colours and textures are nearer to its own pictures than to other ways of painting, and that "
               "nothing of what they show was copied",
        families="every one; SD 1.x, SD 2.x, SDXL and the Primer also look at the pictures",
        cost="statistics: about 1 % of a step; looking: one more row of the model for each picture, up to four",
        extracts=(), options=("how", "adapter", "curve"))
    measured_as = "style"

    def read(self, spec: ControlSpec, files: Files) -> Given:
        spec.expects("how", "adapter")
        names = _several(spec.source)
        if not names:
            raise RecipeError("the style of which pictures?", hint="Write style=page.png.", field="control style")
        if len(names) > MOST:
            raise RecipeError(f"{len(names)} pictures are too many", hint=f"Give up to {MOST}.", field="control style")
        fields: dict[str, Any] = dict(spec.fields)
        if "how" in spec.options:
            fields["how"] = spec.options["how"]
        if spec.options.get("adapter"):
            fields |= {"adapter": ModelRef(name=spec.options["adapter"]), "how": fields.get("how", "adapter")}
        kept: list[Kept] = [files.picture(Path(name)) for name in names]
        control = StyleControl.model_validate({"pictures": tuple(one.blob for one in kept), **fields})
        return Given(control, {one.blob.sha256: one.data for one in kept}, tuple(n for one in kept for n in one.notes))

    def extract(self, picture: FloatArray, how: str, suffix: str | None = None) -> Extracted:
        raise PictureError("a style is given as pictures; there is nothing to extract", hint="Write style=page.png.")

    def steer(self, control: StyleControl, ground: Ground, tools: Tools) -> Steering:
        from underpaint.controls.steering.style_edit import StyleEdit  # needs torch

        pictures = pictures_on(control, ground)
        edits = (StyleEdit(pictures, control, tools.colours),)
        adapter = tools.adapter(control) if tools.adapter is not None else None
        if adapter is not None and control.how in ("adapter", "best"):
            from underpaint.controls.steering.attached import hung

            own = [flatten(np.asarray(ground.pixels(one))) for one in control.pictures]
            shared = control.changed(weight=control.weight / len(own))
            return Steering(attachments=tuple(hung(shared, one, adapter) for one in own), edits=edits)
        if control.how == "adapter":
            raise PlanError("this style has no IP-Adapter", field="control style",
                            hint="Name one with +adapter=NAME, or leave +how out.")
        if control.how in ("reference", "shared") and not tools.attends:
            raise PlanError("this model has no attention that can look at pictures", field="control style",
                            hint="Leave +how out, or take a model of SD 1.x, SD 2.x or SDXL.")
        if control.how == "statistics" or not tools.attends or tools.encode is None:
            return Steering(edits=edits)
        from underpaint.engine.attachments.shared_attention import SharedAttention, latents_of

        latents: Callable[[], Tensor] = partial(latents_of, pictures[:SHOWN], tools.encode)
        looking = SharedAttention(latents, lambda fraction: FALL * control.strength_at(fraction),
                                  align=control.how != "reference")
        return Steering(attachments=(looking,), edits=edits)

    def check(self, picture: FloatArray, control: StyleControl, ground: Ground) -> Check | None:
        own = [flatten(np.asarray(ground.pixels(one))) for one in control.pictures]
        found = check_style(picture, own)
        measured = {"nearer": round(found.nearer, 4), "rank": found.rank, "distance": round(found.distance, 4),
                    "copied": found.is_copy, "likeness": round(found.likeness, 4)}
        return Check(found.score, measured, found.sentence(), found.overlay)


def pictures_on(control: StyleControl, ground: Ground) -> list[FloatArray]:
    """The pictures, each covering the canvas of the pass, their overhang cut off."""
    return [_covering(flatten(np.asarray(ground.pixels(one))), ground.canvas) for one in control.pictures]


def _covering(picture: FloatArray, canvas: Extent) -> FloatArray:
    extent = Extent.of(picture)
    factor = max(canvas.width / extent.width, canvas.height / extent.height)
    wide, high = min(extent.width, canvas.width / factor), min(extent.height, canvas.height / factor)
    width, height = max(1, round(wide)), max(1, round(high))
    left, top = (extent.width - width) // 2, (extent.height - height) // 2
    cut = np.ascontiguousarray(picture[top: top + height, left: left + width, :3])
    return np.ascontiguousarray(resize(cut, canvas))


def _several(source: str) -> list[str]:
    """Names with commas between; a file whose own name has one counts as one."""
    if not source or is_file(Path(source)):
        return [source] if source else []
    return [one.strip() for one in source.split(",") if one.strip()]
