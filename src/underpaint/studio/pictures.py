"""Pictures on their way out: confined to the library, small where they are only looked at."""

import io
import stat
import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np

from underpaint.errors import NotThere
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import Resample, resize
from underpaint.library.library import Entry, Library
from underpaint.library.store import hash_file
from underpaint.pictures.limits import LIMITS
from underpaint.pictures.read import read_picture

SIDES = (96, 160, 256, 384, 512, 768, 1024)
"""The sizes of thumbnails; another one gets the next larger."""
_CACHE_BYTES = 64 << 20


def take_file(library: Library, entry: Entry) -> Path:
    """The file of a take, if it may be handed out: after following links it lies in the library, or it is a file
    elsewhere that was entered and still holds the very bytes that were entered. Raises NotThere."""
    try:
        file = entry.file.resolve(strict=True)
        found = file.stat()
    except OSError as error:
        raise NotThere(f"the file of {entry.id} is gone", hint="Put it back, or run underpaint library repair.") \
            from error
    inside = file.is_relative_to(library.folder.resolve())
    usable = stat.S_ISREG(found.st_mode) and found.st_size <= LIMITS.file_bytes
    if not usable or not (inside or (not entry.file.is_symlink() and hash_file(file) == entry.sha256)):
        raise NotThere(f"the file of {entry.id} is not one of the library's", hint="Enter it again.")
    return file


class Thumbnails:
    """Small pictures of takes, the last ones kept in memory."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._lock, self._bytes = threading.Lock(), 0

    def of(self, sha256: str, file: Path, side: int) -> bytes:
        """A WebP of at most `side` pixels a side. Raises PictureError for what is no picture."""
        key = (sha256, side)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        data = small(file, side)
        with self._lock:
            if key not in self._kept:
                self._bytes += len(data)
            self._kept[key] = data
            while self._bytes > _CACHE_BYTES:
                self._bytes -= len(self._kept.popitem(last=False)[1])
        return data


def fitting(side: int) -> int:
    """The size of thumbnails for a place of that size."""
    return next((one for one in SIDES if one >= side), SIDES[-1])


def small(file: Path, side: int) -> bytes:
    """A picture as a WebP of at most `side` pixels a side: transparency stays, metadata does not."""
    from PIL import Image

    picture = read_picture(file)
    extent = Extent(picture.width, picture.height).fit_within(Extent(side, side), grow=False)
    pixels = resize(np.asarray(picture.pixels), extent, Resample.AREA)
    opaque = pixels.shape[2] == 3 or bool((pixels[..., 3] >= 1).all())
    data = (np.clip(pixels[..., :3] if opaque else pixels, 0, 1) * 255 + 0.5).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(data)).save(out, "WEBP", quality=82, method=2)
    return out.getvalue()
