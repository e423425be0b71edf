"""What a script is given and gives back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from underpaint.canvas.grid import GridLabels
from underpaint.recipe import Recipe
from underpaint.studio.a1111.begun import Begun
from underpaint.studio.a1111.errors import Unprocessable
from underpaint.studio.a1111.recipes import Asked
from underpaint.studio.a1111.replies import ScriptArgument
from underpaint.studio.a1111.shelf import Shelf


@dataclass(frozen=True, eq=False)
class Given:
    """A request, what it paints over, and what models there are."""

    asked: Asked
    begun: Sequence[Begun]
    shelf: Shelf
    base: Callable[[int], Recipe]
    """The recipe of the picture of that number, from 0, as the request without the script means it."""


@dataclass(frozen=True)
class Pages:
    """How a script's pictures go back: on one labelled grid first, with the pictures themselves or without.

    `labels` None is a plain grid; `subgrids` adds one of each block behind the first.
    """

    labels: GridLabels | None = None
    pictures: bool = True
    subgrids: bool = False
    always: bool = False
    """Whether there is a grid even of one picture."""


@dataclass(frozen=True, eq=False)
class Made:
    """What a script paints, in the order of painting: recipes, each with its place in reading order from 0."""

    recipes: Sequence[Recipe]
    places: Sequence[int]
    pages: Pages = field(default_factory=Pages)
    words: Mapping[str, Any] = field(default_factory=dict)
    """What goes into `extra_generation_params`."""


@dataclass(frozen=True)
class Script:
    """One script: A1111's title, whether it is for txt2img and img2img, its arguments, and what it makes of them."""

    title: str
    tabs: tuple[str, ...]
    arguments: Callable[[str], list[ScriptArgument]]
    make: Callable[[Given, Sequence[Any]], Made]


def argument(args: Sequence[Any], number: int, usual: Any) -> Any:
    """One argument; what is left out or null is the script's own default."""
    return usual if number >= len(args) or args[number] is None else args[number]


def whole(args: Sequence[Any], number: int, usual: int, name: str) -> int:
    """A whole number. Raises Unprocessable."""
    value = argument(args, number, usual)
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
        value = int(value.strip()[:12])
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong(name, value, "a whole number")
    return value


def text(args: Sequence[Any], number: int, usual: str, name: str) -> str:
    """A text. Raises Unprocessable."""
    value = argument(args, number, usual)
    if not isinstance(value, str):
        raise wrong(name, value, "a text")
    return value


def wrong(name: str, value: Any, kind: str) -> Unprocessable:
    """The error for an argument of another kind."""
    return Unprocessable(f"{kind} is wanted, not {value!r:.60}", field=f"script_args ({name})")
