"""The words of a recipe as they will be painted: wildcards drawn, networks found."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from underpaint.errors import PromptError
from underpaint.prompt import Network, expand_wildcards, parse_prompt
from underpaint.recipe import LoraRef, Recipe


@dataclass(frozen=True)
class Words:
    """Both prompts with their wildcards resolved, and the LoRAs that the prompt names."""

    prompt: str = ""
    negative_prompt: str = ""
    loras: tuple[LoraRef, ...] = ()


def read_words(recipe: Recipe, seed: int, wildcards: Path | None = None) -> Words:
    """Resolve wildcards with `seed` (lists come from the folder `wildcards`) and find `<lora:name:weight>`.

    Raises PromptError for a network of a kind that Underpaint does not know.
    """
    prompt = expand_wildcards(recipe.prompt, seed=seed, folder=wildcards)
    negative = expand_wildcards(recipe.negative_prompt, seed=seed, folder=wildcards)
    return Words(prompt, negative, tuple(loras_in(prompt, recipe.dialect)))


def loras_in(words: str, dialect: str, field: str = "prompt") -> list[LoraRef]:
    """The LoRAs that words name. Raises PromptError for a network of a kind that Underpaint does not know."""
    loras = []
    for network in parse_prompt(words, steps=1, dialect="comfyui" if dialect == "comfyui" else "a1111").networks:
        if network.kind not in {"lora", "lyco"}:
            raise PromptError(f"<{network.kind}:...> asks for a network that Underpaint does not paint with",
                              hint="Remove it from the words; LoRAs are written <lora:name:weight>.", field=field)
        loras.append(_lora(network, field))
    return loras


def plus(listed: Iterable[LoraRef], named: Iterable[LoraRef]) -> list[LoraRef]:
    """LoRAs that are listed, and those that only the words name."""
    first = list(listed)
    names = {ref.name for ref in first}
    return [*first, *(ref for ref in named if ref.name not in names)]


def _lora(network: Network, field: str) -> LoraRef:
    """A1111's reading: name, text encoder's weight, denoiser's weight (the text encoder's when it is left out)."""
    if not network.args:
        raise PromptError("<lora:...> names no LoRA", hint="Write <lora:name:weight>.", field=field)
    text, denoiser = network.strengths()
    if not (-10 <= text <= 10 and -10 <= denoiser <= 10):
        raise PromptError(f"<lora:{network.args[0]:.40}> has a weight past 10", hint="Use -10 to 10.", field=field)
    return LoraRef(name=network.args[0], weight=denoiser, text_weight=None if text == denoiser else text)
