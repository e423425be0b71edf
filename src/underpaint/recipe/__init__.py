"""What to paint: pure data, versioned."""

from underpaint.recipe.controls import (
    ColourControl,
    Control,
    LightControl,
    LineControl,
    NudgeControl,
    PaletteControl,
    PerspectiveControl,
    Swatch,
    VanishingPoint,
)
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
    "SCHEMA", "Blob", "ColourControl", "Control", "CreateRecipe", "FillRecipe", "Guidance", "LightControl",
    "LineControl", "LoraRef", "ModelRef", "Noise", "NudgeControl", "Outpaint", "PaletteControl",
    "PerspectiveControl", "Recipe", "RefineRecipe", "Sampling", "SecondPass", "SizeConditioning", "Swatch", "Tiles",
    "VanishingPoint", "parse_recipe", "with_changes",
]
