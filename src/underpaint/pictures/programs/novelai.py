"""NovelAI: a PNG's `Comment` (or a WebP's UserComment, or the pixels) holds the settings as JSON."""

from collections.abc import Iterator, Mapping
from typing import Any

from underpaint.pictures.found import Found
from underpaint.pictures.loose import first, listed, load_object, mapping, number, unmangled, whole, words
from underpaint.pictures.programs.weights import braces_to_weights
from underpaint.pictures.reading import Reading
from underpaint.pictures.told import PAINTED_OVER, Told, reading

_MARKS = {"v4_prompt", "uncond_scale", "noise_schedule", "signed_hash", "request_type"}
_SAMPLERS = {"k_euler_ancestral": "Euler a", "k_dpmpp_2s_ancestral": "DPM++ 2S a", "k_dpm_2_ancestral": "DPM2 a",
             "ddim_v3": "DDIM", "nai_smea": "Euler a", "nai_smea_dyn": "Euler a", "k_dpm_fast": "DPM fast",
             "k_dpm_adaptive": "DPM adaptive"}
_SCHEDULES = {"native": "automatic", "polyexponential": "exponential"}


def read(found: Found) -> Reading | None:
    """A Reading of NovelAI's settings, or None."""
    software = found.text("Software") or found.exif.get("Software") or ""
    named = software.startswith("NovelAI")
    for text in (found.text("Comment"), found.exif.get("UserComment"), *found.comments):
        data = load_object(text)
        if data is not None and "Comment" in data and load_object(data["Comment"]) is not None:
            data = load_object(data["Comment"])  # as WebP files have it: the PNG's texts as one object
        if data is not None and ((named and "steps" in data) or (_MARKS & data.keys() and "prompt" in data)):
            return reading(_account(data, found), found)
    return None


def _account(data: Mapping[str, Any], found: Found) -> Told:
    described = unmangled(found.text("Description") or "")
    positive = words(_caption(data, "v4_prompt")) or words(data.get("prompt")) or described
    negative = first(words(_caption(data, "v4_negative_prompt")), words(data.get("uc")), "")
    characters = list(_characters(data, "v4_prompt"))
    painted = [braces_to_weights(part) for part in (positive, *characters)]
    unwanted = [braces_to_weights(part) for part in (negative, *_characters(data, "v4_negative_prompt"))]
    sampler, schedule = words(data.get("sampler")), words(data.get("noise_schedule"))
    hidden = found.text("Source") or ""
    return Told(
        source="novelai", prompt=positive, negative_prompt=negative, seed=whole(data.get("seed")),
        steps=whole(data.get("steps")), guidance=number(data.get("scale")), sampler=sampler, schedule=schedule,
        width=whole(data.get("width")), height=whole(data.get("height")), model=words(hidden),
        painted_words=(_joined(painted), _joined(unwanted)),
        sampler_here=_SAMPLERS.get(sampler or ""), schedule_here=_SCHEDULES.get(schedule or ""),
        rescale=number(data.get("cfg_rescale")) or None, notes=tuple(_notes(data, characters)),
    )  # fmt: skip


def _notes(data: Mapping[str, Any], characters: list[str]) -> Iterator[str]:
    yield "NovelAI's models cannot be had: another model paints another picture"
    if characters:
        yield f"the words of {len(characters)} characters are set behind the others: they have no places of their own"
    if data.get("request_type") in ("Img2ImgRequest", "NativeInfillingRequest"):
        yield PAINTED_OVER
    if data.get("sm") is True:
        yield "SMEA has no counterpart here"
    for key in ("reference_strength_multiple", "reference_information_extracted_multiple"):
        if listed(data.get(key)):
            yield "the pictures it was led by (vibe transfer) are not in the file"
            return


def _caption(data: Mapping[str, Any], key: str) -> object:
    return mapping(mapping(data.get(key)).get("caption")).get("base_caption")


def _characters(data: Mapping[str, Any], key: str) -> Iterator[str]:
    captions = listed(mapping(mapping(data.get(key)).get("caption")).get("char_captions"))
    for entry in captions[:32]:
        caption = words(mapping(entry).get("char_caption"))
        if caption:
            yield caption


def _joined(parts: list[str]) -> str:
    return ", ".join(part.strip().rstrip(",") for part in parts if part.strip()) if len(parts) > 1 else parts[0]
