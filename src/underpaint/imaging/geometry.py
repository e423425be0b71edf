"""Sizes and boxes as small frozen values that carry their own arithmetic. Whole pixels throughout."""

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Extent:
    """A size in pixels, both sides at least 1."""

    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a size of {self.width}x{self.height} has no pixels")

    @classmethod
    def of(cls, picture: NDArray[Any]) -> Self:
        """The size of an H x W or H x W x C array."""
        return cls(int(picture.shape[1]), int(picture.shape[0]))

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def area(self) -> int:
        return self.width * self.height

    @property
    def ratio(self) -> float:
        """Width over height."""
        return self.width / self.height

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width), as numpy wants it."""
        return self.height, self.width

    def multiple_of(self, step: int) -> "Extent":
        """The smallest size at least this one with both sides a multiple of `step`."""
        return Extent(_up(self.width, step), _up(self.height, step))

    def scaled(self, factor: float) -> "Extent":
        """Both sides times `factor`, rounded, at least 1."""
        return Extent(max(1, round(self.width * factor)), max(1, round(self.height * factor)))

    def fit_area(self, area: int, step: int = 1, *, grow: bool = True) -> "Extent":
        """The size of about `area` pixels that keeps this shape, with sides multiples of `step`.

        Never larger than `area` unless one side is already a single step. With `grow=False` a size that is
        small enough is only rounded up to `step`.
        """
        if not grow and self.multiple_of(step).area <= area:
            return self.multiple_of(step)
        factor = math.sqrt(area / self.area)
        wanted = self.width * factor, self.height * factor
        best, best_error = None, math.inf
        for width in _around(wanted[0], step):
            for height in _around(wanted[1], step):
                error = abs(math.log(width / height / self.ratio)) + abs(math.log(width * height / area))
                if (width * height <= area or step in (width, height)) and error < best_error:
                    best, best_error = Extent(width, height), error
        return best or Extent(_down(wanted[0], step), _down(wanted[1], step))

    def fit_within(self, box: "Extent", *, grow: bool = True) -> "Extent":
        """The largest size of this shape inside `box`; with `grow=False` never larger than it is."""
        factor = min(box.width / self.width, box.height / self.height)
        if not grow:
            factor = min(factor, 1.0)
        size = self.scaled(factor)
        return Extent(min(size.width, box.width), min(size.height, box.height))


@dataclass(frozen=True, slots=True)
class Padding:
    """Margins in pixels around a picture, each at least 0."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0

    def __post_init__(self) -> None:
        if min(self.left, self.top, self.right, self.bottom) < 0:
            raise ValueError("a margin cannot be negative")

    @property
    def empty(self) -> bool:
        return not (self.left or self.top or self.right or self.bottom)

    def around(self, extent: Extent) -> Extent:
        """The size of a picture of `extent` with these margins."""
        return Extent(extent.width + self.left + self.right, extent.height + self.top + self.bottom)

    def inside(self, padded: Extent) -> "Bounds":
        """Where the picture lies inside the padded one."""
        return Bounds(
            self.left, self.top, padded.width - self.left - self.right, padded.height - self.top - self.bottom
        )


@dataclass(frozen=True, slots=True)
class Bounds:
    """A box of whole pixels; it may reach outside a picture until `clipped`."""

    x: int
    y: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a box of {self.width}x{self.height} has no pixels")

    @classmethod
    def whole(cls, extent: Extent) -> Self:
        return cls(0, 0, extent.width, extent.height)

    @classmethod
    def from_mask(cls, mask: NDArray[Any]) -> Self | None:
        """The smallest box round every pixel above 0, or None for an empty mask (H x W)."""
        rows = np.flatnonzero((mask > 0).any(axis=1))
        if rows.size == 0:
            return None
        columns = np.flatnonzero((mask > 0).any(axis=0))
        return cls(int(columns[0]), int(rows[0]), int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1))

    @property
    def extent(self) -> Extent:
        return Extent(self.width, self.height)

    @property
    def right(self) -> int:
        """The first column past the box."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row past the box."""
        return self.y + self.height

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index an H x W (x C) array with this to crop; the box must lie inside the array."""
        if self.x < 0 or self.y < 0:
            raise ValueError("a box that starts outside the picture cannot crop it: clip it first")
        return slice(self.y, self.bottom), slice(self.x, self.right)

    def contains(self, other: "Bounds") -> bool:
        return self.x <= other.x and self.y <= other.y and self.right >= other.right and self.bottom >= other.bottom

    def padded(self, margin: int) -> "Bounds":
        """Grown by `margin` on every side."""
        return Bounds(self.x - margin, self.y - margin, self.width + 2 * margin, self.height + 2 * margin)

    def clipped(self, extent: Extent) -> "Bounds":
        """The part inside a picture of `extent`; raises ValueError if there is none."""
        x, y = max(0, self.x), max(0, self.y)
        return Bounds(x, y, min(self.right, extent.width) - x, min(self.bottom, extent.height) - y)

    def at_least(self, size: Extent, within: Extent) -> "Bounds":
        """Grown about its middle to `size` or more, moved to stay inside `within` and cut where it cannot."""
        width = min(max(self.width, size.width), within.width)
        height = min(max(self.height, size.height), within.height)
        x = _slide(self.x - (width - self.width) // 2, width, within.width)
        y = _slide(self.y - (height - self.height) // 2, height, within.height)
        return Bounds(x, y, width, height)

    def multiple_of(self, step: int, within: Extent) -> "Bounds":
        """Grown to sides that are multiples of `step` where `within` has the room."""
        return self.at_least(self.extent.multiple_of(step), within)


def _up(length: int, step: int) -> int:
    return -(-length // step) * step


def _down(length: float, step: int) -> int:
    return max(step, math.floor(length / step) * step)


def _around(length: float, step: int) -> set[int]:
    low = _down(length, step)
    return {low, low + step}


def _slide(start: int, length: int, room: int) -> int:
    return min(max(start, 0), room - length)
