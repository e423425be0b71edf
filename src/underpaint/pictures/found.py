"""What a picture file carries besides its pixels, before anyone says which program wrote it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KEYWORD = "underpaint"
"""The PNG text that holds our record."""


@dataclass(frozen=True)
class Found:
    """Metadata as found in one file, decoded to text but not yet understood.

    `texts` are PNG texts by keyword; `exif` are EXIF texts by tag name (`UserComment`, `ImageDescription`, `Make`
    ...); `comments` are JPEG comments; `packets` are our own binary pieces (see packets.py). `animated` counts
    frames where the container says so. `notes` say what was left unread and why. `credentials` is a C2PA manifest.
    `inner` are texts as of a PNG that were found inside other texts or in the pixels (see unwrap.py, stealth.py).
    """

    format: str | None = None
    width: int | None = None
    height: int | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    exif: Mapping[str, str] = field(default_factory=dict)
    orientation: int = 1
    comments: tuple[str, ...] = ()
    xmp: str | None = None
    icc: bytes | None = None
    packets: tuple[bytes, ...] = ()
    frames: int = 1
    notes: tuple[str, ...] = ()
    credentials: bytes | None = None
    inner: Mapping[str, str] = field(default_factory=dict)

    def text(self, keyword: str) -> str | None:
        """The PNG text of this name, or what another container holds under the same name."""
        return self.texts.get(keyword, self.inner.get(keyword))

    def raw(self) -> dict[str, Any]:
        """Every text as found, by where it was found: what `info` shows when no reader knows the program."""
        found: dict[str, Any] = dict(self.texts)
        found.update({f"exif {name}": text for name, text in self.exif.items()})
        for number, comment in enumerate(self.comments):
            found["comment" if number == 0 else f"comment {number + 1}"] = comment
        if self.xmp is not None and self.xmp not in self.texts.values():
            found["xmp"] = self.xmp
        if self.notes:
            found["unread"] = list(self.notes)
        return found
