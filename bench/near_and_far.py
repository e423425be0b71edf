"""How far the Primer follows maps of depth: maps of the World's scenes, pictures of other words.

Counted are pairs of places that lie in the map's order, and those at one height apart: the others half a picture has
for nothing, since what is low in it is near. The row says whose eyes saw it.
"""

import statistics
from collections.abc import Callable, Sequence

import numpy as np

from bench.controls_art import stored
from bench.table import Row
from underpaint.controls.depth import DepthCheck, check_depth
from underpaint.controls.extractors import extractor
from underpaint.imaging.arrays import FloatArray, to_float
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import resize
from underpaint.models.primer import PRIMER
from underpaint.primer.render import nearness
from underpaint.primer.stagecraft.look import see
from underpaint.primer.stagecraft.scene import sample_scene
from underpaint.recipe import Control, DepthControl

Paint = Callable[[int, Sequence[Control], dict[str, bytes], str], FloatArray]
"""Seed, controls, the bytes that they name, words ("" for those of the seed): a picture."""
FIRST = 5000
"""The first scene's number."""


def measure(paint: Paint, seeds: int) -> list[Row]:
    """Guided, unguided at the same seed and words, and guided but held against the mirrored map."""
    who = extractor("depth", other_than=PRIMER)
    guided, plain, mirrored = list[DepthCheck](), list[DepthCheck](), list[DepthCheck]()
    for seed in range(seeds):
        scene = sample_scene(np.random.default_rng(FIRST + seed), size=(256, 256))
        near = resize(to_float(nearness(see(scene))), Extent(256, 256))
        blob, blobs = stored(np.repeat(near[..., None], 3, axis=-1))
        seen = who.reads(paint(seed, [DepthControl(map=blob)], blobs, ""))
        guided.append(check_depth(seen, near))
        mirrored.append(check_depth(seen, np.ascontiguousarray(near[:, ::-1])))
        plain.append(check_depth(who.reads(paint(seed, [], {}, "")), near))
    order, without = (statistics.mean(one.order for one in each) for each in (guided, plain))
    beside = [statistics.mean([one.beside for one in each if one.beside is not None] or [0.0])
              for each in (guided, plain, mirrored)]
    eyes = f", seen by {who.name}" + (", which also steered where no adapter did" if who.name == PRIMER else "")
    return [Row("depth: places in order", f"{order:.0%} (without {without:.0%}){eyes}", ">= 85 %", order >= 0.85),
            Row("depth: in order side by side",
                f"{beside[0]:.0%} (without {beside[1]:.0%}, against the mirrored map {beside[2]:.0%})",
                "above both by 15 %", beside[0] >= max(beside[1:]) + 0.15)]
