"""A plan: the recipe with every decision made. Frozen data, written into each picture beside its recipe."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from underpaint.imaging.geometry import Bounds, Extent
from underpaint.recipe.base import Frozen
from underpaint.recipe.parts import LoraRef, ModelRef, Seed, Sha256


class Box(Frozen):
    """A rectangle in whole pixels."""

    x: int
    y: int
    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]

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

    width: int
    height: int
    steps: int
    strength: float = 1.0
    upscale: Literal["latent", "picture"] | None = None


class Plan(Frozen):
    """Every decision about one picture.

    `width` and `height` are the finished picture's. `area` is the part of it that is painted (in its pixels),
    `scale` painted pixels per picture pixel. Words have their wildcards resolved. `device`, `dtype`, `threads` and
    `batch` are what `identical` depends on.
    """

    tag: ClassVar[str | None] = "task"

    schema_: Literal[1] = Field(default=1, alias="schema")
    task: Literal["create", "refine", "fill"]
    recipe: Sha256
    prompt: str = ""
    negative_prompt: str = ""
    model: ModelRef
    family: str
    prediction: str
    vae: ModelRef | None = None
    loras: tuple[LoraRef, ...] = ()
    width: int
    height: int
    area: Box
    scale: float = 1.0
    passes: tuple[Pass, ...]
    seed: Seed
    sampler: str
    schedule: str | None = None
    guidance_scale: float
    clip_skip: int | None = None
    line_adapter: str | None = None
    device: str
    dtype: str
    threads: int
    batch: int = 1

    def to_record(self) -> dict[str, Any]:
        """As plain JSON data, for the picture file."""
        return self.model_dump(mode="json")
