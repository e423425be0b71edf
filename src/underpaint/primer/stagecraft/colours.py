"""Local colours: the twelve named ones, what belongs to skin, hair and stone, and what a palette makes of them."""

import colorsys
from dataclasses import dataclass

import numpy as np

from underpaint.primer.stagecraft.scene import Scene, Thing
from underpaint.primer.stagecraft.seen import RGB, Floats, Part

NAMED: dict[str, tuple[RGB, RGB, RGB]] = {
    "red": ((0.80, 0.13, 0.13), (0.72, 0.09, 0.14), (0.88, 0.22, 0.17)),
    "orange": ((0.95, 0.52, 0.12), (0.90, 0.46, 0.15), (0.98, 0.58, 0.18)),
    "yellow": ((0.97, 0.83, 0.22), (0.94, 0.79, 0.30), (0.99, 0.87, 0.16)),
    "green": ((0.20, 0.58, 0.25), (0.30, 0.65, 0.28), (0.13, 0.50, 0.28)),
    "blue": ((0.16, 0.36, 0.80), (0.22, 0.46, 0.86), (0.12, 0.28, 0.68)),
    "purple": ((0.48, 0.22, 0.66), (0.55, 0.30, 0.72), (0.40, 0.16, 0.57)),
    "pink": ((0.96, 0.56, 0.69), (0.94, 0.48, 0.65), (0.99, 0.66, 0.75)),
    "white": ((0.95, 0.95, 0.93), (0.93, 0.94, 0.97), (0.97, 0.95, 0.90)),
    "black": ((0.13, 0.13, 0.15), (0.16, 0.14, 0.15), (0.11, 0.12, 0.16)),
    "brown": ((0.48, 0.30, 0.18), (0.42, 0.25, 0.14), (0.56, 0.37, 0.22)),
    "grey": ((0.55, 0.56, 0.58), (0.48, 0.49, 0.52), (0.64, 0.64, 0.64)),
    "turquoise": ((0.16, 0.70, 0.70), (0.24, 0.76, 0.74), (0.10, 0.62, 0.65)),
}
_SKINS: tuple[RGB, ...] = (
    (0.96, 0.80, 0.69), (0.91, 0.71, 0.57), (0.78, 0.56, 0.42), (0.58, 0.40, 0.30), (0.98, 0.86, 0.77),
    (0.44, 0.30, 0.23),
)  # fmt: skip
_HAIRS: tuple[RGB, ...] = (
    (0.22, 0.15, 0.12), (0.43, 0.27, 0.15), (0.80, 0.60, 0.32), (0.60, 0.24, 0.12), (0.14, 0.14, 0.19),
    (0.36, 0.20, 0.16),
)  # fmt: skip
_LEATHERS: tuple[RGB, ...] = ((0.38, 0.25, 0.17), (0.27, 0.20, 0.17), (0.52, 0.38, 0.24))


def mix(a: RGB, b: RGB, t: float) -> RGB:
    """Between two colours, `t` 0..1."""
    x, y, z = (p + (q - p) * t for p, q in zip(a, b, strict=True))
    return x, y, z


def dim(colour: RGB, k: float) -> RGB:
    """Darker (k < 1) or lighter."""
    r, g, b = (min(1.0, max(0.0, c * k)) for c in colour)
    return r, g, b


@dataclass(frozen=True)
class Coat:
    """The colours one thing wears: its named colour, that colour's lights and darks, and companions."""

    main: RGB
    light: RGB
    dark: RGB
    accent: RGB
    skin: RGB
    hair: RGB
    leather: RGB


def coat_of(thing: Thing, rng: np.random.Generator) -> Coat:
    """A thing's coat: the named colour a little varied, companions that go with it."""
    options = NAMED[thing.colour]
    i, j, k, m, n = (int(v) for v in rng.integers(0, 1 << 20, 5))
    main = mix(options[i % 3], options[j % 3], float(rng.random()))
    pale, black = thing.colour == "white", thing.colour == "black"
    accents: tuple[RGB, ...] = ((0.94, 0.90, 0.82), (0.93, 0.91, 0.88), (0.88, 0.83, 0.72))
    hair = _HAIRS[m % len(_HAIRS)] if thing.build != "old" else (0.84, 0.83, 0.82)
    return Coat(
        main=main,
        light=mix(main, (1.0, 0.97, 0.92), 0.3 if black else 0.45),
        dark=(0.22, 0.22, 0.26) if black else dim(main, 0.8 if pale else 0.66),
        accent=(0.66, 0.70, 0.78) if pale else accents[k % 3],
        skin=_SKINS[n % len(_SKINS)],
        hair=hair,
        leather=_LEATHERS[k % len(_LEATHERS)],
    )


def graded(scene: Scene, parts: tuple[Part, ...], colours: Floats, part: np.ndarray) -> Floats:
    """What the scene's palette makes of local colours T x 3 of these parts (a subject keeps most of its own)."""
    keep = np.float32([0.35 if p.role == "subject" else 0.7 if p.material == "skin" else 1.0 for p in parts])
    return palette_of(scene, colours, keep[part])


def palette_of(scene: Scene, colours: Floats, strength: Floats) -> Floats:
    """Colours N x 3 drawn towards the palette, each by its strength 0..1."""
    mood = scene.palette
    if mood == "natural":
        return colours
    luma = colours @ np.float32([0.30, 0.59, 0.11])
    k = strength[:, None]
    if mood in ("muted", "vivid"):
        gain = 0.42 if mood == "muted" else 1.55
        k = np.maximum(k, 0.45)
        return np.clip(colours + (colours - luma[:, None]) * np.float32(gain - 1) * k, 0, 1).astype(np.float32)
    hue = _anchor(scene)
    if mood == "complementary":
        hue = (hue + 0.5) % 1.0
    else:
        hue = {"warm": 0.075, "cool": 0.59}.get(mood, hue)
    amount = {"warm": 0.5, "cool": 0.5, "complementary": 0.7, "monochrome": 0.88}[mood]
    return np.asarray(np.clip(colours + (_ramp(hue, luma) - colours) * amount * k, 0, 1), np.float32)


def _ramp(hue: float, luma: Floats) -> Floats:
    """Colours N x 3 of one hue with the given lumas, most saturated in the middle."""
    pure = np.float32(colorsys.hsv_to_rgb(hue, 0.62, 1.0))
    base = pure / (pure @ np.float32([0.30, 0.59, 0.11]))
    out = base * luma[:, None] * 0.8 + luma[:, None] * 0.2
    over = np.clip(luma[:, None] * 1.3 - 0.4, 0, 1)
    return np.asarray(np.clip(out * (1 - over) + (0.35 * out + 0.65 * luma[:, None]) * over, 0, 1), np.float32)


def _anchor(scene: Scene) -> float:
    """The hue of the subject's colour, or a seeded one for colours without."""
    if scene.colour in ("white", "black", "grey"):
        return float(scene.rng("anchor").random())
    return colorsys.rgb_to_hsv(*NAMED[scene.colour][0])[0]
