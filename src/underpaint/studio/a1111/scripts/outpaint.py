"""Outpainting mk2 and Poor man's outpainting: the canvas grows, and what is new is filled in."""

from collections.abc import Sequence
from typing import Any

from underpaint.library.drawings import Stored
from underpaint.studio.a1111.begun import MOST_FEATHER, content_of
from underpaint.studio.a1111.errors import Unprocessable
from underpaint.studio.a1111.recipes import painted_recipe, strength_of
from underpaint.studio.a1111.replies import ScriptArgument
from underpaint.studio.a1111.scripts.shape import Given, Made, Script, argument, whole

_SIDES = {"left": "left", "right": "right", "up": "top", "down": "bottom", "top": "top", "bottom": "bottom"}
_FILLS = ["fill", "original", "latent noise", "latent nothing"]
MOST_PIXELS = 4096


def _arguments_mk2(tab: str) -> list[ScriptArgument]:
    return [ScriptArgument(label="", value=""), *_shared(128, 8),
            ScriptArgument(label="Outpainting direction", value=["left", "right", "up", "down"],
                           choices=["left", "right", "up", "down"]),
            ScriptArgument(label="Fall-off exponent (lower=higher detail)", value=1.0, minimum=0.0, maximum=4.0),
            ScriptArgument(label="Color variation", value=0.05, minimum=0.0, maximum=1.0)]


def _arguments_poor(tab: str) -> list[ScriptArgument]:
    return [*_shared(128, 4), ScriptArgument(label="Masked content", value="fill", choices=_FILLS),
            ScriptArgument(label="Outpainting direction", value=["left", "right", "up", "down"],
                           choices=["left", "right", "up", "down"])]


def _shared(pixels: int, blur: int) -> list[ScriptArgument]:
    return [ScriptArgument(label="Pixels to expand", value=pixels, minimum=8, maximum=256, step=8),
            ScriptArgument(label="Mask blur", value=blur, minimum=0, maximum=64, step=1)]


def _make_mk2(given: Given, args: Sequence[Any]) -> Made:
    return _grown(given, whole(args, 1, 128, "Pixels to expand"), whole(args, 2, 8, "Mask blur"),
                  argument(args, 3, list(_SIDES)[:4]), "blur")


def _make_poor(given: Given, args: Sequence[Any]) -> Made:
    fill = argument(args, 2, 0)
    fill = _FILLS.index(fill) if fill in _FILLS else fill
    if isinstance(fill, bool) or not isinstance(fill, int):
        raise Unprocessable("0 to 3 is wanted", field="script_args (Masked content)")
    return _grown(given, whole(args, 0, 128, "Pixels to expand"), whole(args, 1, 4, "Mask blur"),
                  argument(args, 3, list(_SIDES)[:4]), content_of(fill))


def _grown(given: Given, pixels: int, blur: int, sides: Any, content: str) -> Made:
    sides = [sides] if isinstance(sides, str) else sides
    known = isinstance(sides, list) and all(isinstance(one, str) and one.lower() in _SIDES for one in sides)
    if not known or not sides:
        raise Unprocessable("directions are left, right, up and down", field="script_args (Outpainting direction)")
    if not 1 <= pixels <= MOST_PIXELS:
        raise Unprocessable(f"1 to {MOST_PIXELS:,} pixels are wanted", field="script_args (Pixels to expand)")
    asked, recipes = given.asked, []
    for number in range(asked.request.pictures):
        begun = given.begun[number % len(given.begun)]
        stored = Stored.of(begun.data, "init image")
        asked.blobs[stored.blob.sha256] = stored.data
        own = {"task": "fill", "picture": stored.blob.model_dump(mode="json"), "content": content,
               "outpaint": {_SIDES[one.lower()]: pixels for one in sides}, "strength": strength_of(asked.request),
               "feather": min(max(blur, 0), MOST_FEATHER)}
        recipes.append(painted_recipe(asked, number, own))
    return Made(recipes, range(len(recipes)))


MK2 = Script("Outpainting mk2", ("img2img",), _arguments_mk2, _make_mk2)
POOR_MANS = Script("Poor man's outpainting", ("img2img",), _arguments_poor, _make_poor)
