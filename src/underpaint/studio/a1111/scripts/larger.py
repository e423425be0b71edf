"""SD upscale: the picture is enlarged, then painted over in tiles."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from underpaint.finish.second_pass import second_pass
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import resize
from underpaint.library.drawings import Stored
from underpaint.recipe.parts import Tiles
from underpaint.studio.a1111.errors import Unprocessable
from underpaint.studio.a1111.images import as_png
from underpaint.studio.a1111.recipes import painted_recipe, strength_of
from underpaint.studio.a1111.replies import ScriptArgument
from underpaint.studio.a1111.scripts.shape import Given, Made, Script, argument, whole
from underpaint.studio.a1111.upscaling import enlarged, upscaler_names

SMALLEST_TILE, LARGEST_TILE = 64, 4096


def _arguments(tab: str) -> list[ScriptArgument]:
    return [ScriptArgument(label="", value=""),
            ScriptArgument(label="Tile overlap", value=64, minimum=0, maximum=256, step=16),
            ScriptArgument(label="Upscaler", value="None", choices=[]),
            ScriptArgument(label="Scale Factor", value=2.0, minimum=1.0, maximum=4.0, step=0.05)]


def _make(given: Given, args: Sequence[Any]) -> Made:
    asked, begun = given.asked, given.begun[0]
    overlap, scale = whole(args, 1, 64, "Tile overlap"), argument(args, 3, 2.0)
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not 1 <= scale <= 8:
        raise Unprocessable("a scale from 1 to 8 is wanted", field="script_args (Scale Factor)")
    names = upscaler_names(given.shelf)
    name = argument(args, 2, 0)
    if isinstance(name, int) and not isinstance(name, bool) and 0 <= name < len(names):
        name = names[name]
    size = begun.extent.scaled(float(scale))
    if size.area > asked.most_pixels:
        raise Unprocessable(f"{size} is larger than this server paints", field="script_args (Scale Factor)",
                            hint=f"It paints up to {asked.most_pixels / 1e6:.0f} megapixels.")
    larger = enlarged(begun.picture, size, str(name), given.shelf) if str(name).lower() != "none" else \
        resize(np.asarray(begun.picture.pixels), size)
    stored = Stored.of(as_png(larger), "enlarged")
    asked.blobs[stored.blob.sha256] = stored.data
    side = min(max(min(asked.request.width or 512, asked.request.height or 512), SMALLEST_TILE), LARGEST_TILE)
    tiles = Tiles(size=side, overlap=min(max(overlap, 0), side // 2))
    before = painted_recipe(asked, 0, {"task": "create"})
    recipes = [second_pass(stored.blob, Extent(size.width, size.height), asked.prompt, tiles=tiles,
                           strength=strength_of(asked.request),
                           before=before.changed(seed=asked.seeds(number)[0]))
               for number in range(asked.request.pictures)]
    return Made(recipes, range(len(recipes)), words={"SD upscale overlap": overlap, "SD upscale upscaler": str(name)})


SCRIPT = Script("SD upscale", ("img2img",), _arguments, _make)
