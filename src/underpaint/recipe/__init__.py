"""What to paint: pure data, versioned."""

from underpaint.recipe.controls import Control, LightControl, LineControl, PaletteControl, Swatch
from underpaint.recipe.migrations import SCHEMA
from underpaint.recipe.parts import (
    Blob,
    Guidance,
    LoraRef,
    ModelRef,
    Noise,
    Sampling,
    SecondPass,
    SizeConditioning,
    Tiles,
)
from underpaint.recipe.recipe import (
    CreateRecipe,
    FillRecipe,
    Outpaint,
    Recipe,
    RefineRecipe,
    parse_recipe,
    with_changes,
)

__all__ = [
    "SCHEMA", "Blob", "Control", "CreateRecipe", "FillRecipe", "Guidance", "LightControl", "LineControl", "LoraRef",
    "ModelRef", "Noise", "Outpaint", "PaletteControl", "Recipe", "RefineRecipe", "Sampling", "SecondPass",
    "SizeConditioning", "Swatch", "Tiles", "parse_recipe", "with_changes",
]
