"""Files become what recipes name: a drawing its line layer, a picture or mask its own bytes."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from underpaint.errors import PictureError
from underpaint.imaging.drawing import DrawingKind, LineLayer, line_layer
from underpaint.pictures.encode import Encoding, encode
from underpaint.pictures.read import read_picture
from underpaint.pictures.write import recipe_folder
from underpaint.recipe import Blob, Recipe


@dataclass(frozen=True, eq=False)
class Stored:
    """Bytes and the name by which a recipe finds them."""

    blob: Blob
    data: bytes

    @classmethod
    def of(cls, data: bytes, name: str = "") -> "Stored":
        return cls(Blob(sha256=hashlib.sha256(data).hexdigest(), name=name[:200]), data)


@dataclass(frozen=True, eq=False)
class Drawing:
    """A drawing as it was read, once: its line layer, and the same as the PNG that recipes name.

    The layer's pixels and the PNG's are the same to the last bit, 8 bits or, for 16-bit drawings, 16.
    """

    layer: LineLayer
    stored: Stored

    @property
    def blob(self) -> Blob:
        return self.stored.blob


def read_drawing(path: str | Path, *, kind: str = "auto", keep_blue: bool = True) -> Drawing:
    """Read a scan, photo or file of lines; `kind` is a DrawingKind, `keep_blue` keeps light blue construction.

    Raises PictureError for what is no picture, DrawingError where there are no lines.
    """
    picture = read_picture(path)
    layer = line_layer(picture.pixels, kind=DrawingKind(kind), keep_blue=keep_blue)
    data = encode("PNG", layer.stored(), None, Encoding(), True)
    return Drawing(layer, Stored.of(data, Path(path).name))


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
