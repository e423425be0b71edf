"""Content Credentials (C2PA): who made a picture, where nothing else says anything.

The manifest's boxes are not taken apart and its signature is not checked: only the texts that name the maker and IPTC's
digital source type are looked for, so what is said here is a claim.
"""

import re

from underpaint.pictures.found import Found
from underpaint.pictures.reading import Reading

_TYPE = re.compile(rb"digitalsourcetype/([A-Za-z]{1,60})")
_MAKERS = ((b"OpenAI", "OpenAI"), (b"ChatGPT", "OpenAI"), (b"Google", "Google"), (b"Adobe Firefly", "Adobe Firefly"),
           (b"Adobe", "Adobe"), (b"Microsoft", "Microsoft"), (b"Stability AI", "Stability AI"),
           (b"Midjourney", "Midjourney"), (b"Black Forest", "Black Forest Labs"), (b"TikTok", "TikTok"))  # fmt: skip
_PAINTED = {"trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "algorithmicMedia", "compositeSynthetic"}
_NEAR = 256


def read(found: Found) -> Reading | None:
    """A Reading of a manifest that says the picture was generated, or None. It never holds words or settings."""
    manifest = found.credentials
    if not manifest or (b"c2pa" not in manifest and b"jumb" not in manifest):
        return None
    kinds = [match.decode() for match in _TYPE.findall(manifest)[:64]]
    kind = next((one for one in kinds if one in _PAINTED), None)
    if kind is None:
        return None
    maker = next((name for mark, name in _MAKERS if mark in manifest), None)
    said = {"maker": maker, "program": _generator(manifest), "digital_source_type": kind}
    said = {key: value for key, value in said.items() if value is not None}
    note = "Content Credentials name the maker only: no words, seed or settings are in the file"
    return Reading(source="c2pa", width=found.width, height=found.height,
                   raw={**found.raw(), "c2pa": said, "unmapped": [note]})


def _generator(manifest: bytes) -> str | None:
    """`claim_generator_info`'s `name`: a CBOR text behind the key."""
    place = manifest.find(b"claim_generator_info")
    key = manifest.find(b"\x64name", place, place + _NEAR) if place >= 0 else -1
    if key < 0:
        return None
    start = key + 5
    head = manifest[start] if start < len(manifest) else 0
    if 0x60 <= head < 0x78:
        length, start = head - 0x60, start + 1
    elif head == 0x78 and start + 1 < len(manifest):
        length, start = manifest[start + 1], start + 2
    else:
        return None
    return manifest[start : start + length].decode("utf-8", "replace") or None
