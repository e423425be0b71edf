"""Is each phrase in the picture? Asked of an image-text model on a fixed grid of pieces, never on those that steer, and
against other things that a picture might show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from underpaint.imaging.arrays import FloatArray

if TYPE_CHECKING:
    from underpaint.engine.families.image_text import ImageText

THERE, WEAK = 1.0, 0.0
"""Standard deviations above what else might be shown from which a phrase is there, or is there weakly."""
VERDICTS = ("there", "weak", "not in the picture")


@dataclass(frozen=True)
class WordsCheck:
    """A verdict for each phrase, and how far it stood out; `model` is who was asked."""

    phrases: tuple[str, ...]
    verdicts: tuple[str, ...]
    stands_out: tuple[float, ...]
    model: str

    @property
    def score(self) -> float:
        """1 where every phrase is there, 0 where none is."""
        worth = dict(zip(VERDICTS, (1.0, 0.5, 0.0), strict=True))
        return sum(worth[one] for one in self.verdicts) / max(len(self.verdicts), 1)

    def sentence(self) -> str:
        """As an artist would say it."""
        parts = []
        for verdict in (VERDICTS[2], VERDICTS[1], VERDICTS[0]):
            named = [phrase for phrase, one in zip(self.phrases, self.verdicts, strict=True) if one == verdict]
            if named:
                parts.append(f"{verdict}: {', '.join(named)}")
        return "; ".join(parts)


def check_words(picture: FloatArray, phrases: Sequence[str], model: "ImageText") -> WordsCheck:
    """Ask about each phrase of a finished sRGB H x W x 3 picture."""
    from underpaint.controls.steering.word_pieces import scores  # needs torch

    found = [float(one) for one in scores(model, picture, phrases)]
    return WordsCheck(tuple(phrases), tuple(verdict(one) for one in found), tuple(found), model.name)


def verdict(stands_out: float) -> str:
    """What is said of a phrase that stands out by so many standard deviations."""
    return VERDICTS[0] if stands_out >= THERE else VERDICTS[1] if stands_out >= WEAK else VERDICTS[2]
