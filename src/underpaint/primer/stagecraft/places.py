"""Which builder makes which place."""

from underpaint.primer.stagecraft import lands
from underpaint.primer.stagecraft.kit import Builder

PLACES: dict[str, Builder] = {
    "meadow": lands.meadow,
    "forest": lands.forest,
    "mountains": lands.mountains,
    "desert": lands.desert,
    "studio": lands.studio,
}
