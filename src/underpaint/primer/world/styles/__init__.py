"""Ways of painting, one file each: a function from a lit stage to the finished pixels."""

from collections.abc import Callable

from underpaint.primer.world.raster import Array
from underpaint.primer.world.styles.anime import paint as anime
from underpaint.primer.world.styles.flat import paint as flat
from underpaint.primer.world.styles.gouache import paint as gouache
from underpaint.primer.world.styles.ink import paint as ink
from underpaint.primer.world.styles.oil import paint as oil
from underpaint.primer.world.styles.pastel import paint as pastel
from underpaint.primer.world.styles.pixel import paint as pixel
from underpaint.primer.world.styles.stage import Stage
from underpaint.primer.world.styles.watercolour import paint as watercolour

STYLES: dict[str, Callable[[Stage], Array]] = {
    "watercolour": watercolour,
    "ink": ink,
    "oil": oil,
    "pixel": pixel,
    "flat": flat,
    "anime": anime,
    "gouache": gouache,
    "pastel": pastel,
}

__all__ = ["STYLES", "Stage"]
