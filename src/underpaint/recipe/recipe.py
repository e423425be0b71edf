"""A recipe: everything it takes to paint one picture again, as frozen, versioned, sparse data."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, TypeAdapter, ValidationError

from underpaint.errors import RecipeError
from underpaint.recipe.base import Frozen
from underpaint.recipe.controls import Control
from underpaint.recipe.migrations import SCHEMA, migrate
from underpaint.recipe.parts import (
    Blob,
    Guidance,
    LoraRef,
    ModelRef,
    Noise,
    Sampling,
    SecondPass,
    Seed,
    Side,
    SizeConditioning,
    Strength,
    Tiles,
)

MAX_WORDS = 50_000
MAX_RECIPE_BYTES = 8 * 2**20
Words = Annotated[str, Field(max_length=MAX_WORDS)]


class _Recipe(Frozen):
    tag: ClassVar[str | None] = "task"

    schema_: Literal[1] = Field(default=1, alias="schema")
    prompt: Words = ""
    negative_prompt: Words = ""
    dialect: Literal["a1111", "comfyui"] = "a1111"
    emphasis: Literal["original", "no_norm", "ignore", "none"] = "original"
    width: Side | None = None
    height: Side | None = None
    seed: Seed | None = None
    noise: Noise = Noise()
    sampling: Sampling = Sampling()
    guidance: Guidance = Guidance()
    clip_skip: Annotated[int, Field(ge=1, le=12)] | None = None
    model: ModelRef | None = None
    vae: ModelRef | None = None
    loras: Annotated[tuple[LoraRef, ...], Field(max_length=64)] = ()
    size_conditioning: SizeConditioning = SizeConditioning()
    controls: Annotated[tuple[Control, ...], Field(max_length=64)] = ()
    second_pass: SecondPass | None = None
    tiles: Tiles | None = None

    def to_json(self, *, indent: int | None = None) -> str:
        """Sparse JSON: only what differs from the defaults; an all-defaults recipe is just its task."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, indent=indent, allow_nan=False)

    def hash(self) -> str:
        """SHA-256 of the canonical sparse JSON: equal recipes have equal hashes."""
        data = json.dumps(self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(data.encode("utf-8", "surrogatepass")).hexdigest()

    def blobs(self) -> Iterator[Blob]:
        """Every drawing, mask and picture the recipe needs."""
        for control in self.controls:
            yield from control.blobs()


class CreateRecipe(_Recipe):
    """Paint from noise: words and controls alone."""

    task: Literal["create"] = "create"


class RefineRecipe(_Recipe):
    """Paint over a picture (img2img): `strength` near 0 keeps it, 1 repaints it wholly."""

    task: Literal["refine"] = "refine"
    picture: Blob
    strength: Strength = 0.75

    def blobs(self) -> Iterator[Blob]:
        yield self.picture
        yield from super().blobs()


class Outpaint(Frozen):
    """How many pixels the canvas grows on each side."""

    left: Annotated[int, Field(ge=0, le=16_384)] = 0
    top: Annotated[int, Field(ge=0, le=16_384)] = 0
    right: Annotated[int, Field(ge=0, le=16_384)] = 0
    bottom: Annotated[int, Field(ge=0, le=16_384)] = 0


class FillRecipe(_Recipe):
    """Paint inside a mask (inpaint) or past the edges (outpaint); outside, every pixel stays as it was.

    `mask` 1 is painted, 0 is untouched, grey is partly painted; `feather` pixels of transition lie inside the mask.
    `content` is what the hole starts from; `area` is the whole picture or only the mask's surroundings, with
    `padding` pixels of context.
    """

    task: Literal["fill"] = "fill"
    picture: Blob
    mask: Blob | None = None
    outpaint: Outpaint = Outpaint()
    strength: Strength = 1.0
    feather: Annotated[int, Field(ge=0, le=512)] = 4
    content: Literal["original", "blur", "noise", "nothing"] = "original"
    area: Literal["whole", "masked"] = "whole"
    padding: Annotated[int, Field(ge=0, le=2048)] = 32

    def blobs(self) -> Iterator[Blob]:
        yield self.picture
        if self.mask is not None:
            yield self.mask
        yield from super().blobs()


Recipe = CreateRecipe | RefineRecipe | FillRecipe
_ADAPTER: TypeAdapter[Recipe] = TypeAdapter(Annotated[Recipe, Field(discriminator="task")])


def parse_recipe(data: str | bytes | Mapping[str, Any]) -> Recipe:
    """Read a recipe from JSON text or a mapping, migrating older schemas.

    Raises RecipeError that names the field, for unknown keys, values out of range and newer schemas.
    """
    if isinstance(data, str | bytes):
        data = _load_json(data)
    if not isinstance(data, Mapping):
        raise RecipeError("a recipe is a JSON object", hint='The smallest one is {"task": "create"}.')
    try:
        return _ADAPTER.validate_python(migrate(dict(data)))
    except ValidationError as error:
        raise _explain(error) from error


def with_changes(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """A recipe with dotted fields changed, such as ``{"guidance.scale": 5, "prompt": "a cat"}``.

    Raises RecipeError for fields that do not exist and values that do not fit.
    """
    data = recipe.model_dump(mode="json")
    for path, value in changes.items():
        *parents, last = path.split(".")
        target: Any = data
        for part in parents:
            target = _step_into(target, part, path)
        if isinstance(target, list):
            target[_index(target, last, path)] = value
        else:
            target[last] = value
    return parse_recipe(data)


def _step_into(target: Any, part: str, path: str) -> Any:
    if isinstance(target, list):
        return target[_index(target, part, path)]
    inside = target.setdefault(part, {})
    if not isinstance(inside, dict | list):
        raise RecipeError(f"'{part}' holds a single value, not further fields", field=path)
    return inside


def _index(target: list[Any], part: str, path: str) -> int:
    if not part.isdecimal() or int(part) >= len(target):
        raise RecipeError(f"there is no entry '{part}'", hint=f"It has {len(target)} entries, from 0.", field=path)
    return int(part)


def _load_json(text: str | bytes) -> Any:
    if len(text) > MAX_RECIPE_BYTES:
        raise RecipeError(f"a recipe of {len(text):,} bytes is too large", hint=f"The limit is {MAX_RECIPE_BYTES:,}.")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"this is not JSON: {error}", hint="Check the file with a JSON viewer.") from error


def _is_tag(where: tuple[int | str, ...], at: int) -> bool:
    """Whether a task or a control stands there as which of several things it is, not as a field of that name."""
    return at == 0 or (at > 1 and where[at - 2] == "controls" and isinstance(where[at - 1], int))


def _explain(error: ValidationError) -> RecipeError:
    first = error.errors(include_url=False)[0]
    tags = {"create", "refine", "fill", "line", "light", "palette", "perspective", "colour", "nudge", "depth", "pose",
            "adapter", "style", "region", "words"}
    where = first["loc"]
    field = ".".join(str(part) for at, part in enumerate(where) if part not in tags or not _is_tag(where, at))
    if first["type"] == "extra_forbidden":
        return RecipeError("there is no such field in a recipe", hint="Check its spelling; see docs/recipe.md.",
                           field=field)
    if first["type"] in {"union_tag_not_found", "union_tag_invalid"} and not field:
        return RecipeError("a recipe's task is create, refine or fill", field="task")
    more = error.error_count() - 1
    also = f" ({more} more)" if more else ""
    given = first.get("input")
    shown = f", not {given!r:.60}" if isinstance(given, int | float | str) and given != "" else ""
    said = first["msg"].removeprefix("Value error, ")
    return RecipeError(f"{said[0].lower()}{said[1:]}{shown}{also}", field=field)


__all__ = ["SCHEMA", "CreateRecipe", "FillRecipe", "Outpaint", "Recipe", "RefineRecipe", "parse_recipe", "with_changes"]
