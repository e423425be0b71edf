"""What the Primer can be asked for, by kind, and every word that it was told while it learned."""

import re
from collections import Counter

from underpaint.models.knowledge import HEARD
from underpaint.primer.stagecraft.scene import FACTORS, MOODS, RELATIONS, THING_WORDS
from underpaint.training.shards import Shard

_OFTEN = 10
"""A word heard less often than this has not been learned."""
_KINDS = {"subject": "subjects", "colour": "colours", "style": "styles", "place": "places", "time": "times"}


def what_it_knows(shards: list[Shard]) -> dict[str, list[str]]:
    """Words by kind (subjects, colours, styles ...), and under "words" all that the captions of the shards say."""
    heard: Counter[str] = Counter()
    for shard in shards:
        for note in shard.notes():
            for caption in note["captions"]:
                heard.update(re.findall(r"[a-z]+", caption.lower()))
    known = {plural: list(FACTORS[kind]) for kind, plural in _KINDS.items()}
    known["poses"] = list(THING_WORDS["pose"])
    known["can hold"] = [word for word in THING_WORDS["holding"] if word]
    known["emblems"] = [word for word in THING_WORDS["emblem"] if word]
    known["weather"], known["cameras"] = list(MOODS["weather"]), list(MOODS["camera"])
    known["palettes"] = list(MOODS["palette"])
    known["relations"] = list(RELATIONS)
    return known | {HEARD: sorted(word for word, times in heard.items() if times >= _OFTEN)}
