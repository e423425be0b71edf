"""A scene as data: what is in the picture, before anything is painted.

Every field but `seed` and `size` is a word that can be put into a caption. `seed` settles all the rest (proportions,
scatter, jitter), each part of the picture drawing from its own sub-seed, so that changing one field moves little else.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from underpaint.errors import RecipeError

FACTORS: dict[str, tuple[str, ...]] = {
    "subject": (
        "girl", "boy", "girl with a sword", "knight", "cat", "dog", "rabbit", "elephant", "bird", "fish", "dragon",
        "house", "castle", "lighthouse", "tree", "boat", "flower", "cart", "creature", "shape",
    ),
    "colour": ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "black"),
    "style": ("watercolour", "ink", "oil", "pixel", "flat", "anime", "gouache", "pastel"),
    "place": ("meadow", "cliff", "shore", "forest", "town", "mountains", "desert", "room", "studio"),
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
    "framing": ("close", "medium", "far"),
    "pose": ("standing", "walking", "arms raised", "sitting"),
}
"""Further fields that show in the pixels: how the light falls, the value structure, the palette, weather, framing."""

SIZES: tuple[tuple[int, int], ...] = ((256, 256), (288, 224), (224, 288), (320, 192), (192, 320))
"""The (width, height) buckets, each close to 256 x 256 in area."""

PEOPLE = ("girl", "boy", "girl with a sword", "knight")
_SUBJECT_WEIGHTS = {"creature": 3.0, "shape": 2.0, "girl": 1.5, "girl with a sword": 1.5}
_PLACE_WEIGHTS = {"studio": 2.5}
_STYLE_WEIGHTS: dict[str, float] = {}
_MOOD_WEIGHTS = {
    "values": (0.5, 0.25, 0.25),
    "palette": (0.28, 0.12, 0.12, 0.12, 0.12, 0.12, 0.12),
    "weather": (0.68, 0.08, 0.08, 0.08, 0.08),
    "framing": (0.45, 0.4, 0.15),
}
_MAX_PIXELS = 4096 * 4096


@dataclass(frozen=True)
class Scene:
    """One picture to be: its factors, its moods, its size (width, height) in pixels, its seed and its line.

    `line_width` is in pixels, `detail` 0..1 says how many inner lines there are, and `inked` whether "all" is drawn or
    the "subject" alone, on a picture that has its background all the same.
    """

    subject: str
    colour: str
    style: str
    place: str
    time: str
    position: str
    light: str
    hardness: str = "soft"
    values: str = "full range"
    palette: str = "natural"
    weather: str = "clear"
    framing: str = "medium"
    pose: str = "standing"
    size: tuple[int, int] = (256, 256)
    seed: int = 0
    line_width: float = 2.0
    detail: float = 1.0
    inked: str = "all"

    def __post_init__(self) -> None:
        for name, allowed in (FACTORS | MOODS | {"inked": ("all", "subject")}).items():
            if getattr(self, name) not in allowed:
                raise RecipeError(
                    f"{getattr(self, name)!r} is not known to the World.", hint="One of: " + ", ".join(allowed) + ".",
                    field=name,
                )  # fmt: skip
        width, height = self.size
        if min(width, height) < 64 or width * height > _MAX_PIXELS:
            raise RecipeError(f"{width}x{height} cannot be painted.", hint="64 to 4096 pixels a side.", field="size")

    def factors(self) -> dict[str, str]:
        """The judged words of the scene, in the order of `FACTORS`."""
        return {name: str(getattr(self, name)) for name in FACTORS}

    def moods(self) -> dict[str, str]:
        """The further words of the scene, in the order of `MOODS`."""
        return {name: str(getattr(self, name)) for name in MOODS}

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; `from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Scene":
        """The scene that `to_dict` wrote, also after a round trip through JSON."""
        width, height = data["size"]
        return cls(**{**data, "size": (int(width), int(height))})

    def rng(self, part: str) -> np.random.Generator:
        """The random numbers of one part of the picture: the same for the same seed and name, whatever else changes."""
        digest = hashlib.sha256(f"{self.seed}/{part}".encode()).digest()
        return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:8], "little")))


def held_out(scene: Scene | Mapping[str, str]) -> bool:
    """Whether the triple of subject, colour and style is among the fifth that training must never see."""
    factors = scene.factors() if isinstance(scene, Scene) else scene
    name = "|".join((factors["subject"], factors["colour"], factors["style"]))
    return hashlib.sha256(name.encode()).digest()[0] % 5 == 0


def sample_scene(
    rng: np.random.Generator,
    *,
    size: tuple[int, int] = (256, 256),
    fixed: Mapping[str, str] | None = None,
    allow_held_out: bool = False,
) -> Scene:
    """A random scene.

    `fixed` pins factors or moods by name. A held-out triple is never returned unless `allow_held_out`; when the pinned
    factors are themselves a held-out triple, that is refused.
    """
    fixed = dict(fixed or {})
    unknown = set(fixed) - set(FACTORS) - set(MOODS)
    if unknown:
        raise RecipeError(f"the World has no {sorted(unknown)[0]!r}.", field="fixed")
    for _ in range(500):
        words = _words(rng) | fixed
        scene = Scene(
            **words,
            size=size,
            seed=int(rng.integers(2**31)),
            line_width=float(rng.uniform(1.1, 2.8)) * (min(size) / 256) ** 0.5,
            detail=float(rng.choice([0.4, 0.7, 1.0], p=[0.25, 0.25, 0.5])),
            inked=str(rng.choice(["all", "subject"], p=[0.65, 0.35])),
        )
        if allow_held_out or not held_out(scene):
            return scene
    raise RecipeError("the pinned subject, colour and style are held out of training.", field="fixed")


def _words(rng: np.random.Generator) -> dict[str, str]:
    """Every word of a scene, drawn with a taste: storms are rare, rooms have no weather, close is common."""
    weights = {"subject": _SUBJECT_WEIGHTS, "place": _PLACE_WEIGHTS, "style": _STYLE_WEIGHTS}
    words: dict[str, str] = {}
    for name, values in FACTORS.items():
        p = np.array([weights.get(name, {}).get(v, 1.0) for v in values])
        words[name] = str(rng.choice(values, p=p / p.sum()))
    for name, values in MOODS.items():
        words[name] = str(rng.choice(values, p=_MOOD_WEIGHTS.get(name)))
    if words["place"] in ("room", "studio"):
        words["weather"] = "clear"
    return words
