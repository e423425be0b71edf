"""The words of a recipe as they will be painted: wildcards drawn, networks found."""

from dataclasses import dataclass
from pathlib import Path

from underpaint.errors import PromptError
from underpaint.prompt import Network, expand_wildcards, parse_prompt
from underpaint.recipe import LoraRef, Recipe, RegionControl


@dataclass(frozen=True)
class Words:
    """Both prompts with their wildcards resolved, and the LoRAs that the prompt names."""

    prompt: str = ""
    negative_prompt: str = ""
    loras: tuple[LoraRef, ...] = ()


def read_words(recipe: Recipe, seed: int, wildcards: Path | None = None) -> Words:
    """Resolve wildcards with `seed` (lists come from the folder `wildcards`) and find `<lora:name:weight>`.

    Raises PromptError for a network of a kind that Underpaint does not know, and for one in a region's words.
    """
    _check_regions(recipe)
    prompt = expand_wildcards(recipe.prompt, seed=seed, folder=wildcards)
    negative = expand_wildcards(recipe.negative_prompt, seed=seed, folder=wildcards)
    networks = parse_prompt(prompt, steps=1, dialect=recipe.dialect).networks
    loras = []
    for network in networks:
        if network.kind not in {"lora", "lyco"}:
            raise PromptError(f"<{network.kind}:...> asks for a network that Underpaint does not paint with",
                              hint="Remove it from the words; LoRAs are written <lora:name:weight>.", field="prompt")
        loras.append(_lora(network))
    return Words(prompt, negative, tuple(loras))


def _check_regions(recipe: Recipe) -> None:
    for control in recipe.controls:
        if isinstance(control, RegionControl) and control.weight:
            named = parse_prompt(control.words, steps=1, dialect=recipe.dialect).networks
            if named:
                raise PromptError(f"<{named[0].kind}:...> stands in the words of a region, which has no networks of "
                                  "its own", field="control region",
                                  hint="Name it in the words for the whole picture, or with --lora.")


def _lora(network: Network) -> LoraRef:
    """A1111's reading: name, text encoder's weight, denoiser's weight (the text encoder's when it is left out)."""
    if not network.args:
        raise PromptError("<lora:...> names no LoRA", hint="Write <lora:name:weight>.", field="prompt")
    text, denoiser = network.strengths()
    if not (-10 <= text <= 10 and -10 <= denoiser <= 10):
        raise PromptError(f"<lora:{network.args[0]:.40}> has a weight past 10", hint="Use -10 to 10.", field="prompt")
    return LoraRef(name=network.args[0], weight=denoiser, text_weight=None if text == denoiser else text)
