"""Where a recipe's controls lie in each pass of a plan, and what they may use of the loaded model."""

from collections.abc import Mapping

from underpaint.controls.shape import Tools
from underpaint.controls.table import Steered
from underpaint.controls.table import steer as steer_all
from underpaint.engine.attachments.attention import UNETS
from underpaint.plan.data import Pass, Plan
from underpaint.plan.loaded import Loaded
from underpaint.plan.materials import ground
from underpaint.recipe import Recipe


def steer(recipe: Recipe, blobs: Mapping[str, bytes], plan: Plan, one: Pass, loaded: Loaded) -> Steered:
    """Make what a recipe's controls are for one pass."""
    if not any(control.weight for control in recipe.controls):
        return Steered()
    engine = loaded.engine
    tools = Tools(lambda: engine.colours, loaded.line_adapter if plan.line_adapter else None, engine.encode,
                  plan.family in UNETS, lambda latents: engine.to_rgb()(latents), plan.prompt, loaded.image_text)
    return steer_all(recipe.controls, ground(plan, one, blobs), tools)
