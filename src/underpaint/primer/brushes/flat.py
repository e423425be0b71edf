"""Flat vector: clean shapes in two tones, a banded sky, no texture and no line."""

import numpy as np

from underpaint.primer.brushes.easel import Easel
from underpaint.primer.brushes.fields import Array, blur, ramp, saturate
from underpaint.primer.brushes.weather import before


def paint(easel: Easel) -> Array:
    """Two tones a part with a crisp border, a sky in bands, rings round the sun."""
    hard = ramp(blur(easel.seen.lit, easel.unit * 0.8), 0.40, 0.44)
    openness = 0.82 + 0.18 * ramp(easel.seen.occlusion, 0.3, 0.6)
    picture = saturate(easel.tone(0.10 + 0.78 * hard, openness), 1.18)
    if easel.orb is not None:
        for ring, strength in ((4.6, 0.10), (2.9, 0.16), (1.7, 0.26)):
            inside = easel.small((easel.orb < ring) & easel.sky) * np.float32(strength)
            picture += inside[..., None] * (easel.orb_colour - picture)
    picture += easel.small(easel.disc)[..., None] * (easel.orb_colour - picture)
    return before(easel, picture)
