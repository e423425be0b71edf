"""Words and controls: what a take did of what it was asked, from the checks that were made when it was painted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

_LINES, _PALETTE, _COLOUR, _PERSPECTIVE = 0.75, 0.75, 10.0, 0.4
_FOLLOWED = 0.5
_PHRASES = {"there": ("in the picture", 0.9), "weak": ("hardly to be seen", 0.5), "not in the picture":
            ("not in the picture", 0.1)}
"""What each verdict of the check is called, and how likely the phrase is shown."""


@dataclass(frozen=True)
class Demand:
    """One thing that was asked: a phrase of the words, or a control. `says` is an artist's sentence; `score` 0..1."""

    kind: str
    asked: str
    met: bool
    says: str
    score: float

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {"kind": self.kind, "asked": self.asked, "met": self.met, "says": self.says,
                "score": round(self.score, 4)}


Teller = Callable[[Mapping[str, Any]], list[Demand]]


def demands(measured: Mapping[str, Any]) -> tuple[Demand, ...]:
    """Every demand of a take, from what was measured of it; numbers that cannot be read are passed over."""
    found: list[Demand] = []
    for name, values in measured.items():
        if not isinstance(values, Mapping):
            continue
        kind, _, where = name.partition(" in ")  # a region's own control is named after the region
        teller = _TELLERS.get(kind.rstrip(" 0123456789"), _any(name))
        try:
            found += [_placed(one, where) for one in teller(values)]
        except (AttributeError, KeyError, TypeError, ValueError):
            continue  # another version measured it otherwise
    return tuple(found)


def _placed(demand: Demand, region: str) -> Demand:
    """A demand on a region alone, "" for the whole picture."""
    if not region:
        return demand
    return replace(demand, asked=f"{demand.asked} in {region}", says=f"in {region}: {demand.says}")


def _lines(values: Mapping[str, Any]) -> list[Demand]:
    kept, invented = float(values["kept"]), float(values["invented"])
    said = f"lines kept {kept:.0%}, invented {invented:.0%}"
    return [Demand("control", "lines", kept >= _LINES, said, float(values.get("f1", kept)))]


def _light(values: Mapping[str, Any]) -> list[Demand]:
    planned = bool(values["from_planned_side"])
    said = "light from the planned side" if planned else "the light comes from elsewhere"
    return [Demand("control", "light", planned, said, 0.5 + 0.5 * _within(float(values.get("toward", 0)) * 5, -1, 1))]


def _palette(values: Mapping[str, Any]) -> list[Demand]:
    on = float(values["on"])
    return [Demand("control", "palette", on >= _PALETTE, f"{on:.0%} of the picture lies on the palette", on)]


def _colour(values: Mapping[str, Any]) -> list[Demand]:
    off = float(values["difference"])
    said = f"colours off by {off:.1f}"
    return [Demand("control", "colours", off <= _COLOUR, said, _within(1 - off / 30, 0, 1))]


def _perspective(values: Mapping[str, Any]) -> list[Demand]:
    share = float(values["share"])
    return [Demand("control", "perspective", share >= _PERSPECTIVE, f"{share:.0%} of the edges keep to the points",
                   share)]


def _region(values: Mapping[str, Any]) -> list[Demand]:
    inside = float(values["inside"])
    leaked = bool(values["leaked"])
    said = "the region's words are seen outside it" if leaked else "the region holds what it was asked to"
    return [Demand("control", "region", not leaked, said, _within(inside, 0, 1))]


def _nudge(values: Mapping[str, Any]) -> list[Demand]:
    moved = float(values["moved"])
    return [Demand("control", "nudge", bool(values["did_move"]), f"moved by {moved:.0%} of what was asked",
                   _within(moved, 0, 1))]


def _words(values: Mapping[str, Any]) -> list[Demand]:
    """Each phrase with what the image-text model said of it."""
    found = []
    for phrase, verdict in values["phrases"].items():
        said, score = _PHRASES[verdict]
        found.append(Demand("words", phrase, score > 0.3, f"{said}: {phrase}", score))
    return found


def _any(name: str) -> Teller:
    """What a control that is not known here says of itself, where it says how well it was followed."""
    def teller(values: Mapping[str, Any]) -> list[Demand]:
        if "score" not in values:
            return []
        score = float(values["score"])
        said = str(values.get("says", f"{name} followed {score:.0%}"))
        return [Demand("control", name, score >= _FOLLOWED, said, score)]

    return teller


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


_TELLERS: Mapping[str, Teller] = {"lines": _lines, "light": _light, "palette": _palette, "colour": _colour,
                                  "perspective": _perspective, "region": _region, "nudge": _nudge, "words": _words}
