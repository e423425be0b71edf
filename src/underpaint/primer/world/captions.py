"""Words for a scene: always true, in many forms, often leaving things out."""

import numpy as np

from underpaint.primer.world.scene import PEOPLE, Scene

_SUBJECTS = {
    "girl": ("girl", "young girl", "woman", "little girl"),
    "boy": ("boy", "young boy", "man", "lad"),
    "girl with a sword": ("girl with a sword", "swordswoman", "woman with a sword", "girl holding a sword"),
    "knight": ("knight", "knight in armour", "armoured knight"),
    "cat": ("cat", "kitten", "cat"),
    "dog": ("dog", "puppy", "hound"),
    "rabbit": ("rabbit", "bunny", "hare"),
    "elephant": ("elephant",),
    "bird": ("bird", "duck", "bird"),
    "fish": ("fish",),
    "dragon": ("dragon", "dragon", "winged dragon"),
    "house": ("house", "cottage", "home"),
    "castle": ("castle", "fortress"),
    "lighthouse": ("lighthouse", "tower", "beacon"),
    "tree": ("tree",),
    "boat": ("boat", "sailing boat", "ship"),
    "flower": ("flower", "blossom"),
    "cart": ("cart", "wagon"),
    "creature": ("creature", "cartoon animal", "little monster", "animal", "doodle animal"),
    "shape": ("shape", "abstract form", "still life", "shapes"),
}
_COLOURS = {
    "red": ("red", "crimson", "scarlet"), "orange": ("orange",), "yellow": ("yellow", "golden yellow"),
    "green": ("green", "emerald"), "blue": ("blue", "azure"), "purple": ("purple", "violet"), "pink": ("pink", "rose"),
    "white": ("white", "snow white"), "black": ("black",),
}  # fmt: skip
_STYLES = {
    "watercolour": ("watercolour", "watercolor painting", "watercolour painting", "aquarelle"),
    "ink": ("ink", "ink drawing", "pen and ink", "ink with washes"),
    "oil": ("oil", "oil painting", "painted in oils", "impasto oil painting"),
    "pixel": ("pixel", "pixel art", "8-bit pixel art"),
    "flat": ("flat", "flat vector", "flat colours", "vector illustration"),
    "anime": ("anime", "cel anime", "cel shading", "anime art"),
    "gouache": ("gouache", "gouache painting", "poster paint"),
    "pastel": ("pastel", "pastel drawing", "chalk pastel", "soft pastels"),
}
_PLACES = {
    "meadow": ("in a meadow", "on a meadow", "in a green field", "meadow"),
    "cliff": ("on a cliff", "at the edge of a cliff", "cliff by the sea", "cliff"),
    "shore": ("on the shore", "by the sea", "on a beach", "shore"),
    "forest": ("in a forest", "in the woods", "among trees", "forest"),
    "town": ("in a town", "on a town street", "in the street", "town"),
    "mountains": ("in the mountains", "before mountains", "mountains"),
    "desert": ("in the desert", "among dunes", "desert"),
    "room": ("in a room", "indoors", "room"),
    "studio": ("plain background", "simple background", "on plain paper", "studio backdrop"),
}
_TIMES = {
    "dawn": ("dawn", "at dawn", "early morning", "sunrise"),
    "noon": ("noon", "at noon", "midday", "daylight"),
    "sunset": ("sunset", "at sunset", "golden hour", "evening"),
    "night": ("night", "at night", "by night", "moonlight"),
}
_POSITIONS = {
    "left": ("on the left", "at the left", "left"),
    "centre": ("in the centre", "in the middle", "centred"),
    "right": ("on the right", "at the right", "right"),
}
_LIGHTS = {
    "left": ("light from the left", "lit from the left", "key light from the left"),
    "right": ("light from the right", "lit from the right", "key light from the right"),
    "above": ("light from above", "lit from above", "overhead light", "top light"),
    "behind": ("light from behind", "backlit", "backlight", "rim light"),
}
_HARD = {
    "hard": ("hard light", "hard shadows", "crisp shadows"),
    "soft": ("soft light", "soft shadows", "diffuse light"),
}
_VALUES = {
    "high key": ("high key", "bright values"),
    "low key": ("low key", "dark values"),
    "full range": ("full range", "full range of values"),
}
_PALETTES = {
    "natural": ("natural colours",), "warm": ("warm palette", "warm colours", "warm light"),
    "cool": ("cool palette", "cool colours", "cool light"),
    "muted": ("muted colours", "muted palette"), "vivid": ("vivid colours", "vivid palette"),
    "complementary": ("complementary colours", "complementary palette"),
    "monochrome": ("monochrome", "monochrome palette"),
}  # fmt: skip
_WEATHER = {
    "clear": ("clear weather", "clear sky"),
    "mist": ("mist", "misty", "fog"),
    "rain": ("rain", "rainy"),
    "snow": ("snow", "snowing"),
    "storm": ("storm", "stormy"),
}
_FRAMING = {
    "close": ("close up", "close view", "fills the picture"),
    "medium": ("medium shot", "medium view"),
    "far": ("far away", "small in the picture", "wide shot"),
}
_POSES = {
    "standing": ("standing",),
    "walking": ("walking",),
    "arms raised": ("arms raised", "with arms raised"),
    "sitting": ("sitting", "seated"),
}
_SHADOWS = {"dawn": "cool shadows", "sunset": "cool shadows", "night": "deep blue shadows"}


