"""Style on the estimate: its colours and the contrast of its textures take the statistics of other pictures.

Colours move by the optimal map between two normal distributions in OKLab (Pitie and Kokaram 2007), textures by the
spread of each band of a Laplacian pyramid. Nothing of where things are in those pictures goes along.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, pad

from underpaint.controls.steering.oklab import to_oklab, to_srgb
from underpaint.engine.latent_colours import LatentColours
from underpaint.engine.protocols import Stage, Step
from underpaint.imaging.arrays import FloatArray
from underpaint.recipe import StyleControl

COLOUR, LIGHT, TEXTURE = 0.6, 0.5, 0.5
"""How much of what is missing one step gives: of colour, of lightness, and of the contrast of textures."""
REACHES = (2, 4)
"""Cells that are averaged on each side, for each band: what changes from cell to cell is the model's own."""
_LEAST, _MOST = 0.6, 1.7
"""How far one step stretches a band."""
_FLOOR = 1e-5
"""Added to a variance: what has no colour at all must not be blown up to some."""


class StyleEdit:
    """Brings the estimate to the statistics of `pictures` (each H x W x 3); an edit in the gradient stage."""

    stage: Stage = "gradient"

    def __init__(self, pictures: Sequence[FloatArray], control: StyleControl, colours: LatentColours) -> None:
        self._pictures = [torch.from_numpy(one).permute(2, 0, 1)[None] for one in pictures]
        self._control, self._colours = control, colours
        self._wanted: dict[tuple[int, int], tuple[Tensor, Tensor, Tensor]] = {}
        self.key = f"style {control.to_key()}"

    def __call__(self, estimate: Tensor, step: Step) -> Tensor:
        strength = self._control.strength_at(step.fraction)
        if strength == 0:
            return estimate
        lab = to_oklab(self._colours.to_rgb(estimate))
        mean, spread, bands = self._statistics((int(lab.shape[-2]), int(lab.shape[-1])))
        change = style_change(lab, mean.to(lab), spread.to(lab), bands.to(lab)) * min(strength, 2.0)
        return estimate + self._colours.to_latents(to_srgb(lab + change) - to_srgb(lab))

    def _statistics(self, cells: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
        """Mean (3), covariance (3 x 3) and bands' spreads of all pictures together, on cells as large as these."""
        if cells not in self._wanted:
            small = [to_oklab(interpolate(one, cells, mode="area")) for one in self._pictures]
            every = torch.cat([one.flatten(2)[0] for one in small], dim=1).double()
            mean = every.mean(1)
            bands = torch.stack([_spreads(one[:, :1]) for one in small]).mean(0)
            self._wanted[cells] = mean, _covariance(every - mean[:, None]), bands
        return self._wanted[cells]


def style_change(lab: Tensor, mean: Tensor, covariance: Tensor, bands: Tensor) -> Tensor:
    """What to add to 1 x 3 x h x w OKLab colours so that they come nearer to these statistics."""
    flat = lab.flatten(2)[0].cpu().double()  # not every device knows doubles
    own = flat.mean(1)
    moved = _between(_covariance(flat - own[:, None]), covariance.cpu().double()) @ (flat - own[:, None])
    moved = (moved + mean.cpu().double()[:, None] - flat).reshape(lab.shape[1:]).to(lab)[None]
    share = torch.tensor([LIGHT, COLOUR, COLOUR]).to(lab)[None, :, None, None]
    change = moved * share
    gains = (bands / _spreads(lab[:, :1]).clamp_min(1e-4)).clamp(_LEAST, _MOST)
    for gain, band in zip(gains, _pyramid(lab[:, :1]), strict=True):
        change[:, :1] = change[:, :1] + TEXTURE * (gain - 1) * band
    return change


def _covariance(away: Tensor) -> Tensor:
    return away @ away.T / away.shape[1] + _FLOOR * torch.eye(3, dtype=away.dtype, device=away.device)


def _between(own: Tensor, wanted: Tensor) -> Tensor:
    """The symmetric matrix that takes one covariance to the other."""
    root, back = _powers(own)
    middle, _ = _powers(root @ wanted @ root)
    return back @ middle @ back


def _powers(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """The square root of a symmetric matrix, and its inverse."""
    values, vectors = torch.linalg.eigh(matrix)
    roots = values.clamp_min(1e-12).sqrt()
    return vectors @ torch.diag(roots) @ vectors.T, vectors @ torch.diag(1 / roots) @ vectors.T


def _pyramid(light: Tensor) -> list[Tensor]:
    """What is lost at each of some blurs, finest first; 1 x 1 x h x w each."""
    bands = []
    for reach in REACHES:
        reach = min(reach, light.shape[-2] - 1, light.shape[-1] - 1)
        margins = (reach,) * 4
        smooth = avg_pool2d(pad(light, margins, mode="replicate"), 2 * reach + 1, stride=1) if reach > 0 else light
        bands.append(light - smooth)
        light = smooth
    return bands


def _spreads(light: Tensor) -> Tensor:
    return torch.stack([band.std() for band in _pyramid(light)])
