"""From what another program told to the nearest recipe of ours, and what will differ, in sentences."""

import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from underpaint.errors import RecipeError
from underpaint.pictures.facts import stem
from underpaint.recipe import parse_recipe
from underpaint.recipe.samplers import (
    WITHOUT_TWIN,
    SamplerName,
    ScheduleName,
    check_schedule,
    resolve_sampler,
    resolve_schedule,
)

if TYPE_CHECKING:
    from underpaint.pictures.told import Told

_SHA = re.compile(r"[0-9a-f]{10,64}")
_NETWORK = re.compile(r"<(\w{1,40}):[^<>]{1,300}>")
_SUFFIXES = (".safetensors", ".ckpt", ".sft", ".gguf", ".pth", ".pt", ".bin")
_NAMED = 60
_MAX_LORAS = 64  # as many as a recipe takes
MAX_NOTES = 40


def nearest_recipe(told: "Told") -> tuple[dict[str, Any], tuple[str, ...]]:
    """The recipe as JSON data, and sentences about what it leaves out or changes. Never raises."""
    notes = list(told.notes)
    data: dict[str, Any] = {"task": "create"}
    for key, value in _wanted(told, notes):
        if value in (None, "", {}, []):
            continue
        try:
            data = parse_recipe({**data, key: value}).model_dump(mode="json")
        except RecipeError as error:
            notes.append(f"the {_plain(key)} cannot be taken over: {error.message}")
    if len(notes) > MAX_NOTES:
        notes = [*notes[: MAX_NOTES - 1], f"and {len(notes) - MAX_NOTES + 1} things more"]
    return data, tuple(dict.fromkeys(note[:400] for note in notes))


def _wanted(told: "Told", notes: list[str]) -> Iterator[tuple[str, Any]]:
    prompt, negative = told.painted_words or (told.prompt or "", told.negative_prompt or "")
    prompt = _NETWORK.sub(lambda match: _without(match, notes), prompt)
    yield "dialect", told.dialect if told.dialect != "a1111" else None
    yield "emphasis", told.emphasis
    yield "prompt", prompt
    yield "negative_prompt", negative
    if told.seed is not None and told.seed < 0:
        notes.append("the seed was left to chance and not written down: another picture will come out")
    yield "seed", told.seed if told.seed is None or told.seed >= 0 else None
    yield "width", told.width
    yield "height", told.height
    yield from _sampling(told, notes)
    scale = told.guidance if told.guidance_here is None else told.guidance_here
    yield "guidance", _given(scale=scale, rescale=told.rescale)
    yield "clip_skip", told.clip_skip if told.clip_skip and told.clip_skip > 0 else None
    variation = told.variation or (None, None)
    yield "noise", _given(source=told.noise, offset=told.noise_offset, variation_seed=variation[0],
                          variation_strength=variation[1])
    yield "model", _model(told)
    yield "vae", {"name": bare(told.vae)} if told.vae else None
    if not told.loras_in_words:
        yield "loras", [_given(name=bare(lora.name), weight=lora.weight, text_weight=lora.text_weight)
                        for lora in told.loras[:_MAX_LORAS]]
    yield "second_pass", told.second_pass


def _without(match: re.Match[str], notes: list[str]) -> str:
    """LoRAs stay in the words; nothing here knows the other networks and commands that stand in angle brackets."""
    if match[1] in ("lora", "lyco"):
        return match[0]
    notes.append(f"'{match[0]:.{_NAMED}}' has no counterpart here and is left out of the words")
    return ""


def _sampling(told: "Told", notes: list[str]) -> Iterator[tuple[str, Any]]:
    """One field at a time, so that steps out of range do not take the sampler with them."""
    sampler, schedule = _names(told, notes)
    chosen: dict[str, Any] = _given(sampler=sampler and sampler.id, schedule=schedule and schedule.id)
    yield "sampling", chosen
    for key, value in (("steps", told.steps), ("eta", told.eta)):
        if value is not None:
            try:
                parse_recipe({"task": "create", "sampling": {**chosen, key: value}})
            except RecipeError as error:
                notes.append(f"the {key} cannot be taken over: {error.message}")
            else:
                chosen = {**chosen, key: value}
    yield "sampling", chosen


def _names(told: "Told", notes: list[str]) -> tuple[SamplerName | None, ScheduleName | None]:
    """Our sampler and schedule: the twins, else the nearest, said in a note."""
    sampler = schedule = None
    asked = told.sampler_here or told.sampler
    if asked:
        sampler, schedule = _sampler(asked, notes)
    wanted = told.schedule_here or told.schedule
    if wanted:
        try:
            schedule = resolve_schedule(wanted)
        except RecipeError:
            notes.append(f"the schedule '{wanted:.{_NAMED}}' is not known here: the model's own is followed")
    if sampler is not None and schedule is not None:
        try:
            check_schedule(sampler, schedule)
        except RecipeError:
            notes.append(f"here {sampler.label} cannot follow {schedule.label} and follows the model's own schedule")
            schedule = None
    if sampler is not None and not sampler.exact:
        notes.append(f"the sampler {sampler.label} comes near, not exactly: {sampler.note}")
    if schedule is not None and not schedule.exact:
        notes.append(f"the schedule {schedule.label} comes near, not exactly: {schedule.note}")
    return sampler, schedule


def _sampler(asked: str, notes: list[str]) -> tuple[SamplerName | None, ScheduleName | None]:
    try:
        return resolve_sampler(asked)
    except RecipeError:
        plain = _squeezed(asked)
        for name, near in WITHOUT_TWIN.items():
            if plain.startswith(_squeezed(name)):
                chosen, _ = resolve_sampler(near[0])
                notes.append(f"the sampler '{asked:.{_NAMED}}' has no twin here: {chosen.label} is the nearest")
                return chosen, _trailing_schedule(plain)
    notes.append(f"the sampler '{asked:.{_NAMED}}' is not known here: the model's own is used")
    return None, None


def _trailing_schedule(plain: str) -> ScheduleName | None:
    for name in ("karras", "exponential", "beta"):
        if plain.endswith(name):
            return resolve_schedule(name)
    return None


def _squeezed(name: str) -> str:
    return "".join(letter for letter in name.casefold().replace("++", "pp") if letter.isalnum())


def _model(told: "Told") -> dict[str, Any] | None:
    if not told.model:
        return None
    digest = (told.model_hash or "").lower()
    return _given(name=bare(told.model), hash=digest if told.hash_is_sha and _SHA.fullmatch(digest) else None)


def counted_steps(painted: int | None, strength: float | None) -> int | None:
    """Steps as a recipe counts them (the strength leaves a share of them out), from those that were painted."""
    if painted is None or strength is None or not 0 < strength < 1:
        return painted
    return min(math.ceil(painted / strength - 1e-6), 1000)


def bare(name: str) -> str:
    """A model's name without folders and without the ending of its file."""
    last = stem(name)
    ending = next((suffix for suffix in _SUFFIXES if last.lower().endswith(suffix)), "")
    return last[: len(last) - len(ending)] or last


def _plain(key: str) -> str:
    return key.replace("_", " ")


def _given(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
