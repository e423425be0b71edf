"""Light plans in colours that are given: a client's palette takes the place of each plan's own."""

import re
from dataclasses import replace

import numpy as np

from underpaint.imaging.color import srgb_to_oklab
from underpaint.recipe import PaletteControl
from underpaint.sets.light_plans import LightPlan
from underpaint.sets.plan_files import DIRECTIONS

HOLD = 0.3
"""How firmly a key keeps to its own shares of the client's colours; without, all keys would have the same."""
_NEAR = 0.12  # OKLab distance at which a plan's colour loses interest in a swatch
_COLOUR_WORDS = re.compile(
    r"\b(palette|colou?rs?|muted|vivid|monochrome|complementary|warm|cool|teal|orange|pink|red|green|blue(?! hour)|gold"
    r"|white|black)\b", re.IGNORECASE)


def in_colours(plan: LightPlan, client: PaletteControl) -> LightPlan:
    """The plan's light and values with the client's swatches alone.

    Each swatch takes the larger a share the nearer it is to the plan's own colours, so that keys differ in which of
    them leads; shares that the client gave count as well. Words for other colours are left out.
    """
    shares = [swatch.share * weight for swatch, weight in zip(client.swatches, _weights(plan, client), strict=True)]
    total = sum(shares)
    swatches = tuple(swatch.changed(share=min(max(share / total, 0.001), 1.0))
                     for swatch, share in zip(client.swatches, shares, strict=True))
    words = [part for part in _parts(plan.words) if not _COLOUR_WORDS.search(part)]
    first = " ".join(_COLOUR_WORDS.sub("", _parts(plan.name)[0]).split())
    first = words[0] if words and first in ("", "and", "on", "in") else first
    side = said_from(plan.direction)
    name = first if not side or re.search(r"\bfrom\b", first) else f"{first}, light from {side}"
    return replace(plan, name=name, words=", ".join(words) or plan.words,
                   client=client.changed(swatches=swatches, hold_shares=max(client.hold_shares, HOLD)))


def said_from(direction: float | None) -> str:
    """Where light comes from in words: "left", "upper right"; "" for light without a side."""
    if direction is None:
        return ""
    sides = {name: degrees for name, degrees in DIRECTIONS.items() if degrees is not None}
    return min(sides, key=lambda name: abs((direction - sides[name] + 180) % 360 - 180))


def oklab(colours: tuple[str, ...]) -> np.ndarray:
    """Hex colours as OKLab, one a row."""
    rgb = [[int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)] for colour in colours]
    return srgb_to_oklab(np.array(rgb, np.float32))


def _weights(plan: LightPlan, client: PaletteControl) -> list[float]:
    """How much a plan's colours speak for each swatch, each at least a little."""
    if not plan.palette:
        return [1.0] * len(client.swatches)
    swatches = oklab(tuple(swatch.colour for swatch in client.swatches))
    apart = np.linalg.norm(swatches[:, None] - oklab(plan.palette)[None], axis=2)
    return [float(weight) for weight in 0.15 + np.exp(-((apart / _NEAR) ** 2)).sum(axis=1)]


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
