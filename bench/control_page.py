"""The pictures of docs/controls.md, made by the page's own commands: `python -m bench.control_page`.

A drawing and a photo come from the World, the street is a drawn grid. Each command that paints is run as it stands and
the same words once without controls, with the same seed; all go into docs/pictures/controls.jpg.
"""

import os
import re
import shlex
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from underpaint.canvas.sheet import Tile, contact_sheet
from underpaint.cli.main import main as underpaint
from underpaint.controls.perspective_geometry import grid_ink
from underpaint.imaging.arrays import FloatArray, to_bytes, to_float
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import resize
from underpaint.pictures.read import read_picture
from underpaint.pictures.record import Record
from underpaint.pictures.write import write_picture
from underpaint.primer.brushes import draw_lines, paint
from underpaint.primer.stagecraft.look import see
from underpaint.primer.stagecraft.scene import sample_scene
from underpaint.recipe import PerspectiveControl, VanishingPoint

DOCS = Path(__file__).resolve().parents[1] / "docs"
SEED, SCENE, WIDTH = "5", 15, 980
STREET = PerspectiveControl(points=(VanishingPoint(x=-0.4, y=0.45), VanishingPoint(x=1.5, y=0.45)))


def main() -> int:
    """Run the page in a folder of its own; returns the exit code of the first command that fails."""
    page = (DOCS / "controls.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    commands = [shlex.split(line)[1:] for block in blocks for line in block.strip().splitlines()]
    tiles: list[Tile] = []
    plain: dict[str, Path] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        _inputs()
        for words in commands:
            if words[0] == "control" and words[1] == "edit-pose":
                continue
            painted = words[0] == "paint"
            code = underpaint([*words, *(["--seed", SEED, "--no-library"] if painted else [])])
            if code:
                return code
            if painted and "-o" in words:
                tiles += _pair(words, plain)
    sheet = to_float(contact_sheet(tiles, columns=4, title="Without, and with a control"))
    sheet = resize(sheet, Extent.of(sheet).fit_within(Extent(WIDTH, 10 * WIDTH)))
    write_picture(DOCS / "pictures" / "controls.jpg", sheet,
                  Record(source_type="compositeWithTrainedAlgorithmicMedia"))
    return 0


def _inputs() -> None:
    scene = sample_scene(np.random.default_rng(SCENE), size=(256, 256))
    seen = see(scene)
    Image.fromarray(paint(seen, scene.style)).save("photo.jpg", quality=95)
    Image.fromarray(255 - draw_lines(seen, "clean")).save("drawing.png")
    Image.fromarray(to_bytes(1 - grid_ink(STREET, Extent(512, 512)))).save("street.png")
    Path("brand.gpl").write_text("GIMP Palette\n18 38 58 sea\n31 111 120 teal\n227 178 60 straw\n244 237 228 sail\n")


def _pair(words: list[str], plain: dict[str, Path]) -> list[Tile]:
    """What the command paints with its controls and, the first time that its words come, without."""
    found: list[Tile] = []
    said = [words[number + 1] for number, one in enumerate(words) if one == "--control"]
    if words[1] not in plain:
        plain[words[1]] = Path(f"plain-{len(plain)}.png")
        underpaint(["paint", words[1], "--seed", SEED, "--no-library", "-o", str(plain[words[1]])])
        found.append(Tile(_pixels(plain[words[1]]), "without a control", (words[1],)))
    kind, _, rest = said[0].partition("=")
    return [*found, Tile(_pixels(Path(words[words.index("-o") + 1])), kind, (rest,))]


def _pixels(path: Path) -> FloatArray:
    return np.asarray(read_picture(path).pixels[..., :3])


if __name__ == "__main__":
    sys.exit(main())
