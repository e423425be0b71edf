"""What Underpaint knows about a model without loading it: the one thing that plans and loaders ask."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict

Kind = Literal[
    "checkpoint",
    "vae",
    "tiny_vae",
    "lora",
    "embedding",
    "adapter",
    "controlnet",
    "ip_adapter",
    "image_encoder",
    "extractor",
    "upscaler",
    "text_encoder",
    "unknown",
]
Family = Literal["sd", "sd2", "sdxl", "sd3", "flux"]
Prediction = Literal["epsilon", "v_prediction", "flow"]
Layout = Literal["diffusers", "ldm", "kohya", "peft", "cloneofsimo", "component", "tensors"]
AdapterForm = Literal["controlnet", "union", "t2i", "t2i_light", "ip", "ip_plus", "ip_full", "image_encoder"]
KIND_NAMES: dict[str, str] = {
    "checkpoint": "a checkpoint",
    "vae": "a VAE",
    "tiny_vae": "a tiny VAE",
    "lora": "a LoRA",
    "embedding": "a textual inversion",
    "adapter": "a T2I adapter",
    "controlnet": "a ControlNet",
    "ip_adapter": "an IP-Adapter",
    "image_encoder": "an image encoder",
    "extractor": "an extractor of maps",
    "upscaler": "an upscaler",
    "text_encoder": "a text encoder",
    "unknown": "a file of unknown layout",
}
FAMILY_NAMES: dict[str, str] = {
    "sd": "Stable Diffusion 1.x",
    "sd2": "Stable Diffusion 2.x",
    "sdxl": "Stable Diffusion XL",
    "sd3": "Stable Diffusion 3",
    "flux": "Flux.1",
}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class TextEncoder(_Frozen):
    """One text encoder: its name (clip_l, clip_h, clip_g, t5), width, number of layers."""

    name: str
    width: int
    layers: int = 0


class LoraFacts(_Frozen):
    """What a LoRA changes. `parts` are denoiser, text_encoder, text_encoder_2 ...; `context_width` is the
    width of the text features it was trained on, if its layers tell; `rank` the largest one found; `kinds` what its
    changes are (LoRA, LoCon, LoHa, LoKr, DoRA, IA3, whole differences); `unsupported` names what cannot be used;
    `base_sha256` the model it was trained on."""

    parts: tuple[str, ...] = ()
    rank: int = 0
    layers: int = 0
    kinds: tuple[str, ...] = ()
    context_width: int | None = None
    trained_on: str = ""
    base_sha256: str = ""
    unsupported: str = ""


class EmbeddingFacts(_Frozen):
    """A textual inversion: how many vectors it stands for and their width per text encoder, in the model's
    order.
    """

    vectors: int
    widths: tuple[int, ...]


class AdapterFacts(_Frozen):
    """What hangs on to a denoiser. `reads` are the kinds of map it was made for, by its name, for a union by its type
    (there are `types` of them), drawn `shrink` times smaller than the picture, its black lifted to `floor`;
    `image_width` is the width of the picture's features that an IP-Adapter reads or an
    image encoder has inside, `projected_width` that of the encoder's last answer; `unsupported` names what cannot be
    used."""

    form: AdapterForm
    reads: tuple[str, ...] = ()
    types: int = 0
    image_width: int = 0
    projected_width: int = 0
    shrink: int = 1
    floor: float = 0.0
    unsupported: str = ""


class ModelDescription(_Frozen):
    """What a model is and can do, read from headers and configuration files only.

    `kind`, `family`, `layout` say what it is; `prediction` is None where nothing on disk decides it, and
    `prediction_said` says how it was decided; for a LoRA it is that of the model it was trained on. `branch` is the
    branch of SDXL (Pony ...), `branch_said` who says so. Sizes are in pixels: `native_area` is width times height
    of the size it was trained for, `size_step` what width and height must be multiples of. `supports` are
    capabilities a plan may ask for (see docs/models.md). `channels_in` is 9 for an inpainting denoiser.
    `extracts` is the map that an extractor makes (depth, pose ...).
    Hashes are lower-case hexadecimal SHA-256; `sha256` is None until it has been computed (see `hashes`).
    """

    name: str
    path: Path
    kind: Kind
    family: Family | None = None
    branch: str = ""
    branch_said: str = ""
    layout: Layout = "tensors"
    pipeline: str = ""
    prediction: Prediction | None = None
    prediction_said: str = ""
    zero_terminal_snr: bool = False
    native_area: int | None = None
    default_width: int | None = None
    default_height: int | None = None
    size_step: int = 8
    latent_channels: int | None = None
    latent_scale: int = 8
    channels_in: int | None = None
    context_width: int | None = None
    default_steps: int = 20
    default_guidance: float = 7.0
    default_sampler: str = "DPM++ 2M"
    default_schedule: str | None = None
    text_encoders: tuple[TextEncoder, ...] = ()
    components: tuple[str, ...] = ()
    supports: frozenset[str] = frozenset()
    alias: str = ""
    lora: LoraFacts | None = None
    embedding: EmbeddingFacts | None = None
    adapter: AdapterFacts | None = None
    extracts: str = ""
    dtype: str = ""
    variant: str | None = None
    parameters: int = 0
    file_bytes: int = 0
    sha256: str | None = None
    autov3: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def short_hash(self) -> str | None:
        """The first ten digits of the SHA-256, as A1111 and Civitai (AutoV2) show it."""
        return self.sha256[:10] if self.sha256 else None

    @property
    def kind_name(self) -> str:
        """The kind with its article, for sentences."""
        return KIND_NAMES[self.kind]

    @property
    def family_name(self) -> str:
        """The family as a person would say it."""
        return FAMILY_NAMES.get(self.family or "", "an unknown family")

    def with_(self, **fields: Any) -> Self:
        """A copy with some fields changed."""
        return self.model_copy(update=fields)

    def suits(self, model: "ModelDescription") -> bool:
        """Whether this LoRA or textual inversion can have been made for `model`, as far as headers tell."""
        if self.family is not None and self.family != model.family:
            return False
        if self.embedding is not None:
            widths = tuple(encoder.width for encoder in model.text_encoders)
            return self.embedding.widths == widths[: len(self.embedding.widths)]
        return None in (self.context_width, model.context_width) or self.context_width == model.context_width

    def can(self, *capabilities: str) -> bool:
        """Whether the model supports all of `capabilities`."""
        return self.supports.issuperset(capabilities)


def first_keys(keys: Sequence[str], count: int = 4) -> str:
    """A few names to show when a layout is not known, short enough for one line."""
    shown = ", ".join(key[:60] for key in list(keys)[:count])
    return shown + (", ..." if len(keys) > count else "")
