"""Small pictures of what is being painted, made only while somebody looks, and seldom enough to cost nothing."""

import io
import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 256
"""The longest side of a preview."""
SECONDS = 0.3
"""At least so long from one to the next."""
SHARE, LONGEST = 20.0, 3.0
"""And so many times what the last one cost, a twentieth of painting, but not longer than so many seconds."""


class Glimpses:
    """Shows previews of one picture: `show` is given a small JPEG; `wanted` says whether anybody looks."""

    def __init__(self, show: Callable[[bytes], None], wanted: Callable[[], bool]) -> None:
        self._show, self._wanted = show, wanted
        self._next = self._began = 0.0

    def due(self) -> bool:
        """Whether it is time for another."""
        self._began = time.monotonic()
        return self._began >= self._next and self._wanted()

    def see(self, picture: NDArray[np.float32], number: int, total: int) -> None:
        """Take in what the model believes in (H x W x 3, 0..1) after step `number` of `total`."""
        self._show(small_jpeg(picture))
        now = time.monotonic()
        self._next = now + min(max(SECONDS, SHARE * (now - self._began)), LONGEST)

    def observer(self, to_rgb: Any) -> Any:
        """The engine's observer that feeds this one. Imports torch."""
        from underpaint.engine.observers.preview import Preview

        return Preview(to_rgb, self.see, wanted=self.due)


def small_jpeg(picture: NDArray[Any], side: int = SIDE) -> bytes:
    """H x W x 3, floats 0..1 or bytes, as a JPEG of at most `side` pixels a side; metadata stays behind."""
    from PIL import Image

    height, width = picture.shape[:2]
    scale = min(1.0, side / max(height, width))
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    if picture.dtype != np.uint8:
        picture = (np.clip(np.nan_to_num(picture), 0, 1) * 255 + 0.5).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(file, "JPEG", quality=82)
    return file.getvalue()
