"""The seams of the loop: guidance, edits, observers, and attachments to the model.

Rooms above the engine fill these protocols; the engine never looks up to find out who did.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, Protocol, runtime_checkable

from torch import Tensor

from underpaint.engine.components import Components

Stage = Literal["gradient", "projection", "mask"]


@dataclass(frozen=True, slots=True)
class Step:
    """Where the loop is when it asks the model once.

    number: from 0 to total - 1; substep: 0, then 1 ... where a sampler asks the model more than once a step.
    calls: how often the model is asked in the whole run; call: which of these this is, from 0.
    timestep: what the model is told. sigma: the scheduler's own noise level (for flow models 0..1).
    signal, noise: the latents of this moment are `signal * picture + noise * unit noise`.
    fraction: the share of the run that lies behind, 0 at the first step, below 1 at the last.
    """

    number: int
    substep: int
    total: int
    call: int
    calls: int
    timestep: float
    sigma: float
    signal: float
    noise: float

    @property
    def fraction(self) -> float:
        """The share of the run's steps that are done, 0 <= fraction < 1."""
        return self.number / self.total

    def within(self, start: float, end: float) -> bool:
        """Whether this step lies in the share of the run from `start` to `end` (each 0..1)."""
        return start <= self.fraction and (self.fraction < end or end >= 1)


class Edit(Protocol):
    """Maps the estimate (the picture the model believes in, as latents N x C x h x w, fp32) to another one.

    Gradient edits of one step are all given the same estimate, and their changes are added; then projections run
    one after the other, then masks, each stage sorted by `key`, so that the order of listing never matters.
    An edit must not change the tensor it is given.
    """

    stage: Stage
    key: str

    def __call__(self, estimate: Tensor, step: Step) -> Tensor: ...


class Stop(Enum):
    """What an observer returns to end the run early: the estimate of that moment becomes the result."""

    NOW = "now"


class Seen:
    """What an observer sees after a call of the model: the step, the latents after it, and on demand the estimate."""

    __slots__ = ("_estimate", "_form", "latents", "step")

    def __init__(self, step: Step, latents: Tensor, form: Callable[[], Tensor]) -> None:
        self.step = step
        self.latents = latents
        self._form = form
        self._estimate: Tensor | None = None

    @property
    def estimate(self) -> Tensor:
        """The picture the model believed in at this step, as latents; formed when first asked for."""
        if self._estimate is None:
            self._estimate = self._form()
        return self._estimate


class Observer(Protocol):
    """Watches. Returns `Stop.NOW` to end with what there is, or raises Cancelled to throw the run away."""

    def __call__(self, seen: Seen) -> Stop | None: ...


@dataclass(frozen=True, slots=True)
class Outputs:
    """What the model said at one call, for guidance to combine; every tensor is N x C x h x w, fp32.

    positives: one output for each part of the prompt (more than one with AND), `weights` theirs.
    negative: the output for the negative prompt, or None where guidance did not ask for it.
    latents: what the model saw, unscaled. to_estimate and to_output turn an output into its estimate and back.
    """

    positives: tuple[Tensor, ...]
    weights: tuple[float, ...]
    negative: Tensor | None
    latents: Tensor
    to_estimate: Callable[[Tensor], Tensor]
    to_output: Callable[[Tensor], Tensor]


class Guidance(Protocol):
    """Combines the model's outputs into one. A new instance serves each run, so it may keep state."""

    def wants_negative(self, step: Step) -> bool:
        """Whether the negative prompt must be asked about at this step."""
        ...

    def __call__(self, outputs: Outputs, step: Step) -> Tensor: ...


@dataclass(frozen=True, slots=True)
class Window:
    """A tile of the picture, in latent cells, and the size of the whole."""

    top: int
    left: int
    height: int
    width: int
    whole_height: int
    whole_width: int


@dataclass(frozen=True, slots=True)
class ModelCall:
    """What the denoiser is about to be given, so that an attachment can add to it.

    sample: rows x C x h x w, scaled as the model wants it and in its dtype. timestep: as the model gets it.
    conditioning: the keyword arguments that carry the words, one row of each for every row of `sample`.
    negative_rows: how many rows at the front belong to the negative prompt. window: the tile, None for the whole.
    region: the key of the region whose own words are asked about, None for those of the whole picture.
    """

    sample: Tensor
    timestep: Tensor
    conditioning: Mapping[str, Any]
    negative_rows: int
    step: Step
    window: Window | None = None
    region: object | None = None


@dataclass(frozen=True, slots=True)
class ModelInputs:
    """What an attachment adds to one call of the denoiser.

    channels: 1 or rows x C' x h x w, laid behind the sample's channels in the order the attachments were given
    (mask and masked picture of an inpainting UNet, line channels of the Primer), None for nothing.
    residuals: lists of tensors, or a tensor, under the denoiser's own keyword, such as
    `down_block_additional_residuals`, `mid_block_additional_residual` (ControlNet) and
    `down_intrablock_additional_residuals` (T2I adapter). Those of several attachments are added up.
    arguments: further keyword arguments of the denoiser, merged into its own; dictionaries are merged one level deep.
    """

    channels: Tensor | None = None
    residuals: Mapping[str, Tensor | Sequence[Tensor]] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Attachment(Protocol):
    """Hooks into a model for the length of one run.

    `detach` leaves modules, hooks, attention processors and one forward pass bit-equal to before `attach`.
    """

    def attach(self, components: Components) -> None: ...

    def detach(self) -> None: ...


@runtime_checkable
class Supplies(Protocol):
    """An attachment that also adds something to every call of the denoiser; None where it has nothing to add."""

    def inputs(self, call: ModelCall) -> ModelInputs | None: ...


@runtime_checkable
class Joins(Protocol):
    """An attachment that adds something to every call, or to those of one region alone."""

    def within(self, region: object) -> Attachment:
        """The same for the calls that ask about this region, by its key; in all others it is as if not there."""
        ...


@runtime_checkable
class KnowsWords(Protocol):
    """An attachment that brings textual inversions."""

    def embeddings(self) -> Mapping[str, tuple[Tensor | None, ...]]:
        """For each name its vectors (count x width) for every text encoder in the model's order, None for none."""
        ...
