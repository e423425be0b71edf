"""A picture goes through a network in overlapping tiles and comes out as rows without seams, one band at a time."""

from collections.abc import Callable, Iterator

import numpy as np

from underpaint.imaging.arrays import FloatArray


def starts(length: int, size: int, overlap: int) -> list[int]:
    """Where tiles of `size` begin so that they cover `length`, evenly, overlapping by at least `overlap`."""
    assert 0 <= overlap < size
    if length <= size:
        return [0]
    count = -(-(length - overlap) // (size - overlap))
    return [round(index * (length - size) / (count - 1)) for index in range(count)]


def tiled_rows(picture: FloatArray, call: Callable[[FloatArray], FloatArray], scale: int, size: int,
               overlap: int) -> Iterator[FloatArray]:
    """Rows (from the top, as bands) of `call` over tiles of H x W x C; results are `scale` times as large.

    Near its own edge a tile saw too little, so there it counts nothing, and between tiles the weight moves over
    smoothly. At most two rows of tiles are held.
    """
    height, width, channels = picture.shape
    size = max(size, 2 * overlap + 1)
    tops, lefts = starts(height, size, overlap), starts(width, size, overlap)
    tall, wide = min(size, height), min(size, width)
    total = np.zeros((tall * scale, width * scale, channels), np.float32)
    weight = np.zeros((tall * scale, width * scale, 1), np.float32)
    for index, top in enumerate(tops):
        rows = _ramp(top, tall, height, overlap, scale)
        for left in lefts:
            result = call(picture[top:top + tall, left:left + wide])
            assert result.shape == (tall * scale, wide * scale, channels), result.shape
            share = (rows[:, None] * _ramp(left, wide, width, overlap, scale)[None, :])[..., None]
            place = np.s_[:, left * scale:(left + wide) * scale]
            total[place] += result * share
            weight[place] += share
        done = (tops[index + 1] - top if index + 1 < len(tops) else tall) * scale
        yield np.asarray(total[:done] / weight[:done], np.float32)
        for buffer in (total, weight):
            buffer[:-done or None] = buffer[done:].copy() if done < len(buffer) else 0
            buffer[len(buffer) - done:] = 0


def _ramp(start: int, size: int, whole: int, overlap: int, scale: int) -> FloatArray:
    """Weights along one side of a tile, 0..1: nothing in the outer quarter of an overlap, then a smooth step to 1."""
    places = (np.arange(size * scale, dtype=np.float32) + 0.5) / scale
    ramp = np.ones(size * scale, np.float32)
    dead = overlap / 4
    for begins_inside, depth in ((start > 0, places), (start + size < whole, size - places)):
        if begins_inside and overlap:
            rise = np.clip((depth - dead) / (overlap - 2 * dead), 0, 1)
            ramp *= rise * rise * (3 - 2 * rise)
    return ramp
