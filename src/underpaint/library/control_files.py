"""Controls as people type them become what recipes hold; the files that they name are read here, once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from underpaint.controls import reading
from underpaint.controls.ground import Ground
from underpaint.controls.shape import Check, Extracted, Given, Kept
from underpaint.controls.table import check, named
from underpaint.errors import OutputError, PictureError, RecipeError, UnderpaintError
from underpaint.files import atomic_write, free_name, is_file
from underpaint.imaging.arrays import FloatArray, to_bytes
from underpaint.imaging.blend import flatten
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import resize
from underpaint.library.drawings import read_drawing, read_stored
from underpaint.pictures.encode import Encoding, encode
from underpaint.pictures.read import read_picture
from underpaint.pictures.recall import blobs_from_file, plan_from_file, recipe_from_file
from underpaint.plan.adapting import attached_by
from underpaint.plan.data import Plan
from underpaint.plan.image_text import open_image_text
from underpaint.recipe import Recipe

LARGEST = 2048
"""The longest side of a map made from a picture, in pixels, unless told otherwise."""


class ControlFiles:
    """Reads files from the disk; `kind` is what sort of drawings they are, where recognising it would err."""

    def __init__(self, kind: str = "auto") -> None:
        self._kind = kind

    def drawing(self, path: Path) -> Kept:
        """A scan, photo or file of lines, as its line layer. Raises PictureError or DrawingError."""
        _check(path)
        read = read_drawing(path, kind=self._kind)
        return Kept(read.blob, read.stored.data, read.notes)

    def picture(self, path: Path) -> Kept:
        """A picture, its own bytes. Raises PictureError."""
        _check(path)
        stored = read_stored(path)
        return Kept(stored.blob, stored.data)


def read_controls(specs: Sequence[str], *, kind: str = "auto") -> list[Given]:
    """Every `--control` for the whole picture, in order, regions with those for them. Raises UnderpaintErrors that say
    which one is wrong, and the way out."""
    return reading.read_controls(specs, ControlFiles(kind))


def _check(path: Path) -> None:
    if not is_file(path):
        raise PictureError(f"there is no file {path}", hint="Check the name; a control is written KIND=FILE:WEIGHT.")


def check_picture(path: Path, specs: Sequence[str], *, kind: str = "auto") -> tuple[FloatArray, dict[str, Check]]:
    """A picture (H x W x 3), and how well it follows `specs`, or without any the controls of its own recipe.

    Raises PictureError for a picture that carries no recipe where no control is named.
    """
    picture = flatten(np.asarray(read_picture(path).pixels))
    prompt, attached = "", None
    if specs:
        given = read_controls(specs, kind=kind)
        controls = [one.control for one in given]
        blobs = {name: data for one in given for name, data in one.blobs.items()}
    else:
        recipe = recipe_from_file(path)
        controls, blobs, prompt = list(recipe.controls), blobs_from_file(path), recipe.prompt
        if not controls:
            raise PictureError(f"{path.name} was painted without controls", hint="Name one with --control.")
        attached = _attached(path, recipe)
    ground = Ground.of(picture, lambda blob: read_picture(blobs[blob.sha256]).pixels)
    asked = replace(ground, prompt=prompt, image_text=open_image_text, attached=attached)
    return picture, check(controls, picture, asked)


def _attached(path: Path, recipe: Recipe) -> frozenset[str] | None:
    """The picture's controls that adapters followed, None where its plan does not tell."""
    try:
        record = plan_from_file(path)
        return attached_by(Plan.from_record(record), recipe) if record is not None else None
    except UnderpaintError:
        return None


def extract_map(name: str, source: Path, output: Path | None, how: str, side: int = LARGEST) -> tuple[Path, Extracted]:
    """Make a control's map from a picture and write it; `how` is one of its ways, "" for the usual one. A picture with
    a side longer than `side` pixels is made smaller first.

    Raises UnderpaintErrors for what cannot be made, read or written.
    """
    shape = named(name)
    ways = shape.description.extracts
    if how and how not in ways:
        raise RecipeError(f"{name} is not extracted by '{how:.40}'", hint=f"Choose {', '.join(ways)}.", field="how")
    picture = flatten(np.asarray(read_picture(source).pixels))
    smaller = Extent.of(picture).fit_within(Extent(side, side), grow=False)
    found = shape.extract(resize(picture, smaller), how or (ways[0] if ways else ""),
                          (output.suffix.lower() if output else "") or None)
    # A map of the plain name may have been cleaned up by hand.
    target = output or free_name(source.with_name(f"{source.stem}-{name}{found.suffix}"))
    _check_other(target, source)
    if target.suffix.lower() != found.suffix:
        raise OutputError(f"{target.name}: this map is written as {found.suffix}",
                          hint=f"Name a file that ends in {found.suffix} with -o.", field="output")
    with atomic_write(target) as file:
        file.write(found.data)
    return target, found


def _check_other(target: Path, source: Path) -> None:
    if target.resolve() == source.resolve():
        raise OutputError(f"{target.name} is the picture itself", hint="Name another file.", field="output")


def save_overlays(picture: FloatArray, checks: Mapping[str, Check], target: Path, source: Path) -> dict[str, Path]:
    """Write what each check of the picture in `source` shows; several are numbered by name.

    Raises OutputError for a place or kind of file that cannot be written, and for the picture itself.
    """
    if target.suffix.lower() != ".png":
        raise OutputError(f"{target.name}: what a check shows is written as PNG", hint="Name a .png.", field="overlay")
    written = {}
    for name, one in checks.items():
        path = target if len(checks) == 1 else target.with_name(f"{target.stem}-{name.replace(' ', '-')}.png")
        _check_other(path, source)
        data = encode("PNG", to_bytes(one.overlay(picture)), None, Encoding(), True)
        with atomic_write(path) as file:
            file.write(data)
        written[name] = path
    return written
