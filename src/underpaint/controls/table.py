"""Every control there is, one row each, and what is done with several of them at once."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import cv2
from pydantic import ValidationError

from underpaint.controls.adapter import Adapter
from underpaint.controls.colour import Colour
from underpaint.controls.depth import Depth
from underpaint.controls.ground import Ground
from underpaint.controls.light import Light
from underpaint.controls.line import Line, claimed_by
from underpaint.controls.nudge import Nudge
from underpaint.controls.palette import Palette
from underpaint.controls.perspective import Perspective
from underpaint.controls.pose.control import Pose
from underpaint.controls.region import Region as RegionWords
from underpaint.controls.region_inside import called, check_inside, everything, own_controls
from underpaint.controls.shape import Check, ControlShape, Files, Given, Settle, Steering, Tools
from underpaint.controls.spec import ControlSpec, parse_spec
from underpaint.controls.style import Style
from underpaint.controls.words import Words
from underpaint.errors import RecipeError, UnderpaintError
from underpaint.imaging.arrays import FloatArray
from underpaint.recipe import Control, LineControl, PerspectiveControl, RegionControl

if TYPE_CHECKING:
    from underpaint.engine.protocols import Attachment, Edit
    from underpaint.engine.regions import Region

CONTROLS: Mapping[str, ControlShape[Any]] = {one.description.name: one for one in (
    Line(), Light(), Palette(), Colour(), Perspective(), Nudge(), Style(), RegionWords(lambda: CONTROLS), Words(),
    Depth(), Pose(), Adapter())}
"""The controls by name; the recipe's `kind` is the same name."""


_UNMEASURABLE = (UnderpaintError, ArithmeticError, LookupError, MemoryError, RuntimeError, TypeError, ValueError,
                 cv2.error)
"""All that a check's arithmetic can raise."""


def named(name: str) -> ControlShape[Any]:
    """One control. Raises RecipeError for a name that there is not."""
    if name not in CONTROLS:
        raise RecipeError(f"there is no control '{name:.40}' here", hint=f"There are: {', '.join(CONTROLS)}.",
                          field="control")
    return CONTROLS[name]


def read_control(text: str, files: Files) -> Given:
    """The control that was typed, such as `line=map.png:0.8@0-0.6`. Raises UnderpaintErrors with the way out."""
    return read_spec(parse_spec(text, tuple(CONTROLS)), files)


def read_spec(spec: ControlSpec, files: Files) -> Given:
    """The control that a parsed text asks for. Raises UnderpaintErrors with the way out."""
    try:
        return CONTROLS[spec.kind].read(spec, files)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise RecipeError(f"{where + ': ' if where else ''}{said[:1].lower()}{said[1:]}", field=f"control {spec.kind}",
                          hint=f"See `underpaint control describe {spec.kind}`.") from error


@dataclass(frozen=True, eq=False)
class Steered:
    """What all controls of a recipe are for one pass. `unguided` counts, by control, the calls of the model at which
    its change was no number and was left out."""

    attachments: "tuple[Attachment, ...]" = ()
    edits: "tuple[Edit, ...]" = ()
    settles: tuple[Settle, ...] = ()
    bends: tuple[Settle, ...] = ()
    regions: "tuple[Region, ...]" = ()
    unguided: Counter[str] = field(default_factory=Counter)


def steer(controls: Iterable[Control], ground: Ground, tools: Tools) -> Steered:
    """Make what one pass follows; the order in which controls are listed never matters, and those without weight are
    not there at all."""
    from underpaint.controls.steering.attached import joined  # needs torch
    from underpaint.controls.steering.guard import Guarded

    unguided: Counter[str] = Counter()
    attachments: list[Attachment] = []
    edits: list[Edit] = []
    settles: list[Settle] = []
    bends: list[Settle] = []
    regions: list[Region] = []
    ground = with_claims(controls := in_order(controls), ground)
    for control in controls:
        made: Steering = CONTROLS[control.kind].steer(control, ground, tools)
        attachments += made.attachments
        edits += [Guarded(edit, control.kind, unguided) for edit in made.edits]
        settles += made.settles
        bends += made.bends
        regions += made.regions
    attachments = joined(attachments, unguided)
    attachments.sort(key=lambda one: bool(getattr(one, "stands_round", False)))
    return Steered(tuple(attachments), tuple(edits), tuple(settles), tuple(bends), tuple(regions), unguided)


def with_claims(controls: Iterable[Control], ground: Ground) -> Ground:
    """The ground with what drawings claim of it, where another control must leave it to them."""
    both = list(controls)
    if not any(isinstance(one, PerspectiveControl) for one in everything(both)):
        return ground
    return replace(ground, drawn=claimed_by([one for one in both if isinstance(one, LineControl)], ground))


def check(controls: Iterable[Control], picture: FloatArray, ground: Ground,
          failed: list[str] | None = None) -> dict[str, Check]:
    """How well a finished picture follows its controls, by what is measured; a second one of a kind is numbered.

    With `failed`, a check that cannot be made is told there in a sentence, not raised: no picture is lost over it.
    """
    found: dict[str, Check] = {}
    for measured_as, measure in _measures(controls, picture, ground):
        try:
            checked = measure()
        except _UNMEASURABLE as error:
            if failed is None:
                raise
            failed.append(f"{measured_as} could not be measured: {error}")
            continue
        if checked is None:
            continue
        name, number = measured_as, 2
        while name in found:
            name, number = f"{measured_as} {number}", number + 1
        found[name] = checked
    return found


def _measures(controls: Iterable[Control], picture: FloatArray,
              ground: Ground) -> Iterator[tuple[str, Callable[[], Check | None]]]:
    """The checks of all controls with what each measures; those of a region's own are named after it."""
    for control in in_order(controls):
        shape = CONTROLS[control.kind]
        yield shape.measured_as, partial(shape.check, picture, control, ground)
        for own in own_controls(control):
            assert isinstance(control, RegionControl)
            yield f"{CONTROLS[own.kind].measured_as} in {called(control)}", partial(
                check_inside, CONTROLS[own.kind], own, control, picture, ground)


def in_order(controls: Iterable[Control]) -> list[Control]:
    """Controls that weigh something, in an order of their own."""
    return sorted((one for one in controls if one.weight > 0), key=lambda one: one.to_key())
