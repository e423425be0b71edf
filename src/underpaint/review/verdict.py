"""The verdict on one picture: good, fair or weak, with the chances, the reason, and everything that was found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from underpaint.imaging.arrays import FloatArray
from underpaint.review.following import Demand, demands
from underpaint.review.measured import defects
from underpaint.review.places import QUALITY, review_folder
from underpaint.review.quality import Grading, Quality
from underpaint.review.shape import Box, Defect

Grade = Literal["good", "fair", "weak"]
GRADES: tuple[Grade, ...] = ("good", "fair", "weak")
SCHEMA = 2
"""Raised when the same picture would be graded otherwise, so that kept verdicts are made again."""
_SURE = 0.6
"""A picture that is less likely good than this is not praised, even where fair and weak are less likely still."""
_UNSEEN = Grading(0.45, 0.35, 0.2)
"""What is said where there is no network: nothing is known."""
_COST = 0.85
"""How much of the chance of good a glaring measured defect takes away."""
_UNFOLLOWED = 0.35
"""How much of it is left when a control was not followed."""


@dataclass(frozen=True)
class Verdict:
    """What the review says of a picture.

    `grade` is the likeliest of the three classes, `chances` those of each; `content` (were the words and controls
    met?) and `craft` (is it well made?) are the two chances of good that they come from, None where nothing was asked.
    `reason` is one sentence for an artist, `place` where in the picture it is seen, `fault` the name of the defect that
    it speaks of ("" where it speaks of none).
    """

    grade: Grade
    chances: Mapping[Grade, float]
    reason: str
    place: Box | None = None
    fault: str = ""
    craft: float = 1.0
    content: float | None = None
    defects: tuple[Defect, ...] = ()
    demands: tuple[Demand, ...] = ()

    @property
    def sure(self) -> bool:
        """Whether the class is plainly likelier than the other two together; one that is not is a guess."""
        return self.chances[self.grade] >= _SURE

    @property
    def score(self) -> float:
        """One number to sort by: 1 is surely good, 0 surely weak."""
        return self.chances["good"] + 0.5 * self.chances["fair"]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {"schema": SCHEMA, "grade": self.grade, "sure": self.sure, "score": round(self.score, 4),
                "reason": self.reason,
                "chances": {name: round(share, 4) for name, share in self.chances.items()},
                "place": [round(side, 3) for side in self.place] if self.place else None, "fault": self.fault,
                "craft": round(self.craft, 4), "content": None if self.content is None else round(self.content, 4),
                "defects": [one.to_json() for one in self.defects], "demands": [one.to_json() for one in self.demands]}


@dataclass(frozen=True, eq=False)
class Asked:
    """One picture to review: H x W x 1 to 4 floats, 0..1, and what was measured of its words and controls."""

    picture: FloatArray
    measured: Mapping[str, Any] = field(default_factory=dict)


class Reviewer:
    """Reviews pictures. `folder` holds the network, None means the shipped one; without one only what can be measured
    is told."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    @cached_property
    def quality(self) -> Quality | None:
        """The network, read when it is first needed; None where there is none."""
        if self._folder is None and not (review_folder(QUALITY) / "config.json").is_file():
            return None
        return Quality.read(self._folder)

    @property
    def name(self) -> str:
        """Which network grades: verdicts by different ones are not compared."""
        return self.quality.name if self.quality else "measured alone"

    def review(self, asked: Sequence[Asked]) -> list[Verdict]:
        """The verdicts on pictures, in order. Raises PictureError for what is no picture."""
        measured = [defects(one.picture) for one in asked]  # refuses what is no picture before a network is read
        quality = self.quality
        gradings = quality.grade([one.picture for one in asked]) if quality else [_UNSEEN] * len(asked)
        return [judge(grading, found, demands(one.measured))
                for one, grading, found in zip(asked, gradings, measured, strict=True)]


def judge(grading: Grading, measured: tuple[Defect, ...], wanted: tuple[Demand, ...]) -> Verdict:
    """One verdict from what the network, the measurements and the checks say."""
    keeps = 1.0
    for one in measured:
        keeps *= 1 - _COST * one.strength
    content = None
    if wanted:
        content = 1.0
        for demand in wanted:
            content *= _met(demand)
    craft = grading.good * keeps
    good = craft * (1.0 if content is None else content)
    # What good loses to a glaring defect is weak, what it loses to a slight one fair.
    lost = grading.good - good
    glaring = max((one.strength for one in measured), default=0.0)
    far = max(glaring, 0.0 if content is None else 1 - content)
    weak = min(1 - good, grading.weak + (lost + grading.fair * (1 - keeps)) * far)
    chances: dict[Grade, float] = {"good": good, "fair": max(0.0, 1 - good - weak), "weak": weak}
    grade = max(GRADES, key=lambda name: chances[name])
    seen = _together(measured, grading.faults)
    praised = grade == "good" and good >= _SURE
    reason, fault = _reason(praised, seen, wanted, None if grade == "good" else grading.suspect)
    if not reason:
        reason = praise(good) if grade == "good" else "it looks less well made than others, without one plain fault"
    place, name = (fault.box, fault.name) if fault else (None, "")
    return Verdict(grade, chances, reason, place, name, craft, content, seen, wanted)


def praise(good: float) -> str:
    """What is said of a picture in which no fault was found, by its chance of good."""
    sure = good >= _SURE
    return "nothing wrong was found" if sure else "no plain fault was found; whether it is good is yours to say"


def _met(demand: Demand) -> float:
    """What is left of the chance of good after a demand."""
    if demand.kind == "words":
        return min(1.0, 0.1 + demand.score)
    return 1.0 if demand.met else _UNFOLLOWED


def _together(measured: Sequence[Defect], learned: Sequence[Defect]) -> tuple[Defect, ...]:
    """Both kinds of defects, each named once: what was measured is surer of its place."""
    names = {one.name for one in measured}
    return (*measured, *(one for one in learned if one.name not in names))


def _reason(praised: bool, seen: Sequence[Defect], wanted: Sequence[Demand],
            suspect: Defect | None) -> tuple[str, Defect | None]:
    """The strongest reason: what was asked and is not there first, then what is wrong with what is; "" for none."""
    unmet = [one for one in wanted if not one.met]
    words = [one for one in unmet if one.kind == "words"]
    if words:
        missing = list(dict.fromkeys(one.asked for one in words))
        return f"not in the picture: {', '.join(missing)}", None
    measured = [one for one in seen if not one.learned]  # what is measured is surer than what is recognised
    strongest = max(measured or seen, key=lambda one: one.strength, default=None)
    if strongest is not None and (not praised or strongest.strength > 0.5):
        return strongest.words, strongest
    if unmet:
        return unmet[0].says, None
    if suspect is not None:
        return f"perhaps {suspect.words}", suspect
    return "", None
