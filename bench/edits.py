"""What each edit on the estimate costs, as a share of one guided step: of the Primer's, and of an SD 1.5-size UNet's at
512x512. Edits and steps are timed on the same machine in one run; the UNet has random weights of its true size.

An image-text model's gradients (`words`) are no such edit: they cost what that model costs, which its description says.
"""

from collections.abc import Iterator
from time import perf_counter

import numpy as np
import torch

from bench.controls_art import stored
from bench.counting import many
from bench.denoising import ours
from bench.step import SIZE, fast, unet
from bench.table import Row, median_seconds
from underpaint.controls.ground import Ground
from underpaint.controls.shape import Tools
from underpaint.controls.table import steer
from underpaint.engine.latent_colours import LatentColours
from underpaint.engine.protocols import Step
from underpaint.imaging.arrays import to_float
from underpaint.imaging.geometry import Bounds, Extent
from underpaint.pictures.read import read_picture
from underpaint.plan.painter import Painter
from underpaint.primer.brushes import draw_lines
from underpaint.primer.stagecraft.look import see
from underpaint.primer.stagecraft.scene import sample_scene
from underpaint.primer.stagecraft.truth import render
from underpaint.recipe import (
    ColourControl,
    Control,
    CreateRecipe,
    DepthControl,
    LightControl,
    LineControl,
    PaletteControl,
    PerspectiveControl,
    Sampling,
    StyleControl,
    Swatch,
    VanishingPoint,
)

AT = Step(4, 0, 10, 4, 10, 500.0, 1.0, 1.0, 1.0)
"""A step at which every edit is at work."""


def measure() -> list[Row]:
    """All rows."""
    return [primer(), large()]


def primer() -> Row:
    """Every edit at the Primer's own size, beside one of its steps."""
    painter = Painter()
    few, more = (CreateRecipe(prompt="a red house by the sea, oil", seed=1, sampling=Sampling(steps=steps))
                 for steps in (4, 4 + many(8, 32)))
    painter.paint(few, {})
    times = [_seconds(painter, recipe) for recipe in (few, more, few, more)]
    steps = (more.sampling.steps or 0) - (few.sampling.steps or 0)
    step = max((min(times[1::2]) - min(times[::2])) / steps, 1e-6)
    return _row("a step of the Primer", seconds(8, 32), step, 0.35)


def _seconds(painter: Painter, recipe: CreateRecipe) -> float:
    began = perf_counter()
    painter.paint(recipe, {})
    return perf_counter() - began


def large() -> Row:
    """Every edit at 512x512, beside one guided step of an SD 1.5-size UNet in the machine's own choice of precision."""
    edits = seconds(4, SIZE)
    model, words = fast(unet()), torch.randn(2, 77, 768)
    step = median_seconds(lambda: ours(model, words, SIZE, 1), rounds=many(1, 5))
    return _row("an SD 1.5-size step, 512x512", edits, step, 0.08)


def _row(what: str, edits: dict[str, float], step: float, most: float) -> Row:
    shares = {name: one / step for name, one in edits.items()}
    said = ", ".join(f"{name} {share:.1%}" for name, share in sorted(shares.items(), key=lambda one: -one[1]))
    return Row(f"estimate edits against {what} ({step * 1000:.0f} ms)", said, f"<= {most:.0%} each",
               max(shares.values()) <= most)


def seconds(channels: int, cells: int) -> dict[str, float]:
    """The median seconds of each edit on latents of so many channels, `cells` a side, each cell 8 pixels wide."""
    draws = torch.Generator().manual_seed(0)
    colours = LatentColours(torch.randn(channels, 3, generator=draws) * 0.2, torch.full((3,), 0.5),
                            torch.randn(3, channels, generator=draws) * 0.2)
    latents = torch.randn(1, channels, cells, cells, generator=draws)
    extent, blobs = Extent(8 * cells, 8 * cells), dict[str, bytes]()
    ground = Ground(extent, Bounds.whole(extent), extent, lambda blob: read_picture(blobs[blob.sha256]).pixels)
    found = {}
    for name, control, named in controls():
        blobs |= named
        edits = steer([control], ground, Tools(lambda: colours)).edits
        assert edits, name
        found[name] = median_seconds(lambda edits=edits: [edit(latents, AT) for edit in edits], rounds=many(5, 25))
    return found


def controls() -> Iterator[tuple[str, Control, dict[str, bytes]]]:
    """Each control that edits the estimate without weights of its own, and the bytes that it names."""
    scene = sample_scene(np.random.default_rng(1))
    ink = to_float(draw_lines(see(scene), "clean"))
    drawing, lines = stored(np.concatenate([np.zeros((*ink.shape, 3), np.float32), ink[..., None]], axis=-1))
    picture, pixels = stored(to_float(render(scene)))
    points = (VanishingPoint(x=-0.4, y=0.45), VanishingPoint(x=1.5, y=0.45))
    swatches = tuple(Swatch(colour=f"#{40 * number:02x}80c0") for number in range(6))
    yield "line", LineControl(drawing=drawing), lines
    yield "line, calm", LineControl(drawing=drawing, calm=0.3), lines
    yield "light", LightControl(direction=180), {}
    yield "colour", ColourControl(picture=picture), pixels
    yield "perspective", PerspectiveControl(points=points), {}
    yield "palette by values", PaletteControl(swatches=swatches), {}
    yield "palette by colours", PaletteControl(swatches=swatches, match="colours", hold_shares=0.5), {}
    yield "style", StyleControl(pictures=(picture,), how="statistics"), pixels
    yield "depth", DepthControl(map=picture), pixels
