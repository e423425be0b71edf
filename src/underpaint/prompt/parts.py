"""What stands around the words: `# comments`, `<kind:argument>` networks, and parts joined by `AND`."""

import math
import re
from dataclasses import dataclass, field

from underpaint.errors import PromptError
from underpaint.prompt.attention import LARGEST_WEIGHT

_WHOLE_LINE_COMMENT = re.compile(r"(?:\A|\n)#[^\n]*(?:\n|\Z)")
_COMMENT = re.compile(r"(?<!\\)#[^\n]*(?:\n|\Z)")
_NETWORK = re.compile(r"<(\w+):([^>]+)>")
_AND = re.compile(r"\bAND\b")
_PART_WEIGHT = re.compile(r"[-+]?(?:\d+\.?|\d*\.\d+)")


@dataclass(frozen=True)
class Network:
    """A `<kind:argument:name=value>` such as `<lora:ink:0.8>`; every value is text as it was typed."""

    kind: str
    args: tuple[str, ...]
    named: dict[str, str] = field(default_factory=dict)

    def strengths(self) -> tuple[float, float]:
        """Strengths (text encoder, UNet) of a LoRA: `<lora:name:te:unet>` or `te=`, `unet=`; else 1.0.

        The UNet takes the text encoder's strength where only that is given. Raises PromptError for a word
        where a number belongs.
        """
        encoder = self._number("te", self.args[1] if len(self.args) > 1 else "1")
        return encoder, self._number("unet", self.args[2] if len(self.args) > 2 else str(encoder))

    def _number(self, name: str, otherwise: str) -> float:
        said = self.named.get(name, otherwise)
        try:
            value = float(said)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise PromptError(
                f"<{':'.join((self.kind, *self.args))}> has {said!r} where a number belongs",
                hint=f"Write <{self.kind}:name:0.8>, for example.",
            )
        return value


def strip_comments(text: str) -> str:
    r"""The text without what follows a `#` on each line; `\#` is no comment.

    A comment leaves a line break where it stood, a whole line of comment leaves none.
    """
    return _COMMENT.sub("\n", _WHOLE_LINE_COMMENT.sub("\n", text))


def take_networks(text: str) -> tuple[str, tuple[Network, ...]]:
    """The text without its `<...>` networks, and those in order. `<word>` without a colon stays text."""
    networks: list[Network] = []

    def take(match: re.Match[str]) -> str:
        args, named = [], {}
        for item in match[2].split(":"):
            name, equals, value = item.partition("=")
            # An argument with two "=" is one word, not a name.
            if equals and "=" not in value:
                named[name] = value
            else:
                args.append(item)
        networks.append(Network(match[1], tuple(args), named))
        return ""

    # Without a ">" further on, looking from every "<" to the end would cost the square of the length.
    last = text.rfind(">") + 1
    return _NETWORK.sub(take, text[:last]) + text[last:], tuple(networks)


def split_parts(text: str) -> tuple[tuple[str, float], ...]:
    """The parts between `AND`s with their weights, from a `:0.5` at the end of each; 1.0 where none is given.

    A part loses the blanks at its end, as elsewhere.
    """
    return tuple(_part(piece) for piece in _AND.split(text))


def _part(text: str) -> tuple[str, float]:
    words, colon, number = text.rstrip().rpartition(":")
    number = number.strip()
    if colon and _PART_WEIGHT.fullmatch(number) and abs(float(number)) <= LARGEST_WEIGHT:
        return words.rstrip(), float(number)
    return text.rstrip(), 1.0
