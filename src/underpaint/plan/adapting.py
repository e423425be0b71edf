"""Which adapter each control of a recipe is followed by: decided from the model and what is on disk, by header only."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from underpaint.controls.adapting import (
    HINT,
    IMAGE_FORMS,
    check_form,
    map_kinds,
    named_adapter,
    needs_adapter,
    only_own,
)
from underpaint.controls.region_inside import everything
from underpaint.controls.table import in_order
from underpaint.errors import PlanError
from underpaint.models import Catalogue, ModelDescription, check_network
from underpaint.models.adapter_finding import adapters_for, find_adapter, find_image_encoder
from underpaint.models.adapters import LINES
from underpaint.models.own_adapters import PICTURE_KINDS, find_own, own_adapter, own_image_prompt
from underpaint.plan.data import AdapterUse, Plan
from underpaint.recipe import Control, LineControl, ModelRef, Recipe, StyleControl

FAMILIES = frozenset({"sd", "sd2", "sdxl"})
"""Families whose denoisers take what adapters add."""


@dataclass(frozen=True)
class ChosenAdapter:
    """The adapter of one control, and the image encoder of an IP-Adapter. `asked`: a person named it."""

    control: Control
    adapter: ModelDescription
    encoder: ModelDescription | None = None
    asked: bool = True

    def use(self) -> AdapterUse:
        """As the plan records it."""
        encoder = self.encoder
        return AdapterUse(control=control_key(self.control), adapter=_ref(self.adapter),
                          encoder=_ref(encoder) if encoder is not None else None)


def control_key(control: Control) -> str:
    """The SHA-256 by which a plan knows a control."""
    return sha256(control.to_key().encode()).hexdigest()


def attached_by(plan: Plan, recipe: Recipe) -> frozenset[str]:
    """The controls of a recipe, by `to_key`, that adapters followed when its plan was carried out."""
    followed = {use.control for use in plan.adapters}
    return frozenset(one.to_key() for one in everything(recipe.controls) if control_key(one) in followed)


def chosen_adapters(recipe: Recipe, model: ModelDescription, catalogue: Catalogue) -> tuple[ChosenAdapter, ...]:
    """The adapter of every control that names one, or that is followed better (or only) by one that is here.

    Raises PlanError or ModelError, with the way out, for an adapter that cannot work on the model or with the control,
    and for a control that needs one where there is none.
    """
    found = []
    for control in everything(in_order(recipe.controls)):
        ref = named_adapter(control)
        if isinstance(control, StyleControl) and control.how not in ("adapter", "best"):
            continue
        if model.family not in FAMILIES and (ref is not None or needs_adapter(control)):
            raise PlanError(f"{model.family_name} takes no adapters here, which {control.kind} asks for",
                            hint="Choose a model of SD 1.x, SD 2.x or SDXL.", field=f"control {control.kind}")
        adapter = _named(ref, model, catalogue) if ref is not None else _nearest(control, model, catalogue)
        if adapter is None:
            continue
        _check_suits(control, adapter, model)
        # A model's own looks through the model's own encoder, which is part of it and needs no record.
        own = adapter.name.rpartition("/")[2] in PICTURE_KINDS and adapter.name.startswith(f"{model.name}/")
        encoder = find_image_encoder(catalogue, adapter) if looks(adapter) and not own else None
        found.append(ChosenAdapter(control, adapter, encoder, ref is not None))
    return tuple(found)


def _named(ref: ModelRef, model: ModelDescription, catalogue: Catalogue) -> ModelDescription:
    brought = find_own(catalogue, ref.name, model) if ref.name.startswith(f"{model.name}/") else None
    return brought or find_adapter(catalogue, ref.name, ref.hash)


def _nearest(control: Control, model: ModelDescription, catalogue: Catalogue) -> ModelDescription | None:
    """The adapter here that reads the control's map best; None where it does without."""
    if isinstance(control, StyleControl):
        return own_image_prompt(model, "style")
    kinds = map_kinds(control)
    own = isinstance(control, LineControl) and model.can("line")
    if not kinds or own or model.family not in FAMILIES:
        return None
    for kind in kinds:
        brought = own_adapter(model, kind)
        if brought is not None:
            return brought
    for kind in () if only_own(control) else kinds:
        there = adapters_for(catalogue, model, (kind,))
        if there:
            return there[0]
    if needs_adapter(control):
        raise PlanError(f"'{model.name}' has no adapter here that reads {control.kind}", hint=HINT,
                        field=f"control {control.kind}")
    return None


def check_chosen(chosen: Sequence[ChosenAdapter], model: ModelDescription) -> None:
    """Raise PlanError where a plan, which may come from a stranger, names adapters that cannot work."""
    for one in chosen:
        _check_suits(one.control, one.adapter, model)
        if model.family not in FAMILIES:
            raise PlanError(f"{model.family_name} takes no adapters here, and the plan names {one.adapter.name}",
                            hint="Paint from the recipe alone.", field="plan.adapters")


def looks(adapter: ModelDescription) -> bool:
    """Whether it is an IP-Adapter, which looks at pictures through an image encoder."""
    return adapter.adapter is not None and adapter.adapter.form in IMAGE_FORMS


def is_looked_at(use: AdapterUse) -> bool:
    """Whether the control's picture is shown to an IP-Adapter, and nothing of it lies over the picture."""
    return use.encoder is not None or use.adapter.name.rpartition("/")[2] in PICTURE_KINDS


def _check_suits(control: Control, adapter: ModelDescription, model: ModelDescription) -> None:
    check_form(control, adapter)
    refused = [one for one in check_network(model, adapter) if one.level == "refused"]
    if refused:
        raise PlanError(refused[0].text, hint="Choose an adapter for the model's family, or another model.",
                        field=f"control {control.kind}")


def adapter_notes(chosen: Sequence[ChosenAdapter], model: ModelDescription) -> list[str]:
    """What a person should know of the adapters before anything is painted, sentences."""
    brought = f"{model.name}/"
    notes = [f"{one.control.kind} is followed by {one.adapter.name}" for one in chosen
             if not one.asked and not one.adapter.name.startswith(brought)]
    notes += [found.text for one in chosen for found in check_network(model, one.adapter) if found.level == "warning"]
    slots: defaultdict[str, int] = defaultdict(int)
    for one in chosen:
        many = one.adapter.adapter is not None and one.adapter.adapter.form in ("union", *IMAGE_FORMS)
        slots[one.adapter.name] += 0 if many else 1
    notes += [f"{name} reads one map, and is given {count}: it reads them one after the other, and what it adds is "
              "added up" for name, count in slots.items() if count > 1]
    notes += _unlike(chosen)
    return list(dict.fromkeys(notes))


def _unlike(chosen: Sequence[ChosenAdapter]) -> list[str]:
    """Maps handed to adapters that, by their names, read another kind."""
    told = []
    for one in chosen:
        kinds, reads = map_kinds(one.control), one.adapter.adapter.reads if one.adapter.adapter else ()
        kinds += tuple(LINES) if set(kinds) & LINES else ()  # any lines do, if less well
        if kinds and reads and set(kinds).isdisjoint(reads) and "picture" not in reads:
            told.append(f"{one.adapter.name} reads {', '.join(reads)} by its name, and is given {kinds[0]}")
    return told


def _ref(model: ModelDescription) -> ModelRef:
    return ModelRef(name=model.name[:200], hash=model.sha256)
