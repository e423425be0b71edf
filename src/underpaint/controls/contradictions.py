"""Controls that pull against each other: found before painting, told, and painted all the same."""

from collections.abc import Iterable
from itertools import combinations

from underpaint.controls.region_inside import called
from underpaint.recipe import (
    ColourControl,
    Control,
    LightControl,
    PaletteControl,
    PerspectiveControl,
    RegionControl,
    StyleControl,
)

_APART = 100.0
"""Degrees between two lights from which they fight."""


def contradictions(controls: Iterable[Control]) -> list[str]:
    """One sentence for each pair of controls that cannot both be followed at the same steps, in the whole picture or in
    one region."""
    there = [one for one in controls if one.weight > 0]
    found = []
    for first, second in combinations(there, 2):
        if first.start >= second.end or second.start >= first.end:
            continue
        said = _against(first, second) or _against(second, first)
        if said:
            found.append(f"{said}; both are followed as far as that goes")
    regions = [one for one in there if isinstance(one, RegionControl)]
    found += [f"in the region '{called(one)}' {said}" for one in regions for said in contradictions(one.controls)]
    return list(dict.fromkeys(found))


def _against(first: Control, second: Control) -> str | None:
    match first, second:
        case LightControl(), LightControl() if _opposed(first, second):
            return "two lights come from different sides"
        case PaletteControl(), PaletteControl() if first.swatches != second.swatches:
            return "two palettes ask for different colours"
        case PerspectiveControl(), PerspectiveControl() if first.points != second.points:
            return "two perspectives ask for different points"
        case ColourControl(), ColourControl() if first.picture != second.picture:
            return "two pictures of blocked-in colours ask for different ones"
        case RegionControl(), RegionControl() if first.mask == second.mask and first.words != second.words:
            return "two regions in the same place have different words"
        case StyleControl(), StyleControl() if first.pictures != second.pictures:
            return "two styles ask for different ways of painting"
        case ColourControl(render_only=True), StyleControl() if second.weight > 0.3 * first.weight:
            return "colours that are only rendered keep their hues, and the style would move them"
        case ColourControl(render_only=True), PaletteControl() if not _holds(second, first):
            return "colours that are only rendered keep their hues, and the palette would move them"
        case _:
            return None


def _opposed(first: LightControl, second: LightControl) -> bool:
    if first.direction is None or second.direction is None:
        return False
    return abs((first.direction - second.direction + 180) % 360 - 180) >= _APART


def _holds(palette: PaletteControl, colours: ColourControl) -> bool:
    """A palette so weak that it only tints."""
    return palette.snap == 0 and palette.weight < 0.3 * colours.weight
