"""Where a region lies on the canvas of a pass, and how controls of its own see that place as a picture by itself.

They are given the box round it. What lies in the box beside the region is hidden from them: in its place they see the
region itself, mirrored at its border, so that shares, masses and textures are those of the region alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.controls.ground import Ground
from underpaint.errors import PictureError
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.blend import flatten
from underpaint.imaging.geometry import Bounds, Extent
from underpaint.imaging.resize import resize
from underpaint.recipe import RegionControl
from underpaint.recipe.controls import Resizing

GRID = 32
"""Pixels: a box begins and ends on whole cells of any model."""
_LEAST = 1 / 255
_DEPTHS = (1.0, 0.5, 0.25)
"""How deep a mirrored place lies in the region, as shares of how far it lies outside: as deep as the region reaches."""


@dataclass(frozen=True, eq=False)
class Place:
    """`box`: the part of the canvas, in its pixels, outside which nothing of the region lies. `share`: how much each
    pixel of the box belongs to it (h x w, 0..1)."""

    box: Bounds
    share: FloatArray

    @classmethod
    def of(cls, mask: FloatArray) -> "Place | None":
        """The place of a mask on the canvas (H x W, 0..1); None where nothing of it lies there."""
        found = Bounds.from_mask(mask > _LEAST)
        if found is None:
            return None
        left, top = found.x // GRID * GRID, found.y // GRID * GRID
        right, bottom = -(-found.right // GRID) * GRID, -(-found.bottom // GRID) * GRID
        box = Bounds(left, top, right - left, bottom - top).clipped(Extent(mask.shape[1], mask.shape[0]))
        return cls(box, np.ascontiguousarray(mask[box.slices]))

    @cached_property
    def _mirror(self) -> NDArray[np.int32]:
        return mirrored(self.share)

    def cut(self, picture: FloatArray) -> FloatArray:
        """The box of a canvas (H x W or H x W x C)."""
        return np.ascontiguousarray(picture[self.box.slices])

    def seen(self, part: FloatArray) -> FloatArray:
        """A map of the box (h x w or h x w x C), the region mirrored over what is not the region."""
        flat = part.reshape(self.share.size, *part.shape[2:])
        return np.ascontiguousarray(flat[self._mirror.ravel()].reshape(part.shape))

    def laid(self, picture: FloatArray, part: FloatArray, strength: float = 1.0) -> FloatArray:
        """A canvas (H x W x C) with the region's share of a picture of the box in it."""
        made, share = picture.copy(), (self.share * strength)[..., None]
        made[self.box.slices] += share * (part - picture[self.box.slices])
        return made

    def ground(self, ground: Ground) -> Ground:
        """The ground of a pass, of which only the box is painted, and in it the region alone."""
        area = Bounds(ground.area.x + self.box.x, ground.area.y + self.box.y, self.box.width, self.box.height)
        outside = 1 - self.share
        drawn = outside if ground.drawn is None else np.maximum(outside, self.cut(ground.drawn))
        given = {one.name: getattr(ground, one.name) for one in fields(Ground)}
        return _RegionGround(**{**given, "area": area, "canvas": self.box.extent, "drawn": drawn}, seen=self.seen)


def _as_it_is(sheet: FloatArray) -> FloatArray:
    return sheet


@dataclass(frozen=True, eq=False)
class _RegionGround(Ground):
    """A ground on which maps are hidden as the picture is."""

    seen: Callable[[FloatArray], FloatArray] = field(default=_as_it_is)

    def lay_map(self, sheet: FloatArray, how: Resizing, scaled: Callable[[FloatArray, Extent], FloatArray], *,
                edge: bool = False) -> FloatArray:
        return self.seen(super().lay_map(sheet, how, scaled, edge=edge))

    def lay(self, sheet: FloatArray, *, edge: bool = False) -> FloatArray:
        return self.seen(super().lay(sheet, edge=edge))


def mask_on(control: RegionControl, ground: Ground) -> FloatArray:
    """The region (H x W, 0..1) on the canvas of a pass, its border soft. Raises PictureError for an empty one."""
    sheet = mask_of(np.asarray(ground.pixels(control.mask)))
    if not sheet.any():
        raise PictureError("the region is empty", hint="White, or what is painted on a layer, lies in it.",
                           field="control region")
    mask = ground.lay_map(sheet, control.resize, resize)
    sigma = control.soft * min(ground.whole.shape) / 2
    soft = cv2.GaussianBlur(mask, (0, 0), sigma) if sigma > 0.3 else mask
    return np.ascontiguousarray(np.clip(soft, 0, 1), dtype=np.float32)


def mask_of(layer: FloatArray) -> FloatArray:
    """A mask out of a picture: how opaque it is, where anything is transparent, else how bright."""
    if layer.ndim == 3 and layer.shape[2] == 4 and float(layer[..., 3].min()) < 1:
        return np.ascontiguousarray(layer[..., 3])
    return np.ascontiguousarray(flatten(layer)[..., :3].mean(-1) if layer.ndim == 3 else layer, dtype=np.float32)


def mirrored(share: FloatArray) -> NDArray[np.int32]:
    """For each place of a map (h x w, 0..1, somewhere above 0) the number of the place, counted by rows, that is seen
    there: its own inside, and outside the one behind the border, as a mirror there would show it."""
    inside = share >= min(0.5, float(share.max()))
    own = np.arange(share.size, dtype=np.int32).reshape(share.shape)
    if inside.all():
        return own
    _, labels = cv2.distanceTransformWithLabels((~inside).astype(np.uint8), cv2.DIST_L2, 5,
                                                labelType=cv2.DIST_LABEL_PIXEL)
    nearest = np.zeros(int(labels.max()) + 1, np.int32)
    nearest[labels[inside]] = own[inside]
    seen = nearest[labels]
    rows, columns = np.nonzero(~inside)
    near = seen[rows, columns]
    down, across = near // share.shape[1], near % share.shape[1]
    open_ = np.ones(len(rows), bool)
    for depth in _DEPTHS:
        row = np.rint(down + depth * (down - rows)).astype(np.int64)
        column = np.rint(across + depth * (across - columns)).astype(np.int64)
        good = open_ & (row >= 0) & (row < share.shape[0]) & (column >= 0) & (column < share.shape[1])
        good[good] = inside[row[good], column[good]]
        seen[rows[good], columns[good]] = own[row[good], column[good]]
        open_ &= ~good
    return np.asarray(seen, dtype=np.int32)
