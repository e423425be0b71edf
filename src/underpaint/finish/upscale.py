"""Upscale: a picture becomes larger, by filters or by a network, in bounded memory and without seams."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from underpaint.errors import ModelError, OutputError, PlanError
from underpaint.finish.enlarge import enlarged_strips
from underpaint.finish.networks import Network, load_network
from underpaint.finish.primer_network import load_primer
from underpaint.finish.shape import Made, Operation, colours_of, integers
from underpaint.finish.spread import spread_under
from underpaint.finish.tiling import tiled_rows
from underpaint.imaging.geometry import Extent
from underpaint.pictures.limits import LIMITS
from underpaint.pictures.read import Picture
from underpaint.recipe.base import Frozen
from underpaint.recipe.parts import Name, Side

USUAL = 2.0
METHODS: Mapping[str, Callable[[], Network] | None] = {"sharp": None, "lanczos": None, "primer": load_primer}
"""Ways to enlarge by name: what loads the network, or None where it takes none. Any other name is a file."""
MAX_SIDE, MAX_PIXELS = LIMITS.side, LIMITS.pixels


class Upscale(Frozen):
    """How to enlarge: `scale`, or `width` and `height` to fill; neither is the network's own scale, or 2.

    `method` is a name of `METHODS` or that of a network, then with its SHA-256. `tile` and `overlap` are in pixels of
    the input.
    """

    scale: Annotated[float, Field(ge=1, le=16)] | None = None
    width: Side | None = None
    height: Side | None = None
    method: Name = "sharp"
    method_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    tile: Annotated[int, Field(ge=16, le=2048)] = 192
    overlap: Annotated[int, Field(ge=0, le=256)] = 32

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        if self.scale is not None and (self.width or self.height):
            raise ValueError("give a scale or a size, not both")
        if self.overlap * 2 >= self.tile:
            raise ValueError(f"tiles of {self.tile} pixels overlap by less than half, not by {self.overlap}")
        return self


def find_network(method: str) -> Network | None:
    """The network of a method: by its name in `METHODS`, or a file. None for those without one.

    Raises ModelError where it is missing, unsafe or no upscaler.
    """
    if method in METHODS:
        load = METHODS[method]
        return load() if load is not None else None
    path = Path(method)
    if not path.suffix and not path.exists():
        raise ModelError(f"there is no way to upscale called '{method:.60}'", field="method",
                         hint=f"Choose {', '.join(METHODS)}, or name a network's file.")
    return load_network(path)


def target_size(picture: Extent, asked: Upscale, network: Network | None = None) -> Extent:
    """The size of the result. A size that is asked for is filled as far as the picture's shape allows.

    Raises PlanError for one that is smaller than the picture, or larger than pictures may be.
    """
    if asked.width or asked.height:
        factor = min((asked.width or MAX_SIDE) / picture.width, (asked.height or MAX_SIDE) / picture.height)
        box = Extent(asked.width or MAX_SIDE, asked.height or MAX_SIDE)
        size = Extent(min(max(1, round(picture.width * factor)), box.width),
                      min(max(1, round(picture.height * factor)), box.height))
    else:
        size = picture.scaled(asked.scale or (network.scale if network else USUAL))
    if size.width < picture.width or size.height < picture.height:
        raise PlanError(f"{picture} does not become larger by becoming {size}", field="size",
                        hint="Ask for a larger size, or a scale of at least 1.")
    if max(size.width, size.height) > MAX_SIDE or size.area > MAX_PIXELS:
        raise PlanError(f"{picture} would become {size.width:,} x {size.height:,} pixels, which is too large",
                        field="size", hint=f"The limit is {MAX_SIDE:,} pixels a side and {MAX_PIXELS // 10**6} "
                        "megapixels in all: choose a smaller --scale.")
    return size


def upscale(picture: Picture, asked: Upscale, network: Network | None = None) -> Made:
    """Enlarge a picture; alpha, 16 bits and the colour profile stay. The network's work is done as strips are taken.

    Raises PlanError for a size that cannot be.
    """
    size = target_size(Extent(picture.width, picture.height), asked, network)
    stored, notes = picture.stored, []
    if asked.width and asked.height and (size.width, size.height) != (asked.width, asked.height):
        notes.append(f"the picture has another shape than {asked.width}x{asked.height}, so it became {size}")
    if network is None:
        strips: Iterator[NDArray[Any]] = enlarged_strips(
            stored, size, has_alpha=picture.has_alpha, sharp=asked.method == "sharp")
    else:
        own = Extent(picture.width * network.scale, picture.height * network.scale)
        strips = _by_network(picture, asked, network)
        if own != size:
            notes.append(f"{network.name} enlarges {network.scale} times; from there it was resized to {size}")
            strips = _resized(strips, own, picture, size)
    return Made(size.width, size.height, stored.shape[2], stored.dtype, strips, notes=tuple(notes))


def _by_network(picture: Picture, asked: Upscale, network: Network) -> Iterator[NDArray[Any]]:
    """Colour by the network, alpha by Lanczos. Under transparent pixels the network sees the nearest colours."""
    color, alpha = colours_of(picture.stored, picture.mode)
    if alpha is not None and float(alpha.min()) < 1:
        color = spread_under(color, alpha)
    bands = tiled_rows(color, network.enlarge, network.scale, asked.tile, asked.overlap)
    size = Extent(picture.width * network.scale, picture.height * network.scale)
    soft = _Rows(enlarged_strips(picture.stored[..., -1:], size, has_alpha=False)) if alpha is not None else None
    for band in bands:
        shown = band.mean(axis=2, keepdims=True) if picture.mode in ("L", "LA") else band
        done = integers(shown.astype(np.float32), picture.stored.dtype)
        yield done if soft is None else np.concatenate([done, soft.take(len(done))], axis=2)


class _Rows:
    """Strips, to be taken in other heights than they come in."""

    def __init__(self, strips: Iterator[NDArray[Any]]) -> None:
        self._strips = strips
        self._waiting: list[NDArray[Any]] = []

    def take(self, count: int) -> NDArray[Any]:
        """The next `count` rows."""
        while sum(map(len, self._waiting)) < count:
            self._waiting.append(next(self._strips))
        rows = np.concatenate(self._waiting, axis=0)
        self._waiting = [rows[count:]]
        return rows[:count]


def _resized(strips: Iterator[NDArray[Any]], own: Extent, picture: Picture, size: Extent) -> Iterator[NDArray[Any]]:
    """The network's rows wait on the disk, not in memory, until they are resized."""
    shape = (own.height, own.width, picture.stored.shape[2])
    try:
        with tempfile.TemporaryFile() as file:
            file.truncate(int(np.prod(shape)) * picture.stored.dtype.itemsize)
            waiting = np.memmap(file, picture.stored.dtype, "r+", shape=shape)
            row = 0
            for strip in strips:
                waiting[row:row + len(strip)] = strip
                row += len(strip)
            yield from enlarged_strips(waiting, size, has_alpha=picture.has_alpha)
    except OSError as error:
        raise OutputError(f"there is no room for the enlarged picture ({(error.strerror or '').lower()})",
                          hint=f"Free some space in {tempfile.gettempdir()}.") from error


OPERATION = Operation("upscale", "upscaled", "makes a picture larger, by filters or by an upscaling network", Upscale,
                      upscale)
