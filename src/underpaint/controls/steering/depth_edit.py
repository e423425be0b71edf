"""Depth on the estimate: a small reader of depth looks at the estimate's colours, and what would bring places into the
order of the map is changed.

What is asked is an order, not a distance (Chen et al. 2016), whatever scale and shift the reader has (Ranftl et al.
2020): of pairs of places, the one that the map calls nearer is to be read as nearer by a margin. The gradient is taken
with respect to the estimate's colours alone (He et al. 2023); neither the model nor its decoder is gone back through.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from underpaint.controls.depth import APART
from underpaint.engine.families.depth_reader import DepthReader
from underpaint.engine.latent_colours import LatentColours
from underpaint.engine.protocols import Stage, Step
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import Resample, resize
from underpaint.recipe import DepthControl

CHANGE, LIMIT = 0.3, 0.8
"""How far one round moves the colours where everything lies in the wrong order, on average, and all at most."""
ROUNDS = 2
UNTIL = 0.65
"""What is near and far is settled by then; after that the model finishes the picture alone."""
CHROMA = 0.2
"""How much of the change may be hue and chroma: a reader finds strong colours near, an artist finds them garish."""
_PAIRS, _BESIDE = 4096, 0.5
"""How many pairs of places are compared, and the share of them that lies at one height: that what is low in a picture
is near, every model knows."""
_SHARP = 4.0


@dataclass(frozen=True, eq=False)
class Pairs:
    """Places, numbered row by row, of which each `nearer` is to be read as nearer than its `farther`."""

    nearer: Tensor
    farther: Tensor

    @classmethod
    def of(cls, near: FloatArray, told: FloatArray, apart: float) -> "Pairs":
        """Pairs that differ by at least `apart` of the range of a map (H x W), where it says something (`told`)."""
        rng = np.random.default_rng(0)
        rows, columns = (rng.integers(0, side, (2, _PAIRS)) for side in near.shape)
        beside = round(_PAIRS * _BESIDE)
        rows[1, :beside] = rows[0, :beside]
        first, second = rows * near.shape[1] + columns
        flat, said = near.ravel(), told.ravel() > 0.5
        there = flat[said]
        reach = float(np.ptp(there)) if there.size else 0.0
        difference = flat[first] - flat[second]
        counted = (np.abs(difference) >= apart * reach) & said[first] & said[second] & (reach > 1e-3)
        ahead = (difference > 0)[counted]
        first, second = first[counted], second[counted]
        return cls(torch.from_numpy(np.where(ahead, first, second)), torch.from_numpy(np.where(ahead, second, first)))


class DepthEdit:
    """Brings what is seen into the order of a map; an edit on the estimate, in the gradient stage.

    `near`, `told`: H x W on the canvas of the pass, 1 is nearest, and where the map says something.
    """

    stage: Stage = "gradient"

    def __init__(self, near: FloatArray, told: FloatArray, control: DepthControl, reader: DepthReader,
                 colours: LatentColours) -> None:
        self._near, self._told = near, told
        self._control, self._reader, self._colours = control, reader, colours
        self._pairs: dict[tuple[int, int], Pairs] = {}
        self.key = f"depth {control.to_key()}"

    def __call__(self, estimate: Tensor, step: Step) -> Tensor:
        strength = self._control.strength_at(step.fraction)
        if strength == 0 or step.fraction >= UNTIL:
            return estimate
        colours = self._colours.to_rgb(estimate)
        pairs = self._among(self._reader.size((int(colours.shape[-2]), int(colours.shape[-1]))))
        if not len(pairs.nearer):
            return estimate
        return estimate + self._colours.to_latents(self._change(colours, pairs, strength))

    def _change(self, colours: Tensor, pairs: Pairs, strength: float) -> Tensor:
        """What to add to the N x 3 x h x w colours so that more of the pairs are read in order."""
        now = colours.detach()
        for _ in range(ROUNDS):
            with torch.enable_grad():
                asked = now.requires_grad_(True)
                amiss = disorder(self._reader(asked), pairs)
                gradient, = torch.autograd.grad(amiss.sum(), asked)
            light = gradient.mean(1, keepdim=True)
            gradient = light + CHROMA * (gradient - light)
            size = gradient.square().mean((-3, -2, -1), keepdim=True).sqrt().clamp_min(1e-12)
            wanted = strength * CHANGE * amiss.detach().clamp(0, 1).sqrt()[:, None, None, None]
            now = (now.detach() - gradient / size * wanted).clamp(colours - LIMIT, colours + LIMIT)
        return now - colours

    def _among(self, size: tuple[int, int]) -> Pairs:
        if size not in self._pairs:
            near, told = (resize(np.ascontiguousarray(one), Extent(size[1], size[0]), Resample.AREA)
                          for one in (self._near, self._told))
            self._pairs[size] = Pairs.of(near, told, APART)
        return self._pairs[size]


def disorder(nearness: Tensor, pairs: Pairs) -> Tensor:
    """N: how far pairs in N x H x W nearness are from lying in order, 0 for all of them, by a margin."""
    flat = nearness.flatten(1)
    ahead = flat[:, pairs.nearer.to(flat.device)] - flat[:, pairs.farther.to(flat.device)]
    by = ahead / flat.std(1, keepdim=True).clamp_min(1e-4)
    return softplus(1 - _SHARP * by).mean(1) / _SHARP
