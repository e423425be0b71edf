"""ControlNet's modules and models by the names its clients know, and which of our controls each one is.

The maps are made by our own extractors: a name says what kind of map is meant, not which network makes it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from underpaint.controls.preprocess import MODULES as PREPROCESSORS
from underpaint.errors import ModelError
from underpaint.models import ModelDescription
from underpaint.models.adapter_finding import ADAPTERS
from underpaint.models.adapters import LINES
from underpaint.studio.a1111.errors import NotServed, Unprocessable
from underpaint.studio.a1111.shelf import Shelf


@dataclass(frozen=True)
class Module:
    """`kind` is the control, "" where the model says; `way` how it makes its map, "" where the picture is the map."""

    kind: str
    way: str = ""


_LINES = {"canny": "canny", "lineart": "clean", "scribble": "scribble", "softedge": "soft", "hed": "soft",
          "pidinet": "soft", "teed": "soft", "fake_scribble": "scribble", "t2ia_sketch": "soft"}
_DRAWING = {"invert": "drawing", "lineart_standard": "drawing"}
MODULES: tuple[str, ...] = (
    "none", "invert (from white bg & black line)", "canny", "lineart_standard (from white bg & black line)",
    "lineart_realistic", "lineart_coarse", "lineart_anime", "scribble_pidinet", "scribble_xdog", "softedge_pidinet",
    "softedge_hed", "t2ia_color_grid", "depth_midas", "openpose", "tile_resample", "blur_gaussian", "inpaint_only",
    "threshold", "ip-adapter-auto")
"""Those that are listed. Others of the same families are taken too, by how their names begin."""
KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "Canny": ("canny",), "Lineart": ("lineart", "line", "sketch", "invert"), "Scribble": ("scribble",),
    "SoftEdge": ("softedge", "hed", "pidinet", "teed"), "T2I-Adapter": ("color", "t2ia_color"),
    "Depth": ("depth", "midas", "zoe"), "OpenPose": ("openpose", "pose"), "Tile": ("tile", "blur"),
    "Inpaint": ("inpaint",), "IP-Adapter": ("ip-adapter", "ip_adapter", "clip_vision"),
})
"""ControlNet's types that are served, each with what names of its modules and models hold."""
OWN_MODELS: Mapping[str, str] = MappingProxyType({
    "underpaint_canny": "line", "underpaint_lineart": "line", "underpaint_scribble": "line",
    "underpaint_softedge": "line", "underpaint_color": "colour", "underpaint_depth": "depth",
    "underpaint_openpose": "pose"})
"""One name for each type that needs no model of its own to be named, as clients want one to choose: the control finds
its adapter."""
_REFUSED = MappingProxyType({
    "densepose": "bodies are not mapped here", "animal": "animals' poses are not found in pictures here",
    "mediapipe": "faces are not found in pictures here", "facexlib": "faces are not found in pictures here",
    "normal": "no map of normals is made from a picture here", "bae": "no map of normals is made from a picture here",
    "dsine": "no map of normals is made from a picture here", "seg": "pictures are not segmented here",
    "oneformer": "pictures are not segmented here", "anime_face": "pictures are not segmented here",
    "mlsd": "straight lines alone are not drawn here: use perspective",
    "revision": "a picture alone says no words here",
    "reference": "attention is not shared between pictures by a unit: use the style control of our own API",
    "shuffle": "pictures are not shuffled here", "recolor": "greys are not coloured here",
    "instant_id": "no faces are learned from a picture here", "photomaker": "no faces are learned from a picture here",
    "pulid": "no faces are learned from a picture here", "t2ia_style": "no picture prompts of this kind are read here",
    "instruct": "no model here is told what to change", "ip2p": "no model here is told what to change",
    "sparsectrl": "no films are painted here", "qr": "codes are not hidden in pictures here",
    "brightness": "use the light control of our own API",
})


def module_of(name: str | None) -> Module:
    """The control of a module. Raises NotServed for one that is not served, Unprocessable for a name there is not."""
    low = (name or "none").strip().lower()
    if low == "none":
        return Module("")
    for beginning, way in (*_DRAWING.items(), *_LINES.items()):
        if low.startswith(beginning):
            return Module("line", way)
    if low.startswith(("t2ia_color", "color")):
        return Module("colour", "flat")
    for beginning, why in _REFUSED.items():
        if low.startswith(beginning):
            raise NotServed(f"module({name}): {why}", field="module", hint="See docs/a1111.md for what is served.")
    for beginning, _, reads in PREPROCESSORS:
        if beginning != "none" and low.startswith(beginning):
            return Module(reads if reads in ("depth", "pose") else "adapter", low)
    raise Unprocessable(f"module({name}) not found in supported modules.", field="module",
                        hint="See /controlnet/module_list.")


@dataclass(frozen=True)
class Meant:
    """What a model's name stands for: the control ("" for none), and the adapter that is here by that name."""

    kind: str = ""
    adapter: ModelDescription | None = None


def meant_by(name: str | None, shelf: Shelf) -> Meant:
    """The control of a model. A name that is not among the models here is taken by what it says, where a control finds
    its own adapter. Raises NotServed or Unprocessable for others."""
    low = (name or "none").strip().lower()
    if low in ("none", "automatic", ""):
        return Meant()
    if low in OWN_MODELS:
        return Meant(OWN_MODELS[low])
    here = _found(name or "", shelf)
    if here is not None:
        reads = set(here.adapter.reads) if here.adapter is not None else set()
        return Meant("line" if reads & LINES else "depth" if reads == {"depth"} else "adapter", here)
    if any(word in low for word in ("color", "colour")):
        return Meant("colour")
    if any(word in low for kind in ("Canny", "Lineart", "Scribble", "SoftEdge") for word in KINDS[kind]):
        return Meant("line")
    for kind in ("depth", "pose"):
        if kind in low:
            return Meant(kind)
    for word, why in _REFUSED.items():
        if word in low:
            raise NotServed(f"model({name}): {why}", field="model", hint="See docs/a1111.md for what is served.")
    raise Unprocessable(f"model({name}) not found in supported models.", field="model",
                        hint="See /controlnet/model_list.")


def _found(name: str, shelf: Shelf) -> ModelDescription | None:
    """The ControlNet or adapter of that name among the models that were added."""
    for kind in ADAPTERS:
        try:
            return shelf.find(name, kind)
        except ModelError:
            continue
    return None


def model_names(shelf: Shelf) -> list[str]:
    """What model_list answers."""
    added = [one for kind in ADAPTERS for one in shelf.models(kind)]
    return [*OWN_MODELS, *(f"{one.name} [{one.sha256[:8]}]" if one.sha256 else one.name for one in added)]


def module_details() -> dict[str, Any]:
    """What module_list tells of each module: whether it needs a model, and the sliders that it obeys."""
    slider = {"name": "Preprocessor Resolution", "value": 512, "min": 64, "max": 2048}
    return {name: {"model_free": False, "sliders": [slider] if module_of(name).way not in ("", "drawing") else []}
            for name in MODULES}


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
