"""Recipe + what the model can do -> a frozen plan: every decision, no doing, no torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from underpaint.controls.region_inside import everything
from underpaint.errors import PlanError
from underpaint.imaging.geometry import Bounds, Extent
from underpaint.models.description import ModelDescription
from underpaint.plan.adapting import control_key, is_looked_at
from underpaint.plan.data import AdapterUse, Box, Pass, Plan, RegionLora
from underpaint.plan.regions import check_regions
from underpaint.plan.words import Words
from underpaint.recipe import (
    ColourControl,
    Control,
    CreateRecipe,
    FillRecipe,
    LineControl,
    LoraRef,
    ModelRef,
    NudgeControl,
    PerspectiveControl,
    PoseControl,
    Recipe,
    RefineRecipe,
    RegionControl,
    StyleControl,
)
from underpaint.recipe.samplers import SamplerName, ScheduleName, check_schedule, resolve_sampler, resolve_schedule

LARGEST = 9
"""How many times the model's own area is painted in one piece before a person must say how."""
SMALLEST = 256 * 256
MAX_SIDE, MAX_AREA = 16_384, 160_000_000
"""No picture is painted that our own reader would refuse."""


@dataclass(frozen=True)
class Machine:
    """Where it will be painted: torch's device and dtype by name, and how many threads."""

    device: str
    dtype: str
    threads: int


@dataclass(frozen=True)
class Facts:
    """What deciding needs to know besides the recipe.

    `words` have their wildcards resolved. `sizes`: of every picture, mask and drawing, by hash. `masked`: bounds of
    the mask in the finished picture's pixels, None where it is empty. `adapters`: which follow which controls.
    `region_loras`: those of regions, each with the key of its region.
    `image_text`: who is asked for phrases, None for the model's own or nobody.
    """

    seed: int
    words: Words
    model: ModelDescription
    machine: Machine
    vae: ModelDescription | None = None
    loras: tuple[tuple[LoraRef, ModelDescription], ...] = ()
    embeddings: tuple[ModelDescription, ...] = ()
    sizes: Mapping[str, Extent] = field(default_factory=dict)
    masked: Bounds | None = None
    adapters: tuple[AdapterUse, ...] = ()
    region_loras: tuple[tuple[str, LoraRef, ModelDescription], ...] = ()
    image_text: ModelRef | None = None


def decide(recipe: Recipe, facts: Facts) -> Plan:
    """Fill in everything that the recipe leaves open.

    Raises PlanError, naming the field, for what the chosen model cannot do.
    """
    model = facts.model
    _refuse_impossible(recipe, model)
    frame = _frame(recipe, facts)
    sampler, schedule = _sampling(recipe, model)
    guidance = recipe.guidance.scale
    return Plan(
        task=recipe.task, recipe=recipe.hash(), prompt=facts.words.prompt, negative_prompt=facts.words.negative_prompt,
        model=_ref(model), family=model.family or "", prediction=model.prediction or "", loras=_loras(facts),
        embeddings=tuple(_ref(found) for found in facts.embeddings),
        vae=_ref(facts.vae) if facts.vae else None, width=frame.whole.width, height=frame.whole.height,
        area=Box.of(frame.area), scale=frame.scale, passes=_passes(recipe, frame, model), seed=facts.seed,
        sampler=sampler.id, schedule=schedule.id if schedule else None,
        guidance_scale=model.default_guidance if guidance is None else guidance, clip_skip=recipe.clip_skip,
        line_adapter="adapter_line" if any(map(_draws, everything(recipe.controls))) and model.can("line") else None,
        adapters=facts.adapters, image_text=facts.image_text,
        region_loras=tuple(RegionLora(control=key, lora=ref.changed(hash=found.sha256))
                           for key, ref, found in facts.region_loras),
        device=facts.machine.device, dtype=facts.machine.dtype, threads=facts.machine.threads,
    )


