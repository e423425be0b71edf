"""Words for a scene: always true, in many forms, often leaving things out."""

from dataclasses import dataclass

import numpy as np

from underpaint.primer.stagecraft.scene import ANIMALS, PEOPLE, Scene, Thing

Options = dict[str, tuple[str, ...]]

_NOUNS: Options = {
    "girl": ("girl", "young girl"), "boy": ("boy", "lad"), "woman": ("woman", "lady"), "man": ("man",),
    "girl with a sword": ("girl with a sword", "swordswoman", "girl holding a sword"),
    "knight": ("knight", "knight in armour"), "cat": ("cat", "kitten"), "dog": ("dog", "hound"),
    "rabbit": ("rabbit", "hare"), "fox": ("fox",), "horse": ("horse",), "elephant": ("elephant",), "bird": ("bird",),
    "fish": ("fish",), "dragon": ("dragon", "winged dragon"), "house": ("house", "cottage"),
    "castle": ("castle", "fortress"), "tower": ("tower", "stone tower"), "lighthouse": ("lighthouse", "beacon"),
    "pagoda": ("pagoda", "temple"), "windmill": ("windmill", "mill"), "bridge": ("bridge", "stone bridge"),
    "tree": ("tree",), "flower": ("flower", "blossom"), "boat": ("boat", "sailing boat"), "cart": ("cart", "wagon"),
    "train": ("train", "steam train"), "chair": ("chair", "seat"), "lamp": ("lamp", "street lamp"),
    "teapot": ("teapot",), "sign": ("sign", "wooden sign"), "flag": ("flag", "banner"),
    "creature": ("creature", "little monster"), "shape": ("shapes", "still life of shapes"),
}  # fmt: skip
_PLURALS = {"man": "men", "woman": "women", "fish": "fish", "shape": "shapes", "girl with a sword": "girls with swords"}
_COLOURS: Options = {
    "red": ("red", "crimson"), "orange": ("orange",), "yellow": ("yellow", "golden yellow"),
    "green": ("green", "emerald"), "blue": ("blue", "azure"), "purple": ("purple", "violet"), "pink": ("pink", "rose"),
    "white": ("white",), "black": ("black",), "brown": ("brown",), "grey": ("grey", "gray"),
    "turquoise": ("turquoise", "teal"),
}  # fmt: skip
_STYLES: Options = {
    "watercolour": ("watercolour", "watercolor painting"), "ink": ("ink", "ink drawing", "pen and ink"),
    "ink wash": ("ink wash", "ink wash painting"), "oil": ("oil", "oil painting"),
    "gouache": ("gouache", "gouache painting"), "pencil": ("pencil", "pencil drawing"),
    "pastel": ("pastel", "pastel drawing"), "flat": ("flat", "flat vector", "flat colours"),
    "anime": ("anime", "cel anime"), "pixel": ("pixel", "pixel art"), "neon": ("neon", "neon lights"),
    "woodcut": ("woodcut", "woodcut print"),
}  # fmt: skip
_PLACES: Options = {
    "meadow": ("in a meadow", "in a field", "meadow"), "cliff": ("on a cliff", "cliff by the sea", "cliff"),
    "shore": ("on the shore", "by the sea", "shore"), "forest": ("in a forest", "in the woods", "forest"),
    "town": ("in a town", "on a town street", "town"), "mountains": ("in the mountains", "mountains"),
    "desert": ("in the desert", "among dunes", "desert"), "market": ("in a market", "in a market crowd", "market"),
    "rooftop": ("on a rooftop", "on a roof over the city", "rooftop"), "room": ("in a room", "indoors", "room"),
    "library": ("in a library", "among books", "library"),
    "studio": ("plain background", "simple background", "studio backdrop"),
}  # fmt: skip
_TIMES: Options = {
    "dawn": ("at dawn", "dawn", "sunrise"), "noon": ("at noon", "noon", "midday"),
    "sunset": ("at sunset", "sunset", "evening"), "night": ("at night", "night", "moonlight"),
}  # fmt: skip
_POSITIONS: Options = {
    "left": ("on the left", "left"), "centre": ("in the centre", "in the middle"), "right": ("on the right", "right"),
}  # fmt: skip
_LIGHTS: Options = {
    "left": ("light from the left", "lit from the left"), "right": ("light from the right", "lit from the right"),
    "above": ("light from above", "top light"), "behind": ("light from behind", "backlit"),
}  # fmt: skip
_MOODS: dict[str, Options] = {
    "hardness": {"hard": ("hard light", "hard shadows"), "soft": ("soft light", "soft shadows")},
    "values": {"high key": ("high key",), "low key": ("low key",)},
    "palette": {
        "warm": ("warm palette", "warm colours"), "cool": ("cool palette", "cool colours"), "muted": ("muted colours",),
        "vivid": ("vivid colours",), "complementary": ("complementary colours",), "monochrome": ("monochrome",),
    },
    "weather": {"mist": ("mist", "fog"), "rain": ("rain", "rainy"), "snow": ("snow", "snowing"), "storm": ("storm",)},
    "camera": {
        "close": ("close up", "close view"), "wide": ("wide shot", "small in the picture"),
        "worm's eye": ("low angle", "seen from below"), "bird's eye": ("bird's eye view", "seen from above"),
    },
    "perspective": {"two points": ("two-point perspective",), "three points": ("three-point perspective",)},
}  # fmt: skip
_POSES: Options = {
    "walking": ("walking",), "running": ("running",), "arms raised": ("with arms raised", "arms raised"),
    "sitting": ("sitting", "seated"), "kneeling": ("kneeling",), "jumping": ("jumping",), "dancing": ("dancing",),
    "waving": ("waving",), "pointing": ("pointing",), "reading": ("reading a book", "reading"),
    "thinking": ("thinking",), "standing": ("standing",),
}  # fmt: skip
_BUILDS: Options = {"child": ("little",), "tall": ("tall",), "stout": ("stout",), "old": ("old",)}
_GAZES: Options = {
    "up": ("looking up",),
    "down": ("looking down",),
    "viewer": ("looking at the camera", "looking at us"),
}
_FACINGS: Options = {
    "back": ("from the back", "seen from behind"), "left": ("facing left", "in profile"),
    "right": ("facing right", "in profile"), "front": ("from the front",),
}  # fmt: skip
_RELATIONS: Options = {
    "left of": ("left of", "to the left of"), "right of": ("right of", "to the right of"), "behind": ("behind",),
    "in front of": ("in front of",), "on": ("on", "on top of"),
}  # fmt: skip
_NUMBERS = {2: "two", 3: "three"}


