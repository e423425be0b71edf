"""More like these two: light plans on the way from one key's to another's."""

import re

import numpy as np

from underpaint.errors import RecipeError
from underpaint.imaging.color import oklab_to_srgb
from underpaint.recipe import LightControl, PaletteControl, Recipe
from underpaint.sets.key_colours import oklab, said_from
from underpaint.sets.light_plans import LIGHT_PLANS, LightPlan

MAX_BETWEEN = 24
_COLOURS = 5
_SIDE = re.compile(r"\b(light|lit|moonlight|key) from (the )?(left|right|above|below|behind)\b", re.IGNORECASE)
_QUIET, _LOUD = 0.3, 0.5
"""A phrase of one key's own is left out below the first share of it, and said softly below the second."""


def between(first: LightPlan, second: LightPlan, count: int = 6) -> tuple[LightPlan, ...]:
    """`count` plans at even distances between two: light turned the shorter way round, values and hardness blended,
    palettes blended in OKLab from dark to light, words of both as loud as their share.

    Raises RecipeError for a count outside 1..24.
    """
    if not 1 <= count <= MAX_BETWEEN:
        raise RecipeError(f"{count} keys between two were asked for", field="count",
                          hint=f"Ask for 1 to {MAX_BETWEEN}.")
    return tuple(_at(first, second, number / (count + 1)) for number in range(1, count + 1))


def plan_of(recipe: Recipe, name: str = "", sentence: str = "") -> LightPlan:
    """The light plan that a key was painted by, from its recipe; `name` for one that is none of ours.

    Its words are what the prompt says beyond `sentence`. Raises RecipeError for a picture that was painted without
    light.
    """
    light = next((one for one in recipe.controls if isinstance(one, LightControl)), None)
    palette = next((one for one in recipe.controls if isinstance(one, PaletteControl)), None)
    if light is None:
        raise RecipeError("the picture is no colour key: it was painted without planned light", field="controls",
                          hint="Name two pictures that `underpaint keys` painted.")
    colours = tuple(swatch.colour for swatch in palette.swatches) if palette else ()
    ours = next((plan for plan in LIGHT_PLANS if recipe.prompt.endswith(plan.words) and plan.palette == colours), None)
    if ours is not None:
        return ours
    client = palette if palette is not None and palette.match == "colours" else None
    said = name or f"light from {said_from(light.direction) or 'all sides'}"
    sentence = sentence.strip().rstrip(",.")
    words = recipe.prompt.removeprefix(sentence).strip(" ,") if sentence else recipe.prompt
    return LightPlan(said, words, light.direction, light.hardness, light.lightness, light.contrast,
                     () if client else colours, client)


def _at(first: LightPlan, second: LightPlan, share: float) -> LightPlan:
    direction = _turn(first.direction, second.direction, share)
    nearer = first if share <= 0.5 else second
    return LightPlan(
        name=f"{_short(first)} to {_short(second)}, {share:.0%} of the way",
        words=_words(first, second, share, direction), direction=direction,
        hardness=_mix(first.hardness, second.hardness, share) or 0.0,
        lightness=_mix(first.lightness, second.lightness, share), contrast=_mix(first.contrast, second.contrast, share),
        palette=_palette(first.palette, second.palette, share), client=nearer.client)


def _short(plan: LightPlan) -> str:
    return plan.name.partition(",")[0].strip()


def _mix(first: float | None, second: float | None, share: float) -> float | None:
    """What one of the two leaves alone is the other's."""
    if first is None or second is None:
        return second if first is None else first
    return round(first + (second - first) * share, 4)


def _turn(first: float | None, second: float | None, share: float) -> float | None:
    if first is None or second is None:
        return second if first is None else first
    return round((first + ((second - first + 180) % 360 - 180) * share) % 360, 1) % 360


def _palette(first: tuple[str, ...], second: tuple[str, ...], share: float) -> tuple[str, ...]:
    if not first or not second:
        return first or second
    mixed = (1 - share) * _spread(first) + share * _spread(second)
    rgb = np.clip(np.rint(oklab_to_srgb(mixed.astype(np.float32)) * 255), 0, 255).astype(int)
    return tuple(f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in rgb)


def _spread(palette: tuple[str, ...]) -> np.ndarray:
    """A palette as so many colours, from dark to light."""
    colours = oklab(palette)
    colours = colours[np.argsort(colours[:, 0], kind="stable")]
    places = np.linspace(0, len(colours) - 1, _COLOURS)
    return np.stack([np.interp(places, np.arange(len(colours)), colours[:, channel]) for channel in range(3)], axis=1)


def _words(first: LightPlan, second: LightPlan, share: float, direction: float | None) -> str:
    own, other = _parts(first.words), _parts(second.words)
    side = said_from(direction).replace("upper ", "").replace("lower ", "")
    said = [part for part in own if part in other]
    said += [f"light from {side if side in ('above', 'below') else f'the {side}'}"] if side else []
    for parts, loud in ((own, 1 - share), (other, share)):
        if loud >= _QUIET:
            said += [part if loud >= _LOUD or set("()[]:<>") & set(part) else f"({part}:{0.5 + loud:.2f})"
                     for part in parts if part not in said]
    return ", ".join(said)


def _parts(words: str) -> list[str]:
    return [part for piece in words.split(",") if (part := piece.strip()) and not _SIDE.search(part)]
