"""Picture files as bytes: one file a container. Nothing here decodes pixels or knows what a recipe is."""

from underpaint.pictures.containers import jpeg, png, webp
from underpaint.pictures.found import Found
from underpaint.pictures.limits import LIMITS, Limits


def kind_of(data: bytes) -> str | None:
    """`PNG`, `JPEG` or `WEBP` by the file's first bytes; None for everything else."""
    if data.startswith(png.SIGNATURE):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return None


def find_metadata(data: bytes, limits: Limits = LIMITS) -> Found:
    """What the file carries besides pixels; an empty `Found` for other kinds of file. Never raises for damage."""
    kind = kind_of(data)
    if kind == "PNG":
        return png.find(data, limits)
    if kind == "JPEG":
        return jpeg.find(data, limits)
    if kind == "WEBP":
        return webp.find(data, limits)
    return Found()
