"""Which light plans keys are painted by: somebody's own file, a client's colours, the way between two keys."""

import itertools
import stat
from pathlib import Path

from underpaint.controls.palette import Palette
from underpaint.controls.spec import parse_spec
from underpaint.errors import PictureError, RecipeError
from underpaint.library.control_files import ControlFiles
from underpaint.pictures.recall import recipe_from_file
from underpaint.recipe import PaletteControl
from underpaint.sets.between import between, plan_of
from underpaint.sets.key_colours import in_colours
from underpaint.sets.light_plans import LIGHT_PLANS, LightPlan
from underpaint.sets.plan_files import parse_plans
from underpaint.sets.structured import MAX_BYTES


def light_plans(file: Path | None = None, palette: str | None = None, ends: tuple[Path, Path] | None = None,
                count: int = 12, sentence: str = "") -> tuple[LightPlan, ...]:
    """The plans of `file`, or `count` of them between the two keys `ends`, or ours; in `palette` where one is given.

    `sentence` is what the keys are of, which is no part of their light. `palette` is a palette file, a picture, or
    colours such as `#1c2326,#f2ecc4`. Raises UnderpaintErrors for files that cannot be read or used, and for both a
    file and two keys.
    """
    if file is not None and ends is not None:
        raise RecipeError("light plans come from a file or from between two keys, not from both",
                          hint="Leave out --plans or --between.", field="plans")
    plans = LIGHT_PLANS
    if file is not None:
        plans = _of_file(file)
    elif ends is not None:
        plans = _between(ends, count, sentence)
    if palette is None:
        return plans
    client = _client(palette)
    return tuple(in_colours(plan, client) for plan in plans)


def _between(ends: tuple[Path, Path], count: int, sentence: str) -> tuple[LightPlan, ...]:
    recipes = [recipe_from_file(end) for end in ends]
    if not all(recipe.prompt.startswith(sentence.strip().rstrip(",.")) for recipe in recipes):
        sentence = _shared(*(recipe.prompt for recipe in recipes))  # they were painted with another sentence
    first, second = (plan_of(recipe, end.stem.lstrip("0123456789").replace("-", " ").strip(), sentence)
                     for recipe, end in zip(recipes, ends, strict=True))
    return between(first, second, count)


def _shared(first: str, second: str) -> str:
    """The phrases with which both prompts begin: what two keys of one drawing are of."""
    pairs = zip(first.split(","), second.split(","), strict=False)
    return ",".join(one for one, _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


def _of_file(path: Path) -> tuple[LightPlan, ...]:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # the knobs of a stranger's folder may name a pipe, which never ends
            raise PictureError(f"{path} is not a file", hint="Name a YAML or TOML file of light plans.",
                               field="plans")
        if status.st_size > MAX_BYTES:
            raise RecipeError(f"{path.name} is too large", hint=f"Such files have at most {MAX_BYTES:,} bytes.",
                              field="plans")
        data = path.read_bytes()
    except OSError as error:
        said = (error.strerror or "").lower()
        raise PictureError(f"{path} cannot be read: {said}", hint="Check the name.", field="plans") from error
    return parse_plans(data, path.name)


def _client(text: str) -> PaletteControl:
    given = Palette().read(parse_spec(f"palette={text}", ("palette",)), ControlFiles()).control
    assert isinstance(given, PaletteControl)
    return given
