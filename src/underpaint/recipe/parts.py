"""The pieces that recipes are made of. Every default here is frozen for schema 1."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from underpaint.recipe.base import Frozen

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Seed = Annotated[int, Field(ge=0, le=2**64 - 1)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Strength = Annotated[float, Field(gt=0, le=1)]
Side = Annotated[int, Field(ge=8, le=32_768)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class Blob(Frozen):
    """A drawing, mask or picture by the SHA-256 of its stored bytes; `name` is only for people."""

    sha256: Sha256
    name: Annotated[str, Field(max_length=200)] = ""


class ModelRef(Frozen):
    """A model by name and, once known, by the SHA-256 of its weights."""

    name: Name
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")] | None = None


class LoraRef(ModelRef):
    """A LoRA and how strongly it pulls on the denoiser and on the text encoder (None: as the denoiser)."""

    weight: Annotated[float, Field(ge=-10, le=10)] = 1.0
    text_weight: Annotated[float, Field(ge=-10, le=10)] | None = None


class Noise(Frozen):
    """How the starting noise and each step's noise are drawn.

    `source`: torch's CPU generator, or CUDA's Philox computed anywhere. `offset` is A1111's ENSD, added to the
    seed of per-step noise. The variation seed is mixed in by spherical interpolation with `variation_strength`.
    """

    source: Literal["cpu", "philox"] = "cpu"
    offset: Annotated[int, Field(ge=0, le=2**32)] = 0
    variation_seed: Seed | None = None
    variation_strength: Fraction = 0.0


class Sampling(Frozen):
    """Sampler, noise schedule and their parameters (Karras et al. 2022 for churn); None lets the plan choose."""

    sampler: Name | None = None
    schedule: Name | None = None
    steps: Annotated[int, Field(ge=1, le=1000)] | None = None
    eta: Annotated[float, Field(ge=0, le=1)] | None = None
    s_churn: Annotated[float, Field(ge=0, le=100)] = 0.0
    s_tmin: Annotated[float, Field(ge=0, le=1000)] = 0.0
    s_tmax: Annotated[float, Field(gt=0)] | None = None
    s_noise: Annotated[float, Field(ge=0, le=2)] = 1.0


class Guidance(Frozen):
    """How strongly the words pull: classifier-free guidance or another rule, active from `start` to `end`.

    `rescale` is the share of Lin et al. 2023's rescaled guidance; `method` names one file in engine/guidance.
    """

    scale: Annotated[float, Field(ge=0, le=100)] | None = None
    method: Literal["cfg", "apg"] = "cfg"
    rescale: Fraction = 0.0
    start: Fraction = 0.0
    end: Fraction = 1.0


class SizeConditioning(Frozen):
    """SDXL's size and crop conditioning, in pixels; None means the painted size."""

    original: tuple[Side, Side] | None = None
    target: tuple[Side, Side] | None = None
    crop_left: Annotated[int, Field(ge=0, le=32_768)] = 0
    crop_top: Annotated[int, Field(ge=0, le=32_768)] = 0


class SecondPass(Frozen):
    """Enlarge the first picture and paint over it again (A1111's hires fix)."""

    scale: Annotated[float, Field(gt=1, le=8)] = 2.0
    upscale: Literal["latent", "picture"] = "latent"
    strength: Strength = 0.6
    steps: Annotated[int, Field(ge=1, le=1000)] | None = None


class Tiles(Frozen):
    """Paint in overlapping tiles of this many pixels, so that pictures may be larger than the model's own size."""

    size: Annotated[int, Field(ge=64, le=4096)] = 512
    overlap: Annotated[int, Field(ge=0, le=1024)] = 64

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if self.overlap * 2 > self.size:
            raise ValueError(f"tiles of {self.size} pixels can overlap by half of that, not by {self.overlap}")
        return self
