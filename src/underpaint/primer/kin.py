"""Which picture goes with which: pairs from which style or subject are learned, and never a copy.

For a style: another scene painted in the same way, often in the same light. For a subject: the same scene painted in
another way, or somebody of the same kind and colour somewhere else.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from underpaint.training.shards import Shard

Key = tuple[int, int]
"""A sample as a `Pool` of the same shards calls it: number of the shard among them, row."""
_TRIES = 12


@dataclass(frozen=True)
class PairShares:
    """How often a style's pair is `same_light` (hour and side too), and a subject's from `elsewhere`."""

    same_light: float
    elsewhere: float


class Kin:
    """All samples of some shards, grouped by what they have in common. Draws depend on the generator alone."""

    def __init__(self, shards: Sequence[Shard], shares: PairShares) -> None:
        self._shares = shares
        self._scene: dict[Key, str] = {}
        self._facts: dict[Key, tuple[str, ...]] = {}
        self._like: defaultdict[tuple[str, ...], list[Key]] = defaultdict(list)
        for position, shard in enumerate(shards):
            for row, note in enumerate(shard.notes()):
                self._add((position, row), note["scene"])

    def _add(self, key: Key, scene: Mapping[str, Any]) -> None:
        bare = json.dumps({name: value for name, value in scene.items() if name != "style"}, sort_keys=True)
        self._scene[key] = hashlib.sha256(bare.encode()).hexdigest()
        style, who = str(scene["style"]), scene["who"]
        groups = [("style", style), ("light", style, scene["time"], scene["light"]), ("scene", self._scene[key])]
        # Two things in a picture do not say which of them is meant.
        groups += [("who", who["kind"], who["colour"], str(who["count"]))] if not scene["other"] else []
        self._facts[key] = (style, scene["time"], scene["light"], who["kind"], who["colour"], str(who["count"]))
        for group in groups:
            self._like[group].append(key)

    def style(self, key: Key, rng: np.random.Generator) -> Key | None:
        """Another scene painted in the same way; None where there is none."""
        style, time, light = self._facts[key][:3]
        alike = rng.random() < self._shares.same_light
        for group in [("light", style, time, light)] * alike + [("style", style)]:
            found = self._draw(rng, group, lambda other: self._scene[other] != self._scene[key])
            if found is not None:
                return found
        return None

    def subject(self, key: Key, rng: np.random.Generator) -> Key | None:
        """The same scene painted otherwise, or the like of its subject in another; None where there is neither."""
        own = self._scene[key]
        again = ("scene", own), lambda other: other != key
        elsewhere = ("who", *self._facts[key][3:]), lambda other: self._scene[other] != own
        away = rng.random() < self._shares.elsewhere
        for group, fits in (elsewhere, again) if away else (again, elsewhere):
            found = self._draw(rng, group, fits)
            if found is not None:
                return found
        return None

    def same_light(self, key: Key, other: Key) -> bool:
        """Whether both are lit from the same side at the same hour."""
        return self._facts[key][1:3] == self._facts[other][1:3]

    def _draw(self, rng: np.random.Generator, group: tuple[str, ...], fits: Callable[[Key], bool]) -> Key | None:
        offered = self._like.get(group, [])
        for number in rng.integers(len(offered), size=_TRIES) if offered else ():
            if fits(offered[int(number)]):
                return offered[int(number)]
        return None
