"""The World: code that paints pictures whose lines, words and light are known exactly."""

from underpaint.primer.world.captions import caption
from underpaint.primer.world.paint import Painted, render
from underpaint.primer.world.scene import FACTORS, MOODS, SIZES, Scene, held_out, sample_scene

__all__ = ["FACTORS", "MOODS", "SIZES", "Painted", "Scene", "caption", "held_out", "render", "sample_scene"]
