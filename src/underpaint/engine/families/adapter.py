"""What the engine asks of a family, and which adapter serves which family."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from underpaint.engine.components import Components, Family
from underpaint.engine.families.clip_words import TextOptions
from underpaint.prompt import Weighted

Conditioning = Mapping[str, Tensor]
"""The denoiser's keyword arguments that carry the words, each with one row."""


@dataclass(frozen=True)
class Frame:
    """The picture's size and place as SDXL is told it, in pixels (height, width), and Flux's embedded guidance."""

    height: int
    width: int
    original: tuple[int, int] | None = None
    target: tuple[int, int] | None = None
    crop: tuple[int, int] = (0, 0)
    guidance: float = 1.0


class FamilyAdapter(Protocol):
    """One architecture. `runs_batched`: negative and positive prompts go through as one batch, as its pipeline does."""

    runs_batched: bool

    def encode(self, words: Weighted, options: TextOptions, frame: Frame, *, negative: bool) -> Conditioning:
        """What the denoiser is told by these words."""
        ...

    def forward(self, sample: Tensor, timestep: Tensor, arguments: Mapping[str, Any]) -> Tensor:
        """One call of the denoiser: `sample` scaled and in its dtype, `timestep` without dimensions."""
        ...


@runtime_checkable
class ReadsSoMuch(Protocol):
    """A family whose text encoder reads a beginning of the words only."""

    def unread(self, words: Weighted) -> str:
        """The end of the words that it does not read; "" where it reads all."""
        ...


def make_adapter(components: Components) -> FamilyAdapter:
    """The adapter for a loaded model's family."""
    from underpaint.engine.families.flux import FluxAdapter
    from underpaint.engine.families.sd import SdAdapter
    from underpaint.engine.families.sd3 import Sd3Adapter
    from underpaint.engine.families.sdxl import SdxlAdapter

    adapters: dict[Family, type] = {"sd": SdAdapter, "sd2": SdAdapter, "sdxl": SdxlAdapter, "sd3": Sd3Adapter,
                                    "flux": FluxAdapter}
    adapter: FamilyAdapter = adapters[components.family](components)
    return adapter
