"""Light: where it comes from, and how the large masses of light and dark are laid out."""

import json
from typing import Any

import numpy as np

from underpaint.controls.ground import Ground
from underpaint.controls.light_check import check_light
from underpaint.controls.shape import Check, Description, Extracted, Files, Given, Steering, Tools
from underpaint.controls.spec import ControlSpec
from underpaint.errors import RecipeError
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.color import lightness
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import Resample, resize
from underpaint.recipe import LightControl

SIDES = {"right": 0.0, "upper-right": 45.0, "above": 90.0, "upper-left": 135.0, "left": 180.0, "lower-left": 225.0,
         "below": 270.0, "lower-right": 315.0}
MASSES = 8

LIGHT_WORDS = frozenset(
    {"clear", "clouds", "dark", "deep", "firelight", "full", "hour", "overcast", "range", "shade", "sky"})
"""Words that light plans say and a light and a palette see to, whether the model ever heard them or not."""


class Light:
    """The side that light comes from, how hard it is, how light and how contrasted the picture."""

    description = Description(
        name="light", says="where the light comes from, how light and how contrasted the masses are",
        given=f"a side or degrees (0 right, 90 above): light=left, light=165; sides: {', '.join(SIDES)}",
        steers="on the estimate: its large masses only",
        checks="whether the finished picture gets lighter toward that side",
        families="every one", cost="under 1 % of a step", extracts=("masses",),
        options=("hardness", "lightness", "contrast", "curve"))
    measured_as = "light"

    def read(self, spec: ControlSpec, files: Files) -> Given:
        spec.expects("hardness", "lightness", "contrast")
        fields: dict[str, Any] = {name: spec.number(name) for name in ("hardness", "lightness", "contrast")}
        fields = {name: value for name, value in fields.items() if value is not None}
        for name, most in (("hardness", 1.0), ("lightness", 1.0), ("contrast", 0.5)):
            if not 0 <= fields.get(name, 0) <= most:
                raise RecipeError(f"{name} {fields[name]:g} is out of range", hint=f"It goes from 0 to {most:g}.",
                                  field="control light")
        if spec.source:
            fields["direction"] = _direction(spec.source)
        elif not fields:
            raise RecipeError("light from where?", hint="Write light=left, or light=165 in degrees.",
                              field="control light")
        return Given(LightControl(**spec.fields, **fields))

    def extract(self, picture: FloatArray, how: str, suffix: str | None = None) -> Extracted:
        found = check_light(picture, 0.0)
        rows, columns = min(MASSES, picture.shape[0]), min(MASSES, picture.shape[1])
        masses = lightness(resize(picture, Extent(columns, rows), Resample.AREA))
        told = {"direction": round(found.direction % 360, 1) % 360, "lightness": round(found.mean, 3),
                "contrast": round(min(float(np.std(masses)), 0.5), 3)}
        spec = f"light={told['direction']:g}+lightness={told['lightness']:g}+contrast={told['contrast']:g}"
        return Extracted(json.dumps(told, indent=2).encode(), ".json", f"--control {spec}", told | {"spec": spec})

    def steer(self, control: LightControl, ground: Ground, tools: Tools) -> Steering:
        from underpaint.controls.steering.light_edit import LightEdit  # needs torch

        return Steering(edits=(LightEdit(control, tools.colours),))

    def check(self, picture: FloatArray, control: LightControl, ground: Ground) -> Check | None:
        if control.direction is None:
            return None
        light = check_light(picture, control.direction)
        measured = {"toward": round(light.toward, 4), "from_planned_side": light.from_planned_side,
                    "mean": round(light.mean, 4), "spread": round(light.spread, 4)}
        says = "light from the planned side" if light.from_planned_side else "light from elsewhere"
        score = min(1.0, max(0.0, 0.5 + light.toward))
        return Check(score, measured, says, _values)


def _direction(text: str) -> float:
    if text.lower() in SIDES:
        return SIDES[text.lower()]
    try:
        return float(text) % 360 % 360  # a hair below 0 would round to 360
    except ValueError as error:
        raise RecipeError(f"'{text:.40}' is no side", hint=f"Choose {', '.join(SIDES)}, or degrees.",
                          field="control light") from error


def _values(picture: FloatArray) -> FloatArray:
    """The picture as its values alone, in five steps: where light and dark lie."""
    steps = np.round(lightness(picture[..., :3]) * 4) / 4
    return np.repeat(steps[..., None], 3, axis=-1).astype(np.float32)
