"""Nudge: a finished take and a word such as warmer, later, closer: one axis moves, the rest stays."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from underpaint.controls.edges import picture_edges
from underpaint.controls.ground import LARGE, Ground
from underpaint.controls.line_check import check_lines
from underpaint.controls.line_extract import clean
from underpaint.controls.nudge_axes import AXES, KNOWN
from underpaint.controls.shape import Check, Description, Extracted, Files, Given, Steering, Tools
from underpaint.controls.spec import ControlSpec
from underpaint.errors import PictureError, RecipeError
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.blend import flatten
from underpaint.imaging.color import oklab_to_srgb, srgb_to_oklab
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import resize
from underpaint.recipe import LineControl, NudgeControl

if TYPE_CHECKING:
    from underpaint.engine.protocols import Edit

MOVED = 0.3
"""Share of the asked step from which an axis has moved."""
HELD, DRAWN = 1.0, 0.7
"""How firmly a take's lines are held unless told otherwise, and how strongly they then steer as a drawing."""
_SIDE = 4096
"""The longest side, in pixels, at which the take of a huge picture is nudged: only its masses are kept."""


class Nudge:
    """One axis of a finished picture."""

    description = Description(
        name="nudge", says="a finished picture, a little warmer, later, closer",
        given=f"a picture and a word: nudge=take.png+toward=warmer; words: {', '.join(AXES)}; the weight is how far",
        steers="painting starts from the nudged picture (+begin=0.3, how much may change), its masses are kept, its "
               "own lines steer and come back at the end (+lines=1, how firmly)",
        checks="how far the axis moved, and whether the picture's lines stayed",
        families="every one", cost="under 2 % of a step, and a line adapter where there is one",
        options=("toward", "begin", "lines", "curve"))
    measured_as = "nudge"

    def read(self, spec: ControlSpec, files: Files) -> Given:
        spec.expects("toward", "begin", "lines")
        toward = spec.options.get("toward", "")
        if not spec.source or toward not in AXES:
            wrong = f"'{toward:.40}' is no way to nudge" if spec.source and toward else "what is nudged, and which way?"
            raise RecipeError(wrong, hint=f"Write nudge=take.png+toward=WORD: {', '.join(AXES)}.",
                              field="control nudge")
        kept = files.picture(Path(spec.source))
        fields: dict[str, Any] = {**spec.fields, "toward": toward, "lines": HELD}
        fields |= {name: spec.number(name) for name in ("begin", "lines") if name in spec.options}
        control = NudgeControl(picture=kept.blob, **fields)
        return Given(control, {kept.blob.sha256: kept.data}, kept.notes)

    def extract(self, picture: FloatArray, how: str, suffix: str | None = None) -> Extracted:
        raise PictureError("a nudge is given a finished picture and a word; there is nothing to extract",
                           hint="Write nudge=take.png+toward=warmer.")

    def steer(self, control: NudgeControl, ground: Ground, tools: Tools) -> Steering:
        from underpaint.controls.steering.colour_edit import ColourEdit  # needs torch
        from underpaint.controls.steering.line_adapter import LineAdapter
        from underpaint.controls.steering.line_edit import LineEdit

        wanted = nudged_on(control, ground)
        edits: tuple[Edit, ...] = (ColourEdit(wanted, np.ones(wanted.shape[:2], np.float32), control, tools.colours),)
        if control.lines == 0:
            return Steering(edits=edits)
        settles = (partial(with_lines_of, wanted=wanted, share=control.lines),)
        drawn = LineControl(drawing=control.picture, weight=DRAWN * control.lines, start=control.start,
                            end=control.end, curve=control.curve)
        if tools.line_adapter is not None:
            return Steering((LineAdapter(tools.line_adapter(), clean(wanted), drawn),), edits, settles)
        return Steering(edits=(*edits, LineEdit(clean(wanted), drawn, tools.colours, "take's lines")), settles=settles)

    def check(self, picture: FloatArray, control: NudgeControl, ground: Ground) -> Check | None:
        before = ground.lay(_taken(control, ground), edge=True)  # a pass may be some pixels larger than the whole
        name, way = AXES[control.toward]
        axis = KNOWN[name]
        compared = nudged(before, control) if axis.place is None else before
        lines = check_lines(picture, picture_edges(compared).astype(np.float32))
        measured: dict[str, Any] = {"lines_f1": round(lines.f1, 4)}
        share, says = 1.0, f"lines of the take kept {lines.kept:.0%}"
        if axis.place is not None:
            asked = (axis.place(nudged(before, control)) - axis.place(before)) * way
            went = (axis.place(picture) - axis.place(before)) * way
            share = went / asked if asked > 1e-3 else 0.0
            measured |= {"moved": round(share, 4), "did_move": share >= MOVED}
            says = f"{control.toward} by {share:.0%} of what was asked, {says}"
        return Check(min(max(share, 0.0), 1.0) * lines.f1, measured, says, lines.overlay)


def nudged_on(control: NudgeControl, ground: Ground) -> FloatArray:
    """The nudged take (H x W x 3) on the canvas of a pass."""
    if ground.whole.area > LARGE:
        take = flatten(np.asarray(ground.pixels(control.picture)))
        smaller = Extent.of(take).fit_within(Extent(_SIDE, _SIDE), grow=False)
        moved = nudged(resize(take, smaller), control)
        return np.ascontiguousarray(ground.lay_map(moved, "stretch", resize, edge=True))
    return np.ascontiguousarray(ground.lay(nudged(_taken(control, ground), control), edge=True))


def nudged(take: FloatArray, control: NudgeControl) -> FloatArray:
    """A picture moved along its axis by the control's weight."""
    name, way = AXES[control.toward]
    return KNOWN[name].move(take, way * control.weight)


def with_lines_of(painted: FloatArray, wanted: FloatArray, share: float) -> FloatArray:
    """A picture (H x W x 3) whose lines and fine detail are those of another, as far as `share`; its masses, its own.

    Only round edges, the other's and its own, so that flat paint keeps its grain.
    """
    if painted.shape != wanted.shape:
        wanted = resize(wanted, Extent.of(painted))
    reach = max(1.5, min(painted.shape[:2]) / 96)
    edges = picture_edges(wanted) | picture_edges(painted)
    near = cv2.GaussianBlur(cv2.dilate(edges.astype(np.float32), np.ones((5, 5), np.uint8)), (0, 0), reach)
    share_there = share * np.clip(2 * near, 0, 1)[..., None]
    own, other = srgb_to_oklab(painted), srgb_to_oklab(wanted)
    fine = [one - cv2.GaussianBlur(one, (0, 0), reach) for one in (own, other)]
    return np.asarray(np.clip(oklab_to_srgb(own + share_there * (fine[1] - fine[0])), 0, 1), dtype=np.float32)


def _taken(control: NudgeControl, ground: Ground) -> FloatArray:
    """The take at the size of the whole picture."""
    take = flatten(np.asarray(ground.pixels(control.picture)))
    return take if Extent.of(take) == ground.whole else resize(take, ground.whole)
