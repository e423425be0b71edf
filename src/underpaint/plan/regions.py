"""What regions bring of their own: LoRAs, found in their words too, and what needs their own call of the model."""

from collections.abc import Iterator

from underpaint.controls.adapting import named_adapter, needs_adapter
from underpaint.controls.region_inside import called, own_controls
from underpaint.controls.table import in_order
from underpaint.errors import PlanError
from underpaint.plan.adapting import control_key
from underpaint.plan.words import loras_in, plus
from underpaint.recipe import Control, LoraRef, Recipe, RegionControl


def region_loras(recipe: Recipe) -> tuple[tuple[str, LoraRef], ...]:
    """The LoRAs of every region that weighs something, each with the key by which a plan knows the region: those that
    it lists, and those that only its words name.

    Raises PromptError for words that name a network of another kind.
    """
    return tuple((control_key(region), ref) for region in _regions(recipe) for ref in _loras(region, recipe.dialect))


def check_regions(recipe: Recipe) -> None:
    """Raise PlanError where a region has what only acts in a call of its own, and is not to have one."""
    for region in _regions(recipe):
        if region.joint:
            continue
        needs = ["a LoRA"] if _loras(region, recipe.dialect) else []
        needs += [one.kind for one in own_controls(region) if needs_adapter(one) or named_adapter(one) is not None]
        if needs:
            raise PlanError(f"{needs[0]} in the region '{called(region)}' acts in the region's own call of the model, "
                            "and with joint 0 there is none", field="control region",
                            hint="Leave +joint out, or give the whole picture what it is that the region should have.")


def _regions(recipe: Recipe) -> Iterator[RegionControl]:
    found: list[Control] = in_order(recipe.controls)
    return (one for one in found if isinstance(one, RegionControl))


def _loras(region: RegionControl, dialect: str) -> list[LoraRef]:
    return plus(region.loras, loras_in(region.words, dialect, field="control region"))
