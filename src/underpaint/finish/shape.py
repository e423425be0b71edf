"""What every finishing operation is given and gives back."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from underpaint.errors import RecipeError
from underpaint.imaging.arrays import FloatArray, to_bytes, to_float, to_words
from underpaint.pictures.read import Picture
from underpaint.recipe.base import Frozen

STRIP_PIXELS = 2_000_000
"""About how many pixels of a result are held at once."""

F = TypeVar("F", bound=Frozen)


@dataclass(frozen=True, eq=False)
class Made:
    """A result on its way to a file: its size, and its rows from the top as strips of integers (h x width x channels,
    `dtype` uint8 or uint16), made as they are taken, once. They are in the input's own colour profile.

    `found`: what was decided and measured, JSON data. `notes`: what the artist should know.
    """

    width: int
    height: int
    channels: int
    dtype: np.dtype[Any]
    strips: Iterable[NDArray[Any]]
    found: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def whole(self) -> NDArray[Any]:
        """All rows at once, H x W x C."""
        return np.concatenate(list(self.strips), axis=0)


@dataclass(frozen=True)
class Operation:
    """One row of the table: a name, what a new file's name says, what it does in a sentence, its parameters and the
    function. It is given the picture, the parameters and whatever of files they name, already read."""

    name: str
    ending: str
    says: str
    parameters: type[Frozen]
    run: Callable[[Picture, Any, Any], Made]


def checked(kind: type[F], fields: Mapping[str, Any]) -> F:
    """Parameters from what was asked. Raises RecipeError that names the first field that does not fit."""
    try:
        return kind(**fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        said = str(first["msg"]).removeprefix("Value error, ")
        given = first.get("input")
        shown = f", not {given!r:.60}" if isinstance(given, int | float | str) else ""
        raise RecipeError(f"{said[0].lower()}{said[1:]}{shown}",
                          field=".".join(str(part) for part in first["loc"]) or None) from error


def told(asked: Frozen) -> dict[str, Any]:
    """Parameters as a file keeps them: every one, also what was left at its default, as defaults may change."""
    values = {name: getattr(asked, name) for name in type(asked).model_fields}
    return {name: value for name, value in values.items() if value is not None}


def strip_heights(width: int, height: int) -> Iterator[tuple[int, int]]:
    """(top, bottom) of strips of about STRIP_PIXELS."""
    rows = max(1, STRIP_PIXELS // max(width, 1))
    for top in range(0, height, rows):
        yield top, min(top + rows, height)


def integers(pixels: FloatArray, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Floats 0..1 as integers of 8 or 16 bits."""
    return to_words(pixels) if dtype == np.uint16 else to_bytes(pixels)


def colours_of(stored: NDArray[Any], mode: str) -> tuple[FloatArray, FloatArray | None]:
    """Colour (H x W x 3, the file's own numbers as floats) and alpha (H x W), None where there is none."""
    floats = to_float(stored)
    alpha = floats[..., -1] if mode in ("LA", "RGBA") else None
    color = floats[..., :1] if mode in ("L", "LA") else floats[..., :3]
    return (np.repeat(color, 3, axis=2) if color.shape[2] == 1 else color), alpha


def each_pixel(picture: Picture, change: Callable[[FloatArray], FloatArray], *, grey: bool) -> Iterator[NDArray[Any]]:
    """Strips of a picture whose colours went through `change` (h x w x 3 -> h x w x 3); alpha stays bit for bit.

    `grey`: whether a grey picture stays grey; else it becomes RGB.
    """
    for top, bottom in strip_heights(picture.width, picture.height):
        part = picture.stored[top:bottom]
        color, _ = colours_of(part, picture.mode)
        changed = integers(np.clip(change(color), 0, 1).astype(np.float32), picture.stored.dtype)
        changed = changed[..., :1] if grey and picture.mode in ("L", "LA") else changed
        yield np.concatenate([changed, part[..., -1:]], axis=2) if picture.has_alpha else changed
