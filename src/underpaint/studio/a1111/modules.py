"""ControlNet's modules and models by the names its clients know, and which of our controls each one is.

The maps are made by our own extractors: a name says what kind of map is meant, not which network makes it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from underpaint.errors import ModelError
from underpaint.models import Kind, ModelDescription
from underpaint.studio.a1111.answers import NotServed, Unprocessable
from underpaint.studio.a1111.shelf import Shelf


@dataclass(frozen=True)
class Module:
    """`kind` is the control, `way` how it makes its map; "" where the picture is the map already."""

    kind: str
    way: str = ""


_LINES = {"canny": "canny", "lineart": "clean", "scribble": "scribble", "softedge": "soft", "hed": "soft",
          "pidinet": "soft", "teed": "soft", "fake_scribble": "scribble", "t2ia_sketch": "soft"}
MODULES: Mapping[str, Module] = MappingProxyType({
    "none": Module(""),
    "invert (from white bg & black line)": Module("line", "drawing"),
    "canny": Module("line", "canny"),
    "lineart_standard (from white bg & black line)": Module("line", "drawing"),
    "lineart_realistic": Module("line", "clean"),
    "lineart_coarse": Module("line", "clean"),
    "lineart_anime": Module("line", "clean"),
    "scribble_pidinet": Module("line", "scribble"),
    "scribble_xdog": Module("line", "scribble"),
    "softedge_pidinet": Module("line", "soft"),
    "softedge_hed": Module("line", "soft"),
    "t2ia_color_grid": Module("colour", "flat"),
})
"""Those that are listed. Others of the same families are taken too, by how their names begin."""
ALIASES = MappingProxyType({"invert": "invert (from white bg & black line)", "lineart_standard":
                            "lineart_standard (from white bg & black line)", "color": "t2ia_color_grid"})
KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "Canny": ("canny",), "Lineart": ("lineart", "line", "sketch", "invert"), "Scribble": ("scribble",),
    "SoftEdge": ("softedge", "hed", "pidinet", "teed"), "T2I-Adapter": ("color", "t2ia_color"),
})
"""ControlNet's types that are served, each with how names of its modules and models begin or what they hold."""
OWN_MODELS = ("underpaint_canny", "underpaint_lineart", "underpaint_scribble", "underpaint_softedge",
              "underpaint_color")
"""One name for each type, as clients want a model to choose; all of lines are one control."""
_REFUSED = MappingProxyType({
    "depth": "no map of depth is made from a picture here", "zoe": "no map of depth is made from a picture here",
    "midas": "no map of depth is made from a picture here", "leres": "no map of depth is made from a picture here",
    "openpose": "people's poses are not found in pictures here", "dw_openpose": "people's poses are not found in "
    "pictures here", "densepose": "people's poses are not found in pictures here",
    "animal": "animals' poses are not found in pictures here", "mediapipe": "faces are not found in pictures here",
    "normal": "no map of normals is made from a picture here", "bae": "no map of normals is made from a picture here",
    "dsine": "no map of normals is made from a picture here", "seg": "pictures are not segmented here",
    "oneformer": "pictures are not segmented here", "mlsd": "straight lines alone are not drawn here: use perspective",
    "tile": "detail is added by SD upscale", "blur": "detail is added by SD upscale", "inpaint": "holes are filled by "
    "img2img with a mask", "ip-adapter": "no picture prompts are read here", "clip_vision": "no picture prompts are "
    "read here", "revision": "no picture prompts are read here", "reference": "attention is not shared between "
    "pictures here", "shuffle": "pictures are not shuffled here", "recolor": "greys are not coloured here",
    "instant_id": "no faces are learned from a picture here", "photomaker": "no faces are learned from a picture here",
    "pulid": "no faces are learned from a picture here", "threshold": "use canny or lineart_standard",
    "t2ia_style": "no picture prompts are read here", "instruct": "no model here is told what to change",
    "ip2p": "no model here is told what to change", "sparsectrl": "no films are painted here", "qr": "codes are not "
    "hidden in pictures here", "brightness": "use the light control of our own API", "facexlib": "faces are not found "
    "in pictures here", "anime_face": "pictures are not segmented here",
})


def module_of(name: str | None) -> Module:
    """The control of a module. Raises NotServed for one that is not served, Unprocessable for a name there is not."""
    low = (name or "none").strip().lower()
    low = ALIASES.get(low, low)
    if low in MODULES:
        return MODULES[low]
    for beginning, way in _LINES.items():
        if low.startswith(beginning):
            return Module("line", way)
    for beginning, why in _REFUSED.items():
        if low.startswith(beginning):
            raise NotServed(f"module({name}): {why}", field="module", hint="See docs/a1111.md for what is served.")
    raise Unprocessable(f"module({name}) not found in supported modules.", field="module",
                        hint="See /controlnet/module_list.")


def kind_of_model(name: str | None) -> str:
    """The control that a model's name stands for, "" for none. Raises NotServed or Unprocessable for others."""
    low = (name or "none").strip().lower()
    if low in ("none", "automatic", ""):
        return ""
    if any(word in low for word in ("color", "colour")):
        return "colour"
    if any(word in low for words in list(KINDS.values())[:-1] for word in words):
        return "line"
    for word, why in _REFUSED.items():
        if word in low:
            raise NotServed(f"model({name}): {why}", field="model", hint="See docs/a1111.md for what is served.")
    raise Unprocessable(f"model({name}) not found in supported models.", field="model",
                        hint="See /controlnet/model_list.")


def found_model(name: str | None, shelf: Shelf) -> ModelDescription | None:
    """The ControlNet or adapter of that name among the models that were added."""
    if not name or name.lower() == "none":
        return None
    kinds: tuple[Kind, ...] = ("controlnet", "adapter")
    for kind in kinds:
        try:
            return shelf.find(name, kind)
        except ModelError:
            continue
    return None


def model_names(shelf: Shelf) -> list[str]:
    """What model_list answers."""
    added = [*shelf.models("controlnet"), *shelf.models("adapter")]
    return [*OWN_MODELS, *(f"{one.name} [{one.sha256[:8]}]" if one.sha256 else one.name for one in added)]


def module_details() -> dict[str, Any]:
    """What module_list tells of each module: whether it needs a model, and the sliders that it obeys."""
    slider = {"name": "Preprocessor Resolution", "value": 512, "min": 64, "max": 2048}
    return {name: {"model_free": False, "sliders": [slider] if one.way not in ("", "drawing") else []}
            for name, one in MODULES.items()}


def control_types(models: list[str]) -> dict[str, Any]:
    """What control_types answers."""
    return {name: dict(_type(name, words, models)) for name, words in {"All": ("",), **KINDS}.items()}


def _type(name: str, words: tuple[str, ...], models: list[str]) -> Iterator[tuple[str, Any]]:
    modules = [one for one in MODULES if any(word in one for word in words) or one == "none"]
    fitting = ["None", *(one for one in models if any(word in one.lower() for word in words))]
    whole = name == "All"
    yield "module_list", modules
    yield "model_list", fitting
    yield "default_option", "none" if whole or len(modules) < 2 else modules[1]
    yield "default_model", "None" if whole or len(fitting) < 2 else fitting[1]
