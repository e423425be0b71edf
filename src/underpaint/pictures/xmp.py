"""Single values out of XMP, without an XML parser: entities of a stranger's document are never expanded."""

import html
import re

_TAG = re.compile(r"<[^<>]{0,500}>")


def xmp_value(packet: str | None, name: str) -> str | None:
    """The text of `prefix:Name`, whether it stands as an element (lists and languages too) or as an attribute."""
    if not packet:
        return None
    start = packet.find(f"<{name}>")
    if start < 0:
        start = packet.find(f"<{name} ")
    if start >= 0:
        opened = packet.find(">", start)
        end = packet.find(f"</{name}>", opened)
        if opened >= 0 and end >= 0:
            return _plain(packet[opened + 1 : end])
    match = re.search(rf"\s{re.escape(name)}\s{{0,4}}=\s{{0,4}}(?:\"([^\"]*)\"|'([^']*)')", packet)
    return html.unescape(match[1] if match[1] is not None else match[2]) if match else None


def _plain(inside: str) -> str:
    """The text of an element without the tags of a list around it."""
    if inside.startswith("<![CDATA["):
        return inside[9:].removesuffix("]]>")
    start, end = inside.find("<rdf:li"), inside.find("</rdf:li>")
    if 0 <= start < end:
        inside = inside[inside.find(">", start) + 1 : end]
    return html.unescape(_TAG.sub("", inside))
