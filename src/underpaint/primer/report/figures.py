"""Two figures in different clothes: does each wear its own colour, or have they swapped?"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.color import rgb2lab

from underpaint.primer.report.desk import Desk
from underpaint.primer.report.hands import Commission, Pictures
from underpaint.primer.report.rows import Row, missing, under
from underpaint.primer.stagecraft.colours import NAMED
from underpaint.primer.stagecraft.scene import FACTORS, SIZES, Scene, sample_scene
from underpaint.primer.stagecraft.truth import render

NAME = "two figures, clothes swapped"
_WORN = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "turquoise")
# Too close to be told apart in every light.
_ALIKE = (
    {"red", "orange"}, {"red", "pink"}, {"red", "purple"}, {"orange", "yellow"}, {"orange", "pink"},
    {"yellow", "green"}, {"green", "turquoise"}, {"blue", "turquoise"}, {"blue", "purple"}, {"purple", "pink"},
)  # fmt: skip
_FIGURES = ("girl", "boy", "woman", "man")
# Where little else is coloured: on 54 renders of these places the colours' order was read without an error.
_PLACES = {"studio": "plain background", "room": "in a room"}
_SIDE = 64
_CLOSE = 0.8
"""The least cosine between a pixel's hue and the colour that it is counted for."""
_LEAST = 0.004
"""The least share of the picture that a colour must take to be there."""


@dataclass(frozen=True)
class Pair:
    """Two figures, in words and as a scene; `left` and `right` are the colours as they should stand."""

    prompt: str
    scene: Scene
    left: str
    right: str


def pairs(count: int, seed: int) -> list[Pair]:
    """Figures side by side, each in a colour of its own."""
    rng = np.random.default_rng([seed, 11])
    found: list[Pair] = []
    while len(found) < count:
        first, second = (str(c) for c in rng.choice(_WORN, 2, replace=False))
        if {first, second} in _ALIKE:
            continue
        kind, other = (str(k) for k in rng.choice(_FIGURES, 2))
        relation = ("left of", "right of")[len(found) % 2]
        place, time, style = (str(rng.choice(v)) for v in (list(_PLACES), ("dawn", "noon"), FACTORS["style"]))
        fixed = {"subject": kind, "colour": first, "relation": relation, "count": "1", "place": place, "time": time,
                 "style": style, "palette": "natural", "camera": "medium", "values": "full range"}  # fmt: skip
        scene = sample_scene(rng, size=SIZES[0], fixed=fixed, allow_held_out=True)
        assert scene.other is not None
        scene = replace(scene, other=replace(scene.other, kind=other, colour=second))
        prompt = f"{kind} in {first} {relation} a {other} in {second}, {_PLACES[place]}, at {time}, {style}"
        ordered = (first, second) if relation == "left of" else (second, first)
        found.append(Pair(prompt, scene, *ordered))
    return found


def figures_part(desk: Desk) -> list[Row]:
    """How often the colours stand the wrong way round, among the pictures that show both."""
    asked = pairs(desk.settings.pairs, desk.settings.seed)
    painted = desk.painted(figure_commission(asked))
    seed = desk.settings.seed
    rendered = desk.kept(f"figures-renders-{seed}", len(asked),
                         lambda start, stop: [render(pair.scene) for pair in asked[start:stop]])  # fmt: skip
    wrong, usual = swapped(asked, painted), swapped(asked, rendered)
    if not wrong or not usual:
        return [missing(NAME, "under 10%", f"none of {len(asked)} pictures shows both colours")]
    return [replace(under(NAME, wrong, usual, 0.10), note=f"{len(wrong)} of {len(asked)} show both colours")]


def figure_commission(asked: list[Pair]) -> Commission:
    """The pairs from words alone."""
    return Commission.square("figures", [pair.prompt for pair in asked])


def swapped(asked: list[Pair], pictures: Pictures) -> list[bool]:
    """Whether the colours stand the wrong way round, for every picture where both can be seen."""
    leads = [lead(picture, pair.left, pair.right) for pair, picture in zip(asked, pictures, strict=True)]
    return [found < 0 for found in leads if found is not None]


def lead(picture: NDArray[np.uint8], left: str, right: str) -> float | None:
    """How far one colour's middle lies left of another's, as a share of the width; None where one is not there.

    A pixel counts for the colour whose hue is nearer, the more the further it is from what is usual in the picture.
    """
    small = cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    hues = rgb2lab(small / 255.0)[..., 1:]
    unusual = np.square(hues - np.median(hues.reshape(-1, 2), axis=0)).sum(-1) * np.linalg.norm(hues, axis=-1)
    cosines = {name: _unit(hues) @ _unit(_hue(name)) for name in (left, right)}
    middles = []
    for name, other in ((left, right), (right, left)):
        there = (cosines[name] > cosines[other]) & (cosines[name] > _CLOSE) & (np.linalg.norm(hues, axis=-1) > 8)
        mass = np.where(there, unusual, 0.0)
        if there.mean() < _LEAST or mass.sum() <= 0:
            return None
        middles.append(float((mass.sum(0) * np.arange(_SIDE)).sum() / mass.sum()))
    return (middles[1] - middles[0]) / _SIDE


def _hue(name: str) -> NDArray[np.float64]:
    return np.asarray(rgb2lab(np.float64(NAMED[name][0])[None, None])[0, 0, 1:])


def _unit(hues: NDArray[np.float64]) -> NDArray[np.float64]:
    return hues / np.maximum(np.linalg.norm(hues, axis=-1, keepdims=True), 1e-6)
