"""Small pictures of what the model believes in, while it paints."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from underpaint.engine.components import Components
from underpaint.engine.protocols import Seen

ToRgb = Callable[[Tensor], Tensor]
"""Latents N x C x h x w to colours N x 3 x H x W, sRGB about 0..1."""


class Preview:
    """Calls `show(picture, number, total)` after every `every`-th step; picture is float32 H x W x 3, 0..1.

    `to_rgb` is the engine's: a tiny decoder's colours or those of the fitted linear map. `wanted` says before each
    picture whether anybody looks: making one costs a moment.
    """

    def __init__(self, to_rgb: ToRgb, show: Callable[[np.ndarray, int, int], None], every: int = 1,
                 wanted: Callable[[], bool] = lambda: True) -> None:
        self._to_rgb, self._show, self._every, self._wanted = to_rgb, show, max(1, every), wanted
        self._shown = -1

    def __call__(self, seen: Seen) -> None:
        step = seen.step
        if step.number == self._shown or step.number % self._every or not self._wanted():
            return
        self._shown = step.number
        with torch.no_grad():
            colours = self._to_rgb(seen.estimate).clamp(0, 1)[0]
        self._show(colours.permute(1, 2, 0).float().cpu().numpy(), step.number, step.total)


def tiny_decoder_map(components: Components) -> ToRgb | None:
    """The model's tiny decoder as a map from latents to colours, which gradients pass; None where it has none."""
    decoder = components.tiny_decoder
    if decoder is None:
        return None

    def colours(latents: Tensor) -> Tensor:
        parameter = next(decoder.parameters())
        decoded = decoder.decode(latents.to(parameter), return_dict=False)[0]  # type: ignore[operator]
        return torch.as_tensor(decoded.float() * 0.5 + 0.5)

    return colours
