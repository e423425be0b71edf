"""How an image encoder is shown pictures, as the `preprocessor_config.json` beside it says."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from underpaint.models.header import read_json

FILE = "preprocessor_config.json"
Colour = tuple[float, float, float]


@dataclass(frozen=True)
class ImageInput:
    """`mean` and `spread` are what the encoder takes as the middle and the spread of each colour. `whole`: the picture
    is squeezed to the encoder's square; else the shorter side fills it and the middle is cut out."""

    mean: Colour = (0.48145466, 0.4578275, 0.40821073)
    spread: Colour = (0.26862954, 0.26130258, 0.27577711)
    whole: bool = False

    @classmethod
    def of(cls, encoder: Path) -> "ImageInput":
        """What the encoder's folder says; CLIP's own way where it says nothing, or for a single file.

        Raises ModelError for a file that is no JSON.
        """
        path = encoder / FILE
        told = read_json(path) if path.is_file() else {}
        plain = cls()
        return cls(
            _colour(told.get("image_mean"), plain.mean),
            _colour(told.get("image_std"), plain.spread, least=1e-3),
            told.get("do_center_crop") is False,
        )


def _colour(value: Any, otherwise: Colour, least: float = 0.0) -> Colour:
    """Three numbers up to 1; what is none is as if it were not there."""
    if isinstance(value, list) and len(value) == 3 and all(type(one) in (int, float) for one in value):
        red, green, blue = (float(one) for one in value)
        if all(least <= one <= 1 for one in (red, green, blue)):
            return red, green, blue
    return otherwise
