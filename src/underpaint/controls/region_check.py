"""Did a region get what its words say, and nothing else? Measured on colours that the words name, on pieces that an
image-text model is asked about where there is one, and on the step across the border."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.controls.ground import Ground
from underpaint.controls.region_inside import plain_words
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
NEAR = 0.2
"""How far from a shade of such a colour, in OKLab, a pixel still is called by its name."""
_COLOURED = 0.06
"""Chroma in OKLab from which a colour is called by a hue's name."""
_DARKER, _PALER = (0.3, 0.55, 0.8), (0.25, 0.5)
"""The shades of a colour: so much of its light, and so much white mixed in."""
_TRACE = 0.01
"""Less of a colour than this share is chance."""
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
        """Whether there is plainly more of it outside than inside."""
        return self.inside is not None and self.outside is not None and self.outside > 1.15 * self.inside + _TRACE

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
        if max(self.inside, self.outside) < _TRACE:
            return f"what its words name is hardly there, {said}"
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
    named = [name for name in COLOURS if name in _words(plain_words(control))]
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
    asked = {COLOURS[name] for name in names}
    wanted = np.concatenate([_shades(one) for one in sorted(asked)])
    others = np.concatenate([_shades(one) for one in sorted(set(COLOURS.values()) - asked)])
    to_wanted, to_others = (np.min([np.square(lab - one).sum(-1) for one in shades], axis=0)
                            for shades in (wanted, others))
    strong = np.linalg.norm(lab[..., 1:], axis=-1) >= _COLOURED
    grey = np.min([np.linalg.norm(one[1:]) for one in wanted]) < _COLOURED
    return np.asarray((to_wanted < NEAR**2) & (to_wanted <= to_others) & (strong | grey))


def _shades(colour: str) -> FloatArray:
    """A colour (n x 3 OKLab), in less light and mixed with white; greys are only themselves."""
    rgb = np.array([int(colour[at: at + 2], 16) / 255 for at in (1, 3, 5)], np.float32)
    shades = [rgb]
    if float(np.ptp(rgb)) > 0.1:
        shades += [rgb * one ** (1 / 2.2) for one in _DARKER] + [rgb + (1 - rgb) * one for one in _PALER]
    return np.asarray(srgb_to_oklab(np.stack(shades).astype(np.float32)[None])[0])


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
    words = plain_words(control)
    if ground.image_text is None or not words or not inside.any() or inside.all():
        return None
    try:
        model = ground.image_text(None)
    except ModelError:
        return None
    from underpaint.controls.steering.word_pieces import fit_of  # needs torch

    own = fit_of(model, np.where(inside[..., None], picture, 0.5), words)
    other = fit_of(model, np.where(inside[..., None], 0.5, picture), words)
    told = np.exp(np.array([own, other]) - max(own, other))
    return float(told[0] / told.sum()), float(told[1] / told.sum())
