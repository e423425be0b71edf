"""One prompt read whole: its words over the steps, its `AND` parts, its networks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from underpaint.errors import PromptError
from underpaint.prompt.attention import Emphasis, Weighted, parse_attention
from underpaint.prompt.comfyui import parse_comfyui
from underpaint.prompt.parts import Network, split_parts, strip_comments, take_networks
from underpaint.prompt.timeline import Clock, parse_timeline

Dialect = Literal["a1111", "comfyui"]
Schedule = tuple[tuple[int, Weighted], ...]

MOST_CHARACTERS = 50_000
"""Longer prompts are refused: several thousand tokens, far past what any model heeds."""


@dataclass(frozen=True)
class Part:
    """One of the prompts that `AND` joins. `schedule` is `((last_step, ((text, weight), ...)), ...)`."""

    text: str
    weight: float
    schedule: Schedule


@dataclass(frozen=True)
class ParsedPrompt:
    """A prompt, read.

    `schedule`: the words as `((last_step, ((text, weight), ...)), ...)`, steps counted from 1 and the last
    entry ending at the last step. With several parts these are the words of the first; with one part they are
    the words exactly as typed, blanks and a number at the very end included.
    `parts`: what `AND` joins, at least one, each with its weight and schedule, as A1111 has them: there a number
    at the end weighs a single part too, and with several parts these are what an engine paints from.
    `networks`: the `<kind:...>` in order. `text`: the words without comments and networks.
    """

    text: str
    schedule: Schedule
    parts: tuple[Part, ...]
    networks: tuple[Network, ...]
    emphasis: Emphasis
    dialect: Dialect

    def to_json(self) -> dict[str, Any]:
        """Plain data for `underpaint prompt --json`: keys schedule, parts, extra."""
        return {
            "schedule": _plain(self.schedule),
            "parts": [
                {"text": part.text, "weight": part.weight, "schedule": _plain(part.schedule)} for part in self.parts
            ],
            "extra": [
                {"kind": network.kind, "positional": list(network.args), "named": dict(network.named)}
                for network in self.networks
            ],
        }


def _plain(schedule: Schedule) -> list[Any]:
    return [[step, [[text, weight] for text, weight in words]] for step, words in schedule]


def parse_prompt(
    text: str,
    *,
    steps: int,
    dialect: Dialect = "a1111",
    first_pass_steps: int | None = None,
    negative: bool = False,
    emphasis: Emphasis | None = None,
    old_timelines: bool = False,
) -> ParsedPrompt:
    """Read a prompt for a painting of `steps` steps.

    dialect: "a1111" knows comments, networks, AND, timelines and BREAK; "comfyui" only weights.
    first_pass_steps: this is a second pass after a first of so many steps. `[a:b:1.5]` is then half way
    through it, `[a:b:25]` its step 25 - first_pass_steps, and what lies in the first pass is over.
    negative: `AND` is an ordinary word, as A1111 has it in negative prompts.
    emphasis: how the engine applies weights; unset: Original, or ComfyUI's own with its dialect.
    `Emphasis.NONE` leaves the brackets in the words.
    old_timelines: A1111's former rule, numbers below 1 are fractions and passes do not count on.

    Raises PromptError for more than MOST_CHARACTERS characters, steps below 1, or absurd nesting; any other
    text is read, and what does not parse stands as it is.
    """
    if len(text) > MOST_CHARACTERS:
        raise PromptError(
            f"the prompt is {len(text):,} characters long; at most {MOST_CHARACTERS:,} can be read",
            hint="Shorten it.",
            field="prompt",
        )
    if steps < 1:
        raise PromptError(f"a prompt cannot be timed over {steps} steps", hint="Use more.", field="steps")
    if dialect == "comfyui":
        return _comfyui(text, steps, emphasis or Emphasis.FROM_EMPTY)
    words, networks = take_networks(strip_comments(text))
    chosen = emphasis or Emphasis.ORIGINAL
    read = _reader(Clock(steps, None if old_timelines else first_pass_steps, old_timelines), chosen)
    pieces = ((words, 1.0),) if negative else split_parts(words)
    parts = tuple(Part(piece, weight, read(piece)) for piece, weight in pieces)
    schedule = read(words) if len(parts) == 1 else parts[0].schedule
    return ParsedPrompt(words, schedule, parts, networks, chosen, dialect)


def _reader(clock: Clock, emphasis: Emphasis) -> Callable[[str], Schedule]:
    """Text to schedule; texts that come back (alternation, equal parts) are weighed once."""
    weighed: dict[str, Weighted] = {}

    def weigh(words: str) -> Weighted:
        if words not in weighed:
            weighed[words] = ((words, 1.0),) if emphasis == Emphasis.NONE else parse_attention(words)
        return weighed[words]

    return lambda text: tuple((step, weigh(words)) for step, words in parse_timeline(text, clock))


def _comfyui(text: str, steps: int, emphasis: Emphasis) -> ParsedPrompt:
    words = ((text, 1.0),) if emphasis == Emphasis.NONE else parse_comfyui(text)
    part = Part(text, 1.0, ((steps, words),))
    return ParsedPrompt(text, part.schedule, (part,), (), emphasis, "comfyui")
