"""Local colours: the nine named ones, the coat of a subject, and what a palette does to everything else."""

import colorsys
from dataclasses import dataclass

import numpy as np

from underpaint.primer.world.scene import Scene
from underpaint.primer.world.shapes import Colour, dim, mix

NAMED: dict[str, tuple[Colour, ...]] = {
    "red": ((0.80, 0.12, 0.12), (0.70, 0.08, 0.14), (0.88, 0.20, 0.16)),
    "orange": ((0.95, 0.50, 0.10), (0.90, 0.45, 0.15), (0.98, 0.58, 0.16)),
    "yellow": ((0.98, 0.84, 0.18), (0.95, 0.80, 0.30), (0.99, 0.88, 0.12)),
    "green": ((0.18, 0.58, 0.22), (0.30, 0.66, 0.28), (0.10, 0.50, 0.30)),
    "blue": ((0.14, 0.34, 0.80), (0.20, 0.45, 0.86), (0.10, 0.26, 0.66)),
    "purple": ((0.46, 0.18, 0.66), (0.55, 0.28, 0.72), (0.38, 0.14, 0.56)),
    "pink": ((0.97, 0.55, 0.70), (0.95, 0.48, 0.66), (0.99, 0.66, 0.76)),
    "white": ((0.95, 0.95, 0.94), (0.93, 0.94, 0.97), (0.97, 0.95, 0.91)),
    "black": ((0.11, 0.11, 0.13), (0.14, 0.12, 0.13), (0.09, 0.10, 0.14)),
}
_SKINS: tuple[Colour, ...] = (
    (0.96, 0.80, 0.69),
    (0.90, 0.70, 0.56),
    (0.76, 0.54, 0.40),
    (0.56, 0.38, 0.28),
    (0.98, 0.85, 0.76),
)
_HAIRS: tuple[Colour, ...] = (
    (0.20, 0.13, 0.10),
    (0.42, 0.26, 0.14),
    (0.75, 0.55, 0.28),
    (0.55, 0.20, 0.10),
    (0.12, 0.12, 0.16),
    (0.86, 0.82, 0.76),
)
_LEATHERS: tuple[Colour, ...] = ((0.36, 0.24, 0.16), (0.25, 0.18, 0.15), (0.50, 0.36, 0.22))


@dataclass(frozen=True)
class Coat:
    """The colours a subject is painted with: its named colour, that colour's lights and darks, and companions."""

    main: Colour
    light: Colour
    dark: Colour
    accent: Colour
    skin: Colour
    hair: Colour
    leather: Colour


def coat_of(scene: Scene) -> Coat:
    """The scene's coat: the named colour a little varied, companions that go with it."""
    rng = scene.rng("coat")
    options = NAMED[scene.colour]
    a, b = options[int(rng.integers(len(options)))], options[int(rng.integers(len(options)))]
    main = mix(a, b, float(rng.random()))
    accent = (0.93, 0.90, 0.82) if scene.colour != "white" else (0.72, 0.74, 0.80)
    return Coat(
        main=main,
        light=mix(main, (1.0, 0.97, 0.92), 0.5 if scene.colour != "black" else 0.3),
        dark=dim(main, 0.62) if scene.colour != "black" else (0.2, 0.2, 0.24),
        accent=accent,
        skin=_SKINS[int(rng.integers(len(_SKINS)))],
        hair=_HAIRS[int(rng.integers(len(_HAIRS)))],
        leather=_LEATHERS[int(rng.integers(len(_LEATHERS)))],
    )


def mood_table(scene: Scene, colours: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """What the palette makes of local colours N x 3, each by its strength 0..1 (a subject keeps most of its own)."""
    mood = scene.palette
    if mood == "natural":
        return colours
    luma = colours @ np.array([0.30, 0.59, 0.11])
    k = strength[:, None]
    if mood in ("muted", "vivid"):
        gain = 0.42 if mood == "muted" else 1.6
        k = np.maximum(k, 0.45)
        return np.clip(colours + (colours - luma[:, None]) * (gain - 1) * k, 0, 1)
    hue = anchor_hue(scene)
    if mood == "complementary":
        hue = (hue + 0.5) % 1.0
    else:
        hue = {"warm": 0.075, "cool": 0.59}.get(mood, hue)
    amount = {"warm": 0.5, "cool": 0.5, "complementary": 0.72, "monochrome": 0.88}[mood]
    tint = tint_ramp(hue, luma)
    return np.clip(colours + (tint - colours) * amount * k, 0, 1)


def tint_ramp(hue: float, luma: np.ndarray) -> np.ndarray:
    """Colours N x 3 of one hue with the given lumas, most saturated in the middle."""
    pure = np.array(colorsys.hsv_to_rgb(hue, 0.62, 1.0))
    weight = np.array([0.30, 0.59, 0.11])
    base = pure / (pure @ weight)
    out = base * luma[:, None] * 0.8 + luma[:, None] * 0.2
    over = np.clip(luma[:, None] * 1.3 - 0.4, 0, 1)
    return np.asarray(np.clip(out * (1 - over) + (0.35 * out + 0.65 * luma[:, None]) * over, 0, 1))


def anchor_hue(scene: Scene) -> float:
    """The hue of the subject's colour, or a seeded one for black and white."""
    if scene.colour in ("white", "black"):
        return float(scene.rng("anchor").random())
    return colorsys.rgb_to_hsv(*NAMED[scene.colour][0])[0]
