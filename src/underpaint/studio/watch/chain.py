"""A chain of finishing operations, as the knobs name them: `finish = [{do = "upscale", scale = 2}, ...]`."""

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from underpaint.errors import ModelError, PictureError, RecipeError
from underpaint.finish import lineage
from underpaint.finish.cutout import Hints
from underpaint.finish.match import Reference
from underpaint.finish.shape import Operation, checked, told
from underpaint.finish.table import OPERATIONS
from underpaint.finish.upscale import find_network
from underpaint.finish.writing import Opened, open_picture, save
from underpaint.library.painting import LAYERED, read_painting
from underpaint.pictures.read import read_picture
from underpaint.recipe.base import Frozen
from underpaint.studio.watch.asking import colours_or_file, nearby


@dataclass(frozen=True, eq=False)
class Link:
    """One operation of a chain: its parameters, and what of files it needs."""

    operation: Operation
    asked: Frozen
    given: Any

    def mark(self) -> dict[str, Any]:
        """What makes two of them the same."""
        return {"do": self.operation.name, **told(self.asked)}


def read_chain(rows: Sequence[Mapping[str, Any]], where: Path) -> tuple[Link, ...]:
    """The operations of a chain; files that they name lie in the folder `where`.

    Raises RecipeError, PictureError and ModelError with `finish.N` as the field, N from 0.
    """
    return tuple(_link(dict(row), number, where) for number, row in enumerate(rows, 1))


def run_chain(links: Sequence[Link], source: Path, target: Path, *, private: bool = False) -> tuple[str, ...]:
    """Finish the picture (or layered document) `source` into `target`; what the artist should know.

    Raises what the operations raise; nothing appears at `target` then.
    """
    notes: list[str] = []
    with tempfile.TemporaryDirectory(prefix="underpaint-") as between:
        opened = _open(source)
        for number, link in enumerate(links, 1):
            last = number == len(links)
            place = target if last else Path(between) / f"{number}.png"
            made = link.operation.run(opened.picture, link.asked, link.given)
            notes += save(opened, link.operation, link.asked, made, place, private=private).notes
            if not last:
                opened = replace(open_picture(place), path=source)
    return tuple(dict.fromkeys(notes))


def _open(source: Path) -> Opened:
    if source.suffix.lower() not in LAYERED:
        return open_picture(source)
    painting = read_painting(source)
    bare = lineage.Kept({"underpaint": 1}, {}, None, {}, painting.notes)
    return Opened(source, painting.merged, bare)


def _link(row: dict[str, Any], number: int, where: Path) -> Link:
    name = row.pop("do", None)
    operation = OPERATIONS.get(name) if isinstance(name, str) else None
    if operation is None:
        raise RecipeError(f"number {number} of the chain does {name!r:.40}", field=f"finish.{number - 1}",
                          hint=f'Write do = "..." with one of {", ".join(OPERATIONS)}.')
    try:
        fields, given = _READ[operation.name](row, where)
        return Link(operation, checked(operation.parameters, fields), given)
    except (RecipeError, PictureError, ModelError) as error:
        said = f"{error.field}: {error.message}" if error.field and error.field != "finish" else error.message
        raise type(error)(f"{operation.name}: {said}", hint=error.hint, field=f"finish.{number - 1}") from error


def _upscale(row: dict[str, Any], where: Path) -> tuple[dict[str, Any], Any]:
    method = row.get("method", "sharp")
    if isinstance(method, str) and Path(method).suffix:
        method = str(nearby(method, where, "finish"))
    network = find_network(str(method))
    named = {"method": network.name, "method_sha256": network.sha256} if network else {}
    return {**row, **named}, network


def _cutout(row: dict[str, Any], where: Path) -> tuple[dict[str, Any], Any]:
    if unknown := set(row) & {"mask", "trimap", "strokes", "net"}:
        raise RecipeError(f"'{min(unknown)}' belongs to one picture, not to a folder",
                          hint="Use underpaint finish cutout for it.", field="finish")
    return row, Hints()


def _tone(row: dict[str, Any], where: Path) -> tuple[dict[str, Any], Any]:
    """Levels 0..255 and points of a curve as `underpaint finish tone` takes them."""
    if "levels" in row:
        black, gamma, white = _numbers(row.pop("levels"), 3, "levels = [12, 1.1, 240]")
        row |= {"black": black / 255, "gamma": gamma, "white": white / 255}
    if "curve" in row:
        points = row["curve"] if isinstance(row["curve"], tuple | list) else ()
        pairs = [_numbers(point, 2, "curve = [[0, 0], [64, 50], [255, 255]]") for point in points]
        row["curve"] = tuple((x / 255, y / 255) for x, y in pairs)
    return row, None


def _match(row: dict[str, Any], where: Path) -> tuple[dict[str, Any], Any]:
    to = row.pop("to", None)
    if not isinstance(to, str | tuple | list):
        raise RecipeError("it does not say what to match", hint='Write to = "cover.png" or to = ["#1c2326", ...].',
                          field="finish")
    said = colours_or_file(to, where, "finish")
    from underpaint.controls.swatches import FORMATS

    path = Path(said)
    if not said.lstrip().startswith("#") and path.suffix.lower() not in FORMATS:
        picture = read_picture(path)
        return row | {"reference": path.name[:200], "reference_sha256": picture.sha256}, Reference.of_picture(picture)
    if path.is_file():
        row |= {"reference": path.name[:200], "reference_sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    else:
        row |= {"reference": said[:200]}
    return row, _swatches(said)


def _swatches(said: str) -> Reference:
    from underpaint.library.control_files import read_controls
    from underpaint.recipe import PaletteControl

    given, = read_controls([f"palette={said}"])
    assert isinstance(given.control, PaletteControl)
    colours = [[int(one.colour[at : at + 2], 16) / 255 for at in (1, 3, 5)] for one in given.control.swatches]
    shares = np.array([one.share for one in given.control.swatches], np.float64)
    return Reference(np.array(colours, np.float32), None if np.ptp(shares) < 1e-9 else shares, "palette")


def _numbers(given: Any, count: int, example: str) -> tuple[float, ...]:
    parts = tuple(given) if isinstance(given, tuple | list) else ()
    if len(parts) != count or not all(isinstance(part, int | float) and not isinstance(part, bool) for part in parts):
        raise RecipeError(f"{given!r:.40} cannot be read", hint=f"Write {example}.", field="finish")
    return tuple(float(part) for part in parts)


_READ = {"upscale": _upscale, "cutout": _cutout, "tone": _tone, "match": _match}
