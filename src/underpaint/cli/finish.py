"""`underpaint finish`: what is done to a painted picture afterwards. The picture itself always stays."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from underpaint.cli import recipes
from underpaint.cli.keeping import LIBRARY, NO_LIBRARY
from underpaint.cli.output import console, notes, print_json
from underpaint.errors import OutputError, PlanError, RecipeError
from underpaint.files import free_name

if TYPE_CHECKING:
    from underpaint.finish.shape import Made
    from underpaint.finish.writing import Finished, Opened
    from underpaint.pictures.read import Picture
    from underpaint.recipe.base import Frozen

app = typer.Typer(no_args_is_help=True, help="Finish a picture: larger, cut out, other tones, other colours. It stays "
                                             "as it was; the new one remembers it.")
FILES = typer.Argument(..., help="Pictures, of any program.")
OUTPUT = typer.Option(None, "-o", "--output", help=r"A file, or a folder. \[beside the picture]")
JSON = typer.Option(False, "--json", help="Print JSON.")
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}


class Matting(StrEnum):
    """How a soft edge is found."""

    closed_form = "closed-form"
    knn = "knn"


@app.command("upscale", epilog="Example: underpaint finish upscale take.png --scale 4 · underpaint finish upscale "
                               'take.png --method 4x-ink.safetensors · underpaint finish upscale take.png --paint "a '
                               'mossy wall" --strength 0.3')
def upscale(files: list[Path] = FILES,
            scale: float | None = typer.Option(None, "--scale", help=r"How many times larger. \[2, or the network's]"),
            size: str | None = typer.Option(None, "--size", metavar="WxH", help="Fill this size instead."),
            method: str = typer.Option("sharp", "--method", "--upscaler", metavar="NAME",
                                       help="sharp, lanczos, primer, or the file of an upscaling network "
                                       "(ESRGAN and kin)."),
            tile: int | None = typer.Option(None, "--tile", help="Pixels of a tile; smaller ones need less memory."),
            paint: str | None = typer.Option(None, "--paint", metavar="WORDS", help="Paint over the enlarged picture "
                                             "in tiles; '' takes the words it was painted with."),
            strength: float | None = typer.Option(None, "--strength", help=r"How much --paint may change. \[0.35]"),
            model: str | None = typer.Option(None, "--model", help=r"What --paint paints with. \[as before or primer]"),
            steps: int | None = recipes.STEPS, seed: int | None = recipes.SEED, control: list[str] = recipes.CONTROL,
            device: str | None = recipes.DEVICE, precision: str | None = recipes.PRECISION,
            library: Path | None = LIBRARY, no_library: bool = NO_LIBRARY,
            output: Path | None = OUTPUT, private: bool = recipes.PRIVATE, as_json: bool = JSON) -> None:
    """Make pictures larger, with or without an upscaling network, and paint over them if asked."""
    from underpaint.finish.shape import checked
    from underpaint.finish.upscale import Upscale, find_network, target_size
    from underpaint.imaging.geometry import Extent

    if paint is None and (strength is not None or model is not None or steps is not None or control):
        raise RecipeError("strength, model, steps and controls are for painting over", field="paint",
                          hint='Add --paint "words".')
    wide, high = recipes.parse_size(size) if size else (None, None)
    network = find_network(method)
    fields: dict[str, Any] = {"scale": scale, "width": wide, "height": high}
    fields |= {"method": network.name, "method_sha256": network.sha256} if network else {"method": method}
    asked = checked(Upscale, fields | ({} if tile is None else _tiles(tile) if paint is None or network else {}))

    def check(opened: "Opened") -> tuple[int, int]:
        found = target_size(Extent(opened.picture.width, opened.picture.height), asked, network)
        return found.width, found.height

    job = _Job("upscale", asked, network, output, private)
    if paint is None:
        _report(list(job.each(files, check=check)), as_json)
        return
    from underpaint.cli.finish_paint import Brush, paint_over

    brush = Brush(paint, strength, model, steps, seed, control, tile, device, precision, library, no_library, private)
    done = []
    for opened, target in job.opened(files, check):
        done.append(paint_over(opened, target, asked, network, brush))
        _say_notes(done[-1])
    _report(done, as_json)


def _tiles(tile: int) -> dict[str, int]:
    return {"tile": tile, "overlap": min(32, tile // 4)}


@app.command("cutout", epilog="Example: underpaint finish cutout take.png · underpaint finish cutout take.png "
                              "--strokes strokes.png · underpaint finish cutout take.png --mask mask.png --edge 12")
def cutout(files: list[Path] = FILES,
           mask: Path | None = typer.Option(None, "--mask", help="What stays, white; rough is enough."),
           trimap: Path | None = typer.Option(None, "--trimap", help="White stays, black goes, grey is in doubt."),
           strokes: Path | None = typer.Option(None, "--strokes", help="Strokes on a transparent layer or on the "
                                               "picture: green (or white) stays, red (or black) goes."),
           box: str | None = typer.Option(None, "--box", metavar="L,T,R,B", help="The subject lies inside, in pixels."),
           net: Path | None = typer.Option(None, "--net", help="A U2-Net or ISNet file (ONNX) that finds the subject."),
           method: Matting = typer.Option(Matting.closed_form, "--method", help="How the soft edge is found."),
           edge: int | None = typer.Option(None, "--edge", help="Pixels beside a mask's edge that are in doubt."),
           spill: bool = typer.Option(True, "--spill/--keep-spill", help="Take the background out of the edge."),
           output: Path | None = OUTPUT, private: bool = recipes.PRIVATE, as_json: bool = JSON) -> None:
    """Put the subject on transparency. Without a mask, strokes or a box it is guessed, and that is said."""
    from underpaint.finish.cutout import Cutout, Hints
    from underpaint.finish.shape import checked
    from underpaint.finish.subject_net import load_subject_net

    read = {name: _picture(path) for name, path in (("mask", mask), ("trimap", trimap), ("strokes", strokes)) if path}
    network = load_subject_net(net) if net else None
    fields: dict[str, Any] = {"method": method.value, "edge": edge, "spill": spill, "box": _box(box) if box else None}
    fields |= {name: picture.sha256 for name, picture in read.items()}
    asked = checked(Cutout, fields | ({"net": network.sha256} if network else {}))
    hints = Hints(read.get("mask"), read.get("trimap"), read.get("strokes"), network)
    _report(list(_Job("cutout", asked, hints, output, private).each(files)), as_json)


@app.command("tone", epilog='Example: underpaint finish tone take.png --temperature 20 --saturation -10 · underpaint '
                            'finish tone take.png --levels 12,1.1,240 --curve "0,0 64,50 255,255"')
def tone(files: list[Path] = FILES,
         temperature: float = typer.Option(0.0, "--temperature", help="Warmer above 0, cooler below; -100 to 100."),
         tint: float = typer.Option(0.0, "--tint", help="Towards magenta above 0, green below; -100 to 100."),
         levels: str | None = typer.Option(None, "--levels", metavar="BLACK,GAMMA,WHITE",
                                           help="Values 0 to 255 that become black and white, and a gamma."),
         curve: str | None = typer.Option(None, "--curve", metavar="'X,Y X,Y ...'",
                                          help="Points that values 0 to 255 are led through."),
         saturation: float = typer.Option(0.0, "--saturation", help="More colour above 0; -100 is grey."),
         output: Path | None = OUTPUT, private: bool = recipes.PRIVATE, as_json: bool = JSON) -> None:
    """Change temperature, tint, levels, a curve and saturation."""
    from underpaint.finish.shape import checked
    from underpaint.finish.tone import Tone

    fields: dict[str, Any] = {"temperature": temperature, "tint": tint, "saturation": saturation}
    if levels is not None:
        black, gamma, white = _numbers(levels, 3, "levels", "black,gamma,white such as 12,1.1,240")
        fields |= {"black": black / 255, "gamma": gamma, "white": white / 255}
    if curve is not None:
        points = [_numbers(point, 2, "curve", "points such as '0,0 64,50 255,255'") for point in curve.split()]
        fields["curve"] = tuple((x / 255, y / 255) for x, y in points)
    _report(list(_Job("tone", checked(Tone, fields), None, output, private).each(files)), as_json)


@app.command("match", epilog="Example: underpaint finish match take.png --to cover.png · underpaint finish match "
                             "take.png --to '#1c2326,#f2ecc4' --strength 0.5")
def match(files: list[Path] = FILES,
          to: str = typer.Option(..., "--to", metavar="WHAT", help="A picture, a palette file, or colours such as "
                                 "#1c2326,#f2ecc4."),
          palette: bool = typer.Option(False, "--palette", help="Take of a picture only its main colours."),
          strength: float = typer.Option(0.8, "--strength", help="How far to go, 0 to 1."),
          values: bool = typer.Option(True, "--values/--keep-values", help="Also match how light and dark it is."),
          output: Path | None = OUTPUT, private: bool = recipes.PRIVATE, as_json: bool = JSON) -> None:
    """Give pictures the colours of another picture or of a palette. What was lighter stays lighter."""
    from underpaint.finish.match import Match, Reference
    from underpaint.finish.shape import checked

    path = Path(to)
    fields: dict[str, Any] = {"strength": strength, "values": values}
    if path.suffix.lower() in _palette_files() or palette or not path.exists():
        reference = _palette(to)
    else:
        reference = Reference.of_picture(_picture(path))
    if path.is_file():
        fields |= {"reference": path.name[:200], "reference_sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    else:
        fields["reference"] = to[:200]
    _report(list(_Job("match", checked(Match, fields), reference, output, private).each(files)), as_json)


def _palette_files() -> tuple[str, ...]:
    from underpaint.controls.swatches import FORMATS

    return tuple(FORMATS)


def _palette(what: str) -> Any:
    """Swatches as the palette control reads them."""
    import numpy as np

    from underpaint.finish.match import Reference
    from underpaint.library.control_files import read_controls
    from underpaint.recipe import PaletteControl

    given, = read_controls([f"palette={what}"])
    for note in given.notes:
        notes().print(f"note: {note}", markup=False)
    assert isinstance(given.control, PaletteControl)
    swatches = given.control.swatches
    colors = np.array([[int(one.colour[at:at + 2], 16) / 255 for at in (1, 3, 5)] for one in swatches], np.float32)
    shares = np.array([one.share for one in swatches], np.float64)
    return Reference(colors, None if np.ptp(shares) < 1e-9 else shares, "palette")


def _picture(path: Path) -> "Picture":
    from underpaint.pictures.read import read_picture

    return read_picture(path)


def _box(text: str) -> tuple[int, int, int, int]:
    left, top, right, bottom = _numbers(text, 4, "box", "left,top,right,bottom in pixels")
    return int(left), int(top), int(right), int(bottom)


def _numbers(text: str, count: int, field: str, example: str) -> tuple[float, ...]:
    parts = text.split(",")
    try:
        found = tuple(float(part) for part in parts)
    except ValueError as error:
        raise RecipeError(f"'{text:.40}' cannot be read", hint=f"Write {example}.", field=field) from error
    if len(found) != count:
        raise RecipeError(f"'{text:.40}' has {len(found)} numbers, not {count}", hint=f"Write {example}.", field=field)
    return found


@dataclass(frozen=True, eq=False)
class _Job:
    """One operation on some files, and where the results go."""

    name: str
    asked: "Frozen"
    given: Any
    output: Path | None
    private: bool

    def each(self, files: Sequence[Path],
             check: "Callable[[Opened], tuple[int, int]] | None" = None) -> "Iterator[Finished]":
        """Finish one file after another."""
        from underpaint.finish.table import OPERATIONS
        from underpaint.finish.writing import save

        operation = OPERATIONS[self.name]
        for opened, target in self.opened(files, check):
            made: Made = operation.run(opened.picture, self.asked, self.given)
            done = save(opened, operation, self.asked, made, target, private=self.private)
            _say_notes(done)
            yield done

    def opened(self, files: Sequence[Path],
               check: "Callable[[Opened], tuple[int, int]] | None" = None) -> "Iterator[tuple[Opened, Path]]":
        """Each picture and where its result goes; what cannot be written is refused before any work."""
        from underpaint.finish.writing import check_target, open_picture
        from underpaint.library.saving import check_place

        if len(files) > 1 and self._is_file():
            raise OutputError(f"{len(files)} pictures do not fit into one file", hint="Name a folder with -o.",
                              field="output")
        for file in files:
            opened = open_picture(file)
            target = self._target(file)
            check_target(file, target, *(check(opened) if check else (opened.picture.width, opened.picture.height)))
            if self.name == "cutout" and target.suffix.lower() in (".jpg", ".jpeg"):
                raise PlanError("a JPEG cannot be transparent", hint="Write a PNG or a WebP.", field="output")
            check_place(target)
            yield opened, target

    def _is_file(self) -> bool:
        return self.output is not None and bool(self.output.suffix) and not self.output.is_dir()

    def _target(self, file: Path) -> Path:
        """The file that was named, or a free name beside the picture or in the folder."""
        from underpaint.finish.table import OPERATIONS

        if self.output is not None and self._is_file():
            return self.output
        folder = self.output or file.parent
        return free_name(folder / f"{file.stem}-{OPERATIONS[self.name].ending}.png")


def _say_notes(done: "Finished") -> None:
    for note in done.notes:
        notes().print(f"note: {note}", markup=False)


def _report(done: "Sequence[Finished]", as_json: bool) -> None:
    if as_json:
        print_json({"finished": [{"file": str(one.path), "width": one.width, "height": one.height, "pixels": one.pixels,
                                  "operation": one.step.operation, "parameters": dict(one.step.parameters),
                                  "parent": dict(one.step.parent), "found": dict(one.step.found),
                                  "notes": list(one.notes)} for one in done]})
        return
    for one in done:
        told = "; ".join(f"{key.replace('_', ' ')}{'' if value is True else f' {value}'}"
                         for key, value in one.step.found.items())
        console().print(f"{one.path}: {one.width}x{one.height}{f', {told}' if told else ''}", markup=False)
