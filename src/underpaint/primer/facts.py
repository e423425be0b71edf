"""What is so in a scene, as questions with a few answers each: for whoever learns to read or to judge."""

from collections.abc import Mapping
from typing import Any

from underpaint.primer.stagecraft.scene import FACTORS, MOODS, RELATIONS, THING_WORDS

KNOWN: dict[str, tuple[str, ...]] = {
    **FACTORS,
    **MOODS,
    **THING_WORDS,
    "count": ("1", "2", "3"),
    "relation": ("", *RELATIONS),
    "other subject": ("", *FACTORS["subject"]),
    "other colour": ("", *FACTORS["colour"]),
}
"""All questions and their answers; the `FACTORS` among them are what every picture is examined for."""


def facts_of(scene: Mapping[str, Any]) -> dict[str, str]:
    """The right answers for a scene as `Scene.to_dict` gives it."""
    who, other = scene["who"], scene["other"]
    facts = {"subject": who["kind"], "colour": who["colour"], "count": str(who["count"]), "relation": scene["relation"]}
    facts |= {name: scene[name] for name in (*FACTORS, *MOODS) if name in scene}
    facts |= {name: who[name] for name in THING_WORDS}
    return facts | {"other subject": other["kind"] if other else "", "other colour": other["colour"] if other else ""}
