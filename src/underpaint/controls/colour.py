"""Colour: blocked-in colours, which the picture starts from, keeps in its masses, or only renders."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from underpaint.controls.adapting import unsaid
from underpaint.controls.colour_check import check_colours
from underpaint.controls.ground import Ground
from underpaint.controls.palette_extract import main_colours
from underpaint.controls.ramps import within_gamut
from underpaint.controls.shape import Check, Description, Extracted, Files, Given, Steering, Tools
from underpaint.controls.spec import ControlSpec
from underpaint.errors import PictureError, RecipeError
from underpaint.imaging.arrays import FloatArray, to_bytes, to_float
from underpaint.imaging.color import oklab_to_srgb, srgb_to_oklab
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import Resample, resize
from underpaint.models.description import AdapterFacts
from underpaint.pictures.encode import Encoding, encode
from underpaint.recipe import ColourControl, ModelRef

BEGIN = 0.85
"""How much of the blocked-in colours may change where painting starts from them, unless told otherwise."""
AREAS = 14
_NEAR, _SMALL = 64, 128
"""Gaps are filled at full size by blurs narrower than the first; what is left on a picture of the second's side."""


class Colour:
    """A picture of flat colours."""

    description = Description(
        name="colour", says="blocked-in colours: start from them, keep them in the masses, or only render them",
        given="a picture of flat colours, transparent where nothing is said: colour=block-in.png",
        steers="painting starts from it (+begin=0.85, how much may change; +begin=no), and on the estimate its masses "
               "keep their colours; an adapter for colours that the model brings, or one that +model names, follows "
               "them besides; +render-only keeps hue and chroma of every pixel, form and light are added",
        checks="mean difference of colour (CIEDE2000) over its areas, and how far hues have turned",
        families="every one; adapters on SD 1.x, SD 2.x and SDXL",
        cost="under 2 % of a step; a T2I-Adapter a few hundredths more, a ControlNet a third to a half",
        extracts=("flat", "soft"), options=("begin", "render-only", "model", "resize", "curve"))
    measured_as = "colour"

    def read(self, spec: ControlSpec, files: Files) -> Given:
        spec.expects("begin", "render-only", "model", "resize")
        if not spec.source:
            raise RecipeError("which colours?", hint="Write colour=block-in.png.", field="control colour")
        kept = files.picture(Path(spec.source))
        said = spec.options.get("begin", "")
        begin = None if said in ("no", "off") else spec.number("begin") if said not in ("", "yes") else BEGIN
        named = spec.options.get("model")
        control = ColourControl(picture=kept.blob, begin=begin, render_only=spec.flag("render-only"),
                                adapter=ModelRef(name=named) if named else None, **spec.fields, **spec.resizing())
        return Given(control, {kept.blob.sha256: kept.data}, kept.notes)

    def extract(self, picture: FloatArray, how: str, suffix: str | None = None) -> Extracted:
        areas = _flat(picture) if how == "flat" else _soft(picture)
        return Extracted(encode("PNG", to_bytes(areas), None, Encoding(), True), ".png",
                         f"{AREAS} colours" if how == "flat" else "the picture without its detail")

    def steer(self, control: ColourControl, ground: Ground, tools: Tools) -> Steering:
        from underpaint.controls.steering.attached import hung  # needs torch
        from underpaint.controls.steering.colour_edit import ColourEdit

        colours, opaque = colours_on(control, ground)
        settles = (lambda picture: rendered(picture, colours, opaque, control.weight),) if control.render_only else ()
        adapter = tools.adapter(control) if tools.adapter is not None else None
        follows = (hung(control, heard(control, ground, adapter.description.adapter), adapter),) if adapter else ()
        return Steering(follows, (ColourEdit(colours, opaque, control, tools.colours),), settles)

    def check(self, picture: FloatArray, control: ColourControl, ground: Ground) -> Check | None:
        found = check_colours(picture, *colours_on(control, ground))
        if found is None:
            return None
        measured: dict[str, Any] = {"difference": round(found.difference, 2), "areas": found.areas}
        if found.hue_shift is not None:
            measured["hue_shift"] = round(found.hue_shift, 2)
        return Check(max(0.0, 1 - found.difference / 30), measured, found.sentence(), found.overlay)


