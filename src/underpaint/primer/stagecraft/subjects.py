"""Which builder makes which subject."""

from underpaint.primer.stagecraft import buildings, people, plants
from underpaint.primer.stagecraft.kit import Builder
from underpaint.primer.stagecraft.scene import PEOPLE

SUBJECTS: dict[str, Builder] = {
    **dict.fromkeys(PEOPLE, people.person),
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
