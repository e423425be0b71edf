"""The bytes of a file that somebody named, within the limits. No picture is decoded here."""

from pathlib import Path

from underpaint.errors import PictureError
from underpaint.pictures.limits import Limits


def load_bytes(source: str | Path | bytes, limits: Limits) -> tuple[bytes, str]:
    """The bytes of a file within the limit, and what to call it in messages."""
    if isinstance(source, bytes):
        data, name = source, "the picture"
    else:
        name = Path(source).name or str(source)
        data = _read_file(Path(source), name, limits)
    if not data:
        raise PictureError(f"{name} is empty", hint="Copy or export it again.")
    return data, name


def _read_file(path: Path, name: str, limits: Limits) -> bytes:
    try:
        if not path.exists():
            raise PictureError(f"there is no file {path}", hint="Check its name and folder.")
        if not path.is_file():
            raise PictureError(f"{path} is not a file", hint="Name a picture, not a folder.")
        size = path.stat().st_size
        if size > limits.file_bytes:
            raise PictureError(f"{name} is too large: {size:,} bytes", hint=f"The limit is {limits.file_bytes:,}.")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise PictureError(f"{name} cannot be opened ({short_reason(error)})",
                           hint="Check that you may read it.") from error


def short_reason(error: BaseException) -> str:
    """The first line of what went wrong, short enough to stand in a message."""
    return (str(error) or type(error).__name__).splitlines()[0][:120]
