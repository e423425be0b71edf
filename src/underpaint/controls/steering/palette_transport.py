"""Palette by colours: each spot of the estimate moves toward the shade ramp of the swatch that it is carried to.

Which one that is, is optimal transport in OKLab with entropy (Sinkhorn; Cuturi 2013) from the spots to the swatches,
with the swatches' shares held as firmly as is asked for (unbalanced transport; Chizat et al. 2018). The potentials
are found on a coarse grid and used at every spot (semi-discrete). Lightness is left alone: any shade of a swatch will
do, and values belong to the light control.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, pad

from underpaint.controls.palette_cost import SOFTNESS, costs
from underpaint.controls.ramps import ramps
from underpaint.controls.steering.oklab import to_oklab, to_srgb
from underpaint.engine.latent_colours import LatentColours
from underpaint.engine.protocols import Stage, Step
from underpaint.imaging.arrays import FloatArray
from underpaint.recipe import PaletteControl

SHARE = 0.6
"""How much of the way one step moves a spot."""
_COARSE, _COARSE_MANY, _MANY = 32, 16, 64
"""Spots along a side of the coarse grid, for few swatches and for many."""
_AT_ONCE = 16_000_000
"""Swatches times spots that are looked at together; keeps memory small."""
_ROUNDS, _LAST_ROUNDS = 16, 16


class PaletteTransportEdit:
    """Draws colours onto the shade ramps of the swatches; an edit on the estimate, in the gradient stage."""

    stage: Stage = "gradient"

    def __init__(self, control: PaletteControl, colours: LatentColours) -> None:
        self._control, self._colours = control, colours
        self._ramps = ramps(control.swatches)
        self.key = f"palette {control.to_key()}"

    def __call__(self, estimate: Tensor, step: Step) -> Tensor:
        strength = self._control.strength_at(step.fraction)
        if strength == 0:
            return estimate
        lab = to_oklab(self._colours.to_rgb(estimate))
        target = lab.clone()
        for one, picture in enumerate(lab):
            target[one, 1:] = torch.from_numpy(self._wanted(picture.detach().cpu().numpy())).to(lab)
        moved = lab + SHARE * strength * (target - lab)
        return estimate + self._colours.to_latents(_soft(to_srgb(moved) - to_srgb(lab)))

    def _wanted(self, lab: FloatArray) -> FloatArray:
        """The a and b (2 x h x w) that each spot of a 3 x h x w OKLab estimate is carried to."""
        spots = np.ascontiguousarray(lab.reshape(3, -1).T)
        potentials, base = self._potentials(lab)
        rows = max(1, _AT_ONCE // len(base))
        target = np.empty((2, len(spots)), np.float32)
        for start in range(0, len(spots), rows):
            part = slice(start, start + rows)
            cost, wanted = costs(spots[part], self._control.swatches, self._ramps)
            score = (potentials[:, None] - cost) / SOFTNESS + base[:, None]
            weight = np.exp(score - score.max(0))
            target[:, part] = np.einsum("kn,knc->cn", weight / weight.sum(0), wanted)
        return np.asarray(target.reshape(2, *lab.shape[1:]), dtype=np.float32)

    def _potentials(self, lab: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Each swatch's price (K), and the log of its share as far as shares are held."""
        control, count = self._control, len(self._control.swatches)
        if control.hold_shares == 0 or count == 1:
            return np.zeros(count, np.float32), np.zeros(count, np.float32)
        side = _COARSE if count <= _MANY else _COARSE_MANY
        grid = (min(side, lab.shape[1]), min(side, lab.shape[2]))
        small = adaptive_avg_pool2d(torch.from_numpy(lab)[None], grid)[0].numpy()
        cost, _ = costs(np.ascontiguousarray(small.reshape(3, -1).T), control.swatches, self._ramps)
        shares = np.array([swatch.share for swatch in control.swatches], np.float32)
        base = np.log(shares / shares.sum())
        return sinkhorn(cost, base, control.hold_shares), base


def sinkhorn(cost: FloatArray, base: FloatArray, hold: float) -> FloatArray:
    """Prices (K) of targets with log shares `base`, for costs K x n of spots that weigh the same.

    `hold` 0..1: how firmly the shares are kept. Entropy is lowered round by round down to SOFTNESS.
    """
    count = cost.shape[1]
    price = np.zeros(len(cost), np.float32)
    falling = np.geomspace(max(float(cost.max()) / 4, SOFTNESS), SOFTNESS, _ROUNDS)
    for entropy in (*falling, *(SOFTNESS,) * _LAST_ROUNDS):
        spots = -entropy * _log_sum((price[:, None] - cost) / entropy + base[:, None], 0)
        price = -hold * entropy * (_log_sum((spots[None] - cost) / entropy, 1) - np.log(count))
    return np.asarray(price, dtype=np.float32)


def _log_sum(values: FloatArray, axis: int) -> FloatArray:
    top = values.max(axis=axis, keepdims=True)
    return np.asarray(np.log(np.exp(values - top).sum(axis=axis)) + np.squeeze(top, axis))


def _soft(change: Tensor) -> Tensor:
    """Spread over neighbouring cells: colour that jumps from cell to cell would show as a grid in the picture."""
    return avg_pool2d(pad(change, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
