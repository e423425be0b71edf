"""A1111's upscalers: enlarging by filters or by the networks that are among the models."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from numpy.typing import NDArray

from underpaint.errors import ModelError
from underpaint.finish.networks import Network
from underpaint.finish.shape import integers
from underpaint.finish.upscale import Upscale, find_network, upscale
from underpaint.imaging.arrays import to_float
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import Resample, resize
from underpaint.models import ModelDescription
from underpaint.pictures.read import Picture
from underpaint.studio.a1111.errors import Unprocessable
from underpaint.studio.a1111.replies import Upscaler
from underpaint.studio.a1111.shelf import Shelf

FILTERS: Mapping[str, str] = MappingProxyType({"None": "", "Lanczos": "lanczos", "Nearest": "nearest",
                                               "Sharp": "sharp"})
"""By A1111's name: our way. Sharp is ours: Lanczos with its edges kept."""


def upscalers(shelf: Shelf) -> list[Upscaler]:
    """GET upscalers."""
    filters = [Upscaler(name=name, model_name=None, model_path=None, model_url=None, scale=4.0) for name in FILTERS]
    networks = [Upscaler(name=one.name, model_name=one.name, model_path=str(one.path), model_url=None, scale=4.0)
                for one in shelf.models("upscaler")]
    return filters + networks


def upscaler_names(shelf: Shelf) -> list[str]:
    """Their names, by number."""
    return [*FILTERS, *(one.name for one in shelf.models("upscaler"))]


def found_upscaler(name: str, shelf: Shelf) -> str | ModelDescription:
    """Our way of that name, or the network. Raises Unprocessable for a name that there is not."""
    low = name.strip().lower()
    for known, way in FILTERS.items():
        if known.lower() == low:
            return way
    try:
        return shelf.find(name, "upscaler")
    except ModelError as error:
        raise Unprocessable(f"could not find upscaler named '{name:.200}'", field="upscaler_1",
                            hint=f"There are: {', '.join(upscaler_names(shelf))}.") from error


def enlarged(picture: Picture, size: Extent, name: str, shelf: Shelf) -> NDArray[Any]:
    """The picture at another size, as integers of its own kind. What becomes smaller is averaged, whatever the name."""
    way = found_upscaler(name, shelf)
    shrinks = size.width < picture.width or size.height < picture.height
    if way == "nearest" or shrinks or way == "":
        how = Resample.NEAREST if way == "nearest" else Resample.AUTO
        return integers(resize(to_float(picture.stored), size, how), picture.stored.dtype)
    network = _network(way)
    asked = Upscale(width=size.width, height=size.height, method=way if isinstance(way, str) else str(way.path))
    made = upscale(picture, asked, network).whole()
    if made.shape[:2] != size.shape:  # rounded by a pixel
        return integers(resize(to_float(made), size), picture.stored.dtype)
    return made


def _network(way: str | ModelDescription) -> Network | None:
    return find_network(str(way.path)) if isinstance(way, ModelDescription) else None
