"""Texts inside texts: what programs and converters pack into EXIF, comments and ImageMagick's profiles.

A JPEG or WebP has no place for a PNG's named texts, so they come as one JSON object in the UserComment, or as
`prompt:{...}` in tags that mean something else. Here they get their names back.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from underpaint.pictures.exif import decode_bytes, decode_user_comment, read_exif
from underpaint.pictures.found import Found
from underpaint.pictures.limits import Limits
from underpaint.pictures.loose import dump_json, load_object

_PREFIXED = re.compile(r"\s{0,8}(prompt|workflow|parameters)\s{0,8}:\s{0,8}(?=\{)", re.IGNORECASE)
_RAW_PROFILE = re.compile(r"Raw profile type (exif|app1|xmp)", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-fA-F]{16,}")
_MARKS = {"invokeai_metadata", "sd-metadata", "Dream", "generation_data", "smproj", "parameters-json", "extraMetadata",
          "invokeai_graph", "fooocus_scheme"}  # fmt: skip
"""Names of texts that no program uses for anything else."""
_NAI = {"Software", "Source", "Title", "Description"}
_MAX_KEYS = 64


def unwrap(found: Found, limits: Limits) -> Found:
    """The same with EXIF out of ImageMagick's profiles, and `inner` filled. Never raises."""
    found = _with_profiles(found, limits)
    inner: dict[str, str] = {}
    places = [found.exif.get("UserComment"), *(text for name, text in found.exif.items() if name != "UserComment"),
              *found.comments, found.texts.get("UserComment"), found.texts.get("exif")]
    for text in places:
        for name, value in _inside(text or ""):
            inner.setdefault(name, value)
    return replace(found, inner=inner) if inner else found


def _inside(text: str) -> Iterator[tuple[str, str]]:
    prefixed = _PREFIXED.match(text)
    if prefixed:
        yield prefixed[1].lower(), text[prefixed.end() :]
        return
    data = load_object(text)
    if data is None:
        return
    if is_graph(data):
        yield "prompt", text
        yield from ((name, _as_text(data[name])) for name in ("extraMetadata", "extra") if name in data)
    elif isinstance(data.get("nodes"), list):
        yield "workflow", text
    elif "sui_image_params" in data:
        yield "parameters", text
    elif _is_wrapper(data):
        yield from ((name, _as_text(value)) for name, value in list(data.items())[:_MAX_KEYS])


def is_graph(data: Mapping[str, Any]) -> bool:
    """Whether this is ComfyUI's graph of nodes as its API takes it."""
    return any(isinstance(node, Mapping) and isinstance(node.get("class_type"), str) for node in data.values())


def _is_wrapper(data: Mapping[str, Any]) -> bool:
    if _MARKS & data.keys():
        return True
    if isinstance(data.get("Comment"), str | Mapping) and _NAI & data.keys():
        return True
    prompt, workflow = load_object(data.get("prompt")), load_object(data.get("workflow"))
    if (prompt and is_graph(prompt)) or (workflow and isinstance(workflow.get("nodes"), list)):
        return True
    parameters = data.get("parameters")
    infotext = isinstance(parameters, str) and "Steps: " in parameters
    return infotext or "sui_image_params" in (load_object(parameters) or {})


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else dump_json(value)


def _with_profiles(found: Found, limits: Limits) -> Found:
    """ImageMagick keeps EXIF and XMP as hexadecimal in PNG texts; some writers do the same inside the comment."""
    for name, text in found.texts.items():
        kind = _RAW_PROFILE.fullmatch(name)
        data = _unhex(text.split("\n", 3)[-1]) if kind else None
        if kind and data is not None and kind[1].lower() == "xmp":
            found = replace(found, xmp=found.xmp or decode_bytes(data))
        elif data is not None:
            found = replace(found, exif={**read_exif(data, limits.text_bytes).texts, **found.exif})
    comment = found.exif.get("UserComment", "")
    plain = _unhex(comment) if _HEX.fullmatch(comment.strip()) else None
    if plain is not None:
        found = replace(found, exif={**found.exif, "UserComment": decode_user_comment(plain)})
    return found


def _unhex(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None
