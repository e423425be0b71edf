"""A scene seen in a mirror: what of its words changes sides."""

import re

_SIDES = {"left": "right", "right": "left"}
_SIDED = ("position", "light", "facing", "relation")


def mirrored_words(caption: str) -> str:
    """The caption of the mirrored picture: left and right change places."""
    return re.sub(r"\b(left|right)\b", lambda match: _SIDES[match.group()], caption)


def mirrored_value(factor: str, value: str) -> str:
    """What a factor's value becomes in the mirrored picture."""
    return mirrored_words(value) if factor in _SIDED else value