@dataclass(frozen=True)
class Captions:
    """Three true descriptions: a comma list, a sentence, and one that leaves most out."""

    list: str
    sentence: str
    partial: str


def captions(scene: Scene, rng: np.random.Generator) -> Captions:
    """Words in all three forms."""
    words = _Words(scene, rng)
    return Captions(words.tags(), words.sentence(), words.few())


def caption(scene: Scene, rng: np.random.Generator) -> str:
    """One description in one of the forms."""
    words = _Words(scene, rng)
    form = float(rng.random())
    return words.tags() if form < 0.45 else words.sentence() if form < 0.78 else words.few()


def article(noun: str) -> str:
    """A noun phrase with "a" or "an"."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


class _Words:
    def __init__(self, scene: Scene, rng: np.random.Generator) -> None:
        self.scene, self.rng = scene, rng

    def one(self, table: Options, value: str) -> str:
        """The plain word half of the time, else a synonym."""
        options = table[value]
        return options[0] if self.rng.random() < 0.5 else str(self.rng.choice(options))

    def noun(self, thing: Thing) -> str:
        """The thing with its colour, the way such a thing wears it, without an article."""
        noun, colour = self.one(_NOUNS, thing.kind), self.one(_COLOURS, thing.colour)
        if thing.count > 1:
            noun = _PLURALS.get(
                thing.kind, noun if noun.endswith("s") else noun + ("es" if noun.endswith("x") else "s")
            )
        if thing.kind in PEOPLE and thing.build in _BUILDS and self.rng.random() < 0.6:
            noun = f"{self.one(_BUILDS, thing.build)} {noun}"
        if thing.kind in ("house", "castle", "tower", "windmill") and self.rng.random() < 0.5:
            text = (
                f"{noun} with {colour} roofs"
                if thing.kind == "castle" or thing.count > 1
                else f"{noun} with {article(colour)} roof"
            )
        elif thing.kind in PEOPLE and thing.kind != "knight" and self.rng.random() < 0.55:
            text = f"{noun}{' and' if ' with ' in noun else ''} in {colour}"
        else:
            text = f"{colour} {noun}"
        return f"{_NUMBERS[thing.count]} {text}" if thing.count > 1 else text

    def whole(self, thing: Thing) -> str:
        """The noun with its article or number."""
        noun = self.noun(thing)
        return noun if thing.count > 1 or noun.startswith("shapes") else article(noun)

    def doing(self, thing: Thing, keep: float) -> list[str]:
        """What a thing does, holds and bears, each kept with a chance."""
        out: list[str] = []
        if thing.kind in PEOPLE:
            if self.rng.random() < (keep if thing.pose != "standing" else keep * 0.4):
                pose = self.one(_POSES, thing.pose)
                edge = (
                    thing.pose == "sitting" and self.scene.place in ("rooftop", "cliff") and self.scene.relation != "on"
                )
                out.append(f"{pose} on the edge of a {self.scene.place}" if edge and self.rng.random() < 0.7 else pose)
            if thing.gaze in _GAZES and thing.facing != "back" and self.rng.random() < keep:
                above = thing.gaze == "viewer" and self.scene.camera == "bird's eye"
                out.append("looking up at the camera" if above else self.one(_GAZES, thing.gaze))
            if thing.holding and self.rng.random() < keep + 0.2:
                things = thing.holding if thing.holding != "flower" else "bunch of flowers"
                out.append(f"holding {article(things)}")
        if thing.kind in ("train", "cart", "boat") and thing.facing in ("left", "right") and self.rng.random() < keep:
            out.append(f"going to the {thing.facing}")
        turned = thing.kind in PEOPLE + ANIMALS and thing.facing in _FACINGS and not self.still(thing)
        if turned and self.rng.random() < keep * (0.8 if thing.facing == "back" else 0.35):
            out.append(self.one(_FACINGS, thing.facing))
        if thing.emblem and self.rng.random() < keep + 0.2:
            out.append(f"with {article(thing.emblem)} on {'them' if thing.count > 1 else 'it'}")
        if thing.text and self.rng.random() < keep:
            out.append(f'that says "{thing.text}"')
        return out

    def still(self, thing: Thing) -> bool:
        """Whether the place, not the word, says which way one faces."""
        return thing.pose == "sitting" and self.scene.place in ("rooftop", "cliff")

    def subject(self, keep: float, sentence: bool) -> str:
        """Who and what, with the other thing if there is one."""
        s = self.scene
        name = self.whole if sentence else self.noun
        text = " ".join([name(s.who), *self.doing(s.who, keep)[: 2 if s.other else 3]])
        if s.other is None:
            return text
        if s.relation in ("holding hands", "hugging"):
            return f"{name(s.who)} and {name(s.other)} {s.relation}"
        return f"{text} {self.one(_RELATIONS, s.relation)} {self.whole(s.other)}"

    def moods(self, keep: float) -> list[str]:
        """The moods that are worth a word."""
        weight = {"weather": 1.4, "camera": 1.0, "values": 1.0, "palette": 1.0, "hardness": 0.5, "perspective": 0.25}
        out = []
        for field, table in _MOODS.items():
            value = getattr(self.scene, field)
            if value in table and self.rng.random() < keep * weight[field]:
                out.append(self.one(table, value))
        return out

    def tags(self) -> str:
        """A comma list, the subject first most of the time."""
        s = self.scene
        rest = [
            self.one(_PLACES, s.place),
            self.one(_TIMES, s.time),
            self.one(_STYLES, s.style),
            self.one(_LIGHTS, s.light),
        ]
        if s.who.count == 1 and s.other is None:
            rest.append(self.one(_POSITIONS, s.position))
        rest = [w for w in rest if self.rng.random() < 0.85] + self.moods(0.6)
        order = self.rng.permutation(len(rest))
        words = [rest[int(i)] for i in order]
        noun = self.subject(0.8, sentence=False)
        words.insert(0 if self.rng.random() < 0.8 else int(self.rng.integers(len(words) + 1)), noun)
        return ", ".join(words)

    def sentence(self) -> str:
        """A sentence in plain words."""
        s = self.scene
        style = self.one(_STYLES, s.style)
        place = self.one(_PLACES, s.place)
        where = (
            place
            if place.split()[0] in ("in", "on", "by", "among", "indoors")
            else f"before a {place}"
            if s.place == "studio"
            else f"in {article(place)}"
        )
        if place.endswith(("background", "backdrop")):
            where = f"on a {place}"
        if place == "mountains":
            where = "in the mountains"
        when = next(w for w in _TIMES[s.time] if w.startswith("at "))
        text = f"{self.subject(0.75, sentence=True)} {where} {when}"
        if s.who.count == 1 and s.other is None and self.rng.random() < 0.4:
            text += (
                f", {self.one(_POSITIONS, s.position)} of the picture" if s.position != "centre" else ", in the middle"
            )
            text = (
                text.replace("left of the picture", "on the left")
                .replace("right of the picture", "on the right")
                .replace("on the on the", "on the")
            )
        if self.rng.random() < 0.5:
            text += f", {self.one(_LIGHTS, s.light)}"
        for mood in self.moods(0.45):
            text += f", {mood}"
        if self.rng.random() < 0.85:
            text = (
                f"{article(style) if style.split()[-1] in ('drawing', 'painting', 'print') else style} of {text}"
                if self.rng.random() < 0.5
                else f"{text}, {style}"
            )
        return text

    def few(self) -> str:
        """The subject and one or two words more."""
        s = self.scene
        rest = [self.one(_PLACES, s.place), self.one(_TIMES, s.time), self.one(_STYLES, s.style)]
        pick = self.rng.permutation(3)[: int(self.rng.integers(0, 3))]
        return ", ".join([self.subject(0.3, sentence=False), *(rest[int(i)] for i in pick)])
