"""Cutout: the subject on transparency, with a soft edge and without the background's colour in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from underpaint.errors import PlanError
from underpaint.finish.closed_form import Matte, closed_form
from underpaint.finish.foreground import foreground
from underpaint.finish.guess import Guess, guess_subject
from underpaint.finish.knn import knn
from underpaint.finish.shape import Made, Operation, colours_of, integers
from underpaint.finish.subject_net import SubjectNet
from underpaint.finish.trimap import edge_width, from_mask, read_mask, read_strokes, read_trimap, with_strokes
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.geometry import Bounds, Extent
from underpaint.pictures.read import Picture
from underpaint.recipe.base import Frozen
from underpaint.recipe.parts import Sha256

MAX_PIXELS = 30_000_000
_PULL = 2e-3
_PULL_GUESS = 1e-3
_RIM = 6

Hash = Sha256 | None


class Cutout(Frozen):
    """How to cut out. `box` is left, top, right, bottom in pixels; hashes are of the files that were given.

    `edge`: pixels to either side of a mask's edge that are in doubt; unset: by the picture's size. `spill`: take the
    background's colour out of the edge.
    """

    method: Literal["closed-form", "knn"] = "closed-form"
    edge: Annotated[int, Field(ge=1, le=512)] | None = None
    spill: bool = True
    box: tuple[int, int, int, int] | None = None
    mask: Hash = None
    trimap: Hash = None
    strokes: Hash = None
    net: Hash = None


@dataclass(frozen=True, eq=False)
class Hints:
    """What says where the subject is; nothing of it is needed."""

    mask: Picture | None = None
    trimap: Picture | None = None
    strokes: Picture | None = None
    net: SubjectNet | None = None


def cutout(picture: Picture, asked: Cutout, hints: Hints | None = None) -> Made:
    """The picture with soft alpha; pixels that stay wholly keep their numbers exactly, as do depth and profile.

    Transparency that was there already stays. `found` tells how the subject was found, how much stays, how much was in
    doubt. Raises PictureError for hints of another size, PlanError for pictures that are too large.
    """
    if picture.width * picture.height > MAX_PIXELS:
        raise PlanError(f"{picture.width:,} x {picture.height:,} pixels are too large to cut out",
                        hint=f"The limit is {MAX_PIXELS // 10**6} megapixels.")
    color, own = colours_of(picture.stored, picture.mode)
    trimap, prior, pull, says = _known(picture, color, asked, hints or Hints())
    matte = Matte(knn(color, trimap), int(((trimap > 0) & (trimap < 1)).sum()), 0) if asked.method == "knn" else \
        closed_form(color, trimap, prior, pull)
    alpha = matte.alpha if own is None else matte.alpha * own
    stored = _assembled(picture, color, matte.alpha, alpha, spill=asked.spill)
    found: dict[str, Any] = {"subject": says, "stays": round(float(alpha.mean()), 4),
                             "in_doubt": round(float(((trimap > 0) & (trimap < 1)).mean()), 4)}
    told = asked.box or (hints is not None and any((hints.mask, hints.trimap, hints.strokes, hints.net)))
    notes = [] if told else [f"the subject was {says}; correct it with --strokes"]
    if matte.shrunk < 1:
        found["solved_at"] = round(matte.shrunk, 3)
        notes.append(f"so much is in doubt that its edge was solved at {matte.shrunk:.0%} of the size; a --mask or a "
                     "smaller --edge makes it finer")
    if float(alpha.max()) == 0:
        notes.append("nothing is left: give --mask, --strokes or --box to say what stays")
    return Made(picture.width, picture.height, stored.shape[2], stored.dtype, _one(stored), found, tuple(notes))


def _one(stored: NDArray[Any]) -> Iterator[NDArray[Any]]:
    yield stored


def _known(picture: Picture, color: FloatArray, asked: Cutout,
           hints: Hints) -> tuple[FloatArray, FloatArray | None, float, str]:
    """The trimap, what alpha leans to where the picture does not say, how strongly, and how the subject was found."""
    edge = asked.edge or edge_width(picture.width, picture.height)
    strokes = read_strokes(hints.strokes, picture) if hints.strokes is not None else None
    if hints.trimap is not None:
        trimap = read_trimap(hints.trimap, picture)
        return (trimap if strokes is None else with_strokes(trimap, strokes)), None, 0.0, "taken from the trimap"
    rough, pull = _rough(picture, color, hints)
    if rough is not None and strokes is None:
        return from_mask(rough.mask, round(edge + rough.coarse)), rough.mask, pull, rough.says
    box = _box(asked.box, Extent(picture.width, picture.height))
    guess = guess_subject(color, box=box, strokes=strokes, mask=rough.mask if rough else None)
    edge = edge if asked.edge else round(edge + 2 * guess.coarse)
    trimap = from_mask((guess.mask > 0.5).astype(np.float32), edge)
    if guess.doubt is not None:
        trimap[guess.doubt] = 0.5
    return (trimap if strokes is None else with_strokes(trimap, strokes)), guess.mask, _PULL_GUESS, guess.says


def _rough(picture: Picture, color: FloatArray, hints: Hints) -> tuple[Guess | None, float]:
    """A mask that somebody or a network made, and how far it is to be believed inside the doubtful edge."""
    if hints.mask is not None:
        return Guess(read_mask(hints.mask, picture), 0.0, "taken from the mask"), _PULL
    if hints.net is not None:
        return Guess(hints.net.mask(color), max(color.shape[:2]) / hints.net.side, f"found by {hints.net.name}"), _PULL
    return None, 0.0


def _box(box: tuple[int, int, int, int] | None, extent: Extent) -> Bounds | None:
    if box is None:
        return None
    left, top, right, bottom = box
    left, top, right, bottom = max(0, left), max(0, top), min(extent.width, right), min(extent.height, bottom)
    if left >= right or top >= bottom:
        raise PlanError("the box holds no pixel of the picture", field="box",
                        hint="Write left,top,right,bottom in pixels.")
    return Bounds(left, top, right - left, bottom - top)


def _assembled(picture: Picture, color: FloatArray, matte: FloatArray, alpha: FloatArray, *,
               spill: bool) -> NDArray[Any]:
    """Colour and alpha as integers: what stays wholly is the input's own, what goes wholly leaves no colour behind
    but for a rim of the subject's, so that the edge stays clean when it is resized."""
    stored = picture.stored[..., :-1] if picture.has_alpha else picture.stored
    result = np.array(stored)
    if spill:
        around = cv2.dilate((matte > 0).astype(np.uint8), np.ones((2 * _RIM + 1, 2 * _RIM + 1), np.uint8)) > 0
        result[~around] = 0
        mixed = around & (matte < 1)
        if mixed.any():
            rows, columns = np.nonzero(mixed)
            window = np.s_[max(0, rows.min() - 1):rows.max() + 2, max(0, columns.min() - 1):columns.max() + 2]
            clean = integers(foreground(color[window], matte[window]), stored.dtype)[..., :stored.shape[2]]
            result[window] = np.where(mixed[window][..., None], clean, result[window])
    return np.concatenate([result, integers(alpha[..., None].astype(np.float32), stored.dtype)], axis=2)


OPERATION = Operation("cutout", "cutout", "puts the subject on transparency, with a soft and clean edge", Cutout,
                      cutout)
