"""Perspective: the points that the picture's straight lines run to."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from underpaint.controls.ground import LARGE, Ground
from underpaint.controls.perspective_check import check_perspective, wanted_horizon
from underpaint.controls.perspective_geometry import Lens, Points, grid_ink, horizon_of, in_pixels
from underpaint.controls.segments import find_segments
from underpaint.controls.shape import Check, Description, Extracted, Files, Given, Steering, Tools
from underpaint.controls.spec import ControlSpec
from underpaint.controls.straighten import straightened
from underpaint.controls.vanishing import find_bent, find_vanishing
from underpaint.errors import OutputError, PictureError, RecipeError
from underpaint.files import is_file
from underpaint.imaging.arrays import FloatArray, to_bytes
from underpaint.imaging.blend import flatten
from underpaint.imaging.geometry import Bounds, Extent
from underpaint.imaging.resize import resize
from underpaint.pictures.encode import Encoding, encode
from underpaint.pictures.read import read_picture
from underpaint.recipe import PerspectiveControl, VanishingPoint

MAX_BYTES = 100_000
SEARCHED = 2048
"""The longest side, in pixels, at which a perspective is looked for in a file."""
STRAIGHT = 1.0
"""How far a finished picture is bent, unless told otherwise."""


def _parallel(degrees: float) -> VanishingPoint:
    """Lines that stay parallel in the picture, in this direction: 0 level, 90 upright."""
    turn = np.radians(degrees % 180)
    return VanishingPoint(x=round(float(np.cos(turn)), 9) + 0.0, y=round(float(-np.sin(turn)), 9) + 0.0, infinite=True)


UPRIGHT, LEVEL = _parallel(90), _parallel(0)


class Perspective:
    """One, two or three vanishing points, straight or through a fisheye."""

    description = Description(
        name="perspective", says="the points that straight lines run to, and the horizon",
        given="points as x,y in shares of the picture, with / between: perspective=0.5,0.4 or -0.4,0.45/1.5,0.45; "
              "90deg for lines that stay parallel; a picture or a drawn grid to find them in; a .json made by extract",
        steers="on the estimate: edges that nearly run to a point are turned until they do; at the end the picture is "
               "bent a little for those still amiss (+straight=1, how far); +grid=0.5 follows the drawn grid as lines "
               "too, where no drawing lies",
        checks="share of the length of straight edges (12 pixels and more) that runs to a point within 3 degrees; the "
               "horizon's height",
        families="every one; the grid is held closely by models with an adapter_line", cost="under 2 % of a step",
        extracts=("straight", "curved"), options=("horizon", "curvature", "grid", "straight", "parallels", "curve"))
    measured_as = "perspective"

    def read(self, spec: ControlSpec, files: Files) -> Given:
        spec.expects("horizon", "curvature", "grid", "straight", "parallels")
        fields = {"straight": STRAIGHT, **_fields(spec.source)}
        for name in ("horizon", "curvature", "grid", "straight"):
            value = spec.number(name)
            if value is not None:
                fields[name] = value
        if "parallels" in spec.options and not spec.flag("parallels"):
            fields["points"] = tuple(one for one in fields["points"] if one not in (UPRIGHT, LEVEL))
        return Given(PerspectiveControl(**fields, **spec.fields))

    def extract(self, picture: FloatArray, how: str, suffix: str | None = None) -> Extracted:
        if suffix not in (None, ".json", ".png"):
            raise OutputError(f"a perspective is not written as {suffix}",
                              hint="Name a .json of its points, or a .png of its grid.", field="output")
        control, share = found_in(picture, curved=how == "curved")
        told = to_json(control) | {"share": round(share, 4)}
        kinds = len([one for one in control.points if not one.infinite])
        says = f"{kinds} vanishing point{'s' * (kinds != 1)}, {len(control.points) - kinds} parallel, " \
               f"{share:.0%} of the straight edges run to them"
        if suffix != ".png":
            return Extracted(json.dumps(told, indent=2).encode(), ".json", says, told)
        layer = np.zeros((*picture.shape[:2], 4), np.uint8)
        layer[..., 3] = to_bytes(grid_ink(control, Extent.of(picture)))
        return Extracted(encode("PNG", layer, None, Encoding(), True), ".png", says, told)

    def steer(self, control: PerspectiveControl, ground: Ground, tools: Tools) -> Steering:
        from underpaint.controls.steering.direction_edit import DirectionEdit  # needs torch
        from underpaint.controls.steering.line_adapter import LineAdapter
        from underpaint.controls.steering.line_edit import LineEdit

        turning = DirectionEdit(control, ground, tools.colours)
        bends = (partial(_settled, control=control, ground=ground),) if control.straight else ()
        if control.grid == 0:
            return Steering(edits=(turning,), bends=bends)
        ink = grid_on(control, ground)
        if ground.drawn is not None:
            ink = ink * (1 - ground.drawn)
        drawn = control.changed(weight=min(control.weight * control.grid, 2.0))
        if tools.line_adapter is not None:
            return Steering((LineAdapter(tools.line_adapter(), ink, drawn),), (turning,), bends=bends)
        return Steering(edits=(turning, LineEdit(ink, drawn, tools.colours, "grid")), bends=bends)

    def check(self, picture: FloatArray, control: PerspectiveControl, ground: Ground) -> Check | None:
        if ground.area.extent != ground.whole:
            if control.curvature:
                return None  # a lens bends round the middle of the whole picture
            control = _framed(control, ground)
        found, wanted = check_perspective(picture, control), wanted_horizon(control, Extent.of(picture))
        measured: dict[str, Any] = {"share": round(found.share, 4), "edges": round(found.length)}
        if found.horizon is not None and wanted is not None:
            measured["horizon"] = round(found.horizon, 4)
            measured["horizon_off"] = round(abs(found.horizon - wanted), 4)
        return Check(found.share, measured, found.sentence(wanted), found.overlay)


def _settled(picture: FloatArray, control: PerspectiveControl, ground: Ground) -> FloatArray:
    """The finished canvas of a pass (H x W x 3), bent so that its edges run to their points."""
    corner, factor = np.array([ground.area.x, ground.area.y]), ground.canvas.width / picture.shape[1]
    lens, vanishing = Lens.of(ground.whole, control.curvature), in_pixels(control.points, ground.whole)
    return straightened(picture, lambda places: lens.directions(places * factor + corner, vanishing),
                        control.straight * min(control.weight, 1.0), ground.drawn)


def _framed(control: PerspectiveControl, ground: Ground) -> PerspectiveControl:
    """The same points in shares of the painted area."""
    whole, area = ground.whole, ground.area

    def moved(x: float, y: float) -> tuple[float, float]:
        return (x * whole.width - area.x) / area.width, (y * whole.height - area.y) / area.height

    points = [one if one.infinite else dict(zip("xy", moved(one.x, one.y), strict=True)) for one in control.points]
    horizon = None if control.horizon is None else moved(0, control.horizon)[1]
    return control.changed(points=points, horizon=horizon)


def grid_on(control: PerspectiveControl, ground: Ground) -> FloatArray:
    """The grid (H x W, 1 = ink) on the canvas of a pass."""
    if ground.whole.area <= LARGE:
        return ground.lay(grid_ink(control, ground.whole))
    area = ground.area.clipped(ground.whole)
    alone = Ground(area.extent, Bounds.whole(area.extent), ground.canvas, ground.pixels)
    return alone.lay(grid_ink(control, ground.whole, area))


def found_in(picture: FloatArray, *, curved: bool = False) -> tuple[PerspectiveControl, float]:
    """The perspective of a picture or a drawn grid, and the share of its straight edges that follows it.

    Raises PictureError where there is none to see.
    """
    extent = Extent.of(picture)
    segments = find_segments(picture)
    found = (find_bent if curved else find_vanishing)(segments, extent)
    if not len(found.vanishing):
        raise PictureError("no perspective was found: too few straight edges run to one point",
                           hint="Give the points yourself, such as perspective=0.5,0.4.")
    horizon = horizon_of(found.vanishing, extent)
    return PerspectiveControl(points=tuple(_point(one, extent) for one in found.vanishing), curvature=found.curvature,
                              horizon=None if horizon is None else round(horizon, 4)), found.share


def to_json(control: PerspectiveControl) -> dict[str, Any]:
    """A perspective as a map that people can edit."""
    points = [{"direction": round(float(np.degrees(np.arctan2(-one.y, one.x))) % 180, 2)} if one.infinite
              else {"x": round(one.x, 4), "y": round(one.y, 4)} for one in control.points]
    return {"perspective": 1, "points": points, "horizon": control.horizon, "curvature": control.curvature}


def from_json(data: Any) -> dict[str, Any]:
    """The fields that such a map gives. Raises RecipeError that names what is wrong."""
    if not isinstance(data, Mapping) or not isinstance(data.get("points"), list):
        raise RecipeError("this JSON is no perspective", hint="It has \"points\", a list of {\"x\": , \"y\": }.",
                          field="control perspective")
    points = []
    for number, one in enumerate(data["points"], 1):
        values = [one.get(name) for name in ("x", "y", "direction")] if isinstance(one, Mapping) else []
        if any(isinstance(value, bool) or not isinstance(value, int | float | None) for value in values) or not values:
            values = [None, None, None]
        x, y, direction = values
        if direction is not None:
            points.append(_parallel(direction))
        elif x is not None and y is not None:
            points.append(VanishingPoint(x=x, y=y))
        else:
            raise RecipeError(f"point {number} has no place", hint="Give x and y, or a direction in degrees.",
                              field="control perspective")
    fields: dict[str, Any] = {"points": tuple(points)}
    return fields | {name: data[name] for name in ("horizon", "curvature") if data.get(name) is not None}


def _fields(source: str) -> dict[str, Any]:
    path = Path(source)
    if source and is_file(path):
        if path.suffix.lower() == ".json":
            return from_json(_json(path))
        picture = flatten(np.asarray(read_picture(path).pixels))
        smaller = Extent.of(picture).fit_within(Extent(SEARCHED, SEARCHED), grow=False)
        control, _ = found_in(resize(picture, smaller))
        return {"points": control.points, "horizon": control.horizon}
    points = [_typed(part) for part in source.split("/") if part.strip()]
    if not points:
        raise RecipeError("which points?", hint="Write perspective=0.5,0.4, in shares of the picture.",
                          field="control perspective")
    finite = len([one for one in points if not one.infinite])
    if finite == len(points):  # what is parallel to the picture stays so, as on a drawing board
        points += [LEVEL, UPRIGHT] if finite == 1 else [UPRIGHT] if finite == 2 else []
    return {"points": tuple(points)}


def _json(path: Path) -> Any:
    hint = "Name a .json made by extract."
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PictureError(f"{path.name} is too large for a perspective", hint=hint)
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise PictureError(f"{path.name} is not JSON: {error}", hint=hint) from error
    except OSError as error:
        raise PictureError(f"{path} cannot be read: {(error.strerror or '').lower()}", hint=hint) from error


def _typed(text: str) -> VanishingPoint:
    try:
        if text.strip().endswith("deg"):
            return _parallel(float(text.strip()[:-3]))
        x, y = (float(part) for part in text.split(","))
    except ValueError as error:
        raise RecipeError(f"'{text:.60}' is neither a point nor a file", field="control perspective",
                          hint="Write points as 0.5,0.4 with / between, 90deg for parallels, "
                               "or name a file.") from error
    return VanishingPoint(x=x, y=y)


def _point(point: Points, extent: Extent) -> VanishingPoint:
    if point[2] == 0:
        return VanishingPoint(x=float(point[0]), y=float(point[1]), infinite=True)
    return VanishingPoint(x=float(point[0] / extent.width), y=float(point[1] / extent.height))
