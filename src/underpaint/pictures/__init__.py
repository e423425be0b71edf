"""Picture files: read, write, embed the recipe; what other programs wrote into theirs."""

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

__all__ = [
    "LIMITS", "Encoding", "Limits", "Picture", "Reading", "Record", "Verdict", "Written", "blobs_from_file",
    "check_pixels", "keep_outside", "parse_infotext", "pixels_hash", "plan_from_file", "read_info", "read_picture",
    "recipe_from_file", "recorded_pixels", "stored_like", "write_infotext", "write_picture",
]  # fmt: skip
