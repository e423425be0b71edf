"""Papers and grounds: their colour and their tooth, at the size of the finished picture."""

import numpy as np

from underpaint.primer.brushes.easel import Easel
from underpaint.primer.brushes.fields import Array

WATERCOLOUR = np.array([0.985, 0.975, 0.950], np.float32)
CREAM = np.array([0.965, 0.940, 0.880], np.float32)
RICE = np.array([0.955, 0.935, 0.885], np.float32)
CARTRIDGE = np.array([0.965, 0.960, 0.945], np.float32)


def cold_press(easel: Easel) -> Array:
    """Dents of rough watercolour paper, mean 0, about unit variance."""
    fine = easel.grain(0.55, "paper/fine", small=True)
    return fine * np.float32(0.75) + easel.grain(1.4, "paper/coarse", small=True) * np.float32(0.65)


def tooth(easel: Easel) -> Array:
    """Tooth of drawing and pastel paper with a faint laid pattern, mean 0, about unit variance."""
    height = easel.seen.size[1]
    rows = np.sin(np.arange(height, dtype=np.float32) * np.float32(2.2))[:, None]
    fine = easel.grain(0.5, "tooth/fine", small=True)
    return fine * np.float32(0.85) + easel.grain(1.1, "tooth/coarse", small=True) * np.float32(0.4) + rows * 0.2


def canvas(easel: Easel) -> Array:
    """Weave of a canvas, about -1..1."""
    height, width = easel.seen.size[::-1]
    y = np.sin(np.arange(height, dtype=np.float32) * np.float32(1.9))[:, None]
    x = np.sin(np.arange(width, dtype=np.float32) * np.float32(1.9) + 0.6)[None, :]
    return (x * y + 0.5 * easel.grain(0.7, "weave", small=True)) * np.float32(0.7)


def lit_paper(colour: Array, dents: Array, strength: float) -> Array:
    """A sheet of that colour with its dents just visible."""
    return colour * (1 + dents[..., None] * np.float32(strength))
