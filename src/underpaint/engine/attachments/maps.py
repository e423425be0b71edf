"""What the attachments that follow a map have in common: the map, how strongly and how it is followed, and where."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from underpaint.engine.protocols import ModelCall, Window

Mode = Literal["balanced", "words", "control"]
FALL = 0.825
"""How much less each level of a ControlNet counts than the one inside it, where words come first (A1111's value)."""


@dataclass(frozen=True, eq=False)
class Followed:
    """A map (H x W x C, float32, at the size that is painted) and how it is followed.

    `strength` says how strongly at a share of the run, 0 for not at all. `mode` is A1111's control mode: "balanced";
    "words" weighs the outer levels less; "control" does so too, and leaves the rows of the negative prompt alone.
    `type` is its number in a ControlNetUnion. `key` orders several. `region`: the key of the region in whose calls
    alone it is followed, None for all calls.
    """

    sheet: np.ndarray
    strength: Callable[[float], float]
    mode: Mode = "balanced"
    type: int = 0
    key: str = ""
    region: object | None = None

    def at(self, call: ModelCall) -> float:
        """Its strength at a call."""
        return self.strength(call.step.fraction) if self.region in (None, call.region) else 0.0


def as_tensor(sheet: np.ndarray, like: Tensor) -> Tensor:
    """A map as 1 x C x H x W on the device and in the precision of `like`."""
    laid = torch.from_numpy(np.ascontiguousarray(sheet, dtype=np.float32)).permute(2, 0, 1)[None].contiguous()
    return laid.to(device=like.device, dtype=like.dtype)


def part_of(sheet: Tensor, window: Window | None) -> Tensor:
    """What of a map, or of features, lies in the tile; they are of the whole picture, at any scale."""
    if window is None:
        return sheet
    down, across = sheet.shape[-2] / window.whole_height, sheet.shape[-1] / window.whole_width
    top, left = round(window.top * down), round(window.left * across)
    return sheet[..., top: top + round(window.height * down), left: left + round(window.width * across)]


def rows_from(call: ModelCall, first: int) -> dict[str, Any]:
    """The words of the rows from `first` on."""
    kept: Mapping[str, Any] = call.conditioning
    return {name: value[first:] if isinstance(value, Tensor) else value for name, value in kept.items()}
