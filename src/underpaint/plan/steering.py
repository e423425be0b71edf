"""Controls become what hangs on to the loop: attachments to the model, edits on the estimate."""

from collections.abc import Mapping
from dataclasses import dataclass

from underpaint.controls.light import LightEdit
from underpaint.controls.line import LineAdapter
from underpaint.controls.palette import PaletteEdit
from underpaint.engine.protocols import Attachment, Edit
from underpaint.plan.data import Pass, Plan
from underpaint.plan.loaded import Loaded
from underpaint.plan.materials import ink_map
from underpaint.recipe import LightControl, LineControl, PaletteControl, Recipe


@dataclass(frozen=True)
class Steering:
    """What a recipe's controls are for one pass."""

    attachments: tuple[Attachment, ...]
    edits: tuple[Edit, ...]


def steer(recipe: Recipe, blobs: Mapping[str, bytes], plan: Plan, one: Pass, loaded: Loaded) -> Steering:
    """Make the attachments and edits of a recipe's controls for one pass; their order in the recipe never matters."""
    attachments: list[Attachment] = []
    edits: list[Edit] = []
    for control in sorted(recipe.controls, key=lambda one: one.to_key()):
        match control:
            case LineControl():
                attachments.append(LineAdapter(loaded.line_adapter(), ink_map(control, blobs, plan, one), control))
            case LightControl():
                edits.append(LightEdit(control, loaded.engine.colours))
            case PaletteControl():
                edits.append(PaletteEdit(control, loaded.engine.colours))
    return Steering(tuple(attachments), tuple(edits))

