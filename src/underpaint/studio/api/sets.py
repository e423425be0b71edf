"""Sets: a few words, and perhaps a drawing, become a job of many pictures. The same pure functions as the command
line's; here they only get their words from a request."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import Field

from underpaint.controls.swatches.hex_list import parse_hex
from underpaint.errors import RecipeError
from underpaint.library.drawings import drawing_of
from underpaint.library.jobs import JobItem, Order
from underpaint.library.preflight import Preflight, impossible
from underpaint.library.sheet_files import read_axes
from underpaint.pictures.read import read_picture
from underpaint.recipe import Blob, CreateRecipe, ModelRef, PaletteControl, Recipe, Swatch
from underpaint.sets.key_colours import in_colours
from underpaint.sets.keys import MAX_KEYS, plan_keys
from underpaint.sets.light_plans import LIGHT_PLANS, LightPlan
from underpaint.sets.packs import Phrase, spoken
from underpaint.sets.plot import plan_plot
from underpaint.sets.plot_axes import AXES
from underpaint.sets.sheet import DEFAULT_AXES, MAX_CONCEPTS, plan_sheet
from underpaint.studio.api.blobs import blob_bytes
from underpaint.studio.api.jobs import JobAnswer, Key, Priority, Title, answer_new
from underpaint.studio.api.shared import (
    BUSY,
    CONFLICT,
    ERRORS,
    NOT_THERE,
    Answer,
    AnyRecipe,
    Asked,
    Sha256,
    TheClient,
    TheDesk,
)
from underpaint.studio.desk import Desk
from underpaint.studio.likeness import more_like

router = APIRouter(tags=["sets"], responses=ERRORS)
Seed = Annotated[int, Field(ge=0, le=2**64 - 1)]
TakeName = Annotated[str, Field(pattern="^[0-9a-f]{8,64}$")]
Words = Annotated[str, Field(max_length=50_000)]


class NewKeys(Asked):
    """Colour keys for a drawing: one for each light plan, in turn."""

    drawing: Sha256 = Field(description="The blob of a line layer, or of a drawing that lines are read from.")
    words: Words = Field("", description="What is in the drawing, in a sentence.")
    count: Annotated[int, Field(ge=1, le=MAX_KEYS)] = 12
    seed: Seed | None = Field(None, description="Of the first key; without, always the same, and another one with "
                                                "`like`.")
    lights: Annotated[tuple[str, ...], Field(max_length=100, description="Names of light plans; all without.")] = ()
    palette: Annotated[tuple[str, ...], Field(max_length=64, description="A client's colours, #rrggbb.")] = ()
    like: Annotated[tuple[TakeName, ...], Field(max_length=12, description="More like these keys: in the light of "
                                                "one, or between those of two.")] = ()
    recipe: CreateRecipe = Field(CreateRecipe(), description="What the keys share besides: size, steps, model ...")
    model: Annotated[str, Field(max_length=200)] | None = Field(None, description="Short for the recipe's model.")
    title: Title = ""
    priority: Priority = 0


class NewSheet(Asked):
    """Many concepts of one vague brief, spread evenly along what varies."""

    brief: Words
    count: Annotated[int, Field(ge=1, le=MAX_CONCEPTS)] = 12
    seed: Seed = 1
    vary: Annotated[tuple[Annotated[str, Field(max_length=100)], ...], Field(max_length=20)] = Field(
        (), description="What varies, in this order; the usual axes without.")
    axes: Annotated[dict[str, tuple[Annotated[str, Field(max_length=2000)], ...]], Field(max_length=20)] = Field(
        {}, description="Axes in your own words: name to values.")
    recipe: CreateRecipe = CreateRecipe()
    title: Title = ""
    priority: Priority = 0


class NewPlot(Asked):
    """One recipe in every pairing of the values of up to three axes, as `Steps=10-30 [3]`."""

    recipe: AnyRecipe
    x: Annotated[str, Field(max_length=20_000)] = ""
    y: Annotated[str, Field(max_length=20_000)] = ""
    z: Annotated[str, Field(max_length=20_000)] = ""
    seed: Seed = 1
    title: Title = ""
    priority: Priority = 0


class Light(Answer):
    """A planned approach to colour and light."""

    name: str
    words: str
    direction: float | None = Field(description="Where the light stands, in degrees: 0 right, 90 above, 180 left.")
    hardness: float
    lightness: float | None
    contrast: float | None
    palette: list[str] = Field(description="Colours of the masses from dark to light, #rrggbb: a small swatch.")


class LightList(Answer):
    """The light plans that there are."""

    lights: list[Light]


class PlotAxis(Answer):
    """An axis of plots, by AUTOMATIC1111's name."""

    name: str
    also: list[str]
    values: str = Field(description="What its values are: whole, number, text, order or any.")


