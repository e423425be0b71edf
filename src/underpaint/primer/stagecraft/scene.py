"""A scene as data: who, what, where, when, how it is seen and how it is painted, before anything is built.

Words are fields; `seed` settles all the rest (proportions, scatter, jitter), each part of the picture drawing from its
own sub-seed, so that changing one field changes that and little else.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import numpy as np

from underpaint.errors import RecipeError

PEOPLE = ("girl", "boy", "woman", "man", "girl with a sword", "knight")
ANIMALS = ("cat", "dog", "rabbit", "fox", "horse", "elephant", "bird", "fish", "dragon")
BUILDINGS = ("house", "castle", "tower", "lighthouse", "pagoda", "windmill", "bridge")
THINGS = ("tree", "flower", "boat", "cart", "train", "chair", "lamp", "teapot", "sign", "flag", "creature", "shape")

FACTORS: dict[str, tuple[str, ...]] = {
    "subject": PEOPLE + ANIMALS + BUILDINGS + THINGS,
    "colour": (
        "red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "black", "brown", "grey", "turquoise",
    ),
    "style": (
        "watercolour", "ink", "ink wash", "oil", "gouache", "pencil", "pastel", "flat", "anime", "pixel", "neon",
        "woodcut",
    ),
    "place": (
        "meadow", "cliff", "shore", "forest", "town", "mountains", "desert", "market", "rooftop", "room", "library",
        "studio",
    ),
    "time": ("dawn", "noon", "sunset", "night"),
    "position": ("left", "centre", "right"),
    "light": ("left", "right", "above", "behind"),
}  # fmt: skip
"""What a scene is made of and what a judge can be asked to name."""

MOODS: dict[str, tuple[str, ...]] = {
    "hardness": ("hard", "soft"),
    "values": ("full range", "high key", "low key"),
    "palette": ("natural", "warm", "cool", "muted", "vivid", "complementary", "monochrome"),
    "weather": ("clear", "mist", "rain", "snow", "storm"),
    "camera": ("medium", "close", "wide", "worm's eye", "bird's eye"),
    "perspective": ("one point", "two points", "three points"),
}
"""Further words of a scene that show in the pixels."""

THING_WORDS: dict[str, tuple[str, ...]] = {
    "build": ("child", "slim", "tall", "stout", "old"),
    "pose": (
        "standing", "walking", "running", "arms raised", "sitting", "kneeling", "jumping", "dancing", "waving",
        "pointing", "reading", "thinking",
    ),
    "facing": ("front", "left", "right", "back", "three-quarter"),
    "gaze": ("ahead", "up", "down", "viewer"),
    "emblem": ("", "star", "heart", "moon", "crown", "leaf", "anchor"),
    "holding": ("", "lantern", "flower", "umbrella", "book", "sword", "balloon", "basket"),
}  # fmt: skip
"""Words of one thing in a scene; poses, gaze and holding belong to people, facing to all."""

RELATIONS = ("left of", "right of", "behind", "in front of", "on", "holding hands", "hugging")
"""How the first of two things stands to the second ("holding hands" and "hugging": two people)."""

SIZES: tuple[tuple[int, int], ...] = (
    (256, 256), (288, 224), (224, 288), (304, 208), (208, 304), (336, 192), (192, 336),
)  # fmt: skip
"""The (width, height) buckets, each close to 256 x 256 in area."""

INDOORS = ("room", "library", "studio")
_MAX_PIXELS = 4096 * 4096


def _known(owner: object, words: Mapping[str, tuple[str, ...]]) -> None:
    for name, allowed in words.items():
        value = getattr(owner, name)
        if value not in allowed:
            raise RecipeError(
                f"{value!r} is not known to the World.",
                hint="One of: " + ", ".join(a or "nothing" for a in allowed) + ".",
                field=name,
            )


@dataclass(frozen=True)
class Thing:
    """Somebody or something: what it is, its colour and how it is; `count` of it stand side by side.

    `moved` lays single limbs elsewhere: pairs of a limb ("left upper arm", "right forearm", "left thigh" ...) and its
    new direction in the body's own space (x to its left hand, y up, z ahead). `text` is what a sign says.
    """

    kind: str
    colour: str
    build: str = "slim"
    pose: str = "standing"
    facing: str = "front"
    gaze: str = "ahead"
    holding: str = ""
    emblem: str = ""
    count: int = 1
    text: str = ""
    moved: tuple[tuple[str, tuple[float, float, float]], ...] = ()

    def __post_init__(self) -> None:
        _known(self, {"kind": FACTORS["subject"], "colour": FACTORS["colour"]} | THING_WORDS)
        if not 1 <= self.count <= 3:
            raise RecipeError(f"{self.count} is no count of the World.", hint="One to three.", field="count")
        if len(self.text) > 12:
            raise RecipeError("a sign holds at most 12 letters.", field="text")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Thing":
        """The thing that `asdict` wrote, also after a round trip through JSON."""
        moved = tuple((str(k), (float(x), float(y), float(z))) for k, (x, y, z) in data.get("moved", ()))
        return cls(**{**data, "moved": moved})


@dataclass(frozen=True)
class Scene:
    """One picture to be. `frame` is time in seconds: limbs swing, leaves sway, smoke drifts; 0 is the pose itself.

    `detail` 0..1 says how many inner lines there are, `inked` whether line art holds "all" or the "subject" alone.
    """

    who: Thing
    style: str
    place: str
    time: str
    position: str = "centre"
    light: str = "left"
    other: Thing | None = None
    relation: str = ""
    hardness: str = "soft"
    values: str = "full range"
    palette: str = "natural"
    weather: str = "clear"
    camera: str = "medium"
    perspective: str = "one point"
    size: tuple[int, int] = (256, 256)
    seed: int = 0
    frame: float = 0.0
    detail: float = 1.0
    inked: str = "all"

    def __post_init__(self) -> None:
        own = {k: FACTORS[k] for k in ("style", "place", "time", "position", "light")}
        _known(self, own | MOODS | {"inked": ("all", "subject")})
        if bool(self.relation) != (self.other is not None) or self.relation not in ("", *RELATIONS):
            raise RecipeError("two things need a relation.", hint="One of: " + ", ".join(RELATIONS), field="relation")
        touching = self.relation in ("holding hands", "hugging")
        if touching and not (self.other and {self.who.kind, self.other.kind} <= set(PEOPLE)):
            raise RecipeError(f"only two people can be {self.relation}.", field="relation")
        width, height = self.size
        if min(width, height) < 64 or width * height > _MAX_PIXELS:
            raise RecipeError(f"{width}x{height} cannot be painted.", hint="64 to 4096 pixels a side.", field="size")

    @property
    def subject(self) -> str:
        """What the picture is of."""
        return self.who.kind

    @property
    def colour(self) -> str:
        """The subject's colour."""
        return self.who.colour

    def factors(self) -> dict[str, str]:
        """The judged words of the scene, in the order of `FACTORS`."""
        return {name: str(getattr(self, name)) for name in FACTORS}

    def changed(self, **words: Any) -> "Scene":
        """The same scene with some fields changed; words of the subject ("pose", "colour", "subject") go to it."""
        own = {f.name for f in fields(self)}
        mine = {k: v for k, v in words.items() if k in own}
        his = {("kind" if k == "subject" else k): v for k, v in words.items() if k not in own}
        return replace(self, **mine, **({"who": replace(mine.get("who", self.who), **his)} if his else {}))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; `from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Scene":
        """The scene that `to_dict` wrote, also after a round trip through JSON."""
        width, height = data["size"]
        other = data.get("other")
        return cls(**{
            **data,
            "who": Thing.from_dict(data["who"]),
            "other": Thing.from_dict(other) if other else None,
            "size": (int(width), int(height)),
        })  # fmt: skip

    def hash(self) -> str:
        """SHA-256 of the scene's words and numbers: the same everywhere."""
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def rng(self, part: str) -> np.random.Generator:
        """The random numbers of one part of the picture: the same for the same seed and name, whatever else changes."""
        return sub_rng(self.seed, part)


def sub_rng(seed: int, part: str) -> np.random.Generator:
    """Random numbers for a named part of a seeded whole."""
    digest = hashlib.sha256(f"{seed}/{part}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:8], "little")))


def held_out(scene: Scene | Mapping[str, str]) -> bool:
    """Whether the triple of subject, colour and style is among the fifth that training must never see."""
    factors = scene.factors() if isinstance(scene, Scene) else scene
    name = "|".join((factors["subject"], factors["colour"], factors["style"]))
    return hashlib.sha256(name.encode()).digest()[0] % 5 == 0


@dataclass(frozen=True)
class Taste:
    """How often each word is drawn by `sample_scene`: weights by field and word, 1 where not named."""

    weights: Mapping[str, Mapping[str, float]] = field(
        default_factory=lambda: {
            "subject": {"girl": 1.6, "boy": 1.2, "girl with a sword": 1.4, "creature": 1.5, "shape": 1.2},
            "place": {"studio": 1.8},
            "values": {"high key": 0.4, "low key": 0.4},
            "palette": {"natural": 3.0},
            "weather": {"clear": 8.0},
            "camera": {"medium": 3.0, "close": 1.6, "wide": 1.2, "worm's eye": 0.6, "bird's eye": 0.6},
            "perspective": {"one point": 2.0, "two points": 2.0},
            "pose": {"standing": 2.0, "sitting": 1.5},
            "facing": {"front": 2.0, "three-quarter": 3.0, "back": 0.7},
            "gaze": {"ahead": 3.0},
            "emblem": {"": 12.0},
            "holding": {"": 5.0},
        }
    )
    second: float = 0.3

    def draw(self, rng: np.random.Generator, name: str, values: tuple[str, ...]) -> str:
        """One word for a field."""
        table = self.weights.get(name, {})
        p = np.array([table.get(v, 1.0) for v in values])
        return str(rng.choice(values, p=p / p.sum()))


def sample_scene(
    rng: np.random.Generator,
    *,
    size: tuple[int, int] = (256, 256),
    fixed: Mapping[str, str] | None = None,
    allow_held_out: bool = False,
    taste: Taste | None = None,
) -> Scene:
    """A random scene.

    `fixed` pins factors, moods or words of the subject by name. A held-out triple is never returned unless
    `allow_held_out`; when the pinned words are themselves a held-out triple, that is refused.
    """
    fixed, taste = dict(fixed or {}), taste or Taste()
    unknown = set(fixed) - set(FACTORS) - set(MOODS) - set(THING_WORDS) - {"count", "relation"}
    if unknown:
        raise RecipeError(f"the World has no {sorted(unknown)[0]!r}.", field="fixed")
    for _ in range(500):
        scene = _drawn(rng, size, fixed, taste)
        if allow_held_out or not (held_out(scene) or _other_held_out(scene)):
            return scene
    raise RecipeError("the pinned subject, colour and style are held out of training.", field="fixed")


def _other_held_out(scene: Scene) -> bool:
    other = scene.other
    return other is not None and held_out({"subject": other.kind, "colour": other.colour, "style": scene.style})


def _drawn(rng: np.random.Generator, size: tuple[int, int], fixed: Mapping[str, str], taste: Taste) -> Scene:
    words = {name: taste.draw(rng, name, values) for name, values in (FACTORS | MOODS).items()} | dict(fixed)
    who = _thing(rng, words["subject"], words["colour"], taste, fixed)
    other, relation = _second(rng, who, taste, fixed)
    if who.pose == "sitting" and words["place"] in ("rooftop", "cliff") and "perspective" not in fixed:
        words["perspective"] = "two points"
    if words["place"] in INDOORS:
        words["weather"] = fixed.get("weather", "clear")
    own = {k: words[k] for k in ("style", "place", "time", "position", "light", *MOODS)}
    return Scene(
        who,
        **own,
        other=other,
        relation=relation,
        size=size,
        seed=int(rng.integers(2**31)),
        detail=float(rng.choice([0.4, 0.7, 1.0], p=[0.25, 0.25, 0.5])),
        inked=str(rng.choice(["all", "subject"], p=[0.65, 0.35])),
    )


def _thing(
    rng: np.random.Generator, kind: str, colour: str, taste: Taste, fixed: Mapping[str, str] | None = None
) -> Thing:
    words = {name: taste.draw(rng, name, values) for name, values in THING_WORDS.items()}
    if kind not in PEOPLE:
        words |= {"build": "slim", "pose": "standing", "gaze": "ahead", "holding": ""}
    if kind in ("girl", "boy", "girl with a sword") and words["build"] == "old":
        words["build"] = "child"
    if kind in ("girl with a sword", "knight") or words["pose"] not in ("standing", "walking", "sitting"):
        words["holding"] = ""
    if kind in ANIMALS + THINGS and words["facing"] in ("front", "back"):
        words["facing"] = str(rng.choice(["three-quarter", "left", "right"]))
    if words["facing"] == "back" and words["gaze"] == "viewer":
        words["gaze"] = "ahead"
    words |= {k: v for k, v in (fixed or {}).items() if k in THING_WORDS}
    count = int((fixed or {}).get("count", rng.choice([1, 2, 3], p=[0.8, 0.12, 0.08])))
    big = kind in ("castle", "bridge", "train")
    return Thing(kind, colour, **words, count=1 if big else count, text=_sign(rng) if kind == "sign" else "")


def _second(rng: np.random.Generator, who: Thing, taste: Taste, fixed: Mapping[str, str]) -> tuple[Thing | None, str]:
    relation = fixed.get("relation", "")
    if not relation and ("count" in fixed or who.count > 1 or rng.random() > taste.second):
        return None, ""
    kinds = FACTORS["subject"]
    if relation in ("holding hands", "hugging") or (not relation and who.kind in PEOPLE and rng.random() < 0.5):
        kinds = PEOPLE
    if not relation:
        pair = who.kind in PEOPLE and kinds is PEOPLE
        relation = str(rng.choice(RELATIONS if pair else RELATIONS[:4]))
        if who.kind in ("cat", "bird", "rabbit", "teapot") and rng.random() < 0.3:
            relation, kinds = "on", ("chair", "cart", "house", "boat")
    colour = taste.draw(rng, "colour", tuple(c for c in FACTORS["colour"] if c != who.colour))
    other = _thing(rng, str(rng.choice(kinds)), colour, taste, {"count": "1"})
    return other, relation


def _sign(rng: np.random.Generator) -> str:
    return str(rng.choice(["INN", "BOOKS", "TEA", "HOME", "CAFE", "HELLO", "NORTH", "MUSIC", "BREAD", "OPEN", "STAR"]))