def _sampling(recipe: Recipe, model: ModelDescription) -> tuple[SamplerName, ScheduleName | None]:
    asked = recipe.sampling
    sampler, schedule = resolve_sampler(asked.sampler or model.default_sampler)
    if asked.schedule:
        schedule = resolve_schedule(asked.schedule)
    elif schedule is None and asked.sampler is None and model.default_schedule:
        schedule = resolve_schedule(model.default_schedule)
    check_schedule(sampler, schedule or resolve_schedule("automatic"), flow=model.prediction == "flow")
    return sampler, schedule


@dataclass(frozen=True)
class _Frame:
    """`whole`: the finished picture. `area`: what of it is painted. `painted`: that area at the painted scale."""

    whole: Extent
    area: Bounds
    painted: Extent

    @property
    def scale(self) -> float:
        return self.painted.width / self.area.width


def _refuse_impossible(recipe: Recipe, model: ModelDescription) -> None:
    if model.kind != "checkpoint":
        raise PlanError(f"'{model.name}' is a {model.kind}, not a model that paints",
                        hint="See `underpaint models list`.", field="model")
    if recipe.clip_skip and recipe.clip_skip > 1 and not model.can("clip_skip"):
        raise PlanError(f"{model.family_name} has no layers to skip in its text encoder", field="clip_skip",
                        hint="Leave clip skip out.")
    if isinstance(recipe, FillRecipe) and recipe.mask is None and not any(recipe.outpaint.model_dump().values()):
        raise PlanError("there is nothing to fill", field="mask",
                        hint="Give a mask, or say how far to grow the picture.")
    if any(control.start > control.end for control in everything(recipe.controls)):
        raise PlanError("a control ends before it starts", field="controls")
    check_regions(recipe)


def _draws(control: Control) -> bool:
    """Whether a control has lines for the model to follow."""
    grid = isinstance(control, PerspectiveControl) and control.grid > 0
    own = isinstance(control, NudgeControl) and control.lines > 0
    return control.weight > 0 and (grid or own or isinstance(control, LineControl))


def _frame(recipe: Recipe, facts: Facts) -> _Frame:
    if isinstance(recipe, FillRecipe):
        return _fill_frame(recipe, facts)
    whole = _picture_size(recipe, facts)
    check_size(whole, facts.model, tiled=recipe.tiles is not None)
    return _Frame(whole, Bounds.whole(whole), whole)


def _picture_size(recipe: Recipe, facts: Facts) -> Extent:
    model = facts.model
    area, step = model.native_area or 512 * 512, model.size_step
    if recipe.width and recipe.height:
        return Extent(recipe.width, recipe.height)
    shape = _shape(recipe, facts)
    if recipe.width or recipe.height:
        factor = recipe.width / shape.width if recipe.width else (recipe.height or 0) / shape.height
        scaled = shape.scaled(factor)
        return Extent(recipe.width or scaled.width, recipe.height or scaled.height)
    if isinstance(recipe, RefineRecipe) and shape.area <= LARGEST * area:
        return shape
    canvas = shape.fit_area(area, step)
    return shape.fit_within(canvas)


def _shape(recipe: Recipe, facts: Facts) -> Extent:
    """What gives the picture its shape: the picture painted over, else a drawing, else another map, else the model.

    Which map that is depends neither on the order in which controls are listed nor on what else they say.
    """
    if isinstance(recipe, RefineRecipe):
        return facts.sizes[recipe.picture.sha256]
    seen = {use.control for use in facts.adapters if is_looked_at(use)}
    maps = sorted((control.kind != "line", blob.sha256) for control in recipe.controls
                  if _shapes(control) and control_key(control) not in seen
                  for blob in ([control.mask] if isinstance(control, RegionControl) else control.blobs()))
    if maps:
        return facts.sizes[maps[0][1]]
    poses = [one for one in recipe.controls if isinstance(one, PoseControl) and one.weight]
    if poses:
        return max((Extent(one.width, one.height) for one in poses), key=lambda one: (one.width, one.height))
    side = round((facts.model.native_area or 512 * 512) ** 0.5)
    return Extent(facts.model.default_width or side, facts.model.default_height or side)


