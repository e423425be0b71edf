"""The numbers of the smaller networks' training, read from `parts.toml` or a file of the same shape."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from underpaint.primer.config import read_sections

SHIPPED_PARTS = Path(__file__).with_name("parts.toml")
"""The configuration of the shipped weights."""
LARGE_PARTS = Path(__file__).with_name("large-parts.toml")
"""That of the larger set, see `config.LARGE`."""


@dataclass(frozen=True)
class ExtractorsConfig:
    """Training of depth, normals, subject and poses; `model` goes to `ExtractorNet`.

    `normals_shards` is how many shards get normals, which have to be looked at once more.
    """

    seconds: float
    batch: int
    rate: float
    seed: int
    normals_shards: int
    lanes: int = 1
    model: dict[str, Any] = field(default_factory=dict)
    steps: int | None = None


@dataclass(frozen=True)
class UpscalerConfig:
    """Training of the network that enlarges; `crop` is the side of the large picture's part, `model` goes to
    `UpscalerNet`, `large` scenes are painted at `large_size` so that fine lines are known as well."""

    seconds: float
    batch: int
    crop: int
    rate: float
    edges: float
    seed: int
    large: int
    large_size: int
    large_seed: int
    lanes: int = 1
    model: dict[str, Any] = field(default_factory=dict)
    steps: int | None = None


@dataclass(frozen=True)
class ClipConfig:
    """Training of the image tower and the words' projection; `image` goes to `CLIPVisionConfig`.

    `factors` is how much naming the scene's words counts beside finding the right caption.
    """

    seconds: float
    batch: int
    rate: float
    factors: float
    seed: int
    lanes: int = 1
    image: dict[str, Any] = field(default_factory=dict)
    steps: int | None = None


@dataclass(frozen=True)
class FewStepsConfig:
    """Training of the LoRA that paints in `steps` steps without guidance what takes `substeps` guided ones each.

    `steps_trained` is a budget in training steps instead of seconds.
    """

    seconds: float
    batch: int
    rate: float
    rank: int
    steps: int
    substeps: int
    guidance: float
    seed: int
    steps_trained: int | None = None


@dataclass(frozen=True)
class ImagePromptConfig:
    """Training of what the denoiser takes from a picture, its style or its subject.

    Half of a batch learns each. `same_light` and `elsewhere` are shares of pairs (see `kin.PairShares`), `drop_picture`
    and, by kind, `drop_words` shares of samples that see no picture or hear no words, `scenery` the share of those for
    the subject that hear of everything but it. `strength` is, by kind, built into the exported weights.
    """

    seconds: float
    batch: int
    rate: float
    drop_picture: float
    same_light: float
    elsewhere: float
    scenery: float
    seed: int
    drop_words: dict[str, float]
    strength: dict[str, float]
    lanes: int = 1
    steps: int | None = None


@dataclass(frozen=True)
class FillConfig:
    """Training of the adapter that fits a hole to its surroundings; `adapter` goes to `T2IAdapter`.

    A hole takes between `least` and `most` of the picture, a share `soft` of them has soft edges. `outside` is how much
    an error beside the hole counts, `lines` and `drop_words` the shares of samples that have lines, and no words.
    """

    seconds: float
    batch: int
    rate: float
    least: float
    most: float
    soft: float
    outside: float
    lines: float
    drop_words: float
    seed: int
    lanes: int = 1
    adapter: dict[str, Any] = field(default_factory=dict)
    steps: int | None = None


@dataclass(frozen=True)
class PartsConfig:
    """Everything the smaller networks depend on."""

    extractors: ExtractorsConfig
    upscaler: UpscalerConfig
    clip: ClipConfig
    few_steps: FewStepsConfig
    image_prompt: ImagePromptConfig
    fill: FillConfig


_SECTIONS: dict[str, type] = {
    "extractors": ExtractorsConfig,
    "upscaler": UpscalerConfig,
    "clip": ClipConfig,
    "few_steps": FewStepsConfig,
    "image_prompt": ImagePromptConfig,
    "fill": FillConfig,
}


def read_parts_config(path: Path = SHIPPED_PARTS) -> PartsConfig:
    """Read a configuration of the smaller networks.

    Raises:
        RecipeError: a section or a key is missing or unknown.
    """
    return PartsConfig(**read_sections(path, _SECTIONS))
