"""Prompts from file or textbox: every line a picture."""

from collections.abc import Iterator, Sequence
from typing import Any

from underpaint.recipe import Recipe
from underpaint.studio.a1111.errors import NotServed, Unprocessable
from underpaint.studio.a1111.replies import ScriptArgument
from underpaint.studio.a1111.scripts.shape import Given, Made, Script, argument, text

MOST_LINES = 1000


def _arguments(tab: str) -> list[ScriptArgument]:
    return [ScriptArgument(label="Iterate seed every line", value=False),
            ScriptArgument(label="Use same random seed for all lines", value=False),
            ScriptArgument(label="Insert prompts at the", value="start", choices=["start", "end"]),
            ScriptArgument(label="List of prompt inputs", value="")]


def _make(given: Given, args: Sequence[Any]) -> Made:
    grows, where = bool(argument(args, 0, False)), str(argument(args, 2, "start")).lower()
    prompts = [line.strip() for line in text(args, 3, "", "List of prompt inputs").splitlines() if line.strip()]
    if not 1 <= len(prompts) <= MOST_LINES:
        raise Unprocessable(f"{len(prompts):,} lines of prompts", field="script_args (List of prompt inputs)",
                            hint=f"Send 1 to {MOST_LINES:,}.")
    recipes = list(_painted(given, prompts, grows, where))
    return Made(recipes, range(len(recipes)))


def _painted(given: Given, prompts: Sequence[str], grows: bool, where: str) -> Iterator[Recipe]:
    own = given.asked.prompt
    for number, line in enumerate(prompts):
        if line.startswith("--"):
            raise NotServed("lines with --options are not read", field="script_args (List of prompt inputs)",
                            hint="Send one request for each.")
        joined = [line, own] if where == "start" else [own, line]
        yield given.base(number if grows else 0).changed(prompt=" ".join(part for part in joined if part))


SCRIPT = Script("Prompts from file or textbox", ("txt2img", "img2img"), _arguments, _make)
