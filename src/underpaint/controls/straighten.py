"""Edges of a finished picture that nearly run to a vanishing point are turned until they do, by bending the picture.

The picture is bent as little as that takes: a smooth field of displacements is found by least squares, in which every
piece of an edge asks for its own direction and the field for smoothness (as in content-preserving warps: Liu et al.
2009). Edges that run elsewhere ask for nothing. Found here are edges by OpenCV's detector, not by what checks them.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix, vstack
from scipy.sparse.linalg import spsolve

from underpaint.imaging.arrays import FloatArray, to_bytes
from underpaint.imaging.color import lightness
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import resize

Directions = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""For places (n x 2, pixels) the unit direction to each of K points there, K x n x 2."""
LARGEST = 3_000_000
"""Pixels: edges of larger pictures are looked for in smaller ones."""
ROUNDS = 4
MEANT = 22.0
"""Degrees up to which an edge is taken to be meant for a point."""
_SHORTEST, _PIECE = 7.0, 24.0
_CELL, _LEAST_CELL = 32, 6.0
_SMOOTH, _STAY, _RIM, _HELD = 0.1, 0.002, 4.0, 4.0
"""How much the field minds bending, moving at all, leaving the picture's rim, and moving what is held."""
_FURTHEST = 0.05
"""Of the shorter side: the longest displacement."""
_STEEPEST = 0.5


def straightened(picture: FloatArray, directions: Directions, share: float = 1.0,
                 held: FloatArray | None = None) -> FloatArray:
    """An sRGB H x W x 3 picture whose edges run to their points; `share` of the way. `held` (H x W, 1 = stays)."""
    extent = Extent.of(picture)
    smaller = extent.fit_area(LARGEST) if extent.area > LARGEST else extent
    factor = extent.width / smaller.width
    seen = resize(picture, smaller) if smaller != extent else picture
    kept = resize(held, smaller) if held is not None and smaller != extent else held
    back = _searched(seen, lambda places: directions(places * factor), share, kept)
    if back is None:
        return picture
    if smaller != extent:
        back = factor * cv2.resize(back, (extent.width, extent.height), interpolation=cv2.INTER_LINEAR)
    return _bent(picture, np.asarray(back, dtype=np.float32))


def _searched(picture: FloatArray, directions: Directions, share: float, held: FloatArray | None) -> FloatArray | None:
    """Where each place comes from, less where it is (H x W x 2); None where no edge is meant for a point."""
    moved, total = picture, np.zeros((*picture.shape[:2], 2), np.float32)
    for number in range(ROUNDS):
        pieces = _pieces(moved)
        field = _field(pieces, directions, picture.shape[:2], held) if len(pieces) else None
        if field is None:
            return total if number else None
        total = _chained(total, share * field)
        moved = _bent(picture, total)
    return total


def _pieces(picture: FloatArray) -> NDArray[np.float64]:
    """Straight pieces of edges, n x 2 x 2 (ends, in pixels)."""
    found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD).detect(to_bytes(lightness(picture)))[0]
    if found is None:
        return np.zeros((0, 2, 2))
    ends = np.asarray(found, np.float64).reshape(-1, 2, 2)
    lengths = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=-1)
    cut = []
    for (start, end), length in zip(ends[lengths >= _SHORTEST], lengths[lengths >= _SHORTEST], strict=True):
        at = np.linspace(0, 1, int(np.ceil(length / _PIECE)) + 1)[:, None]
        along = start + at * (end - start)
        cut.append(np.stack([along[:-1], along[1:]], axis=1))
    return np.concatenate(cut) if cut else np.zeros((0, 2, 2))


def _field(pieces: NDArray[np.float64], directions: Directions, shape: tuple[int, ...],
           held: FloatArray | None) -> FloatArray | None:
    """The displacements (H x W x 2, x and y) that the pieces ask for; None where none is meant for a point."""
    middles, along = pieces.mean(1), pieces[:, 1] - pieces[:, 0]
    lengths = np.linalg.norm(along, axis=-1)
    wanted = directions(middles)
    cosine = np.abs((wanted * (along / lengths[:, None])[None]).sum(-1)).clip(0, 1)
    nearest = cosine.argmax(0)
    off = np.degrees(np.arccos(cosine[nearest, np.arange(len(pieces))]))
    meant = off < MEANT
    if not meant.any():
        return None
    aim = wanted[nearest, np.arange(len(pieces))][meant]
    normal = np.stack([-aim[:, 1], aim[:, 0]], axis=-1)
    weight = np.sqrt(lengths[meant]) * (1 - (off[meant] / MEANT) ** 2) / lengths[meant]
    grid = _Grid(shape)
    ends = [grid.at(pieces[meant][:, side]) for side in (1, 0)]
    asks = _both(ends[0] - ends[1], normal * weight[:, None])
    amiss = -(normal * along[meant]).sum(-1) * weight
    solved = grid.solved(asks, amiss, held)
    field = np.stack([cv2.resize(one, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC) for one in solved], axis=-1)
    steep = max(float(np.abs(np.gradient(field[..., axis], axis=way)).max()) for axis in (0, 1) for way in (0, 1))
    longest = float(np.abs(field).max())
    limit = min(1.0, _STEEPEST / max(steep, 1e-9), _FURTHEST * min(shape[:2]) / max(longest, 1e-9))
    return np.asarray(field * limit, dtype=np.float32)


