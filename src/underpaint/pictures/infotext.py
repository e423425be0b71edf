"""AUTOMATIC1111's infotext ("parameters"): written so that other programs read it, read as A1111 reads it.

Prompt, then `Negative prompt: ...`, then all `Key: value` pairs on the last line.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from underpaint.pictures.facts import Facts, gather, labels, stem
from underpaint.recipe import FillRecipe, Recipe

NEGATIVE = "Negative prompt:"
MAX_INFOTEXT = 4 << 20
# A1111 takes the last line for words when it finds fewer pairs than this on it.
FEWEST_PAIRS = 3
_SIZE = re.compile(r"(\d+)x(\d+)")
_NAMED_LORA = re.compile(r"<(?:lora|lyco):([^<>:]+)[:>]")
_EMPHASIS = {"no_norm": "No norm", "ignore": "Ignore", "none": "None"}
_CONTENT = {"blur": "fill", "noise": "latent noise", "nothing": "latent nothing"}


@dataclass(frozen=True)
class Infotext:
    """What A1111 makes of an infotext; `fields` are strings, a size `AxB` is two fields `Key-1` and `Key-2`."""

    prompt: str = ""
    negative_prompt: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


def parse_infotext(text: str) -> Infotext:
    """Read an infotext exactly as A1111 does, in time linear in its length. Never raises."""
    *lines, last = text[:MAX_INFOTEXT].strip().split("\n")
    pairs = list(_pairs(last))
    if len(pairs) < FEWEST_PAIRS:
        lines.append(last)
        pairs = []
    parts: dict[bool, list[str]] = {False: [], True: []}
    negative = False
    for line in (raw.strip() for raw in lines):
        if line.startswith(NEGATIVE):
            negative = True
            line = line[len(NEGATIVE) :].strip()
        if line or parts[negative]:  # empty lines before the first words vanish
            parts[negative].append(line)
    return Infotext("\n".join(parts[False]), "\n".join(parts[True]), _fields(pairs))


def _fields(pairs: list[tuple[str, str]]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for key, value in pairs:
        if value[:1] == '"' and value[-1:] == '"':
            value = _unquote(value)
        if not value:
            continue
        size = _SIZE.match(value) if _SIZE.fullmatch(value.removesuffix("\n")) else None
        if size is not None:
            fields[f"{key}-1"], fields[f"{key}-2"] = size.groups()
        else:
            fields[key] = value
    return fields


def _unquote(value: str) -> str:
    try:
        inner = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return inner if isinstance(inner, str) else value


def _pairs(line: str) -> Iterator[tuple[str, str]]:
    r"""The pairs that `\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)` finds, without its quadratic time.

    A key ends at a colon, so the search goes from colon to colon and looks back from each.
    """
    position = 0
    colon = line.find(":")
    while colon >= 0:
        start = colon
        while start > position and _in_key(line[start - 1]):
            start -= 1
        while start < colon and not _is_word(line[start]):
            start += 1
        if colon - start < 2:
            colon = line.find(":", colon + 1)
            continue
        value_start = colon + 1
        while value_start < len(line) and line[value_start].isspace():
            value_start += 1
        end = _end_of_value(line, value_start)
        yield line[start:colon], line[value_start:end]
        position = end + 1
        colon = line.find(":", position)


def _end_of_value(line: str, start: int) -> int:
    """Where a value ends: behind a quoted string that a comma or the end follows, else at the next comma."""
    if line.startswith('"', start):
        position = start + 1
        while position < len(line) and line[position] != '"':
            position += 2 if line[position] == "\\" else 1
        closed = start + 1 < position < len(line)
        if closed and (position + 1 == len(line) or line[position + 1] == ","):
            return position + 1
    comma = line.find(",", start)
    return len(line) if comma < 0 else comma


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _in_key(character: str) -> bool:
    return _is_word(character) or character in " -/"


def write_infotext(recipe: Recipe | None, plan: Mapping[str, Any] | None, version: str) -> str:
    """The infotext of a painted picture, in A1111's order of keys.

    A line of words that A1111 would take for the negative prompt is rewritten to words of the same meaning; where
    there would be fewer than three pairs, `App` and `Task` are added so that no words are taken for pairs.
    """
    facts = gather(recipe, plan)
    pairs = dict(_settings(facts))
    if recipe is not None:
        pairs |= dict(_extras(recipe, facts))
    written = [_pair(key, value) for key, value in pairs.items() if value not in (None, "")]
    if len(written) < FEWEST_PAIRS:
        written += _filler(recipe.task if recipe is not None else "create")
    written.append(_pair("Version", f"Underpaint {version}"))
    return _join(_words(facts), facts.negative_prompt, written)


def numbers_infotext(numbers: Mapping[str, Any], task: str, version: str) -> str:
    """An infotext without words or names, from plain `Key: number` facts."""
    written = [_pair(key, value) for key, value in numbers.items() if value is not None]
    return _join("", "", [*written, *_filler(task), _pair("Version", f"Underpaint {version}")])


def _filler(task: str) -> list[str]:
    return [_pair("App", "Underpaint"), _pair("Task", task)]


def _join(prompt: str, negative: str, pairs: list[str]) -> str:
    lines = [_defused(prompt)] if prompt else []
    lines += [f"{NEGATIVE} {_defused(negative)}"] if negative else []
    return "\n".join([*lines, ", ".join(pairs)])


def _defused(words: str) -> str:
    """Words of which no line begins like the negative prompt; `(x:1)` weighs x as it was."""
    lines = (line.strip() for line in words.split("\n"))
    return "\n".join(
        f"({NEGATIVE[:-1]}:1):{line[len(NEGATIVE) :]}" if line.startswith(NEGATIVE) else line for line in lines
    )


def _words(facts: Facts) -> str:
    """The prompt with a `<lora:name:weight>` for each LoRA that it does not name yet."""
    prompt = facts.prompt
    named = {stem(match[1]) for match in _NAMED_LORA.finditer(prompt)}
    for lora in facts.loras:
        name = stem(lora.name)
        if name not in named:
            named.add(name)
            text = lora.weight if lora.text_weight is None else lora.text_weight
            weights = _number(text) if text == lora.weight else f"{_number(text)}:{_number(lora.weight)}"
            prompt = f"{prompt} <lora:{name}:{weights}>".lstrip()
    return prompt


def _pair(key: str, value: object) -> str:
    text = _number(value) if isinstance(value, float) else str(value)
    return f"{key}: {_quoted(text)}"


def _number(value: float) -> str:
    """The shortest digits that give the same number back; whole ones without a point."""
    return repr(value).removesuffix(".0")


def _quoted(text: str) -> str:
    plain = text.strip() == text and not text.startswith('"') and not any(sign in text for sign in ",:\n")
    return text if plain else json.dumps(text, ensure_ascii=False)


def _settings(facts: Facts) -> Iterator[tuple[str, object]]:
    sampler, schedule = labels(facts.sampler, facts.schedule)
    yield "Steps", facts.steps
    yield "Sampler", sampler
    yield "Schedule type", schedule
    yield "CFG scale", facts.guidance
    yield "Seed", facts.seed
    yield "Size", f"{facts.width}x{facts.height}" if facts.width and facts.height else None
    yield "Model hash", facts.model_hash and facts.model_hash[:10]
    yield "Model", facts.model and stem(facts.model)
    yield "VAE hash", facts.vae_hash and facts.vae_hash[:10]
    yield "VAE", facts.vae and stem(facts.vae)


def _extras(recipe: Recipe, facts: Facts) -> Iterator[tuple[str, object]]:
    noise, sampling, second = recipe.noise, recipe.sampling, recipe.second_pass
    if noise.variation_strength > 0:
        yield "Variation seed", noise.variation_seed
        yield "Variation seed strength", noise.variation_strength
    yield "Denoising strength", facts.strength
    yield "Clip skip", recipe.clip_skip if recipe.clip_skip and recipe.clip_skip > 1 else None
    yield "ENSD", noise.offset or None
    yield "RNG", "CPU" if noise.source == "cpu" else "NV"
    yield "Eta DDIM" if labels(facts.sampler, None)[0] == "DDIM" else "Eta", sampling.eta
    yield "Sigma churn", sampling.s_churn or None
    yield "Sigma tmin", sampling.s_tmin or None
    yield "Sigma tmax", sampling.s_tmax
    yield "Sigma noise", sampling.s_noise if sampling.s_noise != 1 else None
    yield "Emphasis", _EMPHASIS.get(recipe.emphasis)
    if isinstance(recipe, FillRecipe):
        yield "Inpaint area", "Only masked" if recipe.area == "masked" else None
        yield "Masked area padding", recipe.padding if recipe.area == "masked" else None
        yield "Masked content", _CONTENT.get(recipe.content)
    if second is not None:
        yield "Hires upscale", second.scale
        # A1111 paints as many as it says; a recipe counts those that the strength leaves out too.
        yield "Hires steps", max(1, int(second.steps * second.strength)) if second.steps else None
        yield "Hires upscaler", "Latent" if second.upscale == "latent" else None
    known = {stem(lora.name).replace(":", "").replace(",", ""): lora.hash[:12] for lora in facts.loras if lora.hash}
    yield "Lora hashes", ", ".join(f"{name}: {digest}" for name, digest in known.items()) or None
