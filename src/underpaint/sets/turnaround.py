"""A turnaround: one figure from several sides, painted together in one wide picture so that it stays one figure.

Every side has its own part of the picture with words of its own, and one standing figure turned on its heel, as a pose
or as a line drawing, whichever the model follows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

import numpy as np

from underpaint.controls.pose.openpose import BODY_25
from underpaint.errors import RecipeError
from underpaint.imaging.geometry import Bounds, Extent
from underpaint.pictures.encode import Encoding, encode
from underpaint.recipe import Blob, Control, CreateRecipe, LineControl, PoseControl, PosedPerson, Recipe, RegionControl
from underpaint.sets.lay_figure import BREADTH, CROWN, Stand, draw, joints

MAX_SHEETS, MOST_WORDS = 96, 1900
VIEWS: Mapping[str, tuple[float, str]] = {
    "front": (0, "seen from the front"), "three-quarter": (45, "seen at an angle, three-quarter view"),
    "side": (90, "seen from the side, profile"), "back": (180, "seen from behind, back view")}
"""Each view: how far the figure is turned to its right (degrees), and its words."""
USUAL = ("front", "side", "back")
_SHEET_WORDS = "character sheet, the same figure seen {views}, standing, full length, plain light background"
_TOP, _FLOOR = 0.07, 0.95  # where the crown and the soles are, as shares of the height
_LINES_UNTIL = 0.6  # of the steps: the lay figure is bald and bare, and clothes are to hang past its lines
_CELLS = 64  # of a part's mask, across its shorter side


@dataclass(frozen=True)
class Part:
    """One side of the figure: its name, and where it lies in the sheet."""

    view: str
    bounds: Bounds


@dataclass(frozen=True)
class Turnaround:
    """One sheet: its number from 1, its recipe, and its parts from left to right."""

    number: int
    recipe: CreateRecipe
    parts: tuple[Part, ...]

    @property
    def name(self) -> str:
        """What a file of it is called."""
        return "sheet"


@dataclass(frozen=True)
class Figure:
    """What a turnaround is of and how it is laid out. `part` is the size of one side in pixels; `step` what its
    width and height must be multiples of; `held` whether the figure is held to its stance by a pose, by drawn lines, or
    by words alone."""

    words: str
    part: Extent
    views: tuple[str, ...] = USUAL
    step: int = 8
    held: Literal["pose", "lines", "words"] = "words"


def plan_turnarounds(figure: Figure, *, count: int = 1, seed: int = 1, base: Recipe | None = None
                     ) -> tuple[tuple[Turnaround, ...], dict[str, bytes]]:
    """`count` sheets with seeds from `seed` on, and the bytes of all that they name.

    Raises RecipeError for a figure without words, views that there are not, and numbers out of range.
    """
    if not 1 <= count <= MAX_SHEETS:
        raise RecipeError(f"{count} turnarounds were asked for", hint=f"Ask for 1 to {MAX_SHEETS}.", field="count")
    base = base or CreateRecipe()
    if not isinstance(base, CreateRecipe):
        raise RecipeError(f"a turnaround is created; a {base.task} recipe cannot shape it", field="task")
    words = figure.words.strip().rstrip(" ,.")
    if not words:
        raise RecipeError("the figure has no words", hint="Say who it is: a knight in green armour.", field="words")
    if len(words) > MOST_WORDS:
        raise RecipeError(f"the words are {len(words):,} characters long", field="words",
                          hint=f"The limit is {MOST_WORDS:,}.")
    _check_views(figure.views)
    sheet = _sheet(figure)
    masks = [_mask(at, len(figure.views)) for at in range(len(figure.views))]
    regions = tuple(_region(words, view, mask) for view, mask in zip(figure.views, masks, strict=True))
    blobs = {sha256(data).hexdigest(): data for data in masks}
    stance: tuple[Control, ...] = ()
    if figure.held == "pose":
        stance = (_pose(figure, sheet),)
    elif figure.held == "lines":
        drawn = _lines(figure, sheet)
        blob = Blob(sha256=sha256(drawn).hexdigest(), name="lay-figure.png")
        blobs[blob.sha256] = drawn
        stance = (LineControl(drawing=blob, end=_LINES_UNTIL),)
    seen = [VIEWS[view][1].partition(",")[0].removeprefix("seen ") for view in figure.views]
    said = _SHEET_WORDS.format(views=_listed(seen))
    recipe = base.changed(prompt=f"{words}, {said}", width=sheet.width, height=sheet.height,
                          controls=(*regions, *stance, *base.controls))
    parts = tuple(Part(view, Bounds(at * figure.part.width, 0, figure.part.width, sheet.height))
                  for at, view in enumerate(figure.views))
    sheets = tuple(Turnaround(number, recipe.changed(seed=(seed + number - 1) % 2**64), parts)
                   for number in range(1, count + 1))
    return sheets, blobs


def _check_views(views: Sequence[str]) -> None:
    for view in views:
        if view not in VIEWS:
            raise RecipeError(f"there is no view '{view:.40}'", hint=f"There are {', '.join(VIEWS)}.", field="views")
    if not 2 <= len(views) <= len(VIEWS) or len(set(views)) < len(views):
        raise RecipeError("a turnaround shows two to four different sides", field="views",
                          hint=f"Name some of {', '.join(VIEWS)}.")


def _sheet(figure: Figure) -> Extent:
    if figure.part.width % figure.step or figure.part.height % figure.step:
        raise RecipeError(f"a side of {figure.part} does not fit the model", field="size",
                          hint=f"Width and height of a side must be multiples of {figure.step}.")
    return Extent(figure.part.width * len(figure.views), figure.part.height)


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _mask(at: int, count: int) -> bytes:
    mask = np.zeros((_CELLS, _CELLS * count), np.uint8)
    mask[:, at * _CELLS:(at + 1) * _CELLS] = 255
    return encode("PNG", mask[..., None], None, Encoding(), True)


def _region(words: str, view: str, mask: bytes) -> RegionControl:
    blob = Blob(sha256=sha256(mask).hexdigest(), name=f"{view}.png")
    return RegionControl(mask=blob, words=f"{words}, {VIEWS[view][1]}, standing, full length", with_words=False,
                         resize="stretch")


def _stands(figure: Figure, sheet: Extent) -> list[Stand]:
    """One figure a view, all as tall as the sheet allows and no wider than their part."""
    scale = min((_FLOOR - _TOP) * sheet.height / CROWN, figure.part.width / BREADTH)
    return [Stand((at + 0.5) * figure.part.width, _FLOOR * sheet.height, scale, VIEWS[view][0])
            for at, view in enumerate(figure.views)]


def _pose(figure: Figure, sheet: Extent) -> PoseControl:
    seen = map(joints, _stands(figure, sheet))
    people = tuple(PosedPerson(body=tuple(one.get(joint) for joint in BODY_25)) for one in seen)
    return PoseControl(people=people, width=sheet.width, height=sheet.height)


def _lines(figure: Figure, sheet: Extent) -> bytes:
    ink = draw(_stands(figure, sheet), sheet.width, sheet.height)
    layer = np.zeros((*ink.shape, 4), np.uint8)
    layer[..., 3] = ink
    return encode("PNG", layer, None, Encoding(), True)