class _Grid:
    """A coarse grid over a picture, on which the displacements are unknown."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        cell = max(_LEAST_CELL, min(shape[:2]) / _CELL)
        self.rows, self.columns = (max(3, round(side / cell)) for side in shape[:2])
        self._scale = np.array([self.columns / shape[1], self.rows / shape[0]])
        self.count = self.rows * self.columns

    def at(self, places: NDArray[np.float64]) -> csr_matrix:
        """The matrix that reads a field of the grid at some places (n x 2), bilinearly."""
        most = np.array([self.columns - 1, self.rows - 1])
        inside = np.clip((places + 0.5) * self._scale - 0.5, 0, most - 1e-6)
        low = np.floor(inside).astype(int)
        part = inside - low
        entries, spots, numbers = [], [], np.arange(len(places))
        for down in (0, 1):
            for right in (0, 1):
                entries.append(np.where(right, part[:, 0], 1 - part[:, 0]) * np.where(down, part[:, 1], 1 - part[:, 1]))
                spots.append((low[:, 1] + down) * self.columns + low[:, 0] + right)
        return coo_matrix((np.concatenate(entries), (np.tile(numbers, 4), np.concatenate(spots))),
                          shape=(len(places), self.count)).tocsr()

    def solved(self, asks: csr_matrix, amiss: NDArray[np.float64], held: FloatArray | None) -> NDArray[np.float32]:
        """The two fields (2 x rows x columns) that come nearest to what is asked."""
        rows = [asks, *(_SMOOTH * self._bends(axis, channel) for axis in (0, 1) for channel in (0, 1))]
        stay = np.full((2, self.rows, self.columns), _STAY)
        stay[0, :, [0, -1]] = stay[1][[0, -1]] = _RIM
        if held is not None:
            stay += _HELD * cv2.resize(held, (self.columns, self.rows), interpolation=cv2.INTER_AREA)[None]
        rows.append(coo_matrix((stay.ravel(), (np.arange(2 * self.count),) * 2)).tocsr())
        every = vstack(rows).tocsr()
        right = np.concatenate([amiss, np.zeros(every.shape[0] - len(amiss))])
        found = spsolve((every.T @ every).tocsc(), every.T @ right)
        return np.asarray(found, np.float32).reshape(2, self.rows, self.columns)

    def _bends(self, axis: int, channel: int) -> csr_matrix:
        """The second differences of one channel along one axis."""
        numbers = np.arange(self.count).reshape(self.rows, self.columns)
        cut = [numbers.take(range(at, numbers.shape[axis] - 2 + at), axis=axis).ravel() + channel * self.count
               for at in range(3)]
        order = np.arange(len(cut[0]))
        values = np.concatenate([np.full(len(order), value) for value in (1.0, -2.0, 1.0)])
        places = (np.tile(order, 3), np.concatenate(cut))
        return coo_matrix((values, places), shape=(len(order), 2 * self.count)).tocsr()


def _both(reads: csr_matrix, normal: NDArray[np.float64]) -> csr_matrix:
    """One row for each piece over both channels: how far the difference of its ends leaves its direction."""
    parts = [reads.multiply(normal[:, [channel]]) for channel in (0, 1)]
    stacked = coo_matrix(parts[0]), coo_matrix(parts[1])
    values = np.concatenate([one.data for one in stacked])
    rows = np.concatenate([one.row for one in stacked])
    columns = np.concatenate([stacked[0].col, stacked[1].col + reads.shape[1]])
    return coo_matrix((values, (rows, columns)), shape=(reads.shape[0], 2 * reads.shape[1])).tocsr()


def _chained(first: FloatArray, then: FloatArray) -> FloatArray:
    """One field of displacements after another, as where each place of the result comes from: backward fields."""
    back = _inverse(then)
    return np.asarray(back + _read(first, back), dtype=np.float32)


def _inverse(forward: FloatArray) -> FloatArray:
    """Where each place comes from, less where it is; by a few rounds of fixed points."""
    back = -forward
    for _ in range(4):
        back = -_read(forward, back)
    return back


def _read(field: FloatArray, away: FloatArray) -> FloatArray:
    rows, columns = np.mgrid[: field.shape[0], : field.shape[1]].astype(np.float32)
    return np.asarray(cv2.remap(field, columns + away[..., 0], rows + away[..., 1], cv2.INTER_LINEAR,
                                borderMode=cv2.BORDER_REPLICATE), dtype=np.float32)


def _bent(picture: FloatArray, back: FloatArray) -> FloatArray:
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    bent = cv2.remap(np.ascontiguousarray(picture), columns + back[..., 0], rows + back[..., 1], cv2.INTER_CUBIC,
                     borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(np.clip(bent, 0, 1), dtype=np.float32)
