"""mflux (Flux on Apple's chips): JSON in EXIF's UserComment, a part of it in XMP."""

from collections.abc import Iterator, Mapping
from typing import Any

from underpaint.pictures.found import Found
from underpaint.pictures.loose import first, listed, load_object, number, whole, words
from underpaint.pictures.reading import Reading
from underpaint.pictures.told import PAINTED_OVER, Lora, Told, reading
from underpaint.pictures.xmp import xmp_value

_LED = {"controlnet_image_path": "the control picture", "masked_image_path": "the mask",
        "depth_image_path": "the depth picture", "redux_image_paths": "the pictures it was led by",
        "image_paths": "the pictures it was led by"}


def read(found: Found) -> Reading | None:
    """A Reading of mflux's settings, or None."""
    data = load_object(found.exif.get("UserComment"))
    if data is not None and "mflux_version" in data:
        return reading(_account(data), found)
    if not (xmp_value(found.xmp, "xmp:CreatorTool") or "").startswith("MFLUX"):
        return None
    return reading(_account(dict(_from_xmp(found))), found)


def _from_xmp(found: Found) -> Iterator[tuple[str, str | None]]:
    yield "prompt", xmp_value(found.xmp, "dc:description")
    for key in ("seed", "steps", "guidance", "model", "loras"):
        yield key, xmp_value(found.xmp, f"mflux:{key}")


def _account(data: Mapping[str, Any]) -> Told:
    prompt, negative = data.get("prompt"), data.get("negative_prompt")
    return Told(
        source="mflux", prompt=prompt if isinstance(prompt, str) else "",
        negative_prompt=negative if isinstance(negative, str) else "", seed=whole(data.get("seed")),
        steps=whole(data.get("steps")), guidance=number(data.get("guidance")), width=whole(data.get("width")),
        height=whole(data.get("height")), model=words(data.get("model")), loras=tuple(_loras(data)),
        emphasis="none", notes=tuple(_notes(data)),  # its text encoder knows no weights
    )  # fmt: skip


def _loras(data: Mapping[str, Any]) -> Iterator[Lora]:
    scales = listed(data.get("lora_scales"))
    for index, path in enumerate(listed(data.get("lora_paths"))[:64]):
        if words(path):
            yield Lora(path, first(number(scales[index]) if index < len(scales) else None, 1.0))
    for entry in str(data.get("loras") or "").split(",")[:64]:
        name, colon, weight = entry.strip().rpartition(":")
        if colon and name:
            yield Lora(name, first(number(weight), 1.0))


def _notes(data: Mapping[str, Any]) -> Iterator[str]:
    yield "mflux draws its noise on Apple's chips: the same seed gives another picture"
    if data.get("image_path"):
        yield PAINTED_OVER
    for key, meaning in _LED.items():
        if data.get(key):
            yield f"{meaning} cannot be taken over from the file"
    if data.get("quantize"):
        yield f"its model was packed to {data['quantize']!s:.10} bits a weight"
