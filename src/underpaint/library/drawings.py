"""Files become what recipes name: a drawing its line layer, a picture or mask its own bytes."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from underpaint.errors import PictureError
from underpaint.imaging.drawing import DrawingKind, LineLayer, line_layer
from underpaint.pictures.encode import Encoding, encode
from underpaint.pictures.read import Picture, read_picture
from underpaint.pictures.write import recipe_folder
from underpaint.recipe import Blob, Recipe


@dataclass(frozen=True, eq=False)
class Stored:
    """Bytes and the name by which a recipe finds them."""

    blob: Blob
    data: bytes

    @classmethod
    def of(cls, data: bytes, name: str = "") -> "Stored":
        text = name.encode("utf-8", "replace").decode()[:200]
        return cls(Blob(sha256=hashlib.sha256(data).hexdigest(), name=text), data)


@dataclass(frozen=True, eq=False)
class Drawing:
    """A drawing as it was read, once.

    `pixels`: the lines, H x W x 4, uint8 or (of 16-bit drawings) uint16, the same as in the PNG that recipes name; of
    transparent lines the file's own. `icc`: the colour profile that they are in, None for sRGB. `layer`: the same as
    sRGB floats, for steering and showing.
    """

    layer: LineLayer
    pixels: NDArray[Any]
    icc: bytes | None
    stored: Stored
    notes: tuple[str, ...] = ()

    @property
    def blob(self) -> Blob:
        return self.stored.blob


def read_drawing(path: str | Path, *, kind: str = "auto", keep_blue: bool = True) -> Drawing:
    """Read a scan, photo or file of lines; `kind` is a DrawingKind, `keep_blue` keeps light blue construction.

    Raises PictureError for what is no picture, DrawingError where there are no lines.
    """
    return drawing_of(read_picture(path), Path(path).name, kind=kind, keep_blue=keep_blue)


def drawing_of(picture: Picture, name: str, *, kind: str = "auto", keep_blue: bool = True) -> Drawing:
    """The same for a picture that was read, such as the merged one of a layered file; `name` is what it is called."""
    layer = line_layer(picture.pixels, kind=DrawingKind(kind), keep_blue=keep_blue)
    own = layer.kind is DrawingKind.TRANSPARENT and picture.mode == "RGBA"
    pixels, icc = (picture.stored, picture.icc) if own else (layer.stored(), None)
    data = encode("PNG", pixels, icc, Encoding(), True)
    return Drawing(layer, pixels, icc, Stored.of(data, name), (*picture.notes, *layer.notes))


def read_stored(path: str | Path) -> Stored:
    """A picture or mask as a recipe names it: the file's own bytes, checked to be a picture.

    Raises PictureError.
    """
    read_picture(path)
    path = Path(path)
    return Stored.of(path.read_bytes(), path.name)


def blobs_beside(recipe: Recipe, file: Path) -> dict[str, bytes]:
    """The pictures of a recipe file that lie in `NAME.recipe/` beside it, by hash; missing ones are left out.

    Raises PictureError for one whose bytes are not what its name says.
    """
    found = {}
    for blob in recipe.blobs():
        path = recipe_folder(file) / blob.sha256
        if not path.is_file():
            continue
        stored = read_stored(path)
        if stored.blob.sha256 != blob.sha256:
            raise PictureError(f"{path.name[:12]} in {path.parent.name} was changed", hint="Put the original back.")
        found[blob.sha256] = stored.data
    return found
