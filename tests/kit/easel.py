"""A cheap, deterministic engine: a recipe's seed and words become a small picture, always the same one."""

import hashlib
from collections.abc import Callable, Mapping

import numpy as np

from underpaint.plan.data import Box, Pass, Plan
from underpaint.plan.take import Take
from underpaint.recipe import CreateRecipe, ModelRef, Recipe

SIDE = 48


def plan_for(recipe: Recipe, side: int = SIDE) -> Plan:
    """The smallest plan that belongs to a recipe."""
    return Plan(task=recipe.task, recipe=recipe.hash(), prompt=recipe.prompt,
                model=recipe.model or ModelRef(name="cheap"), family="sd", prediction="epsilon", width=side,
                height=side, area=Box(x=0, y=0, width=side, height=side),
                passes=(Pass(width=side, height=side, steps=2),), seed=recipe.seed or 0, sampler="euler",
                guidance_scale=5.0, device="cpu", dtype="float32", threads=1)


def picture_for(recipe: Recipe, side: int = SIDE) -> np.ndarray:
    """Broad soft shapes in colours that the seed and the words decide, with a little grain."""
    mark = int.from_bytes(hashlib.sha256(f"{recipe.seed} {recipe.prompt}".encode()).digest()[:8], "big")
    random = np.random.default_rng(mark)
    small = random.random((5, 5, 3), dtype=np.float32)
    places = np.linspace(0, 4, side, dtype=np.float32)
    low = np.minimum(places.astype(int), 3)
    part = (places - low)[:, None, None]
    rows = small[low] * (1 - part) + small[low + 1] * part
    part = (places - low)[None, :, None]
    soft = rows[:, low] * (1 - part) + rows[:, low + 1] * part
    return np.clip(soft + 0.02 * random.standard_normal(soft.shape, dtype=np.float32), 0, 1).astype(np.float32)


def paint_cheaply(recipe: Recipe, blobs: Mapping[str, bytes], tell: Callable[[int, int], None]) -> Take:
    """The engine: two steps, then a take."""
    for step in (1, 2):
        tell(step, 2)
    return Take(picture=picture_for(recipe), recipe=recipe, plan=plan_for(recipe), blobs=dict(blobs), seconds=0.25,
                circumstances={"versions": {}, "fallbacks": [], "notes": []}, measured={"light": {"mean": 0.5}})


def recipes(count: int, words: str = "a red house by the sea") -> list[CreateRecipe]:
    """Recipes with seeds from 1."""
    return [CreateRecipe(prompt=words, seed=seed) for seed in range(1, count + 1)]
