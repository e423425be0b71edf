"""What a picture is like as a vector: the protocol, and a plain embedder that needs no model."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

import cv2
import numpy as np

from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.color import srgb_to_oklab
from underpaint.review.shape import opaque

_SIDE, _GRID, _EDGES, _TURNS = 96, 6, 4, 8
_CHROMA, _FORM, _TEXTURE = 2.0, 0.9, 0.6


class Embedder(Protocol):
    """Turns pictures into unit vectors; nearer vectors are of pictures that are more alike."""

    @property
    def name(self) -> str:
        """What the vectors depend on; vectors of different names are never compared."""
        ...

    def embed(self, pictures: Sequence[FloatArray]) -> FloatArray:
        """N pictures (H x W x 1 to 4 floats, 0..1) to N x D unit vectors."""
        ...


class PlainEmbedder:
    """Where which colours lie, how edges run where, and how rough it is: measured, the same on every machine."""

    name = "plain 1"

    def embed(self, pictures: Sequence[FloatArray]) -> FloatArray:
        """See `Embedder`; 245 numbers a picture."""
        return np.stack([_plain(one) for one in pictures]) if pictures else np.zeros((0, 245), np.float32)


def _plain(picture: FloatArray) -> FloatArray:
    color = opaque(picture)
    small = cv2.resize(color, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA if min(color.shape[:2]) > _SIDE
                       else cv2.INTER_LINEAR)
    lab = srgb_to_oklab(small)
    cells = cv2.resize(lab, (_GRID, _GRID), interpolation=cv2.INTER_AREA)
    where = (cells - np.asarray([0.5, 0, 0], np.float32)) * np.asarray([1, _CHROMA, _CHROMA], np.float32)
    light = np.ascontiguousarray(lab[..., 0])
    across, down = (cv2.Sobel(light, cv2.CV_32F, dx, dy) for dx, dy in ((1, 0), (0, 1)))
    turn = (np.arctan2(down, across) % np.pi / np.pi * _TURNS).astype(int) % _TURNS
    cell = np.arange(_SIDE) * _EDGES // _SIDE
    place = (cell[:, None] * _EDGES + cell[None]) * _TURNS + turn
    form = np.bincount(place.ravel(), np.hypot(across, down).ravel(), minlength=_EDGES**2 * _TURNS)
    form = np.sqrt(form / max(float(form.sum()), 1e-6))
    parts = [where.ravel() / _GRID * 1.6, form * _FORM * 0.5, _texture(light) * _TEXTURE]
    vector = np.concatenate(parts).astype(np.float32)
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6), np.float32)


def _texture(light: FloatArray) -> FloatArray:
    """How much there is of ever coarser detail, and the tones' distribution: no places."""
    layers = [light, *(cv2.GaussianBlur(light, (0, 0), sigma) for sigma in (1.0, 2.0, 4.0, 8.0))]
    bands = [float(np.abs(fine - coarse).mean()) * 8 for fine, coarse in pairwise(layers)]
    tones = [float(np.percentile(light, share)) - 0.5 for share in (5, 25, 50, 75, 95)]
    return np.asarray(bands + [tone * 0.3 for tone in tones], np.float32)
