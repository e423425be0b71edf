"""Makes the two demo drawings that ship with the package: `python -m underpaint.demo.make FOLDER`."""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from underpaint.demo.girl import girl_on_cliff
from underpaint.demo.harbour import harbour
from underpaint.demo.photo import Photo, PhotoSetup, photograph

_TURN_RIGHT = 6
"""EXIF orientation of a phone held upright: turn a quarter to the right to see it as it was."""


def harbour_photo() -> Photo:
    """The harbour drawing in soft pencil as a phone saw it."""
    return photograph(pencilled(harbour()), PhotoSetup())


def pencilled(drawing: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Black ink (H x W, 0 = ink) -> dark grey pencil on white, H x W x 3, 0..1."""
    gray = 1.0 - (1.0 - drawing.astype(np.float32) / 255.0) * 0.82
    return np.repeat(gray[..., None], 3, axis=2).astype(np.float32)


def main(folder: Path) -> None:
    """Write both drawings into `folder`."""
    Image.fromarray(girl_on_cliff()).save(folder / "girl-on-cliff.png", optimize=True)
    seen = Image.fromarray(np.rint(harbour_photo().picture * 255).astype(np.uint8))
    exif = Image.Exif()
    exif[0x0112] = _TURN_RIGHT
    turned = seen.transpose(Image.Transpose.ROTATE_90)
    turned.save(folder / "harbour-photo.jpg", quality=88, exif=exif)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
