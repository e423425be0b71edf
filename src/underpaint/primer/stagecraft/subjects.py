"""Which builder makes which subject."""

from underpaint.primer.stagecraft import beasts, buildings, creatures, people, plants, things
from underpaint.primer.stagecraft.kit import Builder
from underpaint.primer.stagecraft.scene import PEOPLE

SUBJECTS: dict[str, Builder] = {
    **dict.fromkeys(PEOPLE, people.person),
    **dict.fromkeys(beasts.BEASTS, beasts.beast),
    "bird": creatures.bird,
    "fish": creatures.fish,
    "dragon": creatures.dragon,
    "creature": creatures.creature,
    "shape": creatures.shape,
    "house": buildings.house,
    "castle": buildings.castle,
    "tower": buildings.tower,
    "lighthouse": buildings.lighthouse,
    "pagoda": buildings.pagoda,
    "windmill": buildings.windmill,
    "bridge": buildings.bridge,
    "tree": plants.tree,
    "flower": plants.flower,
    "boat": things.boat,
    "cart": things.cart,
    "train": things.train,
    "chair": things.chair,
    "lamp": things.lamp,
    "teapot": things.teapot,
    "sign": things.sign,
    "flag": things.flag,
}
