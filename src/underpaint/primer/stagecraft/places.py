"""Which builder makes which place."""

from underpaint.primer.stagecraft import coasts, indoors, lands, market, towns
from underpaint.primer.stagecraft.kit import Builder

PLACES: dict[str, Builder] = {
    "meadow": lands.meadow,
    "cliff": coasts.cliff,
    "shore": coasts.shore,
    "forest": lands.forest,
    "town": towns.street,
    "mountains": lands.mountains,
    "desert": lands.desert,
    "market": market.market,
    "rooftop": towns.rooftop,
    "room": indoors.room,
    "library": indoors.library,
    "studio": lands.studio,
}
