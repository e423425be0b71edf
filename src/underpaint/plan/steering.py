"""Where a recipe's controls lie in each pass of a plan, and what they may use of the loaded model."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from underpaint.controls.shape import Tools
from underpaint.controls.table import Steered
from underpaint.controls.table import steer as steer_all
from underpaint.engine.attachments.attention import UNETS
from underpaint.engine.families.adapters import Adapter
from underpaint.engine.protocols import Attachment
from underpaint.imaging.arrays import FloatArray
from underpaint.plan.adapting import control_key
from underpaint.plan.data import Pass, Plan
from underpaint.plan.filling import fitted
from underpaint.plan.loaded import Loaded
from underpaint.plan.materials import Hole, ground, painted, refined
from underpaint.recipe import Control, Recipe, RefineRecipe


def steer(recipe: Recipe, blobs: Mapping[str, bytes], plan: Plan, one: Pass, loaded: Loaded,
          hole: Hole | None = None) -> Steered:
    """Make what a recipe's controls are for one pass, and what fits a hole to its surroundings; `hole` is the opened
    input of a fill."""
    loaded.keep_adapters_of(plan)
    steered = _followed(recipe, blobs, plan, one, loaded, hole)
    fitting = fitted(plan, one, hole, loaded, steered.unguided) if hole is not None else ()
    return replace(steered, attachments=(*fitting, *steered.attachments)) if fitting else steered


def _followed(recipe: Recipe, blobs: Mapping[str, bytes], plan: Plan, one: Pass, loaded: Loaded,
              hole: Hole | None) -> Steered:
    """What the controls are."""
    if not any(control.weight for control in recipe.controls):
        return Steered()
    engine = loaded.engine
    tools = Tools(lambda: engine.colours, loaded.line_adapter if plan.line_adapter else None, engine.encode,
                  plan.family in UNETS, lambda latents: engine.to_rgb()(latents), plan.prompt, loaded.image_texts(plan),
                  _adapters(plan, loaded), _loras(plan, loaded))
    lain = replace(ground(plan, one, blobs), scene=_scene(recipe, blobs, plan, one, hole))
    return steer_all(recipe.controls, lain, tools)


def _adapters(plan: Plan, loaded: Loaded) -> Callable[[Control], Adapter | None]:
    uses = {use.control: use for use in plan.adapters}

    def adapter(control: Control) -> Adapter | None:
        use = uses.get(control_key(control))
        return loaded.adapter(use) if use is not None else None

    return adapter


def _loras(plan: Plan, loaded: Loaded) -> Callable[[Control], tuple[Attachment, ...]]:
    def loras(region: Control) -> tuple[Attachment, ...]:
        assert loaded.lora is not None or not plan.region_loras, "whoever loads a model says how LoRAs are found"
        key = control_key(region)
        return tuple(loaded.lora(one.lora) for one in plan.region_loras if one.control == key and loaded.lora)

    return loras


def _scene(recipe: Recipe, blobs: Mapping[str, bytes], plan: Plan, one: Pass,
           hole: Hole | None) -> Callable[[], tuple[FloatArray, FloatArray | None]] | None:
    """The picture that is painted over, and the mask that is filled in it, on the canvas of a pass."""
    if hole is not None:
        return lambda: (painted(hole.canvas, plan, one), painted(hole.mask, plan, one))
    if isinstance(recipe, RefineRecipe):
        return lambda: (painted(refined(recipe, blobs, plan), plan, one), None)
    return None
