"""`underpaint.toml`: what is painted for the drawings of a watched folder, in an artist's words.

The file may have come with a folder from somebody else. It is data and nothing else, it names no place outside its own
folder to be written to, and what it does not know is refused with the line.
"""

import difflib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationError

from underpaint.errors import PictureError, RecipeError, UnderpaintError
from underpaint.recipe.base import Frozen
from underpaint.recipe.recipe import MAX_WORDS
from underpaint.sets.keys import MAX_KEYS
from underpaint.sets.structured import MAX_BYTES, read_structured
from underpaint.studio.watch.toml_lines import Where, line_of

NAME = "underpaint.toml"
KEYS = 12
"""How many keys a drawing gets unless told otherwise."""
Words = Annotated[str, Field(max_length=MAX_WORDS)]
Short = Annotated[str, Field(max_length=1000)]
Kind = Literal["auto", "ink", "paper", "photo", "transparent", "white-on-black", "blue-pencil", "colored"]


class Knobs(Frozen):
    """What may be said of one drawing, or of all.

    `keys`: how many colour keys; unset, 12, or none where only a finish is asked for. `lights`: a file of light plans,
    or names of ours. `finish`: operations on the saved picture, or, with keys, on each of them.
    """

    model_config = ConfigDict(strict=True)

    words: Words = ""
    negative: Words = ""
    style: Words = ""
    keys: Annotated[int, Field(ge=0, le=MAX_KEYS)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**64)] = 1
    lights: Short | Annotated[tuple[Short, ...], Field(min_length=1, max_length=MAX_KEYS)] | None = None
    palette: Short | Annotated[tuple[Short, ...], Field(min_length=1, max_length=64)] | None = None
    model: Short | None = None
    vae: Short | None = None
    size: Annotated[str, Field(pattern=r"^\s*\d{1,5}\s*[x×]\s*\d{1,5}\s*$")] | None = None
    steps: int | None = None
    guidance: float | None = None
    sampler: Short | None = None
    schedule: Short | None = None
    loras: Annotated[tuple[Short, ...], Field(max_length=64)] = ()
    set: Annotated[dict[str, Any], Field(default_factory=dict)]
    kind: Kind = "auto"
    keep_blue: bool = True
    finish: Annotated[tuple[dict[str, Any], ...], Field(max_length=16)] = ()

    @property
    def count(self) -> int:
        """How many keys."""
        return self.keys if self.keys is not None else 0 if self.finish else KEYS


class FolderKnobs(Knobs):
    """What may be said of the whole folder; `drawings` says something else of those whose file names fit a pattern."""

    output: Short | None = None
    private: bool = False
    drawings: Annotated[dict[str, Knobs], Field(default_factory=dict)]


class KnobsFile:
    """The knobs as a file has them: `place` is the file, None for a folder without one, which has ours."""

    def __init__(self, place: Path | None, data: bytes = b"") -> None:
        """Raises RecipeError that names the line."""
        self.place, self._text = place, data.decode("utf-8-sig", "replace")
        name = place.name if place else NAME
        found = _tuples(read_structured(data, name, RecipeError))
        try:
            self.folder = FolderKnobs.model_validate(found)
        except ValidationError as error:
            raise self._explained(error) from error

    @classmethod
    def read(cls, place: Path | None) -> "KnobsFile":
        """Read the file. Raises RecipeError that names the line, PictureError where it cannot be read."""
        if place is None:
            return cls(None)
        try:
            with place.open("rb") as file:
                return cls(place, file.read(MAX_BYTES + 1))
        except OSError as error:
            raise PictureError(f"{place} cannot be read: {(error.strerror or '').lower()}",
                               hint="Check that you may read it.") from error

    def of(self, drawing: str) -> Knobs:
        """The knobs of one drawing: the folder's, changed by every pattern that its file name fits, in their order."""
        said = {name: getattr(self.folder, name) for name in Knobs.model_fields}
        for pattern, knobs in self.folder.drawings.items():
            if fnmatchcase(drawing.casefold(), pattern.casefold()):
                said |= {name: getattr(knobs, name) for name in knobs.model_fields_set}
        return Knobs(**said)

    def placed(self, error: UnderpaintError, drawing: str) -> UnderpaintError:
        """The same error with the line of the knob that it is about, where that stands in the file."""
        first, *rest = (error.field or "").split(".")
        knob = _KNOB_OF.get(error.field or "", first)
        if knob not in FolderKnobs.model_fields and error.field:
            knob = "set"  # a field of the recipe that has no knob of its own
        if self.place is None or knob not in FolderKnobs.model_fields:
            return error
        fits: list[Where] = [("drawings", pattern, knob) for pattern, knobs in self.folder.drawings.items()
                             if knob in knobs.model_fields_set and fnmatchcase(drawing.casefold(), pattern.casefold())]
        inner = tuple(int(part) for part in rest if part.isdecimal())
        named = f"{knob}: {error.field}" if knob == "set" else knob
        return type(error)(f"{self._line((*(fits[-1] if fits else (knob,)), *inner))}{named}: {error.message}",
                           hint=error.hint)

    def _line(self, where: Where) -> str:
        number = line_of(self._text, where)
        name = self.place.name if self.place else NAME
        return f"{name}, line {number}: " if number else f"{name}: "

    def _explained(self, error: ValidationError) -> RecipeError:
        first = error.errors(include_url=False)[0]
        where = tuple(part for part in first["loc"] if not str(part).startswith(("constrained-", "function-")))
        knob = str(where[-1])
        if first["type"] == "extra_forbidden":
            known = [*FolderKnobs.model_fields] if len(where) == 1 else [*Knobs.model_fields]
            near = difflib.get_close_matches(knob, known, n=1, cutoff=0.6)
            hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."
            return RecipeError(f"{self._line(where)}there is no knob '{knob:.60}'", hint=hint)
        said = str(first["msg"]).removeprefix("Value error, ").removeprefix("Input ")
        named = next((str(part) for part in where if str(part) in FolderKnobs.model_fields), knob)
        return RecipeError(f"{self._line(where)}{named} {said[0].lower()}{said[1:]}, not {_shown(first.get('input'))}",
                           hint="See the table of knobs in docs/watch.md.")


_KNOB_OF = {"sampling.steps": "steps", "sampling.sampler": "sampler", "sampling.schedule": "schedule",
            "guidance.scale": "guidance", "prompt": "words", "negative_prompt": "negative", "width": "size",
            "height": "size", "model.name": "model", "plans": "lights", "count": "keys"}


def find_knobs(folder: Path) -> Path | None:
    """The knobs of a folder: `underpaint.toml` in it, else beside it."""
    return next((place for place in (folder / NAME, folder.parent / NAME) if place.is_file()), None)


def _tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tuples(inner) for key, inner in value.items()}
    return tuple(_tuples(inner) for inner in value) if isinstance(value, list) else value


def _shown(value: Any) -> str:
    return f"{value!r}"[:60]
