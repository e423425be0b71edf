"""Line: the artist's drawing steers the picture, and is never pasted over it.

An adapter (T2I-Adapter, Mou et al. 2023) turns the ink map into features that are added to the denoiser's own, one
set for each of its levels. The features depend on the drawing alone, so they are made once and used at every step.
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from underpaint.engine.components import Components
from underpaint.engine.protocols import ModelCall, ModelInputs, Window
from underpaint.imaging.arrays import FloatArray
from underpaint.recipe import LineControl, PerspectiveControl

FALL = 0.7
"""How much less each level counts than the one before, where words come first."""
RESIDUALS = "down_intrablock_additional_residuals"


class LineAdapter:
    """Adds a line adapter's features to every call of the denoiser; leaves the model itself alone.

    `ink` is the H x W ink map (1 = ink) at the painted size. The features join the rows of the words that are asked
    for and not those of the negative prompt, so that guidance pulls toward the lines as it pulls toward the words.
    `region`: the key of the region whose calls alone they join, None for all.
    """

    def __init__(self, adapter: nn.Module, ink: FloatArray, control: LineControl | PerspectiveControl,
                 region: object | None = None) -> None:
        self._adapter = adapter
        self._ink = ink
        self._control = control
        self._region = region
        self._features: tuple[Tensor, ...] = ()

    def within(self, region: object) -> "LineAdapter":
        """The same for the calls of one region."""
        return LineAdapter(self._adapter, self._ink, self._control, region)

    def attach(self, components: Components) -> None:
        """Make the features, in the denoiser's precision, on its device."""
        like = next(components.denoiser.parameters())
        weights = next(self._adapter.parameters())
        ink = torch.from_numpy(self._ink)[None, None].to(device=weights.device, dtype=weights.dtype)
        with torch.no_grad():
            made = cast(Sequence[Tensor], self._adapter(ink))
        self._features = tuple(self._control.weight * level.to(device=like.device, dtype=like.dtype) for level in made)

    def detach(self) -> None:
        """Forget the features; nothing else was touched."""
        self._features = ()

    def inputs(self, call: ModelCall) -> ModelInputs | None:
        """The features for this call's rows and tile; None outside the control's share of the run."""
        strength = self._control.strength_at(call.step.fraction)
        if strength == 0 or self._region not in (None, call.region):
            return None
        # The features carry the weight already; what is left is the curve.
        factor = strength / self._control.weight
        rows = torch.full((call.sample.shape[0], 1, 1, 1), factor, device=call.sample.device, dtype=call.sample.dtype)
        mode = self._control.mode if isinstance(self._control, LineControl) else "lines"
        if mode == "lines":
            rows[: call.negative_rows] = 0
        fall = FALL if mode == "words" else 1.0
        levels = [rows * fall**number * _window(level, call.window) for number, level in enumerate(self._features)]
        return ModelInputs(residuals={RESIDUALS: levels})


def _window(level: Tensor, window: Window | None) -> Tensor:
    if window is None:
        return level
    down, across = level.shape[-2] / window.whole_height, level.shape[-1] / window.whole_width
    top, left = round(window.top * down), round(window.left * across)
    return level[..., top: top + round(window.height * down), left: left + round(window.width * across)]
