"""What steers besides words: data only; how each one steers lives in controls/, one file each."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from underpaint.recipe.base import Frozen
from underpaint.recipe.parts import Blob, Fraction

Weight = Annotated[float, Field(ge=0, le=2)]
HexColour = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]


class _Control(Frozen):
    tag: ClassVar[str | None] = "kind"
    weight: Weight = 1.0
    start: Fraction = 0.0
    end: Fraction = 1.0

    def to_key(self) -> str:
        """Text that is equal for equal controls, so that they can be sorted."""
        return self.model_dump_json()


class LineControl(_Control):
    """The artist's line layer (a PNG with soft alpha) that the paint must follow."""

    kind: Literal["line"] = "line"
    drawing: Blob


class LightControl(_Control):
    """Where the light comes from and how it is spread.

    `direction` in degrees, 0 = from the right, 90 = from above, 180 = from the left, 270 = from below; None for
    light without a side. `hardness` 0 (overcast) to 1 (bare sun). `lightness` is the wanted mean OKLab L (0..1)
    and `contrast` the wanted spread (standard deviation of L) of the large masses; None leaves them alone.
    """

    kind: Literal["light"] = "light"
    direction: Annotated[float, Field(ge=0, lt=360)] | None = None
    hardness: Fraction = 0.5
    lightness: Fraction | None = None
    contrast: Annotated[float, Field(ge=0, le=0.5)] | None = None


class Swatch(Frozen):
    """One colour of a palette and the share of the picture it should take (shares are normalised)."""

    colour: HexColour
    share: Annotated[float, Field(gt=0, le=1)] = 1.0


class PaletteControl(_Control):
    """The colours that the picture should be made of, darkest masses to lightest."""

    kind: Literal["palette"] = "palette"
    swatches: Annotated[tuple[Swatch, ...], Field(min_length=2, max_length=32)]


Control = Annotated[LineControl | LightControl | PaletteControl, Field(discriminator="kind")]