def caption(scene: Scene, rng: np.random.Generator) -> str:
    """One description: a list of tags, a sentence, a colour-key note, or a few words only."""
    form = float(rng.random())
    words = _Words(scene, rng)
    if form < 0.42:
        text = words.tags()
    elif form < 0.72:
        text = words.sentence()
    elif form < 0.88:
        text = words.key_note()
    else:
        text = words.few()
    return text


class _Words:
    def __init__(self, scene: Scene, rng: np.random.Generator) -> None:
        self.scene, self.rng = scene, rng

    def one(self, table: dict[str, tuple[str, ...]], value: str) -> str:
        """The plain word half of the time, else a synonym."""
        options = table[value]
        return options[0] if self.rng.random() < 0.5 else str(self.rng.choice(options))

    def noun(self) -> str:
        """The subject with its colour, the way such a subject wears it."""
        s = self.scene
        noun, colour = self.one(_SUBJECTS, s.subject), self.one(_COLOURS, s.colour)
        if s.subject == "house":
            return str(self.rng.choice([f"{noun} with a {colour} roof", f"{colour} {noun}"]))
        if s.subject == "castle":
            return str(self.rng.choice([f"{noun} with {colour} roofs", f"{colour} {noun}"]))
        if s.subject in ("girl", "boy", "girl with a sword") and self.rng.random() < 0.5:
            joined = " and " if " with " in noun else " "
            return f"{noun}{joined}in {colour}"
        return f"{colour} {noun}"

    def extras(self, keep: float) -> list[str]:
        """The moods that are worth a word, each kept with a chance."""
        s = self.scene
        out: list[tuple[dict[str, tuple[str, ...]], str, float]] = []
        if s.weather != "clear":
            out.append((_WEATHER, s.weather, 0.9))
        out.append((_VALUES, s.values, keep if s.values != "full range" else keep * 0.3))
        out.append((_PALETTES, s.palette, keep if s.palette != "natural" else keep * 0.2))
        out.append((_HARD, s.hardness, keep * 0.6))
        out.append((_FRAMING, s.framing, keep * 0.5))
        if s.subject in PEOPLE:
            out.append((_POSES, s.pose, keep * 0.6))
        return [self.one(t, v) for t, v, p in out if self.rng.random() < p]

    def tags(self) -> str:
        """A comma list, the noun first most of the time."""
        s = self.scene
        rest = [
            self.one(_PLACES, s.place),
            self.one(_TIMES, s.time),
            self.one(_POSITIONS, s.position),
            self.one(_STYLES, s.style),
            self.one(_LIGHTS, s.light),
        ]
        rest = [w for w in rest if self.rng.random() < 0.85] + self.extras(0.6)
        if self.rng.random() < 0.5:
            self.rng.shuffle(rest)
        return ", ".join([self.noun(), *rest])

    def sentence(self) -> str:
        """A sentence as one would say it."""
        s = self.scene
        noun = self.noun()
        article = "an" if noun[0] in "aeiou" else "a"
        medium = self.one(_STYLES, s.style)
        pose = f" {self.one(_POSES, s.pose)}" if s.subject in PEOPLE and self.rng.random() < 0.4 else ""
        where = self.one(_PLACES, s.place) if self.rng.random() < 0.85 else ""
        when = self.one(_TIMES, s.time) if self.rng.random() < 0.85 else ""
        side = self.one(_POSITIONS, s.position) if self.rng.random() < 0.8 else ""
        start = f"{article} {noun}{pose}"
        opener = str(self.rng.choice([f"{start}, {medium}", f"{medium} of {start}", f"{medium}, {start}", start]))
        light = self.one(_LIGHTS, s.light) if self.rng.random() < 0.7 else ""
        return ", ".join(w for w in [opener, where, side, when, light, *self.extras(0.45)] if w)

    def key_note(self) -> str:
        """A colour key as a painter notes it: the subject, then hour, light, shadows, values, palette."""
        s = self.scene
        warmth = {"dawn": "warm ", "sunset": "warm ", "night": "cool "}.get(s.time, "")
        if s.palette in ("warm", "cool"):
            warmth = s.palette + " "
        elif s.palette == "monochrome":
            warmth = ""
        hard = f"{s.hardness} " if self.rng.random() < 0.5 else ""
        light = {
            "left": "light from the left",
            "right": "light from the right",
            "above": "light from above",
            "behind": "light from behind",
        }[s.light]
        light = light.replace("light", str(self.rng.choice(["light", "key"])), 1)
        if self.rng.random() < 0.3:
            light = light.replace("the ", "")
        bits = [self.noun(), self.one(_PLACES, s.place), self.one(_TIMES, s.time), f"{hard}{warmth}{light}"]
        if (
            s.time in _SHADOWS
            and s.palette in ("natural", "vivid", "complementary", "cool")
            and self.rng.random() < 0.5
        ):
            bits.append(_SHADOWS[s.time])
        bits += [self.one(_VALUES, s.values), self.one(_PALETTES, s.palette), self.one(_STYLES, s.style)]
        if s.weather != "clear":
            bits.append(self.one(_WEATHER, s.weather))
        return ", ".join(w for i, w in enumerate(bits) if i == 0 or self.rng.random() < 0.88)

    def few(self) -> str:
        """Only two to four things."""
        s = self.scene
        options = [
            self.one(_PLACES, s.place),
            self.one(_TIMES, s.time),
            self.one(_STYLES, s.style),
            self.one(_LIGHTS, s.light),
            self.one(_POSITIONS, s.position),
        ]
        picked = self.rng.choice(len(options), int(self.rng.integers(1, 4)), replace=False)
        return ", ".join(
            [self.noun() if self.rng.random() < 0.8 else self.one(_SUBJECTS, s.subject), *(options[i] for i in picked)]
        )