class AxisList(Answer):
    """What sheets and plots may vary."""

    sheet: dict[str, list[str]] = Field(description="Each axis of concept sheets with the names of its phrases.")
    usual: list[str] = Field(description="The axes that vary unless told otherwise.")
    plot: list[PlotAxis]


@router.get("/lights", operation_id="list_lights")
def list_lights() -> LightList:
    """The planned approaches to colour and light, by an artist's names."""
    return LightList(lights=[Light(name=one.name, words=one.words, direction=one.direction, hardness=one.hardness,
                                   lightness=one.lightness, contrast=one.contrast, palette=list(one.palette))
                             for one in LIGHT_PLANS])


@router.get("/sets/axes", operation_id="list_axes")
def list_axes(desk: TheDesk) -> AxisList:
    """What concept sheets and plots may vary."""
    there = read_axes(desk.catalogue.home, (), ())
    return AxisList(sheet={name: [phrase.name for phrase in phrases] for name, phrases in there.items()},
                    usual=list(DEFAULT_AXES),
                    plot=[PlotAxis(name=one.name, also=list(one.aliases), values=one.values) for one in AXES])


_NEW = {**BUSY, **CONFLICT, **NOT_THERE}


@router.post("/sets/keys", operation_id="create_keys", status_code=201, responses=_NEW)
def create_keys(asked: NewKeys, desk: TheDesk, client: TheClient, response: Response, key: Key = None) -> JobAnswer:
    """Paint colour keys under a drawing."""
    drawing, blobs = desk.quick(_lines, desk, asked.drawing)
    base: Recipe = asked.recipe if asked.model is None else _with_model(asked.recipe, asked.model)
    keys = plan_keys(asked.words, drawing, count=asked.count, seed=_seed(asked), base=base, plans=_lights(desk, asked))
    items = [JobItem(one.recipe, f"{one.number} {one.name}"[:200]) for one in keys]
    made = _Made("keys", asked.title or asked.words[:200], asked.priority, asked.model_dump(mode="json"))
    return _hand_in(desk, made, items, blobs, client, key, response)


@router.post("/sets/sheet", operation_id="create_sheet", status_code=201, responses=_NEW)
def create_sheet(asked: NewSheet, desk: TheDesk, client: TheClient, response: Response, key: Key = None) -> JobAnswer:
    """Paint concepts of a brief."""
    own = [spoken(name, values) for name, values in asked.axes.items()]
    there = read_axes(desk.catalogue.home, (), own)
    concepts = plan_sheet(asked.brief, _chosen(there, asked.vary, [one.axis for one in own]), count=asked.count,
                          seed=asked.seed, base=asked.recipe)
    items = [JobItem(one.recipe, f"{one.number} {one.name}"[:200]) for one in concepts]
    made = _Made("sheet", asked.title or asked.brief[:200], asked.priority, asked.model_dump(mode="json"))
    return _hand_in(desk, made, items, {}, client, key, response)


