"""Where a recipe's controls lie in each pass of a plan, and what they may use of the loaded model."""

from collections.abc import Mapping

from underpaint.controls.shape import Tools
from underpaint.controls.table import Steered
from underpaint.controls.table import steer as steer_all
from underpaint.plan.data import Pass, Plan
from underpaint.plan.loaded import Loaded
from underpaint.plan.materials import ground
from underpaint.recipe import Recipe


def steer(recipe: Recipe, blobs: Mapping[str, bytes], plan: Plan, one: Pass, loaded: Loaded) -> Steered:
    """Make what a recipe's controls are for one pass."""
    if not any(control.weight for control in recipe.controls):
        return Steered()
    tools = Tools(lambda: loaded.engine.colours, loaded.line_adapter if plan.line_adapter else None)
    return steer_all(recipe.controls, ground(plan, one, blobs), tools)
