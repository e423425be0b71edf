"""What a program told about a picture, in words that all programs share."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from underpaint.pictures.found import Found
from underpaint.pictures.nearest import nearest_recipe
from underpaint.pictures.reading import Reading

PAINTED_OVER = (
    "it was painted over another picture, which the file does not hold: here it is painted from nothing"
)
_ITS_OWN_SIZE = 2048 * 2048  # a larger picture was enlarged after painting, as a rule
ENLARGED = "it was enlarged afterwards, which is not done here"


@dataclass(frozen=True)
class Lora:
    """A LoRA by name; `text_weight` None: as `weight`."""

    name: str
    weight: float = 1.0
    text_weight: float | None = None
    hash: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As `info --json` shows it."""
        text = self.weight if self.text_weight is None else self.text_weight
        return {"name": self.name, "weight": self.weight, "text_weight": text, "hash": self.hash}


@dataclass(frozen=True)
class Told:
    """One program's account of one picture, before it becomes a recipe of ours; None where it does not say.

    The first block is shown as it was written. The second is for the recipe alone: `painted_words` (positive,
    negative) where they are not the words shown; `sampler_here` and `schedule_here` are the names in a spelling that
    recipe/samplers.py knows; `noise` says who drew the noise. `loras_in_words`: the words name the LoRAs already.
    `hash_is_sha` says that `model_hash` begins the SHA-256 of the file. `notes` are sentences about what could not be
    taken over.
    """

    source: str
    prompt: str | None = None
    negative_prompt: str | None = None
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    sampler: str | None = None
    schedule: str | None = None
    width: int | None = None
    height: int | None = None
    model: str | None = None
    model_hash: str | None = None
    loras: tuple[Lora, ...] = ()

    dialect: Literal["a1111", "comfyui"] = "a1111"
    painted_words: tuple[str, str] | None = None
    guidance_here: float | None = None
    sampler_here: str | None = None
    schedule_here: str | None = None
    noise: Literal["cpu", "philox"] | None = None
    noise_offset: int | None = None
    variation: tuple[int, float] | None = None
    eta: float | None = None
    rescale: float | None = None
    clip_skip: int | None = None
    vae: str | None = None
    hash_is_sha: bool = False
    loras_in_words: bool = False
    second_pass: Mapping[str, Any] | None = None
    emphasis: str | None = None
    notes: tuple[str, ...] = ()


def reading(told: Told, found: Found, *, painted: Told | None = None,
            more: Mapping[str, Any] | None = None) -> Reading:
    """The Reading of a picture: what was told, the nearest recipe, and everything as found (`more` is added to raw).

    `painted` is what the recipe follows where that is not what was told.
    """
    painted = painted or told
    if painted.width is None and found.width and found.height and found.width * found.height <= _ITS_OWN_SIZE:
        painted = replace(painted, width=found.width, height=found.height)
    recipe, notes = nearest_recipe(painted)
    raw = {**found.raw(), **(more or {})}
    if notes:
        raw["unmapped"] = list(notes)
    return Reading(
        source=told.source, prompt=told.prompt, negative_prompt=told.negative_prompt, seed=told.seed,
        steps=told.steps, guidance=told.guidance, sampler=told.sampler, schedule=told.schedule,
        width=told.width or found.width, height=told.height or found.height, model=told.model,
        model_hash=told.model_hash, loras=tuple(lora.to_json() for lora in told.loras), recipe=recipe, raw=raw,
    )  # fmt: skip

