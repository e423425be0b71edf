"""Prompt matrix: words split by |, painted in every combination of the parts behind the first."""

from collections.abc import Sequence
from typing import Any

from underpaint.canvas.grid import GridLabels
from underpaint.studio.a1111.errors import Unprocessable
from underpaint.studio.a1111.replies import ScriptArgument
from underpaint.studio.a1111.scripts.shape import Given, Made, Pages, Script, argument

MOST_PARTS = 8


def _arguments(tab: str) -> list[ScriptArgument]:
    return [ScriptArgument(label="Put variable parts at start of prompt", value=False),
            ScriptArgument(label="Use different seed for each picture", value=False),
            ScriptArgument(label="Select prompt", value="positive", choices=["positive", "negative"]),
            ScriptArgument(label="Select joining char", value="comma", choices=["comma", "space"]),
            ScriptArgument(label="Grid margins (px)", value=0, minimum=0, maximum=500, step=2)]


def _make(given: Given, args: Sequence[Any]) -> Made:
    first, differ = bool(argument(args, 0, False)), bool(argument(args, 1, False))
    negative = str(argument(args, 2, "positive")).lower() == "negative"
    delimiter = " " if str(argument(args, 3, "comma")).lower() == "space" else ", "
    words = given.asked.negative_prompt if negative else given.asked.prompt
    fixed, *parts = (part.strip().strip(",").strip() for part in words.split("|"))
    if len(parts) > MOST_PARTS:
        raise Unprocessable(f"{len(parts)} parts make {2 ** len(parts):,} pictures", field="prompt",
                            hint=f"At most {MOST_PARTS} parts behind the first.")
    recipes = []
    for number in range(2 ** len(parts)):
        chosen = [part for at, part in enumerate(parts) if number & (1 << at)]
        text = delimiter.join(part for part in ([*chosen, fixed] if first else [fixed, *chosen]) if part)
        base = given.base(number if differ else 0)
        recipes.append(base.changed(negative_prompt=text) if negative else base.changed(prompt=text))
    across = (len(parts) + 1) // 2
    columns, rows = _labels(parts[:across]), _labels(parts[across:])
    # The first parts count fastest, so reading order is the order of painting.
    return Made(recipes, range(len(recipes)), Pages(GridLabels("", ("", "", ""), columns, rows, ("",)), always=True),
                {"Script": "Prompt matrix"})


def _labels(parts: Sequence[str]) -> tuple[str, ...]:
    return tuple(", ".join(part for at, part in enumerate(parts) if number & (1 << at)) or ("as it is" if parts else "")
                 for number in range(2 ** len(parts)))


SCRIPT = Script("Prompt matrix", ("txt2img", "img2img"), _arguments, _make)
