"""Several controls as people type them: those that name a region with `+in=` go into it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from underpaint.controls.region import region_name
from underpaint.controls.shape import Files, Given
from underpaint.controls.spec import ControlSpec, parse_spec
from underpaint.controls.table import CONTROLS, read_spec
from underpaint.errors import RecipeError
from underpaint.recipe import ColourControl

IN = "in"
ALONE = ("region", "nudge")
"""What lies in no region."""


def read_controls(texts: Sequence[str], files: Files) -> list[Given]:
    """The controls for the whole picture, in order, each region with those for it.

    Raises UnderpaintErrors that say which one is wrong, and the way out.
    """
    specs = [parse_spec(text, tuple(CONTROLS)) for text in texts]
    whole = [spec for spec in specs if IN not in spec.options]
    regions = [region_name(spec) for spec in whole if spec.kind == "region"]
    inside: defaultdict[str, list[Given]] = defaultdict(list)
    for spec in specs:
        if IN in spec.options:
            _check_place(spec, regions)
            inside[spec.options[IN]].append(_read_inside(spec, files))
    return [read_spec(replace(spec, inside=tuple(inside[region_name(spec)])) if spec.kind == "region" else spec, files)
            for spec in whole]


def _check_place(spec: ControlSpec, regions: Sequence[str]) -> None:
    name, field = spec.options[IN], f"control {spec.kind}"
    where = f"'{name:.40}'"
    if spec.kind in ALONE:
        raise RecipeError(f"a {spec.kind} cannot lie in a region", field=field,
                          hint="Give each region a mask of its own." if spec.kind == "region" else
                          "To move a part of a picture, paint over it inside a mask: --from take.png --mask part.png.")
    if name not in regions:
        there = f"There are: {', '.join(regions)}." if regions else "Add --control region=coat.png, and write +in=coat."
        raise RecipeError(f"there is no region {where} for {spec.kind} to lie in", hint=there, field=field)
    if regions.count(name) > 1:
        raise RecipeError(f"several regions are called {where}", hint="Name one with +name=, as in +name=coat.",
                          field=field)


def _read_inside(spec: ControlSpec, files: Files) -> Given:
    """A control for a region; blocked-in colours are not begun from there, unless that is asked for and refused."""
    given = read_spec(replace(spec, options={name: said for name, said in spec.options.items() if name != IN}), files)
    if isinstance(given.control, ColourControl) and "begin" not in spec.options:
        return replace(given, control=given.control.changed(begin=None))
    return given
