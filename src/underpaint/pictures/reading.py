"""What a picture says about how it was painted, whichever program painted it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from underpaint.pictures.containers import find_metadata
from underpaint.pictures.found import Found
from underpaint.pictures.limits import LIMITS, Limits
from underpaint.pictures.source import load_bytes
from underpaint.pictures.unwrap import unwrap


@dataclass(frozen=True)
class Reading:
    """One picture's account of itself; None where it does not say.

    `source` names the program, None where nothing was found. `sampler` and `schedule` are ours for our own
    pictures, and as written for others. `loras` are mappings with name, weight, text_weight and hash. `recipe` is
    our recipe as JSON data, or the nearest one; `plan` our plan. `raw` is everything as it was found.
    """

    source: str | None = None
    prompt: str | None = None
    negative_prompt: str | None = None
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    sampler: str | None = None
    schedule: str | None = None
    width: int | None = None
    height: int | None = None
    model: str | None = None
    model_hash: str | None = None
    loras: tuple[Mapping[str, Any], ...] = ()
    recipe: Mapping[str, Any] | None = None
    plan: Mapping[str, Any] | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data with the keys of `info --json`; the plan stands in `raw`."""
        data = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "plan"}
        return data | {"loras": [dict(lora) for lora in self.loras], "raw": dict(self.raw)}


def read_info(source: str | Path | bytes, *, limits: Limits = LIMITS) -> Reading:
    """Read what a picture says about itself; its pixels are decoded only where nothing else says anything.

    The first reader of `programs.READERS` that knows the file answers; where none does, `source` is None and
    `raw` holds what was found. `raw["unread"]` says what was left unread and why, `raw["unmapped"]` what the nearest
    recipe leaves out. A ComfyUI workflow (JSON) and an infotext (text) are read too. Damaged metadata never raises.

    Raises:
        PictureError: no such file, an empty one, one beyond the size limit, or not a picture at all.
    """
    from underpaint.pictures.programs import MARKS, READERS  # the readers make Readings, so they import this file

    data, name = load_bytes(source, limits)
    found = find_metadata(data, limits)
    if found.format is None:
        reading = _first(READERS, unwrap(_as_text(data, limits), limits))
        if reading is not None:
            return reading
        from underpaint.pictures.read import read_other  # decoders are slow to import and rarely needed here

        found = read_other(data, name, limits=limits)
    found = unwrap(found, limits)
    return (_first(READERS, found) or _first(MARKS, found) or _hidden(data, found, limits)
            or Reading(width=found.width, height=found.height, raw=found.raw()))


def _first(readers: Iterable[Callable[[Found], Reading | None]], found: Found) -> Reading | None:
    return next((reading for reader in readers if (reading := reader(found)) is not None), None)


def _hidden(data: bytes, found: Found, limits: Limits) -> Reading | None:
    from underpaint.pictures.programs import READERS
    from underpaint.pictures.stealth import reveal  # decodes

    revealed = reveal(data, found, limits)
    return _first(READERS, unwrap(revealed, limits)) if revealed is not None else None


def _as_text(data: bytes, limits: Limits) -> Found:
    """A file of text as if it stood in a picture's comment; without one for everything else."""
    if len(data) > limits.text_bytes:
        return Found()
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        return Found()
    told = text.lstrip().startswith("{") or "Steps: " in text
    return Found(comments=(text,)) if told and "\0" not in text else Found()
