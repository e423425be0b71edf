"""The Primer painted in this machine's fast precisions against fp32: how near are the pictures?"""

import math
import statistics

import numpy as np

from bench.table import Row
from underpaint.plan.painter import Painter
from underpaint.recipe import CreateRecipe

WORDS = ("a red house by the sea, watercolour, dawn", "a black cat in a forest, oil, night",
         "a knight on a cliff, anime, sunset", "a sailing boat, ink, noon")


def measure() -> list[Row]:
    """The PSNR of bf16 and int8 pictures against fp32 ones, same seed and threads."""
    recipes = [CreateRecipe(prompt=words, seed=seed) for seed, words in enumerate(WORDS)]
    full = [Painter(precision="fp32").paint(recipe, {}).picture for recipe in recipes]
    rows = []
    for precision in ("bf16", "int8"):
        painter = Painter(precision=precision)
        found = [psnr(exact, painter.paint(recipe, {}).picture) for recipe, exact in zip(recipes, full, strict=True)]
        rows.append(Row(f"Primer in {precision} against fp32",
                        f"PSNR {statistics.mean(found):.1f} dB (worst {min(found):.1f})", ">= 30 dB", min(found) >= 30))
    return rows


def psnr(first: np.ndarray, second: np.ndarray) -> float:
    """Peak signal-to-noise ratio in decibels of pictures 0..1."""
    error = float(np.square(first.astype(np.float64) - second).mean())
    return 10 * math.log10(1 / error) if error else 99.0
