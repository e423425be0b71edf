"""Maps for adapters made out of a picture while a control is read, by the names that A1111's modules have.

The map is what the recipe keeps, so that it can be looked at, cleaned up and painted from again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

import cv2
import numpy as np

from underpaint.controls.extractors import extractor
from underpaint.controls.line_extract import WAYS
from underpaint.controls.pose.drawing import draw_pose
from underpaint.controls.pose.people import Pose
from underpaint.controls.shape import Kept
from underpaint.controls.spec import ControlSpec
from underpaint.errors import RecipeError
from underpaint.imaging.arrays import FloatArray, to_bytes
from underpaint.imaging.blend import flatten
from underpaint.imaging.color import lightness
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import resize
from underpaint.pictures.encode import Encoding, encode
from underpaint.pictures.limits import LIMITS
from underpaint.pictures.read import read_picture
from underpaint.recipe import Blob

MOST_SIDE = 4096


@dataclass(frozen=True, eq=False)
class Preprocessed:
    """A map as a PNG, of which kind it is, and what a person should know."""

    blob: Blob
    data: bytes
    reads: str
    notes: tuple[str, ...] = ()


Made = tuple[FloatArray, tuple[str, ...]]


def _lines(way: str) -> Callable[[FloatArray], Made]:
    return lambda picture: (_grey(WAYS[way](picture)), ())


def _grey(sheet: FloatArray) -> FloatArray:
    return np.repeat(sheet[..., None], 3, axis=-1)


def _depth(picture: FloatArray) -> Made:
    who = extractor("depth")
    return _grey(who.reads(picture)), (f"depth by {who.trust}",)


def _pose(picture: FloatArray) -> Made:
    who = extractor("pose")
    found = who.reads(picture)
    return drawn_pose(found), (f"{len(found.people)} people found by {who.trust}",)


def drawn_pose(pose: Pose) -> FloatArray:
    """The map that adapters for poses read, H x W x 3, 0..1."""
    return np.asarray(draw_pose(pose) / 255.0, dtype=np.float32)


def _inverted(picture: FloatArray) -> Made:
    return np.asarray(1 - picture, dtype=np.float32), ()


def _threshold(picture: FloatArray) -> Made:
    return _grey((lightness(picture) > 0.5).astype(np.float32)), ()


def _softened(picture: FloatArray) -> Made:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), max(1.0, min(picture.shape[:2]) / 64))), ()


def _as_it_is(picture: FloatArray) -> Made:
    return picture, ()


MODULES: tuple[tuple[str, Callable[[FloatArray], Made], str], ...] = (
    ("none", _as_it_is, ""),
    ("canny", _lines("canny"), "canny"), ("invert", _inverted, "line"), ("lineart_standard", _inverted, "line"),
    ("lineart", _lines("clean"), "line"), ("softedge", _lines("soft"), "soft"), ("hed", _lines("soft"), "soft"),
    ("pidinet", _lines("soft"), "soft"), ("teed", _lines("soft"), "soft"), ("scribble", _lines("scribble"), "scribble"),
    ("fake_scribble", _lines("scribble"), "scribble"), ("t2ia_sketch", _lines("soft"), "scribble"),
    ("depth", _depth, "depth"), ("midas", _depth, "depth"), ("zoe", _depth, "depth"), ("openpose", _pose, "pose"),
    ("dw_openpose", _pose, "pose"), ("t2ia_keypose", _pose, "pose"), ("threshold", _threshold, "canny"),
    ("tile_resample", _as_it_is, "tile"), ("tile_colorfix", _as_it_is, "tile"), ("blur_gaussian", _softened, "tile"),
    ("inpaint", _as_it_is, "fill"), ("ip-adapter", _as_it_is, "picture"),
    ("clip_vision", _as_it_is, "picture"))  # fmt: skip
"""How names of modules begin, what makes their maps here, and of what kind these are."""


def preprocessed(data: bytes, spec: ControlSpec) -> Preprocessed:
    """The map that `+preprocess=MODULE` makes of a picture; `+preprocess-size` is the shorter side at which it is
    looked at. Raises RecipeError for a module that there is not."""
    name = (spec.options.get("preprocess") or "none").strip().lower()
    found = next((row for row in MODULES if name.startswith(row[0])), None)
    if found is None:
        raise RecipeError(f"there is no '{name:.40}' to make a map with", field=f"control {spec.kind}",
                          hint=f"There are: {', '.join(row[0] for row in MODULES)}.")
    picture = at_size(opened(data), spec)
    made, notes = found[1](picture)
    png = encode("PNG", to_bytes(made), None, Encoding(), True)
    return Preprocessed(Blob(sha256=sha256(png).hexdigest(), name=f"{name[:40]}.png"), png, found[2], notes)


def opened(data: bytes) -> FloatArray:
    """A picture file's pixels, H x W x 3."""
    return flatten(np.asarray(read_picture(data).pixels))


def kept_of(data: bytes, name: str) -> Kept:
    """Bytes as a recipe names them."""
    return Kept(Blob(sha256=sha256(data).hexdigest(), name=name[:200]), data)


def at_size(picture: FloatArray, spec: ControlSpec) -> FloatArray:
    """A picture brought to `+preprocess-size` pixels on its shorter side, where that is asked for."""
    side = spec.number("preprocess-size")
    if side is None:
        return picture
    if not 64 <= side <= MOST_SIDE:
        raise RecipeError(f"a map of {side:g} pixels is out of range", hint=f"Sizes go from 64 to {MOST_SIDE}.",
                          field=f"control {spec.kind}")
    extent = Extent.of(picture)
    wanted = extent.scaled(side / min(extent.width, extent.height))
    LIMITS.check_size(wanted.width, wanted.height, "the map")
    return resize(picture, wanted)


def sized(picture: FloatArray) -> bytes:
    """A picture as a PNG."""
    return encode("PNG", to_bytes(picture), None, Encoding(), True)
