"""Phrase packs: named phrases for one axis of a sheet, as YAML that people write.

```yaml
axis: light                 # which axis they are for; a new name makes a new axis
about: light under water    # a note to yourself
replace: true               # instead of the axis's other phrases, not besides them
phrases:
  - kelp forest: underwater, green light from above, {drifting|swaying} kelp
  - deep water                       # name and words in one
```
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from underpaint.errors import PromptError
from underpaint.sets.structured import read_structured

MAX_PHRASES = 500
MAX_NAME, MAX_WORDS = 80, 1_000
AXIS_NAME = re.compile(r"[^\W\d_][\w -]{0,30}")
_KEYS = {"axis", "about", "replace", "phrases"}


@dataclass(frozen=True)
class Phrase:
    """One choice: what people read, and what the model is told; `leads` puts it before the brief, not behind it."""

    name: str
    words: str
    leads: bool = False


@dataclass(frozen=True)
class Pack:
    """The phrases of one file for one axis. `replace`: they take the place of those that the axis had."""

    axis: str
    phrases: tuple[Phrase, ...]
    replace: bool = False


def parse_pack(data: bytes, name: str) -> Pack:
    """A pack from the bytes of a YAML file; `name` is said in errors.

    Nothing in the file is run, no object is built, and what aliases multiply is never opened. Raises PromptError that
    names the file, the phrase and the way out.
    """
    found = read_structured(data, name, PromptError)
    if not isinstance(found, dict):
        raise PromptError(f"{name} is no pack of phrases", hint="It begins with 'axis:' and 'phrases:'.")
    for key in found:
        if key not in _KEYS:
            raise PromptError(f"{name}: a pack has no '{key!s:.40}'", hint=f"It has {', '.join(sorted(_KEYS))}.")
    axis, replace = found.get("axis"), found.get("replace", False)
    if not isinstance(axis, str) or not AXIS_NAME.fullmatch(axis.strip()):
        raise PromptError(f"{name}: the axis {axis!r:.40} has no usable name", hint="Write a word: axis: light.")
    if not isinstance(replace, bool):
        raise PromptError(f"{name}: replace is true or false, not {replace!r:.40}")
    return Pack(axis.strip().lower(), _phrases(found.get("phrases"), name), replace)


def merged(packs: Iterable[Pack]) -> dict[str, tuple[Phrase, ...]]:
    """The phrases of each axis: those of all its packs, each name once, a later pack's words before an earlier's."""
    axes: dict[str, dict[str, Phrase]] = {}
    for pack in packs:
        there = {} if pack.replace else axes.get(pack.axis, {})
        axes[pack.axis] = there | {phrase.name.casefold(): phrase for phrase in pack.phrases}
    return {axis: tuple(phrases.values()) for axis, phrases in axes.items()}


def spoken(axis: str, values: Sequence[str]) -> Pack:
    """A pack from bare values, instead of the axis's other phrases; subjects that somebody names lead the brief.

    Raises PromptError for a name or values that cannot be used.
    """
    axis = " ".join(axis.lower().split())
    if not AXIS_NAME.fullmatch(axis):
        raise PromptError(f"'{axis:.40}' is no name for an axis", hint="Write NAME=VALUES: subject=a fox,an owl.")
    kept = list(dict.fromkeys(_text(value) for value in values))
    if not all(kept) or not kept:
        raise PromptError(f"the axis {axis} has an empty value", hint="Separate its values by single commas.")
    if len(kept) > MAX_PHRASES or max(map(len, kept)) > MAX_WORDS:
        raise PromptError(f"the axis {axis} says too much", hint=f"Use at most {MAX_PHRASES} values.")
    return Pack(axis, tuple(Phrase(value[:MAX_NAME], value, axis == "subject") for value in kept), replace=True)


@cache
def own_packs() -> tuple[Pack, ...]:
    """The packs that come with the program."""
    folder = resources.files("underpaint.sets") / "phrases"
    return tuple(parse_pack(file.read_bytes(), file.name)
                 for file in sorted(folder.iterdir(), key=lambda one: one.name) if file.name.endswith(".yaml"))


def _phrases(found: object, name: str) -> tuple[Phrase, ...]:
    if not isinstance(found, list) or not found:
        raise PromptError(f"{name} holds no phrases", hint="List them below 'phrases:', each after a dash.")
    if len(found) > MAX_PHRASES:
        raise PromptError(f"{name} holds {len(found):,} phrases", hint=f"Use at most {MAX_PHRASES}.")
    return tuple(_phrase(one, f"{name}, phrase {number}") for number, one in enumerate(found, 1))


def _phrase(found: object, where: str) -> Phrase:
    if isinstance(found, dict) and len(found) == 1:
        [(said, words)] = found.items()
    else:
        said = words = found
    if not all(isinstance(one, str | int | float) and not isinstance(one, bool) for one in (said, words)):
        raise PromptError(f"{where} is no phrase", hint="Write '- name: words'; words with ': ' in them need quotes.")
    name, text = _text(said), _text(words)
    if not name or not text or len(name) > MAX_NAME or len(text) > MAX_WORDS:
        raise PromptError(f"{where}: names have 1 to {MAX_NAME} characters, words at most {MAX_WORDS:,}")
    return Phrase(name, text)


def _text(value: Any) -> str:
    """One line of text, cut where nobody would read on."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in str(value)[:4_000]).split())
