"""Palette: the colours that the picture is made of."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from underpaint.controls.ground import Ground
from underpaint.controls.palette_check import check_palette
from underpaint.controls.palette_cost import ROLE_SHARES
from underpaint.controls.palette_extract import main_colours, thinned
from underpaint.controls.palette_snap import snap
from underpaint.controls.shape import Check, Description, Extracted, Files, Given, Steering, Tools
from underpaint.controls.spec import ControlSpec
from underpaint.controls.swatches import FORMATS, read_sheet
from underpaint.controls.swatches.hex_list import parse_hex
from underpaint.controls.swatches.sheet import Entry, SwatchSheet
from underpaint.errors import OutputError, PictureError, RecipeError
from underpaint.files import is_file
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.color import srgb_to_oklab
from underpaint.pictures.read import read_picture
from underpaint.recipe import PaletteControl, Swatch
from underpaint.recipe.controls import MAX_SWATCHES

USUAL = 8
"""Swatches that are taken from a picture unless told otherwise."""
HELD, HELD_SHARES = 0.5, 0.7
"""How firmly shares are held unless told otherwise: equal ones, so that every swatch is seen, and those of a file."""


class Palette:
    """Swatches, with roles and shares."""

    description = Description(
        name="palette", says="the colours that the picture is made of, in all their shades",
        given=f"a palette file ({', '.join(FORMATS)}), a picture, or colours: palette=brand.ase, "
              "palette=#1c2326,#f2ecc4",
        steers="on the estimate: spots are carried to swatches; +snap moves the finished pixels onto their shades",
        checks="share of the picture on the palette, the largest spot off it, what each swatch takes",
        families="every one", cost="about 1 % of a step; with hundreds of swatches a few times that",
        extracts=(str(USUAL), "3", "5", "12", "16", "24", "32", "64"),
        options=("match", "shares", "snap", "count", "curve"))
    measured_as = "palette"

    def read(self, spec: ControlSpec, files: Files) -> Given:
        spec.expects("match", "shares", "snap", "count")
        sheet = _sheet(spec)
        swatches, notes = swatches_of(sheet)
        fields: dict[str, Any] = {"match": spec.options.get("match", "colours")}
        has_shares = any(one.share is not None or one.role != "any" for one in sheet.entries)
        hold = spec.number("shares") if spec.options.get("shares") != "hold" else 1.0
        fields["hold_shares"] = (HELD_SHARES if has_shares else HELD) if hold is None else hold
        if spec.options.get("snap"):
            fields["snap"] = spec.number("snap") if spec.options["snap"] not in ("yes", "no") else \
                float(spec.flag("snap"))
        elif spec.flag("snap"):
            fields["snap"] = 1.0
        return Given(PaletteControl(swatches=swatches, **fields, **spec.fields), {}, (*sheet.notes, *notes))

    def extract(self, picture: FloatArray, how: str, suffix: str | None = None) -> Extracted:
        suffix = suffix or ".hex"
        if suffix not in FORMATS:
            raise OutputError(f"palettes are not written as {suffix}", hint=f"Choose {', '.join(FORMATS)}.",
                              field="output")
        sheet = _of_picture(picture, int(how))
        told = [{"colour": one.hex, "share": round(one.share or 0, 4)} for one in sheet.entries]
        says = ", ".join(f"{one.hex} {one.share or 0:.0%}" for one in sheet.entries[:USUAL])
        return Extracted(FORMATS[suffix].write(sheet), suffix, says, {"swatches": told})

    def steer(self, control: PaletteControl, ground: Ground, tools: Tools) -> Steering:
        from underpaint.controls.steering.palette_transport import PaletteTransportEdit  # needs torch
        from underpaint.controls.steering.palette_values import PaletteValuesEdit

        edit = PaletteTransportEdit if control.match == "colours" else PaletteValuesEdit
        settles = (lambda picture: snap(picture, control),) if control.snap else ()
        return Steering(edits=(edit(control, tools.colours),), settles=settles)

    def check(self, picture: FloatArray, control: PaletteControl, ground: Ground) -> Check | None:
        found = check_palette(picture, control.swatches)
        measured: dict[str, Any] = {"on": round(found.on, 4), "worst_blob": round(found.worst_blob, 4)}
        if len(control.swatches) <= 64:
            measured["shares"] = [round(one, 4) for one in found.shares]
        return Check(found.on, measured, found.sentence(), found.overlay)


def swatches_of(sheet: SwatchSheet) -> tuple[tuple[Swatch, ...], tuple[str, ...]]:
    """A file's swatches as a recipe holds them: the same colour once, at most MAX_SWATCHES; and what was left out."""
    once = list({(one.hex, one.role): one for one in reversed(sheet.entries)}.values())[::-1]
    notes: tuple[str, ...] = ()
    if len(once) > MAX_SWATCHES:
        kept = thinned(srgb_to_oklab(np.array([one.colour for one in once], np.float32)), MAX_SWATCHES)
        notes = (f"of {len(once):,} swatches the {MAX_SWATCHES} that differ most are used",)
        once = [once[number] for number in kept]
    given = [one.share if one.share is not None else _share(one, once) for one in once]
    return tuple(Swatch(colour=one.hex, share=min(max(share, 1e-4), 1.0), role=one.role, name=one.name[:100])
                 for one, share in zip(once, given, strict=True)), notes


def _share(entry: Entry, others: Sequence[Entry]) -> float:
    """A share for a swatch that names none: by its role, or, beside others that do, of what they leave."""
    if any(one.role != "any" for one in others):
        return ROLE_SHARES[entry.role]
    named = [one.share for one in others if one.share is not None]
    if not named:
        return 1.0
    return max(1 - sum(named), 0.02) / (len(others) - len(named))


def _sheet(spec: ControlSpec) -> SwatchSheet:
    source = spec.source
    if not source:
        raise RecipeError("which palette?", hint="Write palette=brand.ase, or palette=#1c2326,#f2ecc4.",
                          field="control palette")
    inline = [parse_hex(part) for part in source.split(",")]
    path = Path(source)
    if all(colour is not None for colour in inline) and not is_file(path):
        return SwatchSheet(tuple(Entry(colour) for colour in inline if colour is not None))
    if not is_file(path):
        raise PictureError(f"there is no palette {source:.100}",
                           hint="Name a palette file or a picture, or write colours as #1c2326,#f2ecc4.")
    if path.suffix.lower() in FORMATS:
        return read_sheet(path)
    asked = spec.number("count")
    count = USUAL if asked is None else asked
    if not 1 <= count <= 64:
        raise RecipeError(f"{count:g} swatches are out of range", hint="Take 1 to 64 from a picture.",
                          field="control palette")
    pixels = np.asarray(read_picture(path).pixels)
    if pixels.shape[2] == 4 and (pixels[..., 3] > 0.5).any():  # what is transparent has no colour
        pixels = pixels[pixels[..., 3] > 0.5][:, None]
    return _of_picture(pixels[..., :3], int(count))


def _of_picture(picture: FloatArray, count: int) -> SwatchSheet:
    return SwatchSheet(tuple(Entry(colour, "", max(share, 1e-4)) for colour, share in main_colours(picture, count)))
