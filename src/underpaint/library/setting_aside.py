"""What somebody painted over is never written over: it gets another name first."""

from pathlib import Path

from underpaint.errors import PictureError
from underpaint.files import free_name
from underpaint.pictures.recall import check_pixels

YOURS = "yours"


def set_aside(file: Path) -> Path | None:
    """Rename a picture that is about to be painted again, if its pixels are no longer those that were painted.

    Returns its new name beside the old one, NAME-yours.png, or None where there was nothing to keep.
    """
    if not file.is_file():
        return None
    try:
        if check_pixels(file) == "identical-to-painting":
            return None
    except PictureError:
        pass  # another program saved it and left out how it was painted: all the more somebody's own
    return _renamed(file)


def set_aside_later(file: Path, than: Path) -> Path | None:
    """The same for a layered file, which does not say how it was painted: renamed if it was saved later than the file
    `than`, which was written after it, or if that is gone."""
    try:
        saved = file.stat().st_mtime_ns
    except OSError:
        return None
    return _renamed(file) if not than.is_file() or saved > than.stat().st_mtime_ns else None


def _renamed(file: Path) -> Path:
    kept = free_name(file.with_name(f"{file.stem}-{YOURS}{file.suffix}"))
    file.rename(kept)
    return kept


def said_of(file: Path, kept: Path) -> str:
    """A sentence for the person whose picture was kept."""
    return f"{file.name} was painted over since; yours is {kept.name}"