def _shapes(control: Control) -> bool:
    """Whether a control's map lies over the picture: a style is only looked at, what is stretched takes any shape.
    """
    stretched = isinstance(control, RegionControl) and control.resize == "stretch"
    return control.weight > 0 and not stretched and not isinstance(control, StyleControl)


def _fill_frame(recipe: FillRecipe, facts: Facts) -> _Frame:
    """The size that is asked for is that of the painted area; the picture itself only grows by its margins."""
    picture, grow = facts.sizes[recipe.picture.sha256], recipe.outpaint
    whole = Extent(picture.width + grow.left + grow.right, picture.height + grow.top + grow.bottom)
    if facts.masked is None:
        raise PlanError("the mask is empty, so there is nothing to paint", field="mask",
                        hint="White (or opaque) in a mask is painted.")
    area = Bounds.whole(whole) if recipe.area == "whole" else facts.masked.padded(recipe.padding).clipped(whole)
    size = _fill_size(recipe, area.extent, facts.model)
    check_size(size, facts.model, tiled=recipe.tiles is not None)
    return _Frame(whole, area, size)


def _fill_size(recipe: FillRecipe, area: Extent, model: ModelDescription) -> Extent:
    if recipe.width or recipe.height:
        return area.fit_within(Extent(recipe.width or MAX_SIDE, recipe.height or MAX_SIDE))
    native = model.native_area or 512 * 512
    if recipe.area == "whole" or native / LARGEST <= area.area <= native * LARGEST:
        return area
    return area.scaled((native / area.area) ** 0.5)


def check_size(size: Extent, model: ModelDescription, *, tiled: bool) -> None:
    """Raise PlanError for a size that the model cannot paint in one piece, or that nobody means."""
    if max(size.width, size.height) > MAX_SIDE or size.area > MAX_AREA:
        raise PlanError(f"{size} is larger than {MAX_SIDE} pixels a side or {MAX_AREA // 10**6} million in all",
                        field="width")
    area = max(model.native_area or 512 * 512, SMALLEST)
    if size.area > LARGEST * area and not tiled:
        raise PlanError(f"{size} is too large for '{model.name}' to paint in one piece", field="width",
                        hint="Paint it in tiles (--set tiles.size=512), or only the masked area (--set area=masked).")


def _passes(recipe: Recipe, frame: _Frame, model: ModelDescription) -> tuple[Pass, ...]:
    steps = recipe.sampling.steps or model.default_steps
    strength = recipe.strength if isinstance(recipe, RefineRecipe | FillRecipe) else _begins(recipe)
    canvas = frame.painted.multiple_of(model.size_step)
    first = Pass(width=canvas.width, height=canvas.height, steps=steps, strength=strength)
    second = recipe.second_pass
    if second is None:
        return (first,)
    larger = canvas.scaled(second.scale).multiple_of(model.size_step)
    check_size(larger, model, tiled=recipe.tiles is not None)
    return (first, Pass(width=larger.width, height=larger.height, steps=second.steps or steps,
                        strength=second.strength, upscale=second.upscale))


def _begins(recipe: Recipe) -> float:
    """How much of what painting starts from may change; 1 from noise."""
    begun = [control.begin for control in beginnings(recipe)]
    if len(begun) > 1:
        raise PlanError("two pictures to start from", field="controls",
                        hint="Let all but one begin from noise (+begin=no).")
    return begun[0] or 1.0 if begun else 1.0


def beginnings(recipe: Recipe) -> list[ColourControl | NudgeControl]:
    """The controls that a picture painted from words starts from."""
    if not isinstance(recipe, CreateRecipe):
        return []
    return [one for one in recipe.controls
            if isinstance(one, ColourControl | NudgeControl) and one.weight and one.begin]


def _ref(model: ModelDescription) -> ModelRef:
    return ModelRef(name=model.name, hash=model.sha256)


def _loras(facts: Facts) -> tuple[LoraRef, ...]:
    return tuple(ref.changed(hash=found.sha256) for ref, found in facts.loras)

