"""Every defect that is simply measured, one line each."""

from collections.abc import Mapping

from underpaint.imaging.arrays import FloatArray
from underpaint.review.cut_off import cut_off
from underpaint.review.seams import seam
from underpaint.review.shape import Defect, Measure, lay
from underpaint.review.signature import signature
from underpaint.review.surface import banding, soft, speckle
from underpaint.review.tone import empty, too_dark, washed_out

MEASURES: Mapping[str, Measure] = {
    "empty": empty, "washed out": washed_out, "too dark": too_dark, "seam": seam, "banding": banding,
    "speckle": speckle, "soft": soft, "cut off": cut_off, "signature": signature,
}
"""The defects by name; where one is there, those behind it are not looked for if they would only repeat it."""
_SAYS_ALL = {"empty": set(MEASURES), "too dark": {"soft", "washed out"}, "washed out": {"soft"},
             "speckle": {"signature", "banding"}}


def defects(picture: FloatArray) -> tuple[Defect, ...]:
    """What is measurably wrong with a picture (H x W x 1 to 4 floats, 0..1), the strongest first.

    Nothing is said of pictures under 24 pixels a side. Raises PictureError for what is no picture.
    """
    laid = lay(picture)
    if laid is None:
        return ()
    found: list[Defect] = []
    hidden: set[str] = set()
    for name, measure in MEASURES.items():
        said = None if name in hidden else measure(laid)
        if said is not None:
            found.append(said)
            hidden |= _SAYS_ALL.get(name, set())
    return tuple(sorted(found, key=lambda one: -one.strength))