@router.post("/sets/plot", operation_id="create_plot", status_code=201, responses=_NEW)
def create_plot(asked: NewPlot, desk: TheDesk, client: TheClient, response: Response, key: Key = None) -> JobAnswer:
    """Paint a recipe in every pairing of values. What is wrong with any of them is said before anything is painted."""
    blobs = {blob.sha256: blob_bytes(desk, blob.sha256) for blob in asked.recipe.blobs()}

    def planned(catalogue: Any) -> Any:
        preflight = Preflight(catalogue)
        plot = plan_plot(asked.recipe, asked.x, asked.y, asked.z, seed=asked.seed, confirm=preflight.find)
        for error in impossible({cell.name: cell.recipe for cell in plot.cells}, blobs, preflight).values():
            raise error
        return plot

    plot = desk.quick(desk.models, planned)
    items = [JobItem(cell.recipe, f"{cell.number} {cell.name}"[:200]) for cell in plot.cells]
    title = asked.title or f"{asked.recipe.prompt[:150]} ({plot.title})"[:200]
    made = _Made("plot", title, asked.priority, asked.model_dump(mode="json"))
    return _hand_in(desk, made, items, {}, client, key, response)


@dataclass(frozen=True)
class _Made:
    """A set that was planned: its kind, its title, how urgent it is, and what was asked for."""

    kind: str
    title: str
    priority: int
    asked: Mapping[str, Any]


def _hand_in(desk: Desk, made: _Made, items: Sequence[JobItem], blobs: Mapping[str, bytes], client: str,
             key: str | None, response: Response) -> JobAnswer:
    order = Order(key=key, client=client, priority=made.priority, title=made.title,
                  request={"set": made.kind, "asked": dict(made.asked)})
    return answer_new(desk, desk.submit(items, blobs=blobs, order=order), response)


def _lines(desk: Desk, sha256: str) -> tuple[Blob, dict[str, bytes]]:
    """The line layer of a drawing: itself where it is one, else what is read from it."""
    data = blob_bytes(desk, sha256)
    picture = read_picture(data)
    if picture.mode == "RGBA":
        return Blob(sha256=sha256), {sha256: data}
    stored = drawing_of(picture, "").stored
    return stored.blob, {stored.blob.sha256: stored.data}


def _seed(asked: NewKeys) -> int:
    """Keys like others are new ones, and the same when they are asked for again."""
    if asked.seed is not None:
        return asked.seed
    return int(hashlib.sha256(" ".join(asked.like).encode("ascii")).hexdigest()[:8], 16) if asked.like else 1


def _with_model(recipe: CreateRecipe, model: str) -> CreateRecipe:
    return recipe.changed(model=ModelRef(name=model))


def _lights(desk: Desk, asked: NewKeys) -> tuple[LightPlan, ...]:
    """Which plans the keys are painted by."""
    if asked.like:
        plans = more_like(desk.library, asked.like, asked.words, asked.count)
    elif asked.lights:
        known = {one.name: one for one in LIGHT_PLANS}
        missing = next((name for name in asked.lights if name not in known), None)
        if missing is not None:
            raise RecipeError(f"there is no light plan '{missing:.60}'", field="lights", hint="See GET /api/v1/lights.")
        plans = tuple(known[name] for name in asked.lights)
    else:
        plans = LIGHT_PLANS
    if not asked.palette:
        return plans
    client = PaletteControl(swatches=tuple(_swatch(colour) for colour in asked.palette), hold_shares=0.5)
    return tuple(in_colours(plan, client) for plan in plans)


def _swatch(colour: str) -> Swatch:
    found = parse_hex(colour)
    if found is None:
        raise RecipeError(f"'{colour:.20}' is no colour", hint="Write #rrggbb.", field="palette")
    return Swatch(colour="#" + "".join(f"{round(part * 255):02x}" for part in found))


def _chosen(there: Mapping[str, tuple[Phrase, ...]], vary: Sequence[str], own: Sequence[str]
            ) -> dict[str, tuple[Phrase, ...]]:
    wanted = [name.strip().lower() for name in vary] or list(dict.fromkeys((*DEFAULT_AXES, *own)))
    missing = next((name for name in wanted if name not in there), None)
    if missing is not None:
        raise RecipeError(f"there is no axis '{missing:.40}'", field="vary", hint=f"There are: {', '.join(there)}.")
    return {name: there[name] for name in wanted}
