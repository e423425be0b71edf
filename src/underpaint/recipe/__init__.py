"""What to paint: pure data, versioned."""

from underpaint.recipe.controls import (
    AdapterControl,
    ColourControl,
    Control,
    DepthControl,
    LightControl,
    LineControl,
    NudgeControl,
    PaletteControl,
    PerspectiveControl,
    PoseControl,
    PosedPerson,
    RegionControl,
    StyleControl,
    Swatch,
    VanishingPoint,
    WordsControl,
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
    "SCHEMA", "AdapterControl", "Blob", "ColourControl", "Control", "CreateRecipe", "DepthControl", "FillRecipe",
    "Guidance", "LightControl", "LineControl", "LoraRef", "ModelRef", "Noise", "NudgeControl", "Outpaint",
    "PaletteControl", "PerspectiveControl", "PoseControl", "PosedPerson", "Recipe", "RefineRecipe", "RegionControl",
    "Sampling", "SecondPass", "SizeConditioning", "StyleControl", "Swatch", "Tiles", "VanishingPoint", "WordsControl",
    "parse_recipe", "with_changes",
]
