"""Did a region get what its words say, and nothing else? Measured on colours that the words name, on pieces that an
image-text model is asked about where there is one, and on the step across the border."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.controls.ground import Ground
from underpaint.errors import ModelError
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.color import srgb_to_oklab
from underpaint.recipe import RegionControl

COLOURS = {
    "red": "#d02a20", "orange": "#e8842a", "yellow": "#f0d23c", "green": "#3f9a46", "teal": "#1f8a8a",
    "turquoise": "#38bcbc", "blue": "#2f62c8", "purple": "#7a3fa8", "violet": "#7a3fa8", "pink": "#ee86a8",
    "brown": "#7a4a28", "black": "#15151a", "white": "#f6f6f2", "grey": "#8a8a8a", "gray": "#8a8a8a",
    "golden": "#d8a530", "gold": "#d8a530"}
"""Colours that people say, as a painter would mix them."""
NEAR = 0.16
"""How far from such a colour, in OKLab with half the weight on lightness, a pixel still is called by its name."""
_BORDER = 0.04
"""A step of colour, beyond what lies beside it, that an eye sees as a seam."""


@dataclass(frozen=True, eq=False)
class RegionCheck:
    """`inside`, `outside`: how much of what its words name there is on either side, as shares; None where the words
    name nothing that can be measured. `border`: how much more the colour steps along the border than beside it.
    `stray`: H x W, where what it names lies outside."""

    inside: float | None
    outside: float | None
    border: float
    stray: NDArray[np.bool_]

    @property
    def leaked(self) -> bool:
        """Whether there is as much of it outside as inside."""
        return self.inside is not None and self.outside is not None and self.outside >= self.inside

    @property
    def score(self) -> float:
        """1: all that the words name lies inside, and no border shows."""
        seamless = float(np.clip(1 - self.border / (4 * _BORDER), 0, 1))
        if self.inside is None or self.outside is None:
            return 0.5 * seamless
        held = self.inside / max(self.inside + self.outside, 1e-6) if self.inside + self.outside > 0.01 else 0.0
        return float(held * (0.5 + 0.5 * seamless))

    def sentence(self) -> str:
        """As an artist would say it."""
        said = "its border shows" if self.border > _BORDER else "no seam"
        if self.inside is None or self.outside is None:
            return said
        if self.leaked:
            return f"its words went elsewhere ({self.inside:.0%} inside, {self.outside:.0%} outside), {said}"
        return f"what its words name: {self.inside:.0%} inside, {self.outside:.0%} outside, {said}"

    def overlay(self, picture: FloatArray) -> FloatArray:
        """The picture, greyed, with what strayed outside in red."""
        shown = np.repeat(picture[..., :3].mean(-1, keepdims=True) * 0.5 + 0.5, 3, axis=-1)
        shown[self.stray] = (0.95, 0.1, 0.1)
        return np.asarray(shown, dtype=np.float32)


def check_region(picture: FloatArray, mask: FloatArray, control: RegionControl, ground: Ground) -> RegionCheck:
    """Measure an sRGB H x W x 3 picture against a region (H x W, 0..1) and its words."""
    inside, lab = mask > 0.5, srgb_to_oklab(picture[..., :3])
    border = _step(lab, inside)
    named = [name for name in COLOURS if name in _words(control.words)]
    if named and inside.any() and not inside.all():
        there = _called(lab, named)
        return RegionCheck(float(there[inside].mean()), float(there[~inside].mean()), border, there & ~inside)
    fits = _fits(picture, inside, control, ground)
    nowhere = np.zeros(inside.shape, bool)
    return RegionCheck(fits[0] if fits else None, fits[1] if fits else None, border, nowhere)


def _words(text: str) -> set[str]:
    return set("".join(one if one.isalpha() else " " for one in text.lower()).split())


def _called(lab: FloatArray, names: list[str]) -> NDArray[np.bool_]:
    """Where a pixel would be called by one of these colours: near to it, and nearer than to any other."""
    others = np.array([_lab(value) for name, value in COLOURS.items() if name not in names])
    wanted = np.array([_lab(COLOURS[name]) for name in names])
    weight = np.array([0.5, 1, 1])
    to_wanted = np.min([np.linalg.norm((lab - one) * weight, axis=-1) for one in wanted], axis=0)
    same = [one for one in others if np.linalg.norm(one - wanted, axis=-1).min() > 1e-3]
    to_others = np.min([np.linalg.norm((lab - one) * weight, axis=-1) for one in same], axis=0)
    return np.asarray((to_wanted < NEAR) & (to_wanted <= to_others))


def _lab(colour: str) -> FloatArray:
    rgb = np.array([int(colour[at: at + 2], 16) / 255 for at in (1, 3, 5)], np.float32)
    return np.asarray(srgb_to_oklab(rgb[None, None])[0, 0])


def _step(lab: FloatArray, inside: NDArray[np.bool_]) -> float:
    """The change of colour across the border, less that along curves beside it; at least 0."""
    if not inside.any() or inside.all():
        return 0.0
    away = np.where(inside, cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3),
                    cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 3))
    across = [np.diff(lab, axis=axis, append=np.take(lab, [-1], axis=axis)) for axis in (0, 1)]
    change = np.sqrt(sum(np.square(one).sum(-1) for one in across))
    reach = max(3.0, min(lab.shape[:2]) / 32)
    on, beside = away <= 1.5, (away > reach) & (away <= 3 * reach)
    if not on.any() or not beside.any():
        return 0.0
    return max(0.0, float(np.median(change[on]) - np.median(change[beside])))


def _fits(picture: FloatArray, inside: NDArray[np.bool_], control: RegionControl, ground: Ground,
          ) -> tuple[float, float] | None:
    """How well the words fit the region, and how well the best piece outside it, by an image-text model; shares of the
    two together. None where there is no such model."""
    if ground.image_text is None or not inside.any() or inside.all():
        return None
    try:
        model = ground.image_text(None)
    except ModelError:
        return None
    from underpaint.controls.steering.word_pieces import fit_of  # needs torch

    own = fit_of(model, np.where(inside[..., None], picture, 0.5), control.words)
    other = fit_of(model, np.where(inside[..., None], 0.5, picture), control.words)
    told = np.exp(np.array([own, other]) - max(own, other))
    return float(told[0] / told.sum()), float(told[1] / told.sum())
