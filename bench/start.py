"""How soon one can begin: help and metadata at once, a first picture from a cold start, a warm one."""

import subprocess
import sys
import tempfile
from pathlib import Path

from bench.table import Row, median_seconds

UNDERPAINT = [sys.executable, "-m", "underpaint.cli.main"]
TORCH_FREE = "import sys, runpy; sys.argv[1:] = {arguments!r}\ntry:\n    runpy.run_module('underpaint.cli.main', " \
             "run_name='__main__')\nexcept SystemExit: pass\nsys.exit('torch' in sys.modules)"


def measure() -> list[Row]:
    """Rows for the cold and warm starts."""
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "picture.png"
        rows = [_cold(picture)]
        rows += [_quick(name, arguments) for name, arguments in (
            ("--help", ["--help"]), ("info", ["info", str(picture), "--json"]),
            ("prompt", ["prompt", "a (red:1.2) [cat:dog:0.5]", "--steps", "20", "--json"]))]
    rows.append(_warm())
    return rows


def _run(arguments: list[str]) -> None:
    subprocess.run([*UNDERPAINT, *arguments], check=True, capture_output=True)


def _cold(picture: Path) -> Row:
    seconds = median_seconds(lambda: _run(["paint", "a red house by the sea, watercolour", "--seed", "1", "-o",
                                           str(picture)]), rounds=3, warm=0)
    return Row("cold `underpaint paint` to a finished picture", f"{seconds:.2f} s", "< 12 s", seconds < 12)


def _quick(name: str, arguments: list[str]) -> Row:
    seconds = median_seconds(lambda: _run(arguments), rounds=7)
    code = TORCH_FREE.format(arguments=arguments)
    torch_free = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
    return Row(f"{name}, whole process", f"{seconds:.2f} s, {'no torch' if torch_free else 'torch imported'}",
               "< 0.5 s, no torch", seconds < 0.5 and torch_free)


def _warm() -> Row:
    from underpaint.plan.painter import Painter
    from underpaint.recipe import CreateRecipe, Guidance, Sampling

    painter = Painter()
    recipe = CreateRecipe(prompt="a red house by the sea, watercolour", seed=1, width=256, height=256,
                          sampling=Sampling(steps=20), guidance=Guidance(scale=4))
    seconds = median_seconds(lambda: painter.paint(recipe, {}), rounds=5)
    return Row("warm 256x256, 20 guided steps", f"{seconds:.2f} s", "< 3 s", seconds < 3)
