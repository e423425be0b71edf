"""Pictures, masks and drawings brought to the size and place that a pass paints in."""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from underpaint.controls.ground import Ground
from underpaint.errors import PlanError
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.blend import flatten
from underpaint.imaging.geometry import Bounds, Extent, Padding
from underpaint.imaging.masks import feather, normalise
from underpaint.imaging.resize import PadMode, pad, resize
from underpaint.pictures.limits import LIMITS
from underpaint.pictures.read import Picture, read_picture
from underpaint.plan.data import Pass, Plan
from underpaint.recipe import Blob, FillRecipe, Recipe, RefineRecipe


@dataclass(frozen=True, eq=False)
class Hole:
    """A fill's input on its grown canvas.

    `canvas`: H x W x 3, the picture with its margins filled from its edges. `mask`: H x W, 1 = paint, soft only
    inside. `left`, `top`: where the input lies on the canvas.
    """

    source: Picture
    canvas: FloatArray
    mask: FloatArray
    left: int
    top: int


def blob_picture(blob: Blob, blobs: Mapping[str, bytes]) -> Picture:
    """A picture that the recipe names, decoded. Raises PlanError when its bytes are not there."""
    data = blobs.get(blob.sha256)
    if data is None:
        raise PlanError(f"the picture '{blob.name or blob.sha256[:12]}' that the recipe names is missing",
                        hint="Paint from the picture file, or keep the recipe's folder beside it.")
    return read_picture(data)


def open_hole(recipe: FillRecipe, blobs: Mapping[str, bytes]) -> Hole:
    """Lay the input on its grown canvas and read the mask.

    Raises PlanError for a mask of another size, PictureError for a canvas past the size limit.
    """
    source, grow = blob_picture(recipe.picture, blobs), recipe.outpaint
    margins = Padding(grow.left, grow.top, grow.right, grow.bottom)
    whole = margins.around(Extent(source.width, source.height))
    LIMITS.check_size(whole.width, whole.height, "the grown picture")
    canvas = flatten(np.asarray(source.pixels))
    mask = np.zeros(canvas.shape[:2], dtype=np.float32)
    if recipe.mask is not None:
        given = blob_picture(recipe.mask, blobs)
        if (given.width, given.height) != (source.width, source.height):
            raise PlanError(f"the mask is {given.width}x{given.height}, the picture {source.width}x{source.height}",
                            hint="Save the mask in the size of the picture.", field="mask")
        mask = normalise(given.pixels)
    if not margins.empty:
        canvas = pad(canvas, margins, PadMode.EDGE)
        mask = np.pad(mask, ((grow.top, grow.bottom), (grow.left, grow.right)), constant_values=1.0)
    return Hole(source, canvas, feather(mask, recipe.feather), grow.left, grow.top)


def hole_content(hole: Hole, recipe: FillRecipe, seed: int) -> FloatArray:
    """The canvas with what the hole starts from: as it was, its surroundings blurred in, noise, or nothing (grey)."""
    soft = hole.mask[..., None]
    if recipe.content == "nothing":
        return np.asarray(hole.canvas * (1 - soft) + 0.5 * soft, dtype=np.float32)
    if recipe.content == "noise":
        grain = np.random.default_rng(seed).random(hole.canvas.shape, dtype=np.float32)
        return np.asarray(hole.canvas * (1 - soft) + grain * soft, dtype=np.float32)
    if recipe.content == "blur":
        return _from_surroundings(hole.canvas, hole.mask)
    grown = np.ones_like(hole.mask)
    grown[hole.top: hole.top + hole.source.height, hole.left: hole.left + hole.source.width] = 0
    return _from_surroundings(hole.canvas, grown) if grown.any() else hole.canvas


def painted(picture: FloatArray, plan: Plan, one: Pass, *, mode: PadMode = PadMode.EDGE) -> FloatArray:
    """The painted area of a finished-size array (H x W or H x W x C), at the size of a pass, padded to its canvas."""
    area = np.ascontiguousarray(picture[plan.area.bounds.slices])
    size = _inner(plan, one)
    if Extent.of(area) != size:
        area = resize(area, size)
    return pad(area, Padding(0, 0, one.width - size.width, one.height - size.height), mode)


def unpainted(picture: FloatArray, plan: Plan, one: Pass) -> FloatArray:
    """A decoded canvas brought back to the size of the painted area."""
    size = _inner(plan, one)
    inner = np.ascontiguousarray(picture[: size.height, : size.width])
    larger = one.upscale is not None and plan.task != "fill"
    return inner if larger or size == plan.area.extent else resize(inner, plan.area.extent)


def _inner(plan: Plan, one: Pass) -> Extent:
    """What of a pass's canvas is picture rather than padding."""
    first = plan.passes[0]
    base = plan.area.extent.scaled(plan.scale) if plan.scale != 1 else plan.area.extent
    across, down = one.width / first.width, one.height / first.height
    return Extent(min(one.width, round(base.width * across)), min(one.height, round(base.height * down)))


def ground(plan: Plan, one: Pass, blobs: Mapping[str, bytes]) -> Ground:
    """Where the maps of controls lie on the canvas of a pass."""
    size, whole = _inner(plan, one), Extent(plan.width, plan.height)
    factor = size.width / plan.area.width
    area = Bounds(round(plan.area.x * factor), round(plan.area.y * factor), size.width, size.height)
    return Ground(whole.scaled(factor), area, Extent(one.width, one.height),
                  lambda blob: blob_picture(blob, blobs).pixels)


def sizes(recipe: Recipe, blobs: Mapping[str, bytes]) -> dict[str, Extent]:
    """The size of every picture that the recipe names."""
    found = {}
    for blob in recipe.blobs():
        picture = blob_picture(blob, blobs)
        found[blob.sha256] = Extent(picture.width, picture.height)
    return found


def refined(recipe: RefineRecipe, blobs: Mapping[str, bytes], plan: Plan) -> FloatArray:
    """The picture to paint over, H x W x 3 at the finished size."""
    picture = flatten(np.asarray(blob_picture(recipe.picture, blobs).pixels))
    whole = Extent(plan.width, plan.height)
    return picture if Extent.of(picture) == whole else resize(picture, whole)


def masked_bounds(hole: Hole) -> Bounds | None:
    """Where the mask is not empty."""
    return Bounds.from_mask(hole.mask)


def _from_surroundings(canvas: FloatArray, mask: FloatArray) -> FloatArray:
    """Blur known pixels into the hole, coarse to fine, so that no edge shows (normalised convolution)."""
    known = (mask <= 0).astype(np.float32)
    result = canvas.copy()
    if not known.any():
        return result
    sigma = max(canvas.shape[:2]) / 4
    filled = np.zeros_like(canvas)
    while sigma >= 1:
        share = cv2.GaussianBlur(known, (0, 0), sigma)
        colour = cv2.GaussianBlur(canvas * known[..., None], (0, 0), sigma)
        trust = np.clip(share * 4, 0, 1)
        filled = filled * (1 - trust[..., None]) + colour / np.maximum(share, 1e-6)[..., None] * trust[..., None]
        sigma /= 2
    soft = mask[..., None]
    return np.asarray(canvas * (1 - soft) + np.clip(filled, 0, 1) * soft, dtype=np.float32)
