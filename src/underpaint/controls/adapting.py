"""What kinds of map a control hands to an adapter, and what an adapter of that form makes of it."""

import numpy as np

from underpaint.errors import PlanError
from underpaint.imaging.arrays import FloatArray
from underpaint.models.adapters import LINES, UNION_TYPES
from underpaint.models.description import ModelDescription
from underpaint.recipe import (
    AdapterControl,
    ColourControl,
    Control,
    DepthControl,
    LineControl,
    ModelRef,
    PoseControl,
    StyleControl,
)

_LINES_FIRST = ("line", "canny", *sorted(LINES - {"line", "canny"}))
IMAGE_FORMS = frozenset({"ip", "ip_plus", "ip_full"})
HINT = "Name one with +model=, or add a folder of models that has one; see `underpaint models list --kind controlnet`."
"""The way out where a control needs an adapter and there is none."""


def named_adapter(control: Control) -> ModelRef | None:
    """The adapter that a control names."""
    if isinstance(control, LineControl | DepthControl | PoseControl | ColourControl | AdapterControl | StyleControl):
        return control.adapter
    return None


def map_kinds(control: Control) -> tuple[str, ...]:
    """The kinds of map that it is, the nearest first; nothing where no adapter reads it."""
    match control:
        case LineControl():
            return _LINES_FIRST
        case DepthControl():
            return ("depth",)
        case PoseControl():
            return ("pose",)
        case ColourControl():
            return ("colour", "tile")
        case AdapterControl():
            return (control.reads,) if control.reads else ()
        case _:
            return ()


def needs_adapter(control: Control) -> bool:
    """Whether it is followed by an adapter or not at all."""
    return isinstance(control, PoseControl | AdapterControl)


def only_own(control: Control) -> bool:
    """Whether it takes an adapter that the model brings, but none that happens to lie here unless it is named."""
    return isinstance(control, ColourControl)


def unsaid(sheet: FloatArray, told: FloatArray, floor: float) -> FloatArray:
    """A map (H x W or H x W x C, 0..1) for an adapter that lifts what is given to `floor` and takes 0 for no map: as
    far below 0 as it takes to be no map where nothing is `told` (H x W, 0..1)."""
    share = told if sheet.ndim == 2 else told[..., None]
    return np.asarray((share * (floor + (1 - floor) * sheet) - floor) / (1 - floor), dtype=np.float32)


def check_form(control: Control, adapter: ModelDescription) -> None:
    """Raise PlanError for an adapter that can make nothing of what the control hands it."""
    facts, where = adapter.adapter, f"control {control.kind}"
    if facts is None:
        raise PlanError(f"{adapter.name} is {adapter.kind_name}, not an adapter", field=where)
    image = facts.form in IMAGE_FORMS
    if image and not isinstance(control, AdapterControl | StyleControl):
        raise PlanError(f"{adapter.name} is an IP-Adapter, which looks at pictures and reads no {control.kind}",
                        hint=f"Write adapter=PICTURE+model={adapter.name}, or leave the model out.", field=where)
    if isinstance(control, StyleControl) and not image:
        raise PlanError(f"{adapter.name} is {adapter.kind_name}, which reads maps, not styles",
                        hint="Name an IP-Adapter, or leave +adapter out.", field=where)
    if facts.form == "union":
        union_type(control, adapter)


def union_type(control: Control, adapter: ModelDescription) -> int:
    """The number of the control's kind of map in a ControlNetUnion. Raises PlanError where it reads no such map."""
    assert adapter.adapter is not None
    known = UNION_TYPES[: adapter.adapter.types]
    wanted = map_kinds(control)
    for kind in wanted:
        if kind in known:
            return known.index(kind)
    if "canny" in wanted or "straight" in wanted:
        return known.index("line")
    if "scribble" in wanted and "soft" in known:
        return known.index("soft")
    said = f"'{wanted[0]}'" if wanted else "of what kind the map is"
    raise PlanError(f"{adapter.name} reads several kinds of map and is not told {said}" if not wanted else
                    f"{adapter.name} reads no maps of the kind {said}",
                    hint=f"Say +reads= and one of: {', '.join(known)}.", field=f"control {control.kind}")
