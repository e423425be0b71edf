"""What fits a hole to its surroundings on a model that brings an adapter for it: chosen, checked, hung on."""

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

from underpaint.controls.steering.guard import GuardedSupply
from underpaint.controls.table import in_order
from underpaint.engine.attachments.maps import Followed
from underpaint.engine.attachments.t2i_adapter import T2IAttachment
from underpaint.engine.protocols import Attachment
from underpaint.errors import PlanError
from underpaint.imaging.masks import known_part
from underpaint.models import ModelDescription
from underpaint.models.own_adapters import own_adapter
from underpaint.plan.adapting import FAMILIES, ChosenAdapter
from underpaint.plan.data import AdapterUse, Pass, Plan
from underpaint.plan.loaded import Loaded
from underpaint.plan.materials import Hole, painted
from underpaint.recipe import AdapterControl, FillRecipe, ModelRef, Recipe

KIND = "fill"
THE_HOLE = sha256(KIND.encode()).hexdigest()
"""What stands in a plan's adapters for the hole itself, where for others stands the control that they follow."""


def chosen_filling(recipe: Recipe, model: ModelDescription,
                   chosen: Sequence[ChosenAdapter]) -> tuple[ModelDescription, ...]:
    """The model's own adapter for holes, where there is a hole and nobody named another net that fills it; else
    nothing."""
    if not isinstance(recipe, FillRecipe) or model.family not in FAMILIES:
        return ()
    named = any(isinstance(one, AdapterControl) and one.reads == KIND for one in in_order(recipe.controls))
    if named or any(one.adapter.adapter is not None and KIND in one.adapter.adapter.reads for one in chosen):
        return ()
    own = own_adapter(model, KIND)
    return () if own is None else (own,)


def filling_use(adapter: ModelDescription) -> AdapterUse:
    """As the plan records it."""
    return AdapterUse(control=THE_HOLE, adapter=ModelRef(name=adapter.name[:200], hash=adapter.sha256))


def check_filling(plan: Plan, model: ModelDescription) -> None:
    """Raise PlanError where a plan, which may come from a stranger or from before, names what the model has not."""
    use = _filling(plan)
    own = own_adapter(model, KIND) if use is not None and model.family in FAMILIES else None
    if use is not None and (own is None or own.name[:200] != use.adapter.name):
        raise PlanError(f"the plan fills the hole by '{use.adapter.name}', which '{model.name}' does not bring",
                        hint="Paint from the recipe alone.", field="plan.adapters")


def fitted(plan: Plan, one: Pass, hole: Hole, loaded: Loaded, unguided: Counter[str]) -> tuple[Attachment, ...]:
    """The attachment by which the model sees in each call what is round the hole, at the size of a pass; none where
    the plan has none or nothing is round it."""
    use = _filling(plan)
    if use is None:
        return ()
    known = known_part(painted(hole.canvas, plan, one), painted(hole.mask, plan, one))
    if not known.any():
        return ()
    followed = Followed(known, lambda _: 1.0, key=KIND)
    return (GuardedSupply(T2IAttachment(loaded.adapter(use).module, followed), "filling", unguided),)


def _filling(plan: Plan) -> AdapterUse | None:
    return next((use for use in plan.adapters if use.control == THE_HOLE), None)