def colours_on(control: ColourControl, ground: Ground) -> tuple[FloatArray, FloatArray]:
    """The blocked-in colours on the canvas of a pass (H x W x 3), and where there are any (H x W, 0..1).

    Raises PictureError for a picture that is empty.
    """
    given = np.asarray(ground.pixels(control.picture))
    if given.shape[2] == 3:
        given = np.concatenate([given, np.ones((*given.shape[:2], 1), np.float32)], axis=2)
    if not (given[..., 3] > 0).any():
        raise PictureError("the blocked-in colours are wholly transparent", hint="Paint some areas and save it again.")
    size, _, _ = ground.place(Extent.of(given), control.resize)
    larger = size.width > given.shape[1] or size.height > given.shape[0]
    laid = ground.lay_map(given, control.resize,
                          lambda part, size: resize(part, size, Resample.LINEAR if larger else Resample.AREA))
    return np.ascontiguousarray(laid[..., :3]), np.ascontiguousarray(laid[..., 3])


def heard(control: ColourControl, ground: Ground, adapter: AdapterFacts | None) -> FloatArray:
    """What an adapter is shown of the colours (H x W x 3, on the canvas of a pass).

    One that was trained to tell black paint from no paint hears nothing where they are transparent; others are shown
    the colours around.
    """
    floor = adapter.floor if adapter is not None else 0.0
    if floor == 0:
        return start_on(control, ground)
    colours, opaque = colours_on(control, ground)
    return unsaid(colours, opaque, floor)


def start_on(control: ColourControl, ground: Ground) -> FloatArray:
    """The picture (H x W x 3) to start painting from: the colours, and where there are none, those around."""
    colours, opaque = colours_on(control, ground)
    mean = (colours * opaque[..., None]).sum((0, 1)) / max(float(opaque.sum()), 1e-6)
    filled, known = _filled(colours, opaque, _NEAR)
    around: FloatArray = mean
    if float(known.min()) < 0.02:  # what lies far from any colour is as soft as a small picture
        small = Extent.of(opaque).fit_within(Extent(_SMALL, _SMALL), grow=False)
        there = resize(opaque, small, Resample.AREA)
        masses = resize(colours * opaque[..., None], small, Resample.AREA) / np.maximum(there, 1e-6)[..., None]
        far, found = _filled(np.asarray(masses, dtype=np.float32), there, 2 * _SMALL)
        around = resize(far + mean * (1 - found)[..., None], Extent.of(opaque), Resample.LINEAR)
    return np.asarray(np.clip(filled + around * (1 - known)[..., None], 0, 1), dtype=np.float32)


def _filled(colours: FloatArray, opaque: FloatArray, most: float) -> tuple[FloatArray, FloatArray]:
    """Colours (weighed by how far they are known) blurred into gaps, wider and wider up to a sigma of `most` pixels,
    and how far each spot is known then."""
    filled, known = colours * opaque[..., None], opaque.copy()
    sigma = 2.0
    while float(known.min()) < 0.02 and sigma < min(most, 2 * max(opaque.shape)):
        spread = cv2.GaussianBlur(opaque, (0, 0), sigma)
        blurred = cv2.GaussianBlur(colours * opaque[..., None], (0, 0), sigma)
        gap = np.where(known < 0.02, np.clip(spread * 20, 0, 1), 0) * (1 - known)
        filled += blurred / np.maximum(spread, 1e-6)[..., None] * gap[..., None]
        known += gap
        sigma *= 2
    return filled, known


def rendered(picture: FloatArray, colours: FloatArray, opaque: FloatArray, weight: float) -> FloatArray:
    """The finished picture's light and dark in the blocked-in hues, their chroma kept as far as a screen shows it."""
    painted, given = srgb_to_oklab(picture), srgb_to_oklab(colours)
    share = (opaque * min(weight, 1.0))[..., None]
    wanted = within_gamut(painted[..., 0], given[..., 1:])
    painted[..., 1:] += share * (wanted - painted[..., 1:])
    return np.clip(oklab_to_srgb(painted), 0, 1).astype(np.float32)


def _flat(picture: FloatArray) -> FloatArray:
    """Few colours in calm areas."""
    side = max(5, round(min(picture.shape[:2]) / 60) | 1)
    calm = to_bytes(picture)
    for _ in range(2):
        calm = np.stack([cv2.medianBlur(np.ascontiguousarray(calm[..., one]), min(side, 31)) for one in range(3)], -1)
    quiet = to_float(calm)
    chosen = np.array([colour for colour, _ in main_colours(quiet, AREAS)], np.float32)
    lab, known = srgb_to_oklab(quiet), srgb_to_oklab(chosen)
    apart = np.stack([np.square(lab - one).sum(-1) for one in known])
    labels = apart.argmin(0).astype(np.uint8)
    return np.asarray(chosen[cv2.medianBlur(labels, min(side, 31))])


def _soft(picture: FloatArray) -> FloatArray:
    blurred = cv2.GaussianBlur(picture, (0, 0), max(2.0, min(picture.shape[:2]) / 32))
    return np.asarray(blurred, dtype=np.float32)
