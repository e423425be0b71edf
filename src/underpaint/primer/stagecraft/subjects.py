"""Which builder makes which subject."""

from underpaint.primer.stagecraft import buildings, plants
from underpaint.primer.stagecraft.kit import Builder

SUBJECTS: dict[str, Builder] = {
    "house": buildings.house,
    "castle": buildings.castle,
    "tower": buildings.tower,
    "lighthouse": buildings.lighthouse,
    "pagoda": buildings.pagoda,
    "windmill": buildings.windmill,
    "bridge": buildings.bridge,
    "tree": plants.tree,
    "flower": plants.flower,
}
