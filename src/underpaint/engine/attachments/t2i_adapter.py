"""T2I-Adapters (Mou et al. 2023): a small net turns the map into features, once, that are added at every step."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn

from underpaint.engine.attachments.maps import Followed, as_tensor, part_of
from underpaint.engine.components import Components
from underpaint.engine.protocols import ModelCall, ModelInputs

WITHIN = "down_intrablock_additional_residuals"
_SOFT = (0.25, 0.62, 0.825, 1.0)
"""How much each of the four levels counts where words come first (A1111's values)."""


class T2IAttachment:
    """Adds a T2I-Adapter's features of a map to every call of the denoiser, which itself is not touched."""

    def __init__(self, adapter: nn.Module, followed: Followed) -> None:
        self._adapter, self._followed = adapter, followed
        self._features: tuple[Tensor, ...] = ()

    def within(self, region: object) -> "T2IAttachment":
        """The same for the calls of one region."""
        return T2IAttachment(self._adapter, replace(self._followed, region=region))

    def attach(self, components: Components) -> None:
        """Make the features, on the denoiser's device and in its precision."""
        like, weights = next(components.denoiser.parameters()), next(self._adapter.parameters())
        with torch.no_grad():
            made = cast(Sequence[Tensor], self._adapter(as_tensor(self._followed.sheet, weights)))
        self._features = tuple(level.to(device=like.device, dtype=like.dtype) for level in made)

    def detach(self) -> None:
        """Forget the features; nothing else was touched."""
        self._features = ()

    def inputs(self, call: ModelCall) -> ModelInputs | None:
        """The features for this call's rows and tile; None outside the map's share of the run."""
        strength, mode = self._followed.at(call), self._followed.mode
        if strength == 0:
            return None
        rows = torch.ones((call.sample.shape[0], 1, 1, 1), device=call.sample.device, dtype=call.sample.dtype)
        if mode == "control":
            rows[: call.negative_rows] = 0
        soft = _SOFT[-len(self._features):] if mode != "balanced" and len(self._features) <= len(_SOFT) else None
        levels = []
        for number, level in enumerate(self._features):
            scaled = level * (strength * soft[number] if soft else strength)
            levels.append(part_of(scaled, call.window).to(call.sample.dtype) * rows)
        return ModelInputs(residuals={WITHIN: levels})
