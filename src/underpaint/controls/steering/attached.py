"""From a control's map and a loaded adapter to what hangs on to the model."""

from collections import Counter

import numpy as np
from torch import nn

from underpaint.controls.adapting import IMAGE_FORMS, union_type
from underpaint.controls.steering.guard import GuardedSupply
from underpaint.engine.attachments.controlnet import ControlNetAttachment
from underpaint.engine.attachments.ip_adapter import ImagePrompt, IPAttachment
from underpaint.engine.attachments.maps import Followed, Mode
from underpaint.engine.attachments.t2i_adapter import T2IAttachment
from underpaint.engine.families.adapters import Adapter
from underpaint.engine.protocols import Attachment
from underpaint.imaging.arrays import FloatArray
from underpaint.recipe import Control

_MODES: dict[str, Mode] = {"lines": "control", "balanced": "balanced", "words": "words", "control": "control"}


def hung(control: Control, sheet: FloatArray, adapter: Adapter) -> Attachment:
    """The attachment by which a model follows a map (H x W or H x W x 3, on the canvas of the pass); an IP-Adapter is
    given a whole picture of any size. Raises PlanError for a map that the adapter does not read."""
    colours = np.repeat(sheet[..., None], 3, axis=-1) if sheet.ndim == 2 else sheet
    mode = _MODES[getattr(control, "mode", "balanced")]
    facts = adapter.description.adapter
    assert facts is not None
    number = union_type(control, adapter.description) if facts.form == "union" else 0
    followed = Followed(_channels(colours, adapter.module), control.strength_at, mode, number, control.to_key())
    if facts.form in IMAGE_FORMS:
        assert adapter.weights is not None
        whole = Followed(colours, control.strength_at, key=control.to_key())
        return IPAttachment([ImagePrompt(adapter.weights, adapter.module, whole, adapter.shown)])
    if adapter.description.kind == "adapter":
        return T2IAttachment(adapter.module, followed)
    return ControlNetAttachment(adapter.module, [followed])


def joined(attachments: list[Attachment], unguided: Counter[str]) -> list[Attachment]:
    """Attachments of which a model can have only one together, such as all IP-Adapters, as one; the others as they
    were, in their order. What nets add is guarded, and `unguided` counts where it was no number."""
    made: list[Attachment] = []
    seen: set[object] = set()
    for one in attachments:
        key = getattr(one, "joins", None)
        if key is None:
            made.append(one)
        elif key not in seen:
            seen.add(key)
            alike = [other for other in attachments if getattr(other, "joins", None) == key]
            made += type(one).joined(alike) if len(alike) > 1 else alike  # type: ignore[attr-defined]
    nets = (ControlNetAttachment, T2IAttachment)
    return [GuardedSupply(one, "adapter", unguided) if isinstance(one, nets) else one for one in made]


def _channels(sheet: FloatArray, module: nn.Module) -> FloatArray:
    """As many channels as the adapter reads: T2I-Adapters of lines read one."""
    wanted = getattr(module.config, "in_channels", 3) if hasattr(module, "adapter") else 3
    return sheet.mean(-1, keepdims=True) if wanted == 1 else np.ascontiguousarray(sheet[..., :3])
