r"""Words that change while a picture is painted: `[from:to:when]`, `[to:when]`, `[from::when]`, `[a|b]`.

The grammar, as the AUTOMATIC1111 web UI settled it:

```
prompt  = { group | words | stray }        stray  = one of [ ] ( ) :   a bracket or colon of no group
group   = "(" inner ")"  |  "(" inner ":" inner ")"  |  "[" inner "]"
        | "[" [ inner ":" ] inner ":" when "]"        words that change at a step
        | "[" inner "|" inner { "|" inner } "]"       words that take turns
inner   = { group | words }                words  = runs without \ [ ] ( ) : |, and \ with any character
when    = a number, blanks around it allowed
```

Text outside this grammar (a `|` outside a group, a backslash at the end of the text or of a line) is no
timeline at all: every word is then taken as it stands. One pass with an explicit stack, so that nesting costs
neither recursion nor time: a bracket can only belong to the nearest open one, and a group that turns out
to be malformed makes strays of itself and of everything still open around it. Where two readings exist, a
group beside strays such as `[a:b:3]))`, the group counts; A1111's general parser leaves those to chance.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from underpaint.errors import PromptError

Timeline = tuple[tuple[int, str], ...]

MOST_TIMED_CHARACTERS = 8_000_000
"""Words times changes that one text may come to."""

_TOKEN = re.compile(r"\\.|[\[\]():|]|[^\\\[\]():|]+")
_WHEN = re.compile(r"\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*")
_PARTNER = {")": "(", "]": "["}


@dataclass(frozen=True)
class Edit:
    """Words up to and including step `when`, other words after it."""

    before: list["Node"]
    after: list["Node"]
    when: int


@dataclass(frozen=True)
class Turns:
    """Words that take turns, one option a step."""

    options: list[list["Node"]]


Node = str | Edit | Turns | list["Node"]


@dataclass(frozen=True)
class Clock:
    """Which step a number in the prompt means; `first_pass` steps came before when this is a second pass."""

    steps: int
    first_pass: int | None = None
    old_rule: bool = False

    def step(self, number: str) -> int:
        """The last step that the earlier words are for; below 1: the later words from the start."""
        value = float(number)
        if self.old_rule:
            value = value * self.steps if value < 1 else value
        elif "." in number:
            value = (value - (0.0 if self.first_pass is None else 1.0)) * self.steps
        else:
            value -= self.first_pass or 0
        # Clamped before int(): a number such as 1e999 is infinite.
        return int(max(min(value, self.steps), -1.0))


@dataclass
class _Open:
    """A bracket waiting for its partner: the pieces between its separators so far."""

    bracket: str
    pieces: list[list[Node]] = field(default_factory=lambda: [[]])
    separators: list[str] = field(default_factory=list)

    def strays(self) -> list[Node]:
        """The bracket and its content as loose text; its inner groups stay groups."""
        flat: list[Node] = [self.bracket, self.pieces[0]]
        for separator, piece in zip(self.separators, self.pieces[1:], strict=True):
            flat += [separator, piece]
        return flat


class _NotATimeline(Exception):
    """The text is outside the grammar, so it is taken literally."""


class _Reader:
    """Reads one text; afterwards `root` is its content and `marks` the steps at which it changes."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.root: list[Node] = []
        self.open: list[_Open] = []
        self.marks: set[int] = {clock.steps}
        self.turning = False

    def read(self, text: str) -> None:
        end = 0
        for token in _TOKEN.finditer(text):
            if token.start() != end:
                raise _NotATimeline
            end = token.end()
            self._take(token[0])
        if end != len(text):
            raise _NotATimeline
        self._spill()

    def _take(self, token: str) -> None:
        if token in ("(", "["):
            self.open.append(_Open(token))
        elif token in _PARTNER:
            self._close(token)
        elif token in (":", "|") and self.open:
            self.open[-1].separators.append(token)
            self.open[-1].pieces.append([])
        elif token == "|":
            raise _NotATimeline
        else:
            self._here().append(token)

    def _here(self) -> list[Node]:
        return self.open[-1].pieces[-1] if self.open else self.root

    def _close(self, bracket: str) -> None:
        node = None
        if self.open and self.open[-1].bracket == _PARTNER[bracket]:
            node = self._group(self.open[-1], bracket)
        if node is None:
            self._spill()
            self.root.append(bracket)
        else:
            self.open.pop()
            self._here().append(node)

    def _group(self, group: _Open, bracket: str) -> Node | None:
        """The node of a complete group, None where it is malformed."""
        kinds, pieces = set(group.separators), group.pieces
        if not kinds or (kinds == {":"} and bracket == ")" and len(pieces) == 2):
            return [*group.strays(), bracket]
        if bracket == ")" or len(kinds) > 1 or (":" in kinds and len(pieces) > 3):
            return None
        if "|" in kinds:
            self.turning = True
            return Turns(pieces)
        when = _number(pieces[-1])
        if when is None:
            return None
        step = self.clock.step(when)
        if step >= 1:
            self.marks.add(step)
        return Edit(pieces[0] if len(pieces) == 3 else [], pieces[-2], step)

    def _spill(self) -> None:
        for group in self.open:
            if "|" in group.separators:
                raise _NotATimeline
            self.root += group.strays()
        self.open.clear()


def _number(piece: list[Node]) -> str | None:
    """The number that a piece of text spells, None where it is something else."""
    words = [node for node in piece if isinstance(node, str)]
    match = _WHEN.fullmatch("".join(words)) if len(words) == len(piece) else None
    return match[1] if match else None


def _words(content: list[Node], step: int) -> Iterator[str]:
    """The words at a step, depth first without recursion."""
    pending: list[Iterator[Node]] = [iter(content)]
    while pending:
        node = next(pending[-1], None)
        if node is None:
            pending.pop()
        elif isinstance(node, str):
            yield node
        elif isinstance(node, Edit):
            pending.append(iter(node.before if step <= node.when else node.after))
        elif isinstance(node, Turns):
            pending.append(iter(node.options[(step - 1) % len(node.options)]))
        else:
            pending.append(iter(node))


def parse_timeline(text: str, clock: Clock) -> Timeline:
    """The words for each stretch of steps: `((last_step, words), ...)`, ending at the clock's last step.

    What is outside the grammar is taken literally, for all steps. Raises PromptError only where the text is
    so long and changes so often that it would fill the memory.
    """
    reader = _Reader(clock)
    try:
        reader.read(text)
    except _NotATimeline:
        return ((clock.steps, text),)
    marks = set(range(1, clock.steps + 1)) if reader.turning else reader.marks
    if len(text) * len(marks) > MOST_TIMED_CHARACTERS:
        raise PromptError(
            f"{len(text):,} characters that change {len(marks):,} times are too many",
            hint="Shorten the prompt, or use fewer steps.",
        )
    return tuple((step, "".join(_words(reader.root, step))) for step in sorted(marks))
