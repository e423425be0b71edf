"""A plan: the recipe with every decision made. Frozen data, written into each picture beside its recipe."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, ValidationError, model_validator

from underpaint.errors import RecipeError
from underpaint.imaging.geometry import Bounds, Extent
from underpaint.recipe.base import Frozen
from underpaint.recipe.parts import Fraction, LoraRef, ModelRef, Seed, Sha256

Steps = Annotated[int, Field(ge=1, le=1000)]
Cell = Annotated[int, Field(ge=0, le=32_768)]
Length = Annotated[int, Field(ge=1, le=32_768)]

BESIDE = frozenset({"circumstances", "measured"})
"""What a picture file's plan holds besides the plan: how it went."""


class Box(Frozen):
    """A rectangle in whole pixels."""

    x: Cell
    y: Cell
    width: Length
    height: Length

    @classmethod
    def of(cls, bounds: Bounds) -> "Box":
        return cls(x=bounds.x, y=bounds.y, width=bounds.width, height=bounds.height)

    @property
    def bounds(self) -> Bounds:
        return Bounds(self.x, self.y, self.width, self.height)

    @property
    def extent(self) -> Extent:
        return Extent(self.width, self.height)


class Pass(Frozen):
    """One run of the denoising loop.

    `width` and `height` are what the model paints: the picture padded on the right and below to the model's step.
    `strength` 1 starts from noise. `upscale` says how the pass before it is enlarged to this one.
    """

    width: Length
    height: Length
    steps: Steps
    strength: Fraction = 1.0
    upscale: Literal["latent", "picture"] | None = None


class AdapterUse(Frozen):
    """Which adapter follows a control, and the image encoder that it sees through.

    `control` is the SHA-256 of the control's data; of the word "fill" for what fits a hole to its surroundings.
    """

    control: Sha256
    adapter: ModelRef
    encoder: ModelRef | None = None


class RegionLora(Frozen):
    """A LoRA of a region's own. `control` is the SHA-256 of the region's data."""

    control: Sha256
    lora: LoraRef


class Plan(Frozen):
    """Every decision about one picture.

    `width` and `height` are the picture's after the first pass; a second one enlarges it. `area` is the part of it
    that is painted (in its pixels), `scale` painted pixels per picture pixel. Words have their wildcards resolved.
    `image_text` is asked for phrases by controls that name none; None for the painting model's own.
    `device`, `dtype`, `threads` and `batch` are what `identical` depends on.
    """

    tag: ClassVar[str | None] = "task"

    schema_: Literal[1] = Field(default=1, alias="schema")
    task: Literal["create", "refine", "fill"]
    recipe: Sha256
    prompt: str = ""
    negative_prompt: str = ""
    model: ModelRef
    family: str
    prediction: Literal["", "epsilon", "v_prediction", "sample", "flow"]
    vae: ModelRef | None = None
    loras: tuple[LoraRef, ...] = ()
    embeddings: tuple[ModelRef, ...] = ()
    width: Length
    height: Length
    area: Box
    scale: Annotated[float, Field(gt=0, le=64)] = 1.0
    passes: Annotated[tuple[Pass, ...], Field(min_length=1, max_length=4)]
    seed: Seed
    sampler: str
    schedule: str | None = None
    guidance_scale: Annotated[float, Field(ge=0, le=100)]
    clip_skip: Annotated[int, Field(ge=1, le=12)] | None = None
    line_adapter: str | None = None
    adapters: Annotated[tuple[AdapterUse, ...], Field(max_length=1089)] = ()
    region_loras: Annotated[tuple[RegionLora, ...], Field(max_length=1024)] = ()
    image_text: ModelRef | None = None
    device: str
    dtype: str
    threads: Annotated[int, Field(ge=1, le=1024)]
    batch: Literal[1] = 1

    @model_validator(mode="after")
    def _area_lies_inside(self) -> Self:
        if self.area.x + self.area.width > self.width or self.area.y + self.area.height > self.height:
            raise ValueError("the painted area lies outside the picture")
        return self

    def to_record(self) -> dict[str, Any]:
        """As plain JSON data, for the picture file."""
        return self.model_dump(mode="json")

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Plan":
        """The plan in a picture file. Raises RecipeError for one that is damaged or of a newer schema."""
        known = {name: value for name, value in record.items() if name not in BESIDE}
        if known.get("schema", 1) != 1:
            raise RecipeError("this picture's plan is of a newer schema", hint="Update Underpaint.", field="plan")
        try:
            return cls.model_validate(known)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise RecipeError(f"this picture's plan is damaged: {first['msg']:.120}", field=f"plan.{where}",
                              hint="Paint from its recipe instead.") from error
