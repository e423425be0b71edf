"""ControlNet units of a request become our controls; their maps go back to the client behind the pictures."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from pydantic import ValidationError

from underpaint.controls.extractors import Extractor, Role, extractor
from underpaint.controls.pose.data import fields_of
from underpaint.controls.pose.openpose import write_pose
from underpaint.controls.preprocess import drawn_pose, preprocessed
from underpaint.controls.spec import ControlSpec
from underpaint.controls.table import named
from underpaint.errors import DrawingError, ModelError, PictureError
from underpaint.imaging.arrays import FloatArray, to_bytes
from underpaint.imaging.blend import flatten
from underpaint.imaging.color import luminance
from underpaint.imaging.drawing import line_layer
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import resize
from underpaint.library.drawings import Stored
from underpaint.pictures.read import read_picture
from underpaint.studio.a1111.errors import NotServed, Unprocessable
from underpaint.studio.a1111.images import as_png, picture
from underpaint.studio.a1111.modules import Meant, Module, meant_by, module_of
from underpaint.studio.a1111.requests import Unit
from underpaint.studio.a1111.shelf import Shelf

RESIZES = {"just resize": "stretch", "crop and resize": "crop", "resize and fill": "fit", "0": "stretch", "1": "crop",
           "2": "fit", "inner fit (scale to fit)": "crop", "scale to fit (inner fit)": "crop",
           "outer fit (shrink to fit)": "fit", "envelope (outer fit)": "fit"}
MODES = {"balanced": "balanced", "my prompt is more important": "words", "controlnet is more important": "lines",
         "0": "balanced", "1": "words", "2": "lines"}
MOST_UNITS = 10
_SMALLEST, _LARGEST = 64, 2048


@dataclass(frozen=True, eq=False)
class Steered:
    """One control as recipe data, the blob it names (None: it names none), and its map as ControlNet shows it (None:
    kept back)."""

    control: dict[str, Any]
    stored: Stored | None
    map: bytes | None


def read_units(args: Any) -> list[Unit]:
    """The enabled units of `alwayson_scripts.controlnet.args`. Raises Unprocessable for what is no unit."""
    if not isinstance(args, list):
        raise Unprocessable("args is no list", field="alwayson_scripts.controlnet.args")
    found = []
    for number, one in enumerate(args):
        if not isinstance(one, dict):
            continue  # the extension's own switches, and nothing
        try:
            found.append(Unit.model_validate(one))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in ("args", number, *first["loc"]))
            raise Unprocessable(first["msg"].removeprefix("Value error, "),
                                field=f"alwayson_scripts.controlnet.{where}") from error
    found = [one for one in found if one.enabled]
    if len(found) > MOST_UNITS:
        raise Unprocessable(f"{len(found)} ControlNet units", hint=f"At most {MOST_UNITS}.", field="alwayson_scripts")
    return found


def asks_a_net(unit: Unit) -> bool:
    """Whether a network reads its map out of the picture, which is long work."""
    module = module_of(unit.module)
    return module.kind in ("depth", "pose") and bool(module.way)


def steered(unit: Unit, begun: str | None, shelf: Shelf, *, second_pass: bool) -> Steered:
    """The control that a unit asks for; `begun` is the picture that img2img paints over, for units without one.

    Raises Unprocessable for what cannot be used, NotServed for what no control here does.
    """
    module, meant = module_of(unit.module), meant_by(unit.model, shelf)
    _refuse(unit, module, meant, second_pass)
    kind = _kind(unit, module, meant)
    text = _sent(unit.image) or begun
    if text is None:
        raise Unprocessable("ControlNet is enabled but no input image is given", field="image")
    read, data = picture(text, "image")
    pixels = np.asarray(read.pixels)
    made = _MAPS[kind](pixels, data, module, unit)
    own = {"weight": unit.weight, "start": unit.guidance_start, "end": unit.guidance_end,
           "resize": _choice(RESIZES, unit.resize_mode, "resize_mode"), **made.fields}
    if kind != "colour":
        mode = _choice(MODES, unit.control_mode, "control_mode")
        own["mode"] = _line_mode(mode, meant) if kind == "line" else {"lines": "control"}.get(mode, mode)
    if meant.adapter is not None:
        known = {"hash": meant.adapter.sha256} if meant.adapter.sha256 else {}
        own["adapter"] = {"name": meant.adapter.name, **known}
    return Steered({"kind": kind, **own}, made.stored, made.shown if unit.save_detected_map else None)


def _line_mode(mode: str, meant: Meant) -> str:
    """A model's own line adapter was made to pull as words do: balanced, which nearly every client sends without a
    thought, its lines would hardly hold."""
    return "lines" if mode == "balanced" and meant.adapter is None else mode


def _kind(unit: Unit, module: Module, meant: Meant) -> str:
    """Which control it is, by its module, else by its model."""
    kind = module.kind or meant.kind
    if not kind:
        raise Unprocessable("a unit without module and model steers nothing", field="model",
                            hint="Choose a model of /controlnet/model_list.")
    if module.kind and meant.kind and module.kind != meant.kind and "adapter" not in (module.kind, meant.kind):
        raise Unprocessable(f"module({unit.module}) and model({unit.model}) do not belong together", field="model")
    if meant.adapter is not None and kind not in ("line", "depth") and (kind != "pose" or not module.way):
        kind = "adapter"
    if kind == "pose" and not module.way:
        kind = "adapter"  # a drawn skeleton, whose joints nobody knows
    if kind == "adapter" and meant.adapter is None:
        raise Unprocessable(f"model({unit.model}) not found in supported models.", field="model",
                            hint="Such a map is read by a ControlNet or adapter of your own: see "
                                 "/controlnet/model_list.")
    return kind


@dataclass(frozen=True, eq=False)
class _Made:
    """A map: the fields of its control, the blob that they name, and how it is shown."""

    fields: dict[str, Any]
    stored: Stored | None
    shown: bytes


def _line(pixels: FloatArray, data: bytes, module: Module, unit: Unit) -> _Made:
    stored = _map(pixels, module, unit) if module.way not in ("", "drawing") else _drawn(pixels, module)
    return _Made({"drawing": stored.blob.model_dump(mode="json")}, stored, light_on_dark(stored.data))


def _colour(pixels: FloatArray, data: bytes, module: Module, unit: Unit) -> _Made:
    stored = _map(pixels, module, unit) if module.way else Stored.of(data, "colours")
    return _Made({"picture": stored.blob.model_dump(mode="json")}, stored,
                 stored.data if module.way else as_png(flatten(pixels)))


def _depth(pixels: FloatArray, data: bytes, module: Module, unit: Unit) -> _Made:
    if not module.way:
        stored = Stored.of(data, "depth")
        return _Made({"map": stored.blob.model_dump(mode="json")}, stored, as_png(flatten(pixels)))
    who = _reader("depth")
    stored = Stored.of(as_png(np.repeat(who.reads(_at(flatten(pixels), unit))[..., None], 3, axis=2)), "depth")
    return _Made({"map": stored.blob.model_dump(mode="json"), "by": who.name}, stored, stored.data)


def _pose(pixels: FloatArray, data: bytes, module: Module, unit: Unit) -> _Made:
    who = _reader("pose")
    found = who.reads(_at(flatten(pixels), unit))
    if not any(person.joints for person in found.people):
        raise Unprocessable("nobody was found in this picture", field="image", hint=f"It was looked at by {who.name}.")
    people = {name: value for name, value in fields_of(found).items() if name != "people"}
    people["people"] = [person.model_dump(mode="json") for person in fields_of(found)["people"]]
    return _Made({**people, "by": who.name}, None, as_png(drawn_pose(found)))


def _as_sent(pixels: FloatArray, data: bytes, module: Module, unit: Unit) -> _Made:
    if not module.way:
        stored = Stored.of(data, "map")
        return _Made({"picture": stored.blob.model_dump(mode="json")}, stored, as_png(flatten(pixels)))
    made = preprocessed(as_png(_at(flatten(pixels), unit)), _spec(module))
    stored = Stored.of(made.data, "map")
    return _Made({"picture": stored.blob.model_dump(mode="json"), "reads": made.reads}, stored, made.data)


_MAPS: Mapping[str, Callable[[FloatArray, bytes, Module, Unit], _Made]] = MappingProxyType({
    "line": _line, "colour": _colour, "depth": _depth, "pose": _pose, "adapter": _as_sent})


def _spec(module: Module) -> ControlSpec:
    return ControlSpec("adapter", options={"preprocess": module.way})


def _reader(role: Role) -> Extractor:
    """Who reads depth or poses here. Raises NotServed where nobody does."""
    try:
        return extractor(role)
    except ModelError as error:
        raise NotServed(error.message, hint=error.hint, field="module") from error


def detected(module_name: str, text: str, side: int) -> tuple[bytes, dict[str, Any] | None]:
    """The map of a picture as a PNG and, of people, their joints, as /controlnet/detect answers them.

    Raises Unprocessable, NotServed.
    """
    module = module_of(module_name)
    read, data = picture(text, "controlnet_input_images")
    pixels, unit = np.asarray(read.pixels), Unit(processor_res=side)
    if module.kind == "pose":
        found = _reader("pose").reads(_at(flatten(pixels), unit))
        return as_png(drawn_pose(found)), json.loads(write_pose(found))
    if not module.kind:
        return as_png(flatten(pixels)), None
    return _MAPS[module.kind](pixels, data, module, unit).shown, None


def light_on_dark(layer: bytes) -> bytes:
    """A line layer as ControlNet shows its maps: white lines on black."""
    alpha = np.asarray(read_picture(layer).pixels)[..., 3]
    return as_png(np.repeat(to_bytes(alpha)[..., None], 3, axis=2))


def _refuse(unit: Unit, module: Module, meant: Meant, second_pass: bool) -> None:
    both = str(unit.hr_option).lower() in ("both", "0", "hiresfixoption.both")
    wishes = {"advanced_weighting": unit.advanced_weighting is not None,
              "effective_region_mask": bool(unit.effective_region_mask),
              "ipadapter_input": unit.ipadapter_input is not None, "hr_option": second_pass and not both}
    for field, asked in wishes.items():
        if asked:
            raise NotServed(f"{field} of a ControlNet unit is not obeyed here", field=field, hint="Leave it out.")


def _choice(known: dict[str, str], asked: str | int, field: str) -> str:
    low = str(asked).strip().lower()
    if low not in known:
        raise Unprocessable(f"'{asked!s:.60}' is no {field}", field=field,
                            hint=f"There are: {', '.join(name for name in known if not name.isdigit())}.")
    return known[low]


def _sent(image: Any) -> str | None:
    """The picture of a unit, however it is written: as text, as {image, mask}, as [image, mask]. Paths are no
    pictures here."""
    if isinstance(image, Sequence) and not isinstance(image, str | bytes):
        image = image[0] if image else None
    if isinstance(image, dict):
        image = image.get("image")
    if image is not None and not isinstance(image, str):
        raise Unprocessable("a unit's image is base64, {image, mask} or [image, mask]", field="image")
    return image or None


def _at(flat: FloatArray, unit: Unit) -> FloatArray:
    """A picture at the resolution that is asked for, where that is smaller."""
    side = unit.processor_res if unit.processor_res is not None else -1
    if not unit.pixel_perfect and _SMALLEST <= side <= _LARGEST and side < min(flat.shape[:2]):
        return resize(flat, Extent.of(flat).scaled(side / min(flat.shape[:2])))
    return flat


def _map(pixels: FloatArray, module: Module, unit: Unit) -> Stored:
    """The map that our extractor makes."""
    flat = _at(flatten(pixels), unit)
    try:
        made = named(module.kind).extract(flat, module.way)
    except DrawingError as error:
        raise Unprocessable(error.message, field="image", hint=error.hint) from error
    return Stored.of(made.data, f"{module.way} map")


def _drawn(pixels: FloatArray, module: Module) -> Stored:
    """A map or drawing that was made elsewhere, as a line layer: light lines on black, dark ones on paper, or lines on
    nothing."""
    if pixels.shape[2] == 3 and not module.way and float(luminance(pixels).mean()) < 0.5:
        layer = np.zeros((*pixels.shape[:2], 4), np.float32)
        layer[..., 3] = pixels.max(axis=2)
        if not (layer[..., 3] > 0.08).any():
            raise Unprocessable("the map is blank", field="image")
        return Stored.of(as_png(layer), "line map")
    try:
        found = line_layer(pixels)
    except PictureError as error:
        raise Unprocessable(error.message, field="image", hint=error.hint) from error
    return Stored.of(as_png(found.stored()), "drawing")
