"""The numbers of a training run, read from `config.toml` or a file of the same shape."""

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from underpaint.errors import RecipeError

SHIPPED = Path(__file__).with_name("config.toml")
"""The configuration of the shipped weights."""
LARGE = Path(__file__).with_name("large.toml")
"""A larger set, for a machine with a GPU; its weights are not shipped."""


@dataclass(frozen=True)
class RenderConfig:
    """How many scenes are painted, and from which seeds."""

    seed: int
    per_shard: int
    captions: int
    shards: int
    judge_shards: int
    judge_seed: int


@dataclass(frozen=True)
class TokenizerConfig:
    """Size of the vocabulary and of the captions it is learned from."""

    tokens: int
    captions: int


@dataclass(frozen=True)
class AutoencoderConfig:
    """Training of the autoencoder; `model` goes to `AutoencoderUnshuffle`."""

    seconds: float
    batch: int
    crop: int
    rate: float
    kl: float
    gradients: float
    half_size: float
    seed: int
    lanes: int = 1
    model: dict[str, Any] = field(default_factory=dict)
    steps: int | None = None


@dataclass(frozen=True)
class ReadingConfig:
    """Training of the text encoder on captions alone."""

    seconds: float
    batch: int
    rate: float
    seed: int
    lanes: int = 1
    steps: int | None = None


@dataclass(frozen=True)
class PainterConfig:
    """Joint training of denoiser and adapters to a text encoder that can read; `unet`, `text`, `adapter` go to their
    classes.

    The first `half_until` of the budget is spent on pictures of half the size, `half_batch` at a time. `maps` is the
    share of samples that see each kind of map; an error on the subject counts `1 + subject` times.
    """

    seconds: float
    batch: int
    half_batch: int
    half_until: float
    rate: float
    hold: float
    average: float
    drop_words: float
    subject: float
    seed: int
    lanes: int = 1
    maps: dict[str, float] = field(default_factory=dict)
    unet: dict[str, Any] = field(default_factory=dict)
    text: dict[str, Any] = field(default_factory=dict)
    adapter: dict[str, Any] = field(default_factory=dict)
    steps: int | None = None


@dataclass(frozen=True)
class DecoderConfig:
    """Training of the autoencoder's decoder on noisy latents; `noise` is the most, in their standard deviations."""

    seconds: float
    batch: int
    crop: int
    rate: float
    noise: float
    seed: int
    lanes: int = 1
    steps: int | None = None


@dataclass(frozen=True)
class JudgeConfig:
    """Training of the classifier that names what is in a picture."""

    seconds: float
    batch: int
    size: int
    rate: float
    width: int
    seed: int
    lanes: int = 1
    steps: int | None = None


@dataclass(frozen=True)
class EvaluateConfig:
    """How the painter is examined: with so many prompts, prompts for each of counting, relating and dressing two, and
    scenes whose maps must be followed; `few_steps` is what the LoRA paints in, `rounds` how often a picture is timed,
    `holes` how many filled ones a probe learns from (half as many more examine it).
    """

    prompts: int
    pairs: int
    drawings: int
    steps: int
    guidance: float
    seed: int
    few_steps: int = 4
    rounds: int = 5
    holes: int = 1000

    def scaled(self, share: float) -> "EvaluateConfig":
        """The same questions, but only the first so many of each kind."""
        fewer = {name: max(8, round(getattr(self, name) * share / 8) * 8) for name in ("prompts", "pairs", "drawings",
                                                                                      "holes")}  # fmt: skip
        return replace(self, **fewer)


@dataclass(frozen=True)
class DefaultsConfig:
    """What a front end should use when nobody says otherwise; written to `primer.json`.

    `line_strength` is built into the exported adapter, whose plain weight of 1 then means this strength. `adapters` are
    the kinds of maps beside lines that are followed well enough to be exported.
    """

    steps: int
    guidance: float
    sampler: str
    size: list[int]
    size_step: int
    line_strength: float
    adapters: list[str] = field(default_factory=lambda: ["depth", "pose", "colour"])


@dataclass(frozen=True)
class LimitsConfig:
    """What the exported model may weigh, in bytes: all of it, and one file. The package carries no more than this."""

    folder: int = 32_000_000
    file: int = 16_000_000


@dataclass(frozen=True)
class PrimerConfig:
    """Everything `make primer` depends on."""

    render: RenderConfig
    tokenizer: TokenizerConfig
    autoencoder: AutoencoderConfig
    reading: ReadingConfig
    painter: PainterConfig
    decoder: DecoderConfig
    judge: JudgeConfig
    evaluate: EvaluateConfig
    defaults: DefaultsConfig
    limits: LimitsConfig = field(default_factory=LimitsConfig)


_SECTIONS: dict[str, type] = {
    "render": RenderConfig,
    "tokenizer": TokenizerConfig,
    "autoencoder": AutoencoderConfig,
    "reading": ReadingConfig,
    "painter": PainterConfig,
    "decoder": DecoderConfig,
    "judge": JudgeConfig,
    "evaluate": EvaluateConfig,
    "defaults": DefaultsConfig,
    "limits": LimitsConfig,
}


def read_config(path: Path = SHIPPED) -> PrimerConfig:
    """Read a configuration.

    Raises:
        RecipeError: a section or a key is missing or unknown.
    """
    return PrimerConfig(**read_sections(path, _SECTIONS))


def read_sections(path: Path, sections: Mapping[str, type]) -> dict[str, Any]:
    """The sections of a configuration, each as its dataclass; one of which nothing is needed may be left out.

    Raises:
        RecipeError: a section or a key is missing or unknown.
    """
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    needed = {name for name, kind in sections.items() if any(_needed(f) for f in fields(kind))}
    if wrongly := set(table) - set(sections) | needed - set(table):
        wrong = sorted(wrongly)[0]
        raise RecipeError(f"{path.name}: the section [{wrong}] is missing or unknown", field=wrong)
    return {name: _section(path, name, kind, table[name]) for name, kind in sections.items() if name in table}


def _needed(one: Field[Any]) -> bool:
    return one.default is MISSING and one.default_factory is MISSING


def _section(path: Path, name: str, kind: type, values: dict[str, Any]) -> Any:
    unknown = set(values) - {f.name for f in fields(kind)}
    if unknown:
        raise RecipeError(f"{path.name}: [{name}] has no {sorted(unknown)[0]!r}", field=name)
    try:
        return kind(**values)
    except TypeError as error:
        raise RecipeError(f"{path.name}: [{name}] lacks a value ({error})", field=name) from error
