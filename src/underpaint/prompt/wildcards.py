r"""Words drawn by lot: `{red|blue}` in the prompt, `__colour__` from a folder of lists.

```
{red|blue}              one of them                  {3::red|blue}            red three times as often
{2$$red|blue|gold}      two of them: "red, gold"     {1-2$$ and $$red|blue}   one or two, joined by " and "
__colour__              a line of colour.txt, or an item of the list under `colour:` in a YAML file
__animal/bird__         animal/bird.txt, or `bird:` under `animal:`          __animal/*__   any list in animal
```

Options and lines may hold more of the same. `\{`, `\}` and `\|` are literal; so are braces without a `|`,
comments, and a name that no list has. A `|` inside `[...]` is A1111's alternation and stays. The same seed,
text and lists always give the same words.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from underpaint.errors import PromptError
from underpaint.prompt.lists import WordLists

MOST_DRAWN = 10_000
"""Draws that one prompt may take."""
MOST_DRAWN_CHARACTERS = 50_000
"""Length that a prompt may grow to."""

_TOKEN = re.compile(
    r"\\.|#[^\n]*|[{}|\[\]]"
    r"|__(?P<name>[\w*][\w*/.-]{0,120}?)__"
    r"|[^\\#{}|\[\]_]+|.",
    re.DOTALL,
)
_COUNT = re.compile(r"\s*(?:(\d{1,4})(?:(-)(\d{1,4})?)?|-(\d{1,4}))\$\$")
_WEIGHT = re.compile(r"\s*(\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})::")


@dataclass(frozen=True)
class _Choice:
    """`{low-high$$separator$$option|option}`."""

    options: list[list["_Node"]]
    weights: list[float]
    low: int = 1
    high: int = 1
    separator: str = ", "


@dataclass(frozen=True)
class _Named:
    """`__name__`."""

    name: str


_Node = str | _Choice | _Named


@dataclass
class _Open:
    """A brace waiting for its partner."""

    pieces: list[list[_Node]] = field(default_factory=lambda: [[]])
    square: int = 0


def expand_wildcards(text: str, *, seed: int, folder: Path | None = None) -> str:
    """The text with every `{a|b}` and `__name__` replaced by what the lot falls on.

    seed: any integer; the only source of chance. folder: where lists are looked for, it and its subfolders;
    nothing outside is ever read. None: `__name__` stays as it is.

    Raises PromptError for lists that call each other in a circle, for one that cannot be read, and for more
    than MOST_DRAWN draws or MOST_DRAWN_CHARACTERS characters.
    """
    drawer = _Drawer(random.Random(seed), WordLists(folder) if folder is not None else None)
    return drawer.draw(text)


def _parse(text: str) -> list[_Node]:
    """The text as literals, choices and names; braces that are no choice are literals. No recursion."""
    stack = [_Open()]
    for match in _TOKEN.finditer(text):
        token = match[0]
        here = stack[-1]
        if match["name"]:
            here.pieces[-1].append(_Named(match["name"]))
        elif token == "{":
            stack.append(_Open())
        elif token == "}" and len(stack) > 1:
            stack.pop()
            plain = ["{", *here.pieces[0], "}"]
            stack[-1].pieces[-1] += [_choice(here.pieces)] if len(here.pieces) > 1 else plain
        elif token == "|" and len(stack) > 1 and here.square == 0:
            here.pieces.append([])
        else:
            here.square = max(0, here.square + (token == "[") - (token == "]"))
            here.pieces[-1].append(token)
    nodes = stack[0].pieces[0]
    for unclosed in stack[1:]:
        nodes.append("{")
        for index, piece in enumerate(unclosed.pieces):
            nodes += ["|", *piece] if index else piece
    return nodes


def _choice(pieces: list[list[_Node]]) -> _Choice:
    """Read the count and the weights off the heads of the options."""
    first_words = list(takewhile(lambda node: isinstance(node, str), pieces[0]))
    head = "".join(str(word) for word in first_words)
    count = _COUNT.match(head)
    low = high = 1
    separator = ", "
    if count:
        first, dash, last, up_to = count.groups()
        low = int(first or 0)
        high = int(up_to or last or (len(pieces) if dash else first))
        rest = head[count.end() :]
        custom, found, after = rest.partition("$$")
        if found:
            separator, rest = custom, after
        pieces[0][: len(first_words)] = [rest]
    weights = [_take_weight(piece) for piece in pieces]
    return _Choice(pieces, weights, min(low, high), max(low, high), separator)


def _take_weight(piece: list[_Node]) -> float:
    head = piece[0] if piece else ""
    match = _WEIGHT.match(head) if isinstance(head, str) else None
    if match is None or not isinstance(head, str):
        return 1.0
    piece[0] = head[match.end() :]
    return float(match[1])


class _Drawer:
    """Walks the nodes in reading order and draws."""

    def __init__(self, chance: random.Random, lists: WordLists | None) -> None:
        self.chance = chance
        self.lists = lists
        self.drawn = 0
        self.length = 0
        self.said: list[str] = []

    def draw(self, text: str) -> str:
        # Each level remembers the list it came from, to notice lists that go round in circles.
        pending: list[tuple[Iterator[_Node], str]] = [(iter(_parse(text)), "")]
        while pending:
            node = next(pending[-1][0], None)
            if node is None:
                pending.pop()
            elif isinstance(node, str):
                self._say(node)
            elif isinstance(node, _Choice):
                pending.append((iter(self._options(node)), ""))
            else:
                pending.append((iter(self._line(node.name, [name for _, name in pending])), node.name))
        return "".join(self.said)

    def _say(self, text: str) -> None:
        self.length += len(text)
        if self.length > MOST_DRAWN_CHARACTERS:
            raise PromptError(
                f"with its wildcards drawn the prompt is over {MOST_DRAWN_CHARACTERS:,} characters long",
                hint="Use fewer or shorter lists.",
            )
        self.said.append(text)

    def _options(self, choice: _Choice) -> list[_Node]:
        count = choice.low
        if choice.high > choice.low:
            count += int(self._lot() * (choice.high - choice.low + 1))
        weights = list(choice.weights)
        nodes: list[_Node] = []
        for index in range(min(count, len(weights))):
            if index:
                nodes.append(choice.separator)
            picked = self._pick(weights)
            nodes += choice.options[picked]
            # Drawn once, an option is not drawn again.
            weights[picked] = -1.0
        return nodes

    def _pick(self, weights: list[float]) -> int:
        """An index by weight among those not negative; evenly where all of those weigh nothing."""
        left = [index for index, weight in enumerate(weights) if weight >= 0]
        total = sum(weights[index] for index in left)
        if total <= 0:
            return left[min(int(self._lot() * len(left)), len(left) - 1)]
        mark = self._lot() * total
        for index in left:
            mark -= weights[index]
            if mark < 0:
                return index
        return [index for index in left if weights[index] > 0][-1]

    def _lot(self) -> float:
        self.drawn += 1
        if self.drawn > MOST_DRAWN:
            raise PromptError(f"the prompt draws more than {MOST_DRAWN:,} times", hint="Use fewer wildcards.")
        return self.chance.random()

    def _line(self, name: str, inside: list[str]) -> list[_Node]:
        lines = self.lists.lines(name) if self.lists is not None else []
        if not lines:
            return [f"__{name}__"]
        if name in inside:
            circle = [*inside[inside.index(name) :], name]
            raise PromptError(
                f"the wildcard lists go round in a circle: {' > '.join(one for one in circle if one)}",
                hint="Take one of the names out of its list.",
            )
        options = [_parse(line) for line in lines]
        weights = [_take_weight(option) for option in options]
        return options[self._pick(weights)]
