"""Picture files: read, write, embed the recipe; what other programs wrote into theirs."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from underpaint.pictures.comfyui_export import Workflow, comfyui_workflow
    from underpaint.pictures.encode import Encoding
    from underpaint.pictures.infotext import parse_infotext, write_infotext
    from underpaint.pictures.limits import LIMITS, Limits
    from underpaint.pictures.read import Picture, read_picture
    from underpaint.pictures.reading import Reading, read_info
    from underpaint.pictures.recall import (
        Verdict,
        blobs_from_file,
        check_pixels,
        plan_from_file,
        recipe_from_file,
        recorded_pixels,
    )
    from underpaint.pictures.record import Record, pixels_hash
    from underpaint.pictures.stored import keep_outside, stored_like
    from underpaint.pictures.write import Written, write_picture

# Imported when first asked for: `underpaint info` needs no decoder and has to answer at once.
_HOMES = {
    "Workflow": "comfyui_export", "comfyui_workflow": "comfyui_export",
    "Encoding": "encode", "parse_infotext": "infotext", "write_infotext": "infotext", "LIMITS": "limits",
    "Limits": "limits", "Picture": "read", "read_picture": "read", "Reading": "reading", "read_info": "reading",
    "Verdict": "recall", "blobs_from_file": "recall", "check_pixels": "recall", "plan_from_file": "recall",
    "recipe_from_file": "recall", "recorded_pixels": "recall", "Record": "record", "pixels_hash": "record",
    "keep_outside": "stored", "stored_like": "stored", "Written": "write", "write_picture": "write",
}  # fmt: skip

__all__ = [
    "LIMITS", "Encoding", "Limits", "Picture", "Reading", "Record", "Verdict", "Workflow", "Written", "blobs_from_file",
    "check_pixels", "comfyui_workflow", "keep_outside", "parse_infotext", "pixels_hash", "plan_from_file", "read_info",
    "read_picture", "recipe_from_file", "recorded_pixels", "stored_like", "write_infotext", "write_picture",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'underpaint.pictures' has no attribute '{name}'")
    return getattr(import_module(f"underpaint.pictures.{_HOMES[name]}"), name)
