"""ControlNet units of a request become our controls; their maps go back to the client behind the pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import ValidationError

from underpaint.controls.table import named
from underpaint.errors import DrawingError, PictureError
from underpaint.imaging.arrays import FloatArray, to_bytes
from underpaint.imaging.blend import flatten
from underpaint.imaging.color import luminance
from underpaint.imaging.drawing import line_layer
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import resize
from underpaint.library.drawings import Stored
from underpaint.pictures.read import read_picture
from underpaint.studio.a1111.answers import NotServed, Unprocessable
from underpaint.studio.a1111.images import as_png, picture
from underpaint.studio.a1111.modules import Module, kind_of_model, module_of
from underpaint.studio.a1111.requests import Unit

RESIZES = {"just resize": "stretch", "crop and resize": "crop", "resize and fill": "fit", "0": "stretch", "1": "crop",
           "2": "fit", "inner fit (scale to fit)": "crop", "scale to fit (inner fit)": "crop",
           "outer fit (shrink to fit)": "fit", "envelope (outer fit)": "fit"}
MODES = {"balanced": "balanced", "my prompt is more important": "words", "controlnet is more important": "lines",
         "0": "balanced", "1": "words", "2": "lines"}
MOST_UNITS = 10
_SMALLEST, _LARGEST = 64, 2048


@dataclass(frozen=True, eq=False)
class Steered:
    """One control as recipe data, the blob it names, and its map as ControlNet shows it (None: kept back)."""

    control: dict[str, Any]
    stored: Stored
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


def steered(unit: Unit, begun: str | None, *, second_pass: bool) -> Steered:
    """The control that a unit asks for; `begun` is the picture that img2img paints over, for units without one.

    Raises Unprocessable for what cannot be used, NotServed for what no control here does.
    """
    module = module_of(unit.module)
    meant = kind_of_model(unit.model)
    kind = module.kind or meant
    _refuse(unit, module, meant, second_pass)
    if not kind:
        raise Unprocessable("a unit without module and model steers nothing", field="model",
                            hint="Choose a model of /controlnet/model_list.")
    text = _sent(unit.image) or begun
    if text is None:
        raise Unprocessable("ControlNet is enabled but no input image is given", field="image")
    read, data = picture(text, "image")
    pixels = np.asarray(read.pixels)
    own = {"weight": unit.weight, "start": unit.guidance_start, "end": unit.guidance_end,
           "resize": _choice(RESIZES, unit.resize_mode, "resize_mode")}
    if kind == "colour":
        stored = _map(pixels, module, unit) if module.way else Stored.of(data, "colours")
        shown = stored.data if module.way else as_png(flatten(pixels))
        return Steered({"kind": "colour", "picture": stored.blob.model_dump(mode="json"), **own}, stored,
                       shown if unit.save_detected_map else None)
    stored = _map(pixels, module, unit) if module.way not in ("", "drawing") else _drawn(pixels, module)
    mode = _choice(MODES, unit.control_mode, "control_mode")
    return Steered({"kind": "line", "drawing": stored.blob.model_dump(mode="json"), "mode": mode, **own}, stored,
                   light_on_dark(stored.data) if unit.save_detected_map else None)


def detected(module_name: str, text: str, side: int) -> bytes:
    """The map of a picture as a PNG, as /controlnet/detect answers it. Raises Unprocessable, NotServed."""
    module = module_of(module_name)
    read, _ = picture(text, "controlnet_input_images")
    pixels = np.asarray(read.pixels)
    if not module.way:
        return as_png(flatten(pixels))
    unit = Unit(processor_res=side)
    stored = _drawn(pixels, module) if module.way == "drawing" else _map(pixels, module, unit)
    return stored.data if module.kind == "colour" else light_on_dark(stored.data)


def light_on_dark(layer: bytes) -> bytes:
    """A line layer as ControlNet shows its maps: white lines on black."""
    alpha = np.asarray(read_picture(layer).pixels)[..., 3]
    return as_png(np.repeat(to_bytes(alpha)[..., None], 3, axis=2))


def _refuse(unit: Unit, module: Module, meant: str, second_pass: bool) -> None:
    if module.kind and meant and module.kind != meant:
        raise Unprocessable(f"module({unit.module}) and model({unit.model}) do not belong together", field="model")
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


def _map(pixels: FloatArray, module: Module, unit: Unit) -> Stored:
    """The map that our extractor makes, at the resolution that is asked for where that is smaller."""
    flat = flatten(pixels)
    side = unit.processor_res if unit.processor_res is not None else -1
    if not unit.pixel_perfect and _SMALLEST <= side <= _LARGEST and side < min(flat.shape[:2]):
        flat = resize(flat, Extent.of(flat).scaled(side / min(flat.shape[:2])))
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
