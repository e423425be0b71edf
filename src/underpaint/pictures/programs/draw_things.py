"""Draw Things (Mac, iPad): JSON in XMP's exif:UserComment, or in EXIF's own."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from underpaint.pictures.found import Found
from underpaint.pictures.loose import first, listed, load_object, mapping, number, whole, words
from underpaint.pictures.reading import Reading
from underpaint.pictures.told import ENLARGED, PAINTED_OVER, Lora, Told, reading
from underpaint.pictures.xmp import xmp_value

_SIZE = re.compile(r"(\d{1,6})\s?x\s?(\d{1,6})")
_SAMPLERS = (("Trailing", "trailing"), ("AYS", None), ("Karras", "karras"))
_NAMES = {"Euler A": "Euler a", "DPM++ SDE": "DPM++ SDE", "DDIM": "DDIM", "Euler Ancestral": "Euler a"}
# Half precision and packed weights are marked in the file's name.
_PACKED = re.compile(r"_(?:f16|q[0-9]p|i8x|q[0-9]p_q[0-9]p)(?=\.|$)")


def read(found: Found) -> Reading | None:
    """A Reading of Draw Things' settings, or None."""
    for text in (xmp_value(found.xmp, "exif:UserComment"), found.exif.get("UserComment")):
        data = load_object(text)
        if data is not None and "c" in data and {"sampler", "steps", "model", "scale"} & data.keys():
            return reading(_account(data), found)
    return None


def _account(data: Mapping[str, Any]) -> Told:
    second = mapping(data.get("v2"))
    size = _SIZE.fullmatch(str(data.get("size", ""))[:20])
    sampler = words(data.get("sampler"))
    model = words(data.get("model"))
    return Told(
        source="draw-things", prompt=_text(data, "c"), negative_prompt=_text(data, "uc"), seed=whole(data.get("seed")),
        steps=whole(data.get("steps")), guidance=number(data.get("scale")), sampler=sampler,
        width=int(size[1]) if size else whole(second.get("width")),
        height=int(size[2]) if size else whole(second.get("height")), model=_PACKED.sub("", model) if model else None,
        loras=tuple(_loras(data)), **_sampling(sampler), clip_skip=whole(second.get("clipSkip")),
        noise="philox", notes=tuple(_notes(data, sampler)),
    )  # fmt: skip


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value.strip() if isinstance(value, str) else ""


def _sampling(sampler: str | None) -> dict[str, Any]:
    """`DPM++ 2M AYS`, `Euler A Trailing`: sampler and schedule in one name."""
    for ending, schedule in _SAMPLERS:
        if sampler and sampler.endswith(f" {ending}"):
            plain = sampler.removesuffix(f" {ending}")
            return {"sampler_here": _NAMES.get(plain, plain), "schedule_here": schedule}
    return {"sampler_here": _NAMES.get(sampler or "")}


def _loras(data: Mapping[str, Any]) -> Iterator[Lora]:
    for entry in (listed(data.get("lora")) or listed(data.get("loras")))[:64]:
        named = mapping(entry)
        name = first(words(named.get("model")), words(named.get("file")))
        if name:
            yield Lora(_PACKED.sub("", name), first(number(named.get("weight")), 1.0))


def _notes(data: Mapping[str, Any], sampler: str | None) -> Iterator[str]:
    if data.get("seed_mode") not in (None, "NVIDIA GPU Compatible"):
        yield "Draw Things draws its noise in its own way: the same seed gives another picture"
    if sampler and sampler.endswith(" AYS"):
        yield "the schedule 'AYS' is not known here: the model's own is followed"
    strength = number(data.get("strength"))
    if strength is not None and 0 < strength < 1:
        yield PAINTED_OVER
    if listed(data.get("control")):
        yield "the control pictures cannot be taken over from the file"
    if data.get("upscaler"):
        yield ENLARGED
