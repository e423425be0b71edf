"""The planned approaches to colour and light: what a painter would try on twelve thumbnails.

Each plan says where the light stands, how hard it is, the time of day, how the values are laid out and which
colours carry the masses. Palettes run from the darkest mass to the lightest.
"""

from dataclasses import dataclass

from underpaint.recipe import Control, LightControl, PaletteControl, Swatch

UNTIL = 0.6
"""Light and palette lay out the large masses; the rest of the steps belong to the model, for one picture."""


@dataclass(frozen=True)
class LightPlan:
    """One approach: its name for people, its words for the model, its light and its palette.

    `direction` in degrees (0 right, 90 above, 180 left; None for light without a side); `lightness` and `contrast` are
    the mean and the standard deviation of OKLab L over the large masses, None to leave them alone; `palette` holds hex
    colours from dark to light, none to leave them to the words. `client` stands in the palette's place.
    """

    name: str
    words: str
    direction: float | None
    hardness: float
    lightness: float | None
    contrast: float | None
    palette: tuple[str, ...]
    client: PaletteControl | None = None

    def controls(self) -> tuple[Control, ...]:
        """The plan as controls that steer the picture."""
        light = LightControl(direction=self.direction, hardness=self.hardness, lightness=self.lightness,
                             contrast=self.contrast, end=UNTIL)
        if self.client is not None:
            return light, self.client
        if not self.palette:
            return (light,)
        return light, PaletteControl(swatches=tuple(Swatch(colour=colour) for colour in self.palette), end=UNTIL)


LIGHT_PLANS: tuple[LightPlan, ...] = (
    LightPlan("golden hour, warm key from left, cool shadows",
              "golden hour, light from the left, hard light, warm palette, cool shadows, full range",
              165, 0.8, 0.62, 0.20, ("#2f3a63", "#6a5a7d", "#c9793f", "#efb45e", "#ffe6b0")),
    LightPlan("overcast noon, soft light from above, muted",
              "noon, light from above, soft light, muted colours, overcast",
              90, 0.1, 0.70, 0.12, ("#53605f", "#7f8c86", "#a9b0a4", "#cdcdbf", "#e9e6da")),
    LightPlan("night, moon from right, low key, cool",
              "night, moonlight, light from the right, hard light, cool palette, low key, deep blue shadows",
              20, 0.7, 0.32, 0.16, ("#0b1026", "#182447", "#2c4272", "#5b7ba8", "#c3d4e6")),
    LightPlan("dawn, soft pink light from right, high key",
              "dawn, light from the right, soft light, warm palette, high key, pink",
              10, 0.3, 0.78, 0.11, ("#7f7aa6", "#b79cc0", "#e8b4bd", "#f7d6cc", "#fdf0e2")),
    LightPlan("storm, hard light breaking in from left",
              "storm, noon, light from the left, hard light, muted palette, full range, dark clouds",
              170, 1.0, 0.45, 0.22, ("#1c2326", "#38464a", "#5f7470", "#a8ab86", "#f2ecc4")),
    LightPlan("sunset from right, red sky, long shadows",
              "sunset, light from the right, hard light, vivid colours, warm light, full range, red sky",
              12, 0.9, 0.52, 0.21, ("#2a1230", "#6e1f3d", "#c23b34", "#f0803c", "#ffd27a")),
    LightPlan("high sun from above, vivid",
              "noon, light from above, hard light, vivid colours, full range, clear sky",
              80, 1.0, 0.68, 0.20, ("#17406b", "#2c8a5b", "#3fa7d6", "#f2c53d", "#fff8df")),
    LightPlan("firelight from left in the dark, warm on black",
              "night, light from the left, hard light, warm palette, low key, firelight",
              185, 0.9, 0.33, 0.20, ("#120b10", "#3a1714", "#7d2e16", "#d8762a", "#ffcf7d")),
    LightPlan("blue hour, soft cool light from left",
              "night, light from the left, soft light, monochrome, cool light, blue",
              175, 0.3, 0.45, 0.13, ("#16213f", "#2b4570", "#4d73a3", "#86a8c9", "#d5e2ec")),
    LightPlan("mist, soft light from right, nearly white",
              "mist, dawn, light from the right, soft light, monochrome palette, high key",
              5, 0.1, 0.84, 0.08, ("#8d9a9c", "#b0bbb9", "#cdd4cf", "#e3e6df", "#f7f6ef")),
    LightPlan("teal and orange, hard side light from right",
              "golden hour, light from the right, hard light, complementary colours, full range, teal and orange",
              0, 0.9, 0.55, 0.21, ("#0e2f36", "#14626b", "#3f9c97", "#e08a3c", "#ffdfae")),
    LightPlan("late afternoon in green shade, light from upper left",
              "noon, light from the left, soft light, muted palette, full range, green shade",
              140, 0.5, 0.56, 0.16, ("#1f3320", "#3f5f33", "#77905a", "#b9c27c", "#f3efc0")),
)
