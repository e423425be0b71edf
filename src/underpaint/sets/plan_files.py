"""Light plans of somebody's own, from a YAML or TOML file.

```toml
[[plans]]
name = "reef, green light from above"
words = "underwater, light from above, soft light"   # what the model is told; without it the name
light = "above"        # left, upper left, above, upper right, right, below, none; or degrees, 0 right and 90 above
hardness = 0.3         # 0 overcast to 1 bare sun
lightness = 0.5        # how light it is on the whole, 0 to 1
contrast = 0.15        # how far lights and darks lie apart, 0 to 0.5
palette = ["#0b2f36", "#14626b", "#9fd6c0"]           # from dark to light
```
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from underpaint.errors import RecipeError
from underpaint.sets.light_plans import LightPlan
from underpaint.sets.structured import read_structured

MAX_PLANS = 200
MAX_COLOURS = 64
DIRECTIONS: Mapping[str, float | None] = {
    "right": 0, "upper right": 45, "above": 90, "upper left": 135, "left": 180, "lower left": 225, "below": 270,
    "lower right": 315, "none": None,
}
_FIELDS = {"name", "words", "light", "hardness", "lightness", "contrast", "palette"}


def parse_plans(data: bytes, name: str) -> tuple[LightPlan, ...]:
    """The plans of a file, TOML where its `name` ends so, else YAML.

    Raises RecipeError that names the file, the plan and the field.
    """
    found = read_structured(data, name, RecipeError)
    plans = found.get("plans", found.get("plan")) if isinstance(found, dict) else found
    if not isinstance(plans, list) or not plans:
        raise RecipeError(f"{name} holds no light plans", hint="List them under 'plans'; see docs/keys.md.")
    if len(plans) > MAX_PLANS:
        raise RecipeError(f"{name} holds {len(plans):,} light plans", hint=f"Use at most {MAX_PLANS}.")
    read = tuple(_plan(one, f"{name}, plan {number}") for number, one in enumerate(plans, 1))
    names = [plan.name for plan in read]
    for plan in read:
        if names.count(plan.name) > 1:
            raise RecipeError(f"{name} holds two plans called '{plan.name:.60}'", hint="Give each a name of its own.")
    return read


def _plan(found: object, where: str) -> LightPlan:
    if not isinstance(found, dict):
        raise RecipeError(f"{where} is no light plan", hint="It has a name, words, light and more; see docs/keys.md.")
    unknown = next((key for key in found if key not in _FIELDS), None)
    if unknown is not None:
        raise RecipeError(f"{where}: there is no field '{unknown!s:.40}'", hint=f"It has {', '.join(sorted(_FIELDS))}.")
    name = _text(found.get("name"), where, "name", 120)
    where = f"{where} '{name:.40}'"
    numbers = {field: _number(found.get(field), where, field) for field in ("hardness", "lightness", "contrast")}
    hardness = 0.5 if numbers["hardness"] is None else numbers["hardness"]
    plan = LightPlan(name, _text(found.get("words", name), where, "words", 2_000),
                     _direction(found.get("light", "above"), where), hardness, numbers["lightness"],
                     numbers["contrast"], _palette(found.get("palette", []), where))
    try:
        plan.controls()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = str(first["loc"][0]).replace("colour", "palette") if first["loc"] else "light"
        raise RecipeError(f"{where}: {first['msg'][:1].lower()}{first['msg'][1:]}", field=field) from error
    return plan


def _text(value: object, where: str, field: str, most: int) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > most:
        raise RecipeError(f"{where}: {field} is a text of 1 to {most:,} characters", field=field)
    return " ".join("".join(letter if letter.isprintable() else " " for letter in value).split())


def _number(value: object, where: str, field: str) -> float | None:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise RecipeError(f"{where}: {field} is a number, not {value!r:.40}", field=field)


def _direction(value: object, where: str) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and -360 <= value <= 360:
        return value % 360
    said = " ".join(str(value).lower().replace("-", " ").removeprefix("from ").split())
    if said not in DIRECTIONS:
        raise RecipeError(f"{where}: light comes from {', '.join(DIRECTIONS)} or degrees, not {value!r:.40}",
                          field="light")
    return DIRECTIONS[said]


def _palette(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MAX_COLOURS or not all(isinstance(one, str) for one in value):
        raise RecipeError(f"{where}: palette is a list of up to {MAX_COLOURS} colours such as \"#c9793f\"",
                          field="palette")
    return tuple(f"#{one.strip().removeprefix('#').lower()}" for one in value)
